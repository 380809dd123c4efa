/* SPDX-License-Identifier: Apache-2.0 */
#include "updater/el1/hvc.h"

#include <segue/hypercall.h>

#include "updater/el1/sysreg.h"

#define PSCI_SYSTEM_RESET 0x84000009u /* PSCI 1.1, section 5.10 */

int64_t hvc_call(struct hvc_regs *regs)
{
        register uint64_t x0 __asm__("x0") = regs->x[0];
        register uint64_t x1 __asm__("x1") = regs->x[1];
        register uint64_t x2 __asm__("x2") = regs->x[2];
        register uint64_t x3 __asm__("x3") = regs->x[3];
        register uint64_t x4 __asm__("x4") = regs->x[4];
        register uint64_t x5 __asm__("x5") = regs->x[5];
        register uint64_t x6 __asm__("x6") = regs->x[6];
        register uint64_t x7 __asm__("x7") = regs->x[7];

        /* SMCCC 1.2 lets a call change x0..x17. */
        __asm__ volatile(
                "hvc #0"
                : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3), "+r"(x4), "+r"(x5), "+r"(x6), "+r"(x7)
                :
                : "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17", "memory");
        regs->x[0] = x0;
        regs->x[1] = x1;
        regs->x[2] = x2;
        regs->x[3] = x3;
        regs->x[4] = x4;
        regs->x[5] = x5;
        regs->x[6] = x6;
        regs->x[7] = x7;
        return (int64_t)x0;
}

int64_t hvc_simple(uint64_t function, uint64_t x1, uint64_t x2, uint64_t x3)
{
        struct hvc_regs regs = {.x = {function, x1, x2, x3}};

        return hvc_call(&regs);
}

bool hvc_segue_present(void)
{
        struct hvc_regs regs = {.x = {SG_HC_CALL_UID}};

        hvc_call(&regs);
        return (uint32_t)regs.x[0] == SG_UID_0 && (uint32_t)regs.x[1] == SG_UID_1 &&
               (uint32_t)regs.x[2] == SG_UID_2 && (uint32_t)regs.x[3] == SG_UID_3;
}

_Noreturn void hvc_reset(void)
{
        hvc_simple(PSCI_SYSTEM_RESET, 0, 0, 0);
        for (;;) {
                wfi();
        }
}
