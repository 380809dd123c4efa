/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One core wakes another. A kicked core leaves its guest (or WFI), looks at what changed for it
 * (stop requests, vGIC state, housekeeping calls), and goes on. Kicks carry no payload: state is
 * written first, then the core is kicked.
 */
#ifndef HV_CORE_IPI_H
#define HV_CORE_IPI_H

#include <stdint.h>

/* The SGIs that hv sends to itself: with hv's work, and with an interrupt for that core's own
 * guest. They do the same and are counted apart. */
#define IPI_SGI       0
#define IPI_GUEST_SGI 1

/* Returns at once. Kicking oneself is allowed: the next guest entry is followed by an exit. */
void ipi_kick(unsigned cpu);
void ipi_kick_guest(unsigned cpu);

/*
 * Runs fn(arg) on the housekeeping core and returns when it is done: how a VM's core reaches the
 * NOR bank. On the housekeeping core it is a plain call. The caller holds no lock. The
 * housekeeping core itself waits for no other core, so this cannot deadlock; fn is bounded.
 */
void housekeeping_call(void (*fn)(void *arg), void *arg);

/* On the housekeeping core, at every exit and wake-up: runs what waits. */
void housekeeping_serve_calls(void);

#endif
