/* SPDX-License-Identifier: Apache-2.0 */
/* The timers of a core: the guest's virtual and physical timer, and EL2's own (trial deadline). EL2
 * only. */
#ifndef HV_VGIC_TIMER_H
#define HV_VGIC_TIMER_H

#include <stdint.h>

struct vcpu;

#define TIMER_PPI_HYP      26
#define TIMER_PPI_VIRTUAL  27
#define TIMER_PPI_PHYSICAL 30

uint64_t timer_now(void);
uint64_t timer_from_ms(uint64_t ms);

/* The vCPU's own core, before its first entry of a start: both guest timers off and masked, CNTVOFF
 * = offset. */
void timer_reset(struct vcpu *vcpu, uint64_t offset);

/* PPI 27 was taken on this core: counts the beat and how late it is (SG_CNT_TIMER, SG_CNT_LATE_*).
 */
void timer_count_beat(struct vcpu *vcpu);

/* EL2's timer of this core: PPI 26 fires at `deadline`; 0 turns it off. */
void timer_set_deadline(uint64_t deadline);

#endif
