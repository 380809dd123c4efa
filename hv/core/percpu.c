// SPDX-License-Identifier: Apache-2.0
#include "hv/core/percpu.h"

#include "hv/arch/boot.h"
#include "hv/arch/offsets.h"

/* The boot core's is the first: start.S sets it. */
struct percpu hv_cpus[CPU_MAX];
static unsigned count;

unsigned cpu_count(void)
{
        return count;
}

struct percpu *cpu_by_index(unsigned index)
{
        return index < count ? &hv_cpus[index] : NULL;
}

void cpus_init(const uint64_t *mpidr, unsigned cpus)
{
        for (unsigned i = 0; i < cpus; i++) {
                uint64_t stacks = (uintptr_t)hv_stacks + i * STACK_STRIDE;

                hv_cpus[i].mpidr = mpidr[i];
                hv_cpus[i].index = i;
                hv_cpus[i].crash_stack_top = stacks + GUARD_SIZE + CRASH_STACK_SIZE;
                hv_cpus[i].stack_top = stacks + STACK_STRIDE;
        }
        count = cpus;
}
