/* SPDX-License-Identifier: Apache-2.0 */
/* What is known of a run so far, from the update partition's events. */
#ifndef TOOLS_RUN_FACTS_H
#define TOOLS_RUN_FACTS_H

#include <stdbool.h>
#include <stdint.h>

#include "hv/vm/description.h"
#include "tools/run/line.h"

enum { RELEASE_MAX = 64 };

/* How the update of the guest in question ended. */
enum outcome {
        OUTCOME_NONE,
        OUTCOME_CONFIRMED,
        OUTCOME_ROLLED_BACK,
        OUTCOME_REFUSED,
};

struct guest_facts {
        const char *name;
        char release_first[RELEASE_MAX]; /* what its first hello said; "" before it */
        char release_last[RELEASE_MAX];
        uint32_t hellos, boots; /* since a start that had to bring a hello and its times */
        uint64_t cold_boot_ms;  /* from when it was due to its first hello */
        uint64_t downtime_ms;   /* of its last restart, stop to hello */
        uint64_t restarts;
        uint64_t beats, beats_lost, worst_us; /* by hv's count */
        uint64_t lateness[4];                 /* below 1, 10, 50, 250 ms */
        bool exits_known;
        uint64_t foreign_before; /* the counter when the update began */
        uint64_t foreign_exits;  /* since then */
        uint32_t measured;       /* how often the numbers above were told since the outcome */
};

struct facts {
        const char *target; /* the guest in question */
        uint32_t count;
        struct guest_facts guest[VM_MAX];
        enum outcome outcome;
        unsigned error; /* of a refusal */
        uint64_t tries_spent;
        uint64_t last_cause; /* of the last try spent: enum sg_cause */
        bool trial;          /* a trial was begun */
};

void facts_init(struct facts *f, const struct system_description *d, const char *target);
void facts_event(struct facts *f, const struct event *e);
struct guest_facts *facts_guest(struct facts *f, const char *name); /* NULL: unknown */
const char *outcome_name(enum outcome outcome);
/* In a word; "?" for a number that is none. */
const char *cause_name(uint64_t cause);
/* Every guest said hello since it was last started, and was measured since the outcome. */
bool facts_settled(const struct facts *f);

#endif
