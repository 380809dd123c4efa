/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/run/facts.h"

#include <stdio.h>
#include <string.h>

#include <segue/hypercall.h>

void facts_init(struct facts *f, const struct system_description *d, const char *target)
{
        *f = (struct facts){.target = target};
        for (unsigned i = 0; i < d->vm_count; i++) {
                if (d->vm[i].role != VM_ROLE_UPDATE) {
                        f->guest[f->count++].name = d->vm[i].name;
                }
        }
}

struct guest_facts *facts_guest(struct facts *f, const char *name)
{
        for (uint32_t i = 0; i < f->count; i++) {
                if (strcmp(f->guest[i].name, name) == 0) {
                        return &f->guest[i];
                }
        }
        return NULL;
}

const char *outcome_name(enum outcome outcome)
{
        static const char *const names[] = {
                [OUTCOME_NONE] = "none",
                [OUTCOME_CONFIRMED] = "confirmed",
                [OUTCOME_ROLLED_BACK] = "rolled-back",
                [OUTCOME_REFUSED] = "refused",
        };

        return names[outcome];
}

const char *cause_name(uint64_t cause)
{
        static const char *const names[] = {
                [SG_CAUSE_NONE] = "none",
                [SG_CAUSE_RESET] = "reset",
                [SG_CAUSE_OFF] = "power-off",
                [SG_CAUSE_FAULT] = "fault",
                [SG_CAUSE_DEADLINE] = "deadline",
                [SG_CAUSE_RESTART] = "restart",
                [SG_CAUSE_LOAD_FAILED] = "not-loaded",
                [SG_CAUSE_VERIFY_FAILED] = "not-verified",
        };

        return cause < sizeof(names) / sizeof(names[0]) ? names[cause] : "?";
}

static void set_outcome(struct facts *f, enum outcome outcome)
{
        f->outcome = outcome;
        for (uint32_t i = 0; i < f->count; i++) {
                f->guest[i].measured = 0;
        }
}

static void expect_start(struct guest_facts *g)
{
        g->hellos = 0;
        g->boots = 0;
}

static void on_confirmed(struct facts *f, struct guest_facts *g, const struct event *e)
{
        (void)g;
        (void)e;
        set_outcome(f, OUTCOME_CONFIRMED);
}

static void on_rolled_back(struct facts *f, struct guest_facts *g, const struct event *e)
{
        (void)e;
        set_outcome(f, OUTCOME_ROLLED_BACK);
        expect_start(g); /* of the old image */
}

/* A failure that is told after a rollback is that rollback. */
static void on_error(struct facts *f, struct guest_facts *g, const struct event *e)
{
        (void)g;
        if (f->outcome == OUTCOME_NONE) {
                f->error = (unsigned)event_number(e, "error");
                set_outcome(f, OUTCOME_REFUSED);
        }
}

/* Console lines can be lost on a busy host: should the outcome's own be, the package's tells it.
 * What was counted since then still counts. */
static void on_package_end(struct facts *f, struct guest_facts *g, const struct event *e)
{
        (void)g;
        if (f->outcome != OUTCOME_NONE) {
                return;
        }
        f->error = (unsigned)event_number(e, "error");
        if (f->error == SG_OK) {
                f->outcome = OUTCOME_CONFIRMED;
        } else {
                f->outcome = f->error == SG_E_ROLLED_BACK ? OUTCOME_ROLLED_BACK : OUTCOME_REFUSED;
        }
}

static void on_trial(struct facts *f, struct guest_facts *g, const struct event *e)
{
        (void)e;
        f->trial = true;
        expect_start(g);
}

static void on_try_spent(struct facts *f, struct guest_facts *g, const struct event *e)
{
        (void)g;
        f->tries_spent++;
        f->last_cause = event_number(e, "cause");
}

static void on_hello(struct facts *f, struct guest_facts *g, const struct event *e)
{
        const char *release = event_value(e, "release");

        (void)f;
        if (release == NULL) {
                return;
        }
        if (g->release_first[0] == '\0') {
                snprintf(g->release_first, sizeof(g->release_first), "%s", release);
        }
        snprintf(g->release_last, sizeof(g->release_last), "%s", release);
        g->hellos++;
}

static void on_boot(struct facts *f, struct guest_facts *g, const struct event *e)
{
        const char *start = event_value(e, "start");

        (void)f;
        g->boots++;
        if (start != NULL && strcmp(start, "cold") == 0) {
                g->cold_boot_ms = event_number(e, "away_ms");
        } else {
                g->downtime_ms = event_number(e, "away_ms");
        }
}

/* Told when the update begins and when it ends. */
static void on_exits(struct facts *f, struct guest_facts *g, const struct event *e)
{
        const uint64_t foreign = event_number(e, "foreign");

        (void)f;
        g->restarts = event_number(e, "restarts");
        if (!g->exits_known) {
                g->exits_known = true;
                g->foreign_before = foreign;
        }
        g->foreign_exits = foreign - g->foreign_before;
}

static void on_timer(struct facts *f, struct guest_facts *g, const struct event *e)
{
        static const char *const fields[] = {"lt1ms", "lt10ms", "lt50ms", "lt250ms"};

        (void)f;
        g->beats = event_number(e, "beats");
        g->beats_lost = event_number(e, "lost");
        g->worst_us = event_number(e, "worst_us");
        for (int i = 0; i < 4; i++) {
                g->lateness[i] = event_number(e, fields[i]);
        }
        g->measured++;
}

/* Whom an event must name to be heard: the target; a guest; anybody or nobody. */
enum named { TARGET, GUEST, ANYBODY };

static const struct {
        const char *name;
        enum named named;
        void (*on)(struct facts *f, struct guest_facts *g, const struct event *e);
} handlers[] = {
        {"agent-hello", GUEST, on_hello},
        {"boot", GUEST, on_boot},
        {"exits", GUEST, on_exits},
        {"timer", GUEST, on_timer},
        {"trial", TARGET, on_trial},
        {"try-spent", TARGET, on_try_spent},
        {"confirmed", TARGET, on_confirmed},
        {"rolled-back", TARGET, on_rolled_back},
        {"target-failed", TARGET, on_error},
        {"target-skipped", TARGET, on_error},
        {"package-refused", ANYBODY, on_error},
        {"package-done", ANYBODY, on_package_end},
};

static bool is_heard(const struct facts *f, const struct guest_facts *g, enum named named)
{
        switch (named) {
        case TARGET:
                return g != NULL && strcmp(g->name, f->target) == 0;
        case GUEST:
                return g != NULL;
        case ANYBODY:
                break;
        }
        return true;
}

void facts_event(struct facts *f, const struct event *e)
{
        struct guest_facts *g = facts_guest(f, e->guest);

        for (size_t i = 0; i < sizeof(handlers) / sizeof(handlers[0]); i++) {
                if (strcmp(handlers[i].name, e->name) == 0 && is_heard(f, g, handlers[i].named)) {
                        handlers[i].on(f, g, e);
                }
        }
}

bool facts_settled(const struct facts *f)
{
        for (uint32_t i = 0; i < f->count; i++) {
                const struct guest_facts *g = &f->guest[i];

                if (g->hellos == 0 || g->boots == 0 || g->measured == 0) {
                        return false;
                }
        }
        return true;
}
