/* SPDX-License-Identifier: Apache-2.0 */
/* What update is told: a bounded queue; on overflow events are dropped and SG_EV_OVERFLOW follows.
 */
#ifndef HV_VM_EVENTS_H
#define HV_VM_EVENTS_H

#include <stdbool.h>
#include <stdint.h>

#include <segue/hypercall.h>

struct event {
        uint32_t kind; /* enum sg_event */
        uint32_t vm;
        uint64_t arg[2];
        uint64_t time; /* physical counter */
};

/* Any core. Raises SG_UPDATE_SPI in update and kicks its core. */
void event_send(enum sg_event kind, unsigned vm, uint64_t arg0, uint64_t arg1);

/* update's core: false when there is none; lowers the SPI with the last. */
bool event_next(struct event *out);

/* update is about to be started again: what it was told is told anew by its asking. */
void events_reset(void);

#endif
