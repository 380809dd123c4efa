/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Errors, memory and progress of a command. A command that cannot go on says why and ends at once:
 * unfinished outputs are removed on the way out (file.h), memory goes with the process.
 */
#ifndef TOOLS_SEGUE_REPORT_H
#define TOOLS_SEGUE_REPORT_H

#include <stddef.h>
#include <stdint.h>

#include <segue/error.h>

/* "segue: error 412: <what>: <where>"; ends the program with status 1, or 2 for SG_E_USAGE. */
_Noreturn void fail(sg_err error, const char *where, ...) __attribute__((format(printf, 2, 3)));
/* The same from errno, as SG_E_IO. */
_Noreturn void fail_errno(const char *where);
/* fail() unless error is SG_OK. */
void must(sg_err error, const char *where);

/* calloc and asprintf that never fail. */
void *allocate(size_t count, size_t size);
char *format(const char *text, ...) __attribute__((format(printf, 1, 2)));

/* Seconds of a clock that only goes forward. */
double clock_seconds(void);

/* Progress of a long step, on stderr if that is a terminal: share, rate and remaining time. The
 * context of the callbacks that the libraries take. */
struct progress {
        const char *label;
        uint64_t total;
        double started, shown;
        int visible;
};

void progress_start(struct progress *p, const char *label, uint64_t total);
void progress_update(struct progress *p, uint64_t done);
void progress_end(struct progress *p);

#endif
