// SPDX-License-Identifier: Apache-2.0
#include "images/rt/build.h"
#include "images/rt/layout.h"

#include <stdint.h>

const char rt_version[] = "rt-2.0-flood";

/* Every instruction an exit: its console and its agent channel get all that they can take. */
void rt_behave(void)
{
        __asm__ volatile("msr daifset, #0xf");
        for (;;) {
                *(volatile uint32_t *)(uintptr_t)RT_CONSOLE = 'x';
                *(volatile uint32_t *)(uintptr_t)RT_AGENT = 'x';
        }
}

const char *rt_confirmation(const char *token)
{
        return token;
}
