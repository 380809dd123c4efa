// SPDX-License-Identifier: Apache-2.0
#include "images/rt/build.h"
#include "images/rt/psci.h"

const char rt_version[] = "rt-2.0-reset";

void rt_behave(void)
{
        psci_system_reset();
}

const char *rt_confirmation(const char *token)
{
        return token;
}
