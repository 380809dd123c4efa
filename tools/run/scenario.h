/* SPDX-License-Identifier: Apache-2.0 */
/* A scenario: an update that is watched from power-on to its outcome and then judged. */
#ifndef TOOLS_RUN_SCENARIO_H
#define TOOLS_RUN_SCENARIO_H

#include <stdint.h>

#include <segue/hypercall.h>

#include "hv/vm/description.h"
#include "tools/run/facts.h"
#include "tools/run/machine.h"

/* What has to happen. */
struct scenario {
        const char *name;
        enum outcome outcome;
        unsigned error;      /* of a refusal */
        enum sg_cause cause; /* of the last try spent before a rollback */
};

/* Ends the program with a list of the names when there is none of this one. */
const struct scenario *scenario_find(const char *name);

struct scenario_run {
        const struct scenario *scenario;
        const struct system_description *system;
        const struct machine_config *machine;
        const char *target;  /* the guest that is updated */
        const char *image;   /* its new image */
        const char *package; /* what is in the inbox */
        const char *folder;  /* for console.log, guest_errors.log, report.json */
        uint32_t time_limit; /* seconds */
};

/* The exit status: 0 when what was due happened, and nothing else did. */
int scenario_run(const struct scenario_run *run);

#endif
