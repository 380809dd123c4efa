/* SPDX-License-Identifier: Apache-2.0 */
/* What came out of a run: the judgement, a table for people, report.json for tools. */
#ifndef TOOLS_RUN_RESULT_H
#define TOOLS_RUN_RESULT_H

#include "bootflow/slots.h"
#include "tools/run/scenario.h"

enum { COMPLAINTS_MAX = 12, COMPLAINT_MAX = 160 };

struct result {
        const struct scenario_run *run;
        const struct facts *facts;
        const struct bf_guest *before, *after; /* the target's boot state */
        const char *stopped; /* why it ended without an outcome; NULL: it had one */
        double seconds;
        uint64_t image_bytes, package_bytes, guest_error_lines;
        uint32_t complaint_count; /* what was not as it should be */
        char complaint[COMPLAINTS_MAX][COMPLAINT_MAX];
};

/* Fills in the sizes and the complaints. */
void result_judge(struct result *r);
void result_print(const struct result *r);
void result_write(const struct result *r, const char *path);

#endif
