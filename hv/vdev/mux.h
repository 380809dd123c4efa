/* SPDX-License-Identifier: Apache-2.0 */
/* The console of hv/vdev/console.h on the machine's PL011: the housekeeping core drains it. */
#ifndef HV_VDEV_MUX_H
#define HV_VDEV_MUX_H

#include <stddef.h>
#include <stdint.h>

#include "hv/vdev/vpl011.h"

/* How long output may wait for more before it is drained: fewer kicks of the housekeeping core. */
#define MUX_BATCH_MS 5u

/* Boot core, before other cores run. After it mux_hv_line() works; after mux_add() of a VM
 * typed bytes reach `uart` and what the guest writes is to be passed to mux_guest_byte(). */
void mux_init(void);
void mux_add(unsigned vm, const char *name, struct vpl011 *uart);
/* Who gets typed bytes until somebody says otherwise. */
void mux_focus(unsigned vm);

/* Any core; never wait. */
void mux_hv_line(const char *text, size_t size); /* without "\n" */
void mux_guest_byte(unsigned vm, uint8_t byte);
/* Bytes dropped because the VM's ring was full. */
uint64_t mux_dropped(unsigned vm);

/*
 * Housekeeping core, after a kick, its timer, and the PL011's interrupt: reads what was typed,
 * prints what is due, a bounded amount. Returns the time (timer_now()) at which to call it again;
 * UINT64_MAX: a kick or the PL011's interrupt will come first.
 */
uint64_t mux_poll(void);

#endif
