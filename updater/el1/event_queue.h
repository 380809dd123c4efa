/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hv's events, fetched when their interrupt is handled (which may be while the disk is waited for)
 * and dealt with when the main loop comes round. When the queue is full its content gives way to
 * one SG_EV_OVERFLOW, exactly as in hv: nothing in it says more than asking for the VMs' states.
 */
#ifndef UPDATER_EL1_EVENT_QUEUE_H
#define UPDATER_EL1_EVENT_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

#include <segue/hypercall.h>

#define EVENT_QUEUE_SIZE 128 /* a power of two */

struct hv_event {
        enum sg_event kind;
        uint32_t vm;
        uint64_t a; /* x3 and x4 of SG_HC_EVENT_NEXT */
        uint64_t b;
        uint64_t ticks; /* when it happened */
};

struct event_queue {
        unsigned head;
        unsigned count;
        struct hv_event events[EVENT_QUEUE_SIZE];
};

void event_queue_put(struct event_queue *queue, const struct hv_event *event);
bool event_queue_take(struct event_queue *queue, struct hv_event *event);

#endif
