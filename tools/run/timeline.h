/* SPDX-License-Identifier: Apache-2.0 */
/* A run as people read it: a line for each thing that happens, a bar for what takes long. */
#ifndef TOOLS_RUN_TIMELINE_H
#define TOOLS_RUN_TIMELINE_H

#include "tools/run/line.h"
#include "tools/segue/report.h"

struct timeline {
        double started;
        struct progress progress; /* shown while an event of progress was the last one */
        const char *step;         /* whose bar it is; NULL: there is none */
};

void timeline_start(struct timeline *t);
double timeline_seconds(const struct timeline *t);
/* False when it only moved a bar. */
bool timeline_event(struct timeline *t, const struct event *e);
/* A line of the launcher's own. */
void timeline_say(struct timeline *t, const char *who, const char *text);

#endif
