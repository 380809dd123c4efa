// SPDX-License-Identifier: Apache-2.0
#include "images/rt/build.h"

const char rt_version[] = "rt-2.0-hang";

void rt_behave(void)
{
        __asm__ volatile("msr daifset, #0xf");
        for (;;) {
        }
}

const char *rt_confirmation(const char *token)
{
        return token;
}
