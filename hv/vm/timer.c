/* SPDX-License-Identifier: Apache-2.0 */
#include "hv/vm/timer.h"

#include "hv/arch/sysreg.h"

#define CTL_ENABLE 1u

#define EL1PCTEN   (1u << 0) /* EL1 may read the physical counter ... */
#define EL1PCEN    (1u << 1) /* ... and use the physical timer */

#define ISB()      __asm__ volatile("isb" ::: "memory")

uint64_t timer_now(void)
{
        ISB(); /* the counter may be read ahead of what came before */
        return read_sysreg(cntpct_el0);
}

uint64_t timer_frequency(void)
{
        return read_sysreg(cntfrq_el0);
}

uint64_t timer_from_ms(uint64_t ms)
{
        return ms * timer_frequency() / 1000;
}

void timer_cpu_start(uint64_t offset)
{
        timer_cpu_stop();
        write_sysreg(0, cntv_cval_el0);
        write_sysreg(0, cntp_cval_el0);
        write_sysreg(0, cntkctl_el1);
        write_sysreg(offset, cntvoff_el2);
        write_sysreg(EL1PCTEN | EL1PCEN, cnthctl_el2);
        ISB();
}

void timer_cpu_stop(void)
{
        write_sysreg(0, cntv_ctl_el0);
        write_sysreg(0, cntp_ctl_el0);
        ISB();
}

void timer_beat(uint64_t *counters)
{
        ISB();
        uint64_t now = read_sysreg(cntvct_el0);
        uint64_t due = read_sysreg(cntv_cval_el0);
        uint64_t late = now > due ? now - due : 0;

        /* In two steps, so that no lateness overflows the product. */
        uint64_t hz = timer_frequency();
        timer_count_beat(counters, late / hz * 1000000 + late % hz * 1000000 / hz);
}

void timer_hyp_set(uint64_t deadline)
{
        if (deadline == UINT64_MAX) {
                write_sysreg(0, cnthp_ctl_el2);
        } else {
                write_sysreg(deadline, cnthp_cval_el2);
                write_sysreg(CTL_ENABLE, cnthp_ctl_el2);
        }
        ISB();
}
