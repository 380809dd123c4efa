/* SPDX-License-Identifier: Apache-2.0 */
#include "updater/el1/clock.h"

#include <stddef.h>

#include "updater/el1/fault.h"
#include "updater/el1/gic.h"
#include "updater/el1/sysreg.h"

#define TIMER_PPI  11 /* the virtual timer's, in every guest map */
#define CTL_ENABLE 1u
#define CTL_OFF    0u
#define MS_PER_S   1000u

static uint64_t frequency;

static void silence(void *ctx)
{
        (void)ctx;
        sysreg_write("cntv_ctl_el0", CTL_OFF);
        isb();
}

void clock_init(void)
{
        frequency = sysreg_read("cntfrq_el0");
        if (frequency < MS_PER_S) {
                panic("the counter's frequency is %u Hz", (unsigned)frequency);
        }
        silence(NULL);
        irq_attach(GIC_PPI(TIMER_PPI), silence, NULL);
}

uint64_t clock_ticks(void)
{
        /* Not earlier than what stands before it. */
        isb();
        return sysreg_read("cntpct_el0");
}

uint64_t clock_ms_of_ticks(uint64_t ticks)
{
        return ticks / frequency * MS_PER_S + ticks % frequency * MS_PER_S / frequency;
}

uint64_t clock_ticks_of_ms(uint64_t ms)
{
        return ms / MS_PER_S * frequency + ms % MS_PER_S * frequency / MS_PER_S;
}

uint64_t clock_ms(void)
{
        return clock_ms_of_ticks(clock_ticks());
}

void clock_wait_until(uint64_t deadline)
{
        if (deadline == CLOCK_NEVER) {
                irq_wait();
                return;
        }
        const uint64_t now = clock_ticks();
        const uint64_t rest = deadline > now ? deadline - now : 0;

        /* The virtual counter is the physical one but for an offset of hv's. */
        sysreg_write("cntv_cval_el0", sysreg_read("cntvct_el0") + rest);
        sysreg_write("cntv_ctl_el0", CTL_ENABLE);
        isb();
        irq_wait();
        silence(NULL);
}
