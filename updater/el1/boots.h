/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long a guest was away: from its stop (or, at power-on, from the moment that it was due) to
 * its agent's `hello`, and where that time went. One line per start (EVENT_BOOT). Pure.
 */
#ifndef UPDATER_EL1_BOOTS_H
#define UPDATER_EL1_BOOTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "updater/agent_line.h"
#include "updater/el1/event_queue.h"

/* Ticks of the counter, 0: did not happen. All zero at the start and after each hello. */
struct boot {
        uint64_t since;   /* stopped or, at power-on, due */
        uint64_t lent;    /* its RAM was scrubbed and lent */
        uint64_t loaded;  /* taken back, bootfw at work */
        uint64_t entered; /* its own image */
        uint32_t slot;
        bool trial;
};

struct boots {
        struct boot boot;
        struct agent_rx rx; /* what the agent is saying */
};

/* An event of this guest. */
void boots_event(struct boots *boots, const struct hv_event *event);

/* What the agent wrote; true when it said hello for the first time since it was entered: *done is
 * that start. */
bool boots_agent_bytes(struct boots *boots, const char *bytes, size_t count, struct boot *done);

#endif
