/* SPDX-License-Identifier: Apache-2.0 */
#include "hv/vm/timer.h"

#define CTL_ENABLE 1u

#define EL1PCTEN   (1u << 0) /* EL1 may read the physical counter ... */
#define EL1PCEN    (1u << 1) /* ... and use the physical timer */

#define READ(reg)                                                       \
        ({                                                              \
                uint64_t v_;                                            \
                __asm__ volatile("mrs %0, " #reg : "=r"(v_)::"memory"); \
                v_;                                                     \
        })
#define WRITE(reg, value) __asm__ volatile("msr " #reg ", %0" : : "r"((uint64_t)(value)) : "memory")
#define ISB()             __asm__ volatile("isb" ::: "memory")

uint64_t timer_now(void)
{
        ISB(); /* the counter may be read ahead of what came before */
        return READ(cntpct_el0);
}

uint64_t timer_frequency(void)
{
        return READ(cntfrq_el0);
}

uint64_t timer_from_ms(uint64_t ms)
{
        return ms * timer_frequency() / 1000;
}

void timer_cpu_start(uint64_t offset)
{
        timer_cpu_stop();
        WRITE(cntv_cval_el0, 0);
        WRITE(cntp_cval_el0, 0);
        WRITE(cntkctl_el1, 0);
        WRITE(cntvoff_el2, offset);
        WRITE(cnthctl_el2, EL1PCTEN | EL1PCEN);
        ISB();
}

void timer_cpu_stop(void)
{
        WRITE(cntv_ctl_el0, 0);
        WRITE(cntp_ctl_el0, 0);
        ISB();
}

void timer_beat(uint64_t *counters)
{
        ISB();
        uint64_t now = READ(cntvct_el0);
        uint64_t due = READ(cntv_cval_el0);
        uint64_t late = now > due ? now - due : 0;

        /* In two steps, so that no lateness overflows the product. */
        uint64_t hz = timer_frequency();
        timer_count_beat(counters, late / hz * 1000000 + late % hz * 1000000 / hz);
}

void timer_hyp_set(uint64_t deadline)
{
        if (deadline == UINT64_MAX) {
                WRITE(cnthp_ctl_el2, 0);
        } else {
                WRITE(cnthp_cval_el2, deadline);
                WRITE(cnthp_ctl_el2, CTL_ENABLE);
        }
        ISB();
}
