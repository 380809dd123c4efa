/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/run/timeline.h"

#include <stdio.h>
#include <string.h>

#include "tools/run/facts.h"

/* What is told of an event; {field} stands for its value. Events that are not listed are left to
 * the log. */
static const struct {
        const char *name;
        const char *text;
} sentences[] = {
        {"package-found", "a package is in the inbox"},
        {"package-accepted", "package {package} is authentic: {bytes} bytes, {targets} target(s)"},
        {"package-refused", "the package is refused: error {error}, {text}"},
        {"package-skipped", "package {package} was dealt with before: {outcome}"},
        {"package-superseded", "another package takes the place of {package}"},
        {"package-done", "package {package}: {outcome}"},
        {"target-chosen", "{kind} of {bytes} bytes to version {version}, into slot {slot}"},
        {"target-skipped", "{target} is passed over: error {error}"},
        {"target-failed", "given up: error {error}, {text}"},
        {"base-mismatch", "slot {slot} does not hold the image that the delta starts from"},
        {"apply-begin", "patching slot {slot}, {segments} segments"},
        {"apply-end", "patched: {bytes} bytes"},
        {"staged", "version {version} is staged in slot {slot}"},
        {"unstaged", "slot {slot} is taken back"},
        {"consent-asked", "asked to restart; {left_ms} ms left"},
        {"consent-given", "agreed to restart (by {by})"},
        {"consent-deferred", "not now; {left_ms} ms left"},
        {"restart", "restarts"},
        {"trial", "slot {slot} runs on trial"},
        {"try-spent", "a try is spent ({cause}), {left} left"},
        {"confirmed", "the new image has proved itself: slot {slot} is confirmed"},
        {"rolled-back", "rolled back: slot {slot} is given up ({cause})"},
        {"refill-begin", "slot {slot} gets a copy of the active one"},
        {"refilled", "slot {slot} is ready again"},
        {"refill-failed", "slot {slot} could not be refilled: error {error}"},
        {"image-refused", "slot {slot} is refused: error {error}"},
        {"agent-hello", "is up: {release}"},
        {"boot", "{start} start: {away_ms} ms, of them {load_ms} loading, {verify_ms} verifying, "
                 "{guest_ms} its own"},
        {"journal-new", "a new journal is begun"},
        {"journal-error", "journal: error {error}"},
};

static const struct {
        const char *name;
        const char *label;
} steps[] = {
        {"base-check", "checking the base"},
        {"apply-progress", "patching"},
        {"verify-progress", "verifying"},
        {"refill-progress", "refilling"},
};

void timeline_start(struct timeline *t)
{
        *t = (struct timeline){.started = clock_seconds()};
}

double timeline_seconds(const struct timeline *t)
{
        return clock_seconds() - t->started;
}

static void end_step(struct timeline *t)
{
        if (t->step != NULL) {
                progress_end(&t->progress);
                t->step = NULL;
        }
}

static void begin_line(struct timeline *t, const char *who)
{
        end_step(t);
        printf("%7.1f s  %-9s ", timeline_seconds(t), strcmp(who, "-") == 0 ? "" : who);
}

static void print_value(const struct event *e, const char *field)
{
        const char *value = event_value(e, field);

        if (value == NULL) {
                value = "?";
        } else if (strcmp(field, "cause") == 0) {
                value = cause_name(event_number(e, field));
        } else if (strcmp(field, "slot") == 0) {
                value = event_number(e, field) == 0 ? "a" : "b";
        }
        /* A value holds no blanks: underscores stand for them. */
        for (; *value != '\0'; value++) {
                putchar(*value == '_' && strcmp(field, "text") == 0 ? ' ' : *value);
        }
}

static void print_sentence(const char *text, const struct event *e)
{
        while (*text != '\0') {
                char field[32];
                size_t n = strcspn(text, "{");

                printf("%.*s", (int)n, text);
                text += n;
                if (*text == '\0') {
                        break;
                }
                n = strcspn(++text, "}");
                snprintf(field, sizeof(field), "%.*s", (int)n, text);
                print_value(e, field);
                text += n + 1;
        }
}

static bool show_step(struct timeline *t, const struct event *e)
{
        for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
                if (strcmp(steps[i].name, e->name) != 0) {
                        continue;
                }
                if (t->step != steps[i].label) {
                        end_step(t);
                        t->step = steps[i].label;
                        progress_start(&t->progress, t->step, event_number(e, "total"));
                }
                progress_update(&t->progress, event_number(e, "done"));
                return true;
        }
        return false;
}

bool timeline_event(struct timeline *t, const struct event *e)
{
        if (show_step(t, e)) {
                return false;
        }
        for (size_t i = 0; i < sizeof(sentences) / sizeof(sentences[0]); i++) {
                if (strcmp(sentences[i].name, e->name) == 0) {
                        begin_line(t, e->guest);
                        print_sentence(sentences[i].text, e);
                        putchar('\n');
                        fflush(stdout);
                }
        }
        return true;
}

void timeline_say(struct timeline *t, const char *who, const char *text)
{
        begin_line(t, who);
        puts(text);
        fflush(stdout);
}
