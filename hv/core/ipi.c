// SPDX-License-Identifier: Apache-2.0
#include "hv/core/ipi.h"

#include <stdbool.h>
#include <stddef.h>

#include "hv/arch/cpu.h"
#include "hv/core/percpu.h"
#include "hv/machine/gic.h"

/* One for each calling core, which waits for it. */
struct call {
        void (*fn)(void *arg);
        void *arg;
        bool waiting; /* set by the caller, cleared by the housekeeping core when it is done */
};

static struct call calls[CPU_MAX];

void ipi_kick(unsigned cpu)
{
        gic_send_sgi(cpu, IPI_SGI);
}

void ipi_kick_guest(unsigned cpu)
{
        gic_send_sgi(cpu, IPI_GUEST_SGI);
}

void housekeeping_call(void (*fn)(void *arg), void *arg)
{
        struct call *call = &calls[this_cpu()->index];

        if (this_cpu()->index == CPU_HOUSEKEEPING) {
                fn(arg);
                return;
        }
        call->fn = fn;
        call->arg = arg;
        /* Release: fn and arg are there before the call is seen. */
        __atomic_store_n(&call->waiting, true, __ATOMIC_RELEASE);
        ipi_kick(CPU_HOUSEKEEPING);
        while (__atomic_load_n(&call->waiting, __ATOMIC_ACQUIRE))
                __asm__ volatile("wfe");
}

void housekeeping_serve_calls(void)
{
        bool served = false;

        for (unsigned i = 0; i < cpu_count(); i++) {
                if (!__atomic_load_n(&calls[i].waiting, __ATOMIC_ACQUIRE))
                        continue;
                calls[i].fn(calls[i].arg);
                __atomic_store_n(&calls[i].waiting, false, __ATOMIC_RELEASE);
                served = true;
        }
        if (served) {
                dsb_ishst();
                __asm__ volatile("sev");
        }
}
