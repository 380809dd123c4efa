// SPDX-License-Identifier: Apache-2.0
/*
 * A guest that does what it is told on its console, one line each: `reset`, `off` (PSCI), `lost`
 * (runs away to where nothing is, its vectors with it), `alone` (its second vCPU does that while
 * the first goes on). Says `up` when it listens.
 */
#include <stdint.h>
#include <string.h>

#include "images/rt/cpu.h"
#include "images/rt/gic.h"
#include "images/rt/layout.h"
#include "images/rt/psci.h"
#include "images/rt/uart.h"

#define CONSOLE_INTID   (32 + 1)
#define PSCI_CPU_ON     0xc4000003u
#define PSCI_SYSTEM_OFF 0x84000008u

void rt_main(const void *dtb);
void rt_irq(void);
_Noreturn void rt_fault(uint64_t esr, uint64_t elr, uint64_t far);
void second_main(void);
extern char second_start[];

static struct uart console;

static void call(uint64_t function, uint64_t target, uint64_t entry)
{
        register uint64_t x0 __asm__("x0") = function;
        register uint64_t x1 __asm__("x1") = target;
        register uint64_t x2 __asm__("x2") = entry;
        register uint64_t x3 __asm__("x3") = 0;

        __asm__ volatile("hvc #0" : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)::"memory");
}

static _Noreturn void get_lost(void)
{
        /* Its MMU off: what is wrong is to be seen by hv, not by its own tables. */
        __asm__ volatile("mrs x4, sctlr_el1\n\t"
                         "bic x4, x4, #1\n\t"
                         "mov x5, #0x55\n\t"
                         "msr vbar_el1, xzr\n\t"
                         "msr sctlr_el1, x4\n\t"
                         "isb\n\t"
                         "br xzr");
        __builtin_unreachable();
}

static void obey(char *order)
{
        if (strcmp(order, "reset") == 0) {
                psci_system_reset();
        } else if (strcmp(order, "off") == 0) {
                call(PSCI_SYSTEM_OFF, 0, 0);
        } else if (strcmp(order, "lost") == 0) {
                get_lost();
        } else if (strcmp(order, "alone") == 0) {
                call(PSCI_CPU_ON, 1, (uintptr_t)second_start);
        } else {
                uart_puts(&console, "FAILED: what?\n");
        }
}

void second_main(void)
{
        get_lost();
}

void rt_irq(void)
{
        unsigned intid = (unsigned)read_sysreg(S3_0_C12_C12_0); /* ICC_IAR1_EL1 */

        if (intid == CONSOLE_INTID) {
                uart_interrupt(&console, obey);
        }
        if (intid < GIC_SPURIOUS) {
                write_sysreg(S3_0_C12_C12_1, intid); /* ICC_EOIR1_EL1 */
        }
}

_Noreturn void rt_fault(uint64_t esr, uint64_t elr, uint64_t far)
{
        (void)esr;
        (void)elr;
        (void)far;
        uart_puts(&console, "FAILED: fault\n");
        for (;;) {
        }
}

void rt_main(const void *dtb)
{
        (void)dtb;
        uart_start(&console, RT_CONSOLE);
        gic_start();
        gic_enable(CONSOLE_INTID);
        __asm__ volatile("msr daifclr, #2");
        uart_puts(&console, "up\n");
        for (;;) {
                __asm__ volatile("wfi");
        }
}
