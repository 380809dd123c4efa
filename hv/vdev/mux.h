/* SPDX-License-Identifier: Apache-2.0 */
/* One physical PL011 shared by hv and all guests: rings, "[name] " prefixes, input focus. (Proposal
 * by the hv lead.) */
#ifndef HV_VDEV_MUX_H
#define HV_VDEV_MUX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vm;

void mux_init(void);
/* hv's own lines, "[hv] ". Any core, never waits. */
void mux_hv_line(const char *text, size_t size);
/* A guest's console byte; any core, never waits; drops and counts when its ring is full. */
void mux_guest_byte(struct vm *vm, uint8_t byte);
/* Bytes dropped so far. */
uint64_t mux_dropped(const struct vm *vm);
/* Housekeeping core: writes what the wire takes now, bounded; true: there is more. */
bool mux_drain(void);
/* Housekeeping core: the physical PL011's interrupt. */
void mux_interrupt(void);

#endif
