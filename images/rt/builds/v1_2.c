// SPDX-License-Identifier: Apache-2.0
#include "images/rt/build.h"

const char rt_version[] = "rt-1.2";

void rt_behave(void)
{
}

const char *rt_confirmation(const char *token)
{
        return token;
}
