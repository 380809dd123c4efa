/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/run/result.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "tools/run/boot_state.h"
#include "tools/segue/file.h"
#include "tools/segue/output.h"
#include "tools/segue/report.h"
#include "updater/package/canonical.h"

__attribute__((format(printf, 2, 3))) static void complain(struct result *r, const char *text, ...)
{
        va_list list;

        if (r->complaint_count == COMPLAINTS_MAX) {
                return;
        }
        va_start(list, text);
        vsnprintf(r->complaint[r->complaint_count++], COMPLAINT_MAX, text, list);
        va_end(list);
}

static bool same_digest(const uint8_t *a, const uint8_t *b)
{
        return a != NULL && b != NULL && memcmp(a, b, BF_DIGEST_SIZE) == 0;
}

/* The guest's own word, and the boot state's, must agree on whether it runs something new. */
static void judge_change(struct result *r, const struct guest_facts *g)
{
        bool changed = r->run->scenario->outcome == OUTCOME_CONFIRMED;
        bool new_release = strcmp(g->release_first, g->release_last) != 0;
        bool new_slot = !same_digest(boot_state_active(r->before), boot_state_active(r->after));

        if (g->release_last[0] == '\0') {
                complain(r, "%s never said which release it runs", g->name);
        } else if (new_release != changed) {
                complain(r, "%s runs %s, and ran %s before", g->name, g->release_last,
                         g->release_first);
        }
        if (new_slot != changed) {
                complain(r, "%s: the active slot's digest %s", g->name,
                         new_slot ? "has changed" : "has not changed");
        }
}

static void judge_outcome(struct result *r)
{
        const struct scenario *s = r->run->scenario;
        const struct facts *f = r->facts;

        if (f->outcome != s->outcome) {
                complain(r, "the outcome is '%s', due was '%s'", outcome_name(f->outcome),
                         outcome_name(s->outcome));
        } else if (f->outcome == OUTCOME_REFUSED && f->error != s->error) {
                complain(r, "refused with error %u, due was %u", f->error, s->error);
        }
        if (s->outcome == OUTCOME_REFUSED && f->trial) {
                complain(r, "a trial was begun");
        }
        if (f->outcome == OUTCOME_ROLLED_BACK && f->last_cause != s->cause) {
                complain(r, "tries were spent by '%s', due was '%s'", cause_name(f->last_cause),
                         cause_name(s->cause));
        }
}

/* An update is nobody else's business. A lost beat counts against a good one only: what a fault is
 * about is the way back, and the emulator is late now and then. */
static void judge_others(struct result *r)
{
        for (uint32_t i = 0; i < r->facts->count; i++) {
                const struct guest_facts *g = &r->facts->guest[i];

                if (strcmp(g->name, r->facts->target) == 0) {
                        continue;
                }
                if (g->hellos == 0) {
                        complain(r, "%s was never up", g->name);
                }
                if (g->measured == 0) {
                        complain(r, "%s was not measured", g->name);
                }
                if (g->restarts != 0) {
                        complain(r, "%s restarted %llu times", g->name,
                                 (unsigned long long)g->restarts);
                }
                if (g->beats_lost != 0 && r->run->scenario->outcome == OUTCOME_CONFIRMED) {
                        complain(r, "%s lost %llu beats", g->name,
                                 (unsigned long long)g->beats_lost);
                }
        }
}

void result_judge(struct result *r)
{
        struct facts copy = *r->facts;

        r->image_bytes = file_map(r->run->image).size;
        r->package_bytes = file_map(r->run->package).size;
        if (r->stopped != NULL) {
                complain(r, "%s", r->stopped);
        }
        judge_outcome(r);
        /* All else follows from an early end. */
        if (r->stopped == NULL) {
                judge_change(r, facts_guest(&copy, copy.target));
                judge_others(r);
        }
        if (r->guest_error_lines != 0) {
                complain(r, "QEMU logged %llu guest errors",
                         (unsigned long long)r->guest_error_lines);
        }
}

static void print_guest(const struct guest_facts *g)
{
        printf("%-9s %-24s %-24s %8llu %10llu %5llu %9.1f\n", g->name, g->release_first,
               g->release_last, (unsigned long long)g->restarts, (unsigned long long)g->beats,
               (unsigned long long)g->beats_lost, (double)g->worst_us / 1000);
}

static void print_times(const struct guest_facts *g)
{
        if (g->downtime_ms != 0) {
                printf("%s was away for %llu ms. ", g->name, (unsigned long long)g->downtime_ms);
        }
        if (g->cold_boot_ms != 0) {
                printf("A cold boot takes %s %llu ms.", g->name,
                       (unsigned long long)g->cold_boot_ms);
        }
        putchar('\n');
}

