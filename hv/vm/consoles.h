/* SPDX-License-Identifier: Apache-2.0 */
/* The one physical console: glue between hv/vdev/console.h, the PL011, hv's log and the VMs. */
#ifndef HV_VM_CONSOLES_H
#define HV_VM_CONSOLES_H

#include <stdint.h>

struct vm;

/* Boot core, once, before the VMs are made; consoles_add() of each; then hv's log goes through the
 * rings, too. */
void consoles_init(void);
void consoles_add(struct vm *vm);
void consoles_start(void);

/* Housekeeping core: moves bytes; returns when it wants to be called again (physical counter,
 * UINT64_MAX: when woken). */
uint64_t consoles_serve(uint64_t now);

/* Housekeeping core: the PL011's interrupt. */
void consoles_interrupt(void);

#endif
