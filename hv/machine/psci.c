// SPDX-License-Identifier: Apache-2.0
#include "hv/machine/psci.h"

#include "hv/arch/cpu.h"

#define PSCI_CPU_ON       0xc4000003
#define PSCI_SYSTEM_OFF   0x84000008
#define PSCI_SYSTEM_RESET 0x84000009

static int64_t smc(uint64_t function, uint64_t a1, uint64_t a2, uint64_t a3)
{
        register uint64_t x0 __asm__("x0") = function;
        register uint64_t x1 __asm__("x1") = a1;
        register uint64_t x2 __asm__("x2") = a2;
        register uint64_t x3 __asm__("x3") = a3;

        /* SMCCC 1.0 lets the callee change x4..x17. */
        __asm__ volatile("smc #0"
                         : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)
                         :
                         : "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14",
                           "x15", "x16", "x17", "memory");
        return (int64_t)x0;
}

int64_t machine_cpu_on(uint64_t mpidr, uint64_t entry, uint64_t context)
{
        return smc(PSCI_CPU_ON, mpidr, entry, context);
}

static _Noreturn void stop_for_ever(void)
{
        for (;;)
                wfi();
}

_Noreturn void machine_reset(void)
{
        smc(PSCI_SYSTEM_RESET, 0, 0, 0);
        stop_for_ever();
}

_Noreturn void machine_off(void)
{
        smc(PSCI_SYSTEM_OFF, 0, 0, 0);
        stop_for_ever();
}
