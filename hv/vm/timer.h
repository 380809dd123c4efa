/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest's generic timers. A vCPU owns its core, so CNTV and CNTP are the hardware's own, without
 * traps; their interrupts (PPI 27 and 30) are linked in the vGIC. The virtual counter counts from
 * the VM's last start, alike on all its vCPUs. EL2 keeps CNTHP (PPI 26) for itself.
 */
#ifndef HV_VM_TIMER_H
#define HV_VM_TIMER_H

#include <stdint.h>

/* Physical counter, and its frequency in Hz. */
uint64_t timer_now(void);
uint64_t timer_frequency(void);
uint64_t timer_from_ms(uint64_t ms);

/* Own core, before a vCPU's entry: both timers off, CNTVOFF = offset (timer_now() at the VM's
 * start). */
void timer_cpu_start(uint64_t offset);
/* Own core, at a stop: both timers off, so that their lines are low. */
void timer_cpu_stop(void);

/* Own core, the virtual timer's interrupt was taken: counts a beat and how late it is into
 * counters[SG_CNT_TIMER .. SG_CNT_LATE_WORST_US]. */
void timer_beat(uint64_t *counters);

/* The same for a given lateness in microseconds; pure. */
void timer_count_beat(uint64_t *counters, uint64_t late_us);

/* CNTHP of this core: an interrupt (GIC_PPI_HYP_TIMER) at or after `deadline`; UINT64_MAX: none. */
void timer_hyp_set(uint64_t deadline);

#endif
