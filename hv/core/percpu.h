/* SPDX-License-Identifier: Apache-2.0 */
/* What each core knows about itself. TPIDR_EL2 holds the core's own struct percpu. */
#ifndef HV_CORE_PERCPU_H
#define HV_CORE_PERCPU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CPU_MAX 8

/* The core that drains consoles and programs the NOR bank: the one on which hv was entered, which
 * then runs update. */
#define CPU_HOUSEKEEPING 0

struct vcpu;

struct percpu {
        uint64_t mpidr; /* affinity bits only, as the machine's PSCI and GIC take them */
        uint32_t index; /* 0 .. cpu_count() - 1, in the order of the devicetree, boot core first */
        bool online;
        struct vcpu *vcpu; /* the one vCPU that this core runs for ever, or NULL */
        uint64_t stack_top;
        uint64_t crash_stack_top;
};

extern struct percpu hv_cpus[CPU_MAX];

/* Boot core, once: the machine's cores, the boot core first. */
void cpus_init(const uint64_t *mpidr, unsigned cpus);

unsigned cpu_count(void);
struct percpu *cpu_by_index(unsigned index);

static inline struct percpu *this_cpu(void)
{
        struct percpu *p;
        __asm__("mrs %0, tpidr_el2" : "=r"(p));
        return p;
}

#endif