void result_print(const struct result *r)
{
        const struct facts *f = r->facts;

        printf("\n%-9s %-24s %-24s %8s %10s %5s %9s\n", "guest", "release before", "release after",
               "restarts", "beats", "lost", "worst ms");
        for (uint32_t i = 0; i < f->count; i++) {
                print_guest(&f->guest[i]);
        }
        putchar('\n');
        for (uint32_t i = 0; i < f->count; i++) {
                if (strcmp(f->guest[i].name, f->target) == 0) {
                        print_times(&f->guest[i]);
                }
        }
        printf("The image has %llu bytes, the package %llu (%.2f %%).\n",
               (unsigned long long)r->image_bytes, (unsigned long long)r->package_bytes,
               100.0 * (double)r->package_bytes / (double)r->image_bytes);
        printf("Outcome: %s", outcome_name(f->outcome));
        if (f->outcome == OUTCOME_REFUSED) {
                printf(", error %u: %s", f->error, sg_strerror((sg_err)f->error));
        }
        printf(" (scenario '%s', %.0f s)\n", r->run->scenario->name, r->seconds);
        for (uint32_t i = 0; i < r->complaint_count; i++) {
                printf("FAILED: %s\n", r->complaint[i]);
        }
        if (r->complaint_count == 0) {
                puts("As it should be.");
        }
}

static void write_measures(struct json_writer *w, const struct guest_facts *g)
{
        static const char *const names[] = {"below_1_ms", "below_10_ms", "below_50_ms",
                                            "below_250_ms"};

        json_write_u64(w, "restarts", g->restarts);
        json_write_u64(w, "beats", g->beats);
        json_write_u64(w, "beats_lost", g->beats_lost);
        json_write_u64(w, "worst_late_us", g->worst_us);
        json_write_open(w, "late", '{');
        for (int i = 0; i < 4; i++) {
                json_write_u64(w, names[i], g->lateness[i]);
        }
        json_write_close(w, '}');
        json_write_u64(w, "foreign_exits", g->foreign_exits);
}

static void write_target(struct json_writer *w, const struct result *r, const struct guest_facts *g)
{
        json_write_string(w, "guest", g->name);
        json_write_string(w, "release_before", g->release_first);
        json_write_string(w, "release_after", g->release_last);
        json_write_u64(w, "image_bytes", r->image_bytes);
        json_write_u64(w, "package_bytes", r->package_bytes);
        json_write_string(w, "outcome", outcome_name(r->facts->outcome));
        json_write_u64(w, "error", r->facts->error);
        json_write_u64(w, "tries_spent", r->facts->tries_spent);
        json_write_u64(w, "downtime_ms", g->downtime_ms);
        json_write_u64(w, "cold_boot_ms", g->cold_boot_ms);
        write_measures(w, g);
}

static void write_others(struct json_writer *w, const struct facts *f)
{
        json_write_open(w, "others", '[');
        for (uint32_t i = 0; i < f->count; i++) {
                if (strcmp(f->guest[i].name, f->target) == 0) {
                        continue;
                }
                json_write_open(w, NULL, '{');
                json_write_string(w, "name", f->guest[i].name);
                json_write_string(w, "release", f->guest[i].release_last);
                write_measures(w, &f->guest[i]);
                json_write_close(w, '}');
        }
        json_write_close(w, ']');
}

void result_write(const struct result *r, const char *path)
{
        enum { REPORT_MAX = 65536 };
        struct facts copy = *r->facts;
        struct json_writer w;
        char *text = allocate(REPORT_MAX, 1);

        json_write_begin(&w, text, REPORT_MAX);
        json_write_open(&w, NULL, '{');
        json_write_string(&w, "scenario", r->run->scenario->name);
        json_write_bool(&w, "passed", r->complaint_count == 0);
        write_target(&w, r, facts_guest(&copy, copy.target));
        write_others(&w, r->facts);
        json_write_u64(&w, "seconds", (uint64_t)r->seconds);
        json_write_u64(&w, "guest_error_lines", r->guest_error_lines);
        json_write_open(&w, "complaints", '[');
        for (uint32_t i = 0; i < r->complaint_count; i++) {
                json_write_string(&w, NULL, r->complaint[i]);
        }
        json_write_close(&w, ']');
        json_write_close(&w, '}');
        must(json_write_end(&w), path);
        file_write(path, text, w.length);
}
