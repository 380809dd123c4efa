// SPDX-License-Identifier: Apache-2.0
#include "images/rt/build.h"

const char rt_version[] = "rt-2.0-wrong-token";

void rt_behave(void)
{
}

/* A guess, and none that hv could have drawn: a token is never zero. */
const char *rt_confirmation(const char *token)
{
        (void)token;
        return "0000000000000000";
}
