// SPDX-License-Identifier: Apache-2.0
#include "images/rt/psci.h"

#define PSCI_SYSTEM_RESET 0x84000009u

_Noreturn void psci_system_reset(void)
{
        register unsigned long function __asm__("x0") = PSCI_SYSTEM_RESET;

        __asm__ volatile("hvc #0" : "+r"(function)::"memory");
        for (;;) {
        }
}
