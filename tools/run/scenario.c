/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/run/scenario.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tools/run/boot_state.h"
#include "tools/run/result.h"
#include "tools/run/timeline.h"
#include "tools/segue/file.h"
#include "tools/segue/report.h"

enum {
        TAIL_LINES = 60,   /* of the console, shown when it did not end well */
        GRACE_SECONDS = 30 /* after the outcome, for the last hello and the counters */
};

static const struct scenario scenarios[] = {
        {"good", OUTCOME_CONFIRMED, SG_OK, SG_CAUSE_NONE},
        {"panic", OUTCOME_ROLLED_BACK, SG_OK, SG_CAUSE_RESET},
        {"hang", OUTCOME_ROLLED_BACK, SG_OK, SG_CAUSE_DEADLINE},
        {"silent", OUTCOME_ROLLED_BACK, SG_OK, SG_CAUSE_DEADLINE},
        {"bad-signature", OUTCOME_REFUSED, SG_E_SIGNATURES, SG_CAUSE_NONE},
        {"wrong-base", OUTCOME_REFUSED, SG_E_WRONG_BASE, SG_CAUSE_NONE},
        {"downgrade", OUTCOME_REFUSED, SG_E_DOWNGRADE, SG_CAUSE_NONE},
};

const struct scenario *scenario_find(const char *name)
{
        char names[128] = "";

        for (size_t i = 0; i < sizeof(scenarios) / sizeof(scenarios[0]); i++) {
                if (strcmp(scenarios[i].name, name) == 0) {
                        return &scenarios[i];
                }
                snprintf(names + strlen(names), sizeof(names) - strlen(names), " %s",
                         scenarios[i].name);
        }
        fail(SG_E_USAGE, "there is no scenario '%s', but:%s", name, names);
}

/* A run while it is watched. */
struct watch {
        const struct scenario_run *run;
        struct machine machine;
        struct line_reader reader;
        struct timeline timeline;
        struct facts facts;
        double outcome_at; /* seconds; 0: there is none yet */
        FILE *log;
        char tail[TAIL_LINES][LINE_MAX_BYTES];
        size_t lines;
};

static void take_line(struct watch *w)
{
        const char *line = w->reader.text;
        struct event event;
        bool telling = true;

        fprintf(w->log, "%9.3f %s\n", timeline_seconds(&w->timeline), line);
        if (event_parse(&event, line)) {
                facts_event(&w->facts, &event);
                telling = timeline_event(&w->timeline, &event);
        }
        if (telling) {
                memcpy(w->tail[w->lines++ % TAIL_LINES], line, LINE_MAX_BYTES);
        }
        if (w->facts.outcome != OUTCOME_NONE && w->outcome_at == 0) {
                w->outcome_at = timeline_seconds(&w->timeline);
        }
}

/* Reads what is there; false at the end of the line: QEMU has ended. */
static bool take_bytes(struct watch *w)
{
        char bytes[4096];
        ssize_t n = read(w->machine.from, bytes, sizeof(bytes));

        for (ssize_t i = 0; i < n; i++) {
                if (line_feed(&w->reader, bytes[i])) {
                        take_line(w);
                }
        }
        return n > 0 || (n < 0 && errno == EINTR);
}

/* Watches until everything is known; returns why it ended before, or NULL. */
static const char *watch(struct watch *w)
{
        struct pollfd fd = {.fd = w->machine.from, .events = POLLIN};

        for (;;) {
                double seconds = timeline_seconds(&w->timeline);
                double end = w->run->time_limit;

                if (w->outcome_at != 0 && w->outcome_at + GRACE_SECONDS < end) {
                        end = w->outcome_at + GRACE_SECONDS;
                }
                if (w->outcome_at != 0 && facts_settled(&w->facts)) {
                        return NULL;
                }
                if (seconds >= end) {
                        return w->outcome_at != 0 ? NULL : "the time is up";
                }
                if (poll(&fd, 1, (int)((end - seconds) * 1000) + 1) > 0 && !take_bytes(w)) {
                        return "QEMU ended";
                }
        }
}

static void print_tail(const struct watch *w)
{
        size_t first = w->lines > TAIL_LINES ? w->lines - TAIL_LINES : 0;

        printf("\nthe console's last lines:\n");
        for (size_t i = first; i < w->lines; i++) {
                printf("  %s\n", w->tail[i % TAIL_LINES]);
        }
}

static uint64_t count_lines(const char *path)
{
        uint64_t lines = 0;

        if (access(path, F_OK) != 0) {
                return 0;
        }
        struct mapped file = file_map(path);

        for (size_t i = 0; i < file.size; i++) {
                lines += file.data[i] == '\n';
        }
        return lines;
}

static unsigned target_index(const struct scenario_run *run)
{
        for (unsigned i = 0; i < run->system->vm_count; i++) {
                if (strcmp(run->system->vm[i].name, run->target) == 0) {
                        return run->system->vm[i].index;
                }
        }
        fail(SG_E_NO_GUEST, "'%s'", run->target);
}

static void announce(const struct scenario_run *run)
{
        uint64_t image = file_map(run->image).size;
        uint64_t package = file_map(run->package).size;

        printf("scenario '%s': %s is to be updated\n", run->scenario->name, run->target);
        printf("image %llu bytes, package %llu bytes (%.2f %%)\n\n", (unsigned long long)image,
               (unsigned long long)package, 100.0 * (double)package / (double)image);
        fflush(stdout);
}

int scenario_run(const struct scenario_run *run)
{
        struct watch *w = allocate(1, sizeof(*w));
        struct machine_config machine = *run->machine;
        struct bf_guest before, after;
        struct result result = {.run = run, .facts = &w->facts, .before = &before, .after = &after};
        const char *log = format("%s/console.log", run->folder);

        w->run = run;
        w->log = fopen(log, "w");
        if (w->log == NULL) {
                fail_errno(log);
        }
        setvbuf(w->log, NULL, _IOLBF, 0); /* to be followed while it grows */
        machine.guest_errors = format("%s/guest_errors.log", run->folder);
        unlink(machine.guest_errors);
        boot_state_read(&before, machine.nor, target_index(run));
        facts_init(&w->facts, run->system, run->target);
        announce(run);
        timeline_start(&w->timeline);
        timeline_say(&w->timeline, "-", "power on");
        machine_start(&w->machine, &machine);
        result.stopped = watch(w);
        result.seconds = timeline_seconds(&w->timeline);
        machine_end(&w->machine);
        timeline_say(&w->timeline, "-", "power off");
        fclose(w->log);
        boot_state_read(&after, machine.nor, target_index(run));
        result.guest_error_lines = count_lines(machine.guest_errors);
        result_judge(&result);
        if (result.complaint_count > 0) {
                print_tail(w);
        }
        result_print(&result);
        result_write(&result, format("%s/report.json", run->folder));
        return result.complaint_count == 0 ? 0 : 1;
}
