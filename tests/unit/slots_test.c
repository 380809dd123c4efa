// SPDX-License-Identifier: Apache-2.0
/*
 * The slot decision over all its inputs, against a second statement of it; every state that the
 * events can lead to from provisioning, with what must hold for each step; and the rules one by
 * one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bootflow/slots.h"

enum { FLOOR = 5, TOKEN = 7 };
static const struct bf_limits limits = {.tries = 3, .interrupted = 10};

static struct bf_image_id image(uint8_t name, uint32_t counter)
{
        struct bf_image_id id = {.counter = counter};

        memset(id.digest, name, sizeof(id.digest));
        return id;
}

/* A guest that runs image 'a' (counter 5) from slot 0; slot 1 is empty. */
static struct bf_guest provisioned(void)
{
        struct bf_image_id a = image('a', FLOOR);
        struct bf_guest g;

        assert_int_equal(bf_provision(&g, &a, NULL), SG_OK);
        return g;
}

/* The same, with 'b' staged in slot 1. */
static struct bf_guest staged(uint32_t counter)
{
        struct bf_guest g = provisioned();
        struct bf_image_id b = image('b', counter);

        assert_int_equal(bf_open(&g, 0, 1, &b), SG_OK);
        assert_int_equal(bf_stage(&g, 1, &b, &limits), SG_OK);
        return g;
}

static void start_trial(struct bf_guest *g, uint32_t counter)
{
        struct bf_image_id b = image('b', counter);

        assert_int_equal(bf_start(g, 0, 1, &b, TOKEN), SG_OK);
}

static void expect_boot(const struct bf_guest *g, bf_refused refused, uint8_t slot, bool trial)
{
        struct bf_decision d;

        assert_int_equal(bf_decide(g, refused, &d), SG_OK);
        assert_int_equal(d.slot, slot);
        assert_int_equal(d.trial, trial);
}

/* The decision over all its inputs. */

/* Every slot that differs in something that a decision could look at, legal or not. */
static size_t all_slots(struct bf_slot *out)
{
        static const uint8_t priorities[] = {0, 1, 14, 15, 16};
        size_t n = 0;

        for (unsigned state = 0; state <= BF_FAILED + 1; state++)
                for (unsigned p = 0; p < sizeof(priorities); p++)
                        for (unsigned bits = 0; bits < 32; bits++) {
                                struct bf_slot s = {
                                        .state = (uint8_t)state,
                                        .priority = priorities[p],
                                        .tries_remaining = bits & 1,
                                        .interrupted_remaining = (bits >> 1) & 1,
                                        .counter = bits & 4 ? FLOOR - 1 : FLOOR,
                                        .digest = {[31] = (bits >> 3) & 1},
                                };
                                if (bits & 16)
                                        s.counter = 0;
                                out[n++] = s;
                        }
        return n;
}

/* What docs/boot-state.md says of one slot. */
static bool slot_is_legal(const struct bf_slot *s)
{
        bool digest = s->digest[31] != 0;
        bool used = s->priority != 0 && s->priority <= 15;
        bool tries = s->tries_remaining && s->interrupted_remaining;
        bool no_tries = !s->tries_remaining && !s->interrupted_remaining;

        switch (s->state) {
        case BF_EMPTY:
                return !digest && s->counter == 0 && s->priority == 0 && no_tries;
        case BF_OPEN:
        case BF_FAILED:
                return digest && s->priority == 0 && no_tries;
        case BF_STAGED:
                return digest && used && tries && s->counter >= FLOOR;
        case BF_GOOD:
                return digest && used && no_tries && s->counter >= FLOOR;
        case BF_STALE:
                return digest && s->priority == 0 && no_tries && s->counter < FLOOR;
        default:
                return false;
        }
}

static bool pair_is_legal(const struct bf_slot *a, const struct bf_slot *b)
{
        bool both_staged = a->state == BF_STAGED && b->state == BF_STAGED;
        bool tie = a->priority == b->priority && a->priority != 0;
        bool a_waits = a->state == BF_STAGED && b->state == BF_GOOD && a->priority < b->priority;
        bool b_waits = b->state == BF_STAGED && a->state == BF_GOOD && b->priority < a->priority;

        return slot_is_legal(a) && slot_is_legal(b) && !both_staged && !tie && !a_waits && !b_waits;
}

/* The decision said in another way: the usable slot of highest priority. */
static uint8_t expected_slot(const struct bf_guest *g, bf_refused refused)
{
        uint8_t best = SG_SLOT_NONE;
        uint8_t priority = 0;

        for (uint8_t i = 0; i < BF_SLOTS; i++)
                if (!(refused & (1 << i)) && g->slot[i].priority > priority) {
                        best = i;
                        priority = g->slot[i].priority;
                }
        return best;
}

static void check_decision(const struct bf_guest *g, bf_refused refused)
{
        struct bf_decision d;
        bool staged_somewhere = g->slot[0].state == BF_STAGED || g->slot[1].state == BF_STAGED;
        bool legal = pair_is_legal(&g->slot[0], &g->slot[1]) && g->started <= 1 &&
                     (g->started == 1) == (g->token != 0) && (!g->started || staged_somewhere);
        sg_err e = bf_decide(g, refused, &d);

        if (!legal || g->started) {
                assert_int_equal(e, SG_E_STATE_IMPOSSIBLE);
                assert_int_equal(d.slot, SG_SLOT_NONE);
                return;
        }
        assert_int_equal(e, SG_OK);
        uint8_t slot = expected_slot(g, refused);
        assert_int_equal(d.slot, slot);
        assert_int_equal(d.trial, slot < BF_SLOTS && g->slot[slot].state == BF_STAGED);
}

static void decides_every_input(void **state)
{
        static struct bf_slot slots[2048];
        size_t n = all_slots(slots);

        (void)state;
        for (size_t a = 0; a < n; a++)
                for (size_t b = 0; b < n; b++) {
                        struct bf_guest g = {.floor = FLOOR, .reported = 1};
                        g.slot[0] = slots[a];
                        g.slot[1] = slots[b];
                        for (bf_refused refused = 0; refused < 4; refused++)
                                check_decision(&g, refused);
                        if (!pair_is_legal(&slots[a], &slots[b]))
                                continue;
                        for (unsigned bits = 1; bits < 6; bits++) {
                                g.started = (uint8_t)(bits >> 1);
                                g.token = bits & 1;
                                check_decision(&g, 0);
                        }
                }
}

static void refuses_impossible_outcomes(void **state)
{
        struct bf_decision d;
        struct bf_guest bad[6];

        (void)state;
        for (size_t i = 0; i < 6; i++)
                bad[i] = provisioned();
        bad[0].outcome = BF_OUTCOME_CANCELLED + 1;
        bad[1].outcome_slot = 2;
        bad[2].reported = 2;
        bad[3].cause = SG_CAUSE_INTERRUPTED + 1;
        bad[4].reported = 0;
        bad[5].group = 1;
        for (size_t i = 0; i < 6; i++)
                assert_int_equal(bf_decide(&bad[i], 0, &d), SG_E_STATE_IMPOSSIBLE);
}

/* Every state that events lead to. */

enum { IMAGES = 4, MAX_STATES = 60000, STEPS = 80 };
static struct bf_guest seen[MAX_STATES];
static size_t seen_count;
static size_t buckets[1 << 17];

static size_t hash(const struct bf_guest *g)
{
        size_t h = 14695981039346656037u;
        uint64_t words[] = {g->token,        g->floor, g->started,  g->outcome,
                            g->outcome_slot, g->cause, g->reported, g->failed_digest[0]};

        for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
                h = (h ^ words[i]) * 1099511628211u;
        for (size_t i = 0; i < BF_SLOTS; i++) {
                const struct bf_slot *s = &g->slot[i];
                uint64_t w = s->digest[0] | ((uint64_t)s->counter << 8) |
                             ((uint64_t)s->state << 16) | ((uint64_t)s->priority << 24) |
                             ((uint64_t)s->tries_remaining << 32) |
                             ((uint64_t)s->interrupted_remaining << 40);
                h = (h ^ w) * 1099511628211u;
        }
        return (h ^ (h >> 31)) & (sizeof(buckets) / sizeof(buckets[0]) - 1);
}

/* How the last update ended decides nothing: one state stands for all that differ in that alone. */
static struct bf_guest without_outcome(const struct bf_guest *from)
{
        struct bf_guest g = *from;

        g.outcome = BF_OUTCOME_NONE;
        g.outcome_slot = 0;
        g.cause = SG_CAUSE_NONE;
        g.reported = 1;
        return g;
}

static void see(const struct bf_guest *found)
{
        struct bf_guest state = without_outcome(found), *g = &state;
        size_t at = hash(g);

        while (buckets[at]) {
                if (bf_guest_equal(&seen[buckets[at] - 1], g))
                        return;
                at = (at + 1) & (sizeof(buckets) / sizeof(buckets[0]) - 1);
        }
        assert_true(seen_count < MAX_STATES);
        seen[seen_count++] = *g;
        buckets[at] = seen_count;
}

/* Image n of the exploration: 'a' and 'b' share a counter, 'c' and 'd' are above and below. */
static struct bf_image_id nth_image(unsigned n)
{
        static const uint32_t counters[IMAGES] = {FLOOR, FLOOR, FLOOR + 1, FLOOR - 1};

        return image((uint8_t)('a' + n), counters[n]);
}

/* What event number `step` does. Sets *keeps when it may take no successful slot away. */
static sg_err step_event(struct bf_guest *g, unsigned step, bool *keeps)
{
        const struct bf_limits few = {.tries = 2, .interrupted = 2};
        uint8_t slot = step & 1;
        bf_refused refused = (step >> 1) & 3;
        unsigned kind = step >> 3;
        struct bf_image_id id = nth_image(kind % IMAGES);

        *keeps = true;
        if (kind < 4) {
                *keeps = refused != 0;
                return bf_open(g, refused, slot, &id);
        }
        if (kind < 8)
                return refused ? bf_start(g, refused, slot, &id, TOKEN)
                               : bf_stage(g, slot, &id, &few);
        switch (kind * 4 + refused) {
        case 32:
                return bf_unstage(g, slot);
        case 33:
                return bf_power_on(g);
        case 34:
                *keeps = false;
                return bf_confirm(g, TOKEN + slot);
        case 35:
                return bf_try_spent(g, slot ? SG_CAUSE_RESET : SG_CAUSE_DEADLINE);
        case 36:
                return bf_load_failed(g, slot);
        case 37:
                return bf_verify_failed(g, slot);
        case 38:
                return bf_reported(g);
        default:
                *keeps = false;
                return bf_refill(g, 0, slot);
        }
}

static unsigned good_slots(const struct bf_guest *g)
{
        return (g->slot[0].state == BF_GOOD ? 1u : 0u) + (g->slot[1].state == BF_GOOD ? 1u : 0u);
}

static void check_step(const struct bf_guest *before, unsigned step)
{
        struct bf_guest after = *before;
        bool keeps;
        sg_err e = step_event(&after, step, &keeps);

        if (e) {
                assert_true(bf_guest_equal(before, &after));
                return;
        }
        assert_int_equal(bf_guest_check(&after), SG_OK);
        assert_true(after.floor >= before->floor);
        /* The confirmed slot that would boot survives whatever the loader or the trial does. */
        if (good_slots(before) && (step >> 3) >= 4)
                assert_true(good_slots(&after) >= 1);
        if ((step >> 3) >= 4 && keeps)
                assert_true(good_slots(&after) == good_slots(before));
        /* An image gets good by a confirm (or a copy of a good one), and its floor with it. */
        if (after.floor != before->floor)
                assert_true(after.outcome == BF_OUTCOME_CONFIRMED && !after.reported);
        /* What failed is not staged again. */
        uint8_t now = bf_staged(&after);
        if (now != SG_SLOT_NONE)
                assert_memory_not_equal(after.slot[now].digest, after.failed_digest, 32);
        see(&after);
}

static void holds_in_every_reachable_state(void **state)
{
        struct bf_image_id a = nth_image(0), b = nth_image(1), d = nth_image(3);
        struct bf_guest g;

        (void)state;
        bf_provision(&g, &a, NULL);
        see(&g);
        bf_provision(&g, &a, &b);
        see(&g);
        bf_provision(&g, &d, &a);
        see(&g);
        bf_provision(&g, NULL, &d);
        see(&g);
        for (size_t i = 0; i < seen_count; i++)
                for (unsigned step = 0; step < STEPS; step++)
                        check_step(&seen[i], step);
        print_message("%zu states\n", seen_count);
        assert_true(seen_count > 1000);
}

/* The rules one by one. */

static void provisions(void **state)
{
        struct bf_image_id a = image('a', 3), b = image('b', 4), none = image(0, 4);
        struct bf_guest g;

        (void)state;
        assert_int_equal(bf_provision(&g, NULL, NULL), SG_E_BAD_ARGUMENT);
        assert_int_equal(bf_provision(&g, &none, NULL), SG_E_BAD_ARGUMENT);
        assert_int_equal(bf_provision(&g, &a, &b), SG_OK);
        assert_int_equal(g.floor, 4);
        assert_int_equal(g.slot[0].state, BF_STALE);
        expect_boot(&g, 0, 1, false);
        assert_int_equal(bf_provision(&g, &b, &b), SG_OK);
        expect_boot(&g, 0, 0, false);
        expect_boot(&g, BF_REFUSED(0), 1, false);
        expect_boot(&g, 3, SG_SLOT_NONE, false);
}

static void runs_an_update(void **state)
{
        struct bf_guest g = staged(FLOOR + 1);

        (void)state;
        expect_boot(&g, 0, 1, true);
        start_trial(&g, FLOOR + 1);
        assert_int_equal(bf_confirm(&g, TOKEN + 1), SG_E_TRIAL_TOKEN);
        assert_int_equal(bf_confirm(&g, 0), SG_E_TRIAL_TOKEN);
        assert_int_equal(bf_confirm(&g, TOKEN), SG_OK);
        assert_int_equal(g.floor, FLOOR + 1);
        assert_int_equal(g.slot[0].state, BF_STALE);
        assert_int_equal(g.slot[1].state, BF_GOOD);
        assert_int_equal(g.outcome, BF_OUTCOME_CONFIRMED);
        assert_int_equal(g.reported, 0);
        assert_int_equal(bf_confirm(&g, TOKEN), SG_E_TRIAL_NONE);
        expect_boot(&g, 0, 1, false);
        expect_boot(&g, BF_REFUSED(1), SG_SLOT_NONE, false);
        assert_int_equal(bf_refill(&g, 0, 0), SG_OK);
        assert_memory_equal(g.slot[0].digest, g.slot[1].digest, 32);
        expect_boot(&g, 0, 1, false);
        expect_boot(&g, BF_REFUSED(1), 0, false);
        assert_int_equal(bf_reported(&g), SG_OK);
        assert_int_equal(g.reported, 1);
}

static void keeps_the_other_slot_on_an_equal_counter(void **state)
{
        struct bf_guest g = staged(FLOOR);

        (void)state;
        start_trial(&g, FLOOR);
        assert_int_equal(bf_confirm(&g, TOKEN), SG_OK);
        assert_int_equal(g.slot[0].state, BF_GOOD);
        expect_boot(&g, 0, 1, false);
        expect_boot(&g, BF_REFUSED(1), 0, false);
}

static void goes_back_after_three_tries(void **state)
{
        struct bf_guest g = staged(FLOOR + 1);
        struct bf_image_id b = image('b', FLOOR + 1);

        (void)state;
        for (uint8_t left = 3; left-- > 0;) {
                expect_boot(&g, 0, 1, true);
                start_trial(&g, FLOOR + 1);
                assert_int_equal(bf_try_spent(&g, SG_CAUSE_DEADLINE), SG_OK);
                assert_int_equal(g.slot[1].tries_remaining, left);
                assert_int_equal(bf_confirm(&g, TOKEN), SG_E_TRIAL_NONE);
                assert_int_equal(bf_try_spent(&g, SG_CAUSE_DEADLINE), SG_E_TRIAL_NONE);
        }
        expect_boot(&g, 0, 0, false);
        assert_int_equal(g.outcome, BF_OUTCOME_ROLLED_BACK);
        assert_int_equal(g.cause, SG_CAUSE_DEADLINE);
        assert_int_equal(g.floor, FLOOR);
        assert_int_equal(bf_open(&g, 0, 1, &b), SG_E_SLOT_FAILED_BEFORE);
        struct bf_image_id c = image('c', FLOOR + 1);
        assert_int_equal(bf_open(&g, 0, 1, &c), SG_OK);
}

static void power_cuts_spend_no_tries(void **state)
{
        struct bf_guest g = staged(FLOOR + 1);

        (void)state;
        for (uint8_t left = 10; left-- > 0;) {
                expect_boot(&g, 0, 1, true);
                start_trial(&g, FLOOR + 1);
                assert_int_equal(bf_power_on(&g), SG_OK);
                assert_int_equal(g.slot[1].interrupted_remaining, left);
                assert_int_equal(g.slot[1].tries_remaining, left ? 3 : 0);
                assert_int_equal(bf_confirm(&g, TOKEN), SG_E_TRIAL_NONE);
        }
        expect_boot(&g, 0, 0, false);
        assert_int_equal(g.outcome, BF_OUTCOME_ROLLED_BACK);
        assert_int_equal(g.cause, SG_CAUSE_INTERRUPTED);
}

static void power_on_without_a_start_changes_nothing(void **state)
{
        struct bf_guest g = staged(FLOOR + 1), before = g;

        (void)state;
        for (unsigned i = 0; i < 20; i++)
                assert_int_equal(bf_power_on(&g), SG_OK);
        assert_true(bf_guest_equal(&g, &before));
}

static void refuses_to_open(void **state)
{
        struct bf_guest g = provisioned();
        struct bf_image_id low = image('l', FLOOR - 1), b = image('b', FLOOR), none = image(0, 9);

        (void)state;
        assert_int_equal(bf_open(&g, 0, 2, &b), SG_E_SLOT_NUMBER);
        assert_int_equal(bf_open(&g, 0, 0, &b), SG_E_SLOT_BUSY);
        assert_int_equal(bf_open(&g, 0, 1, &low), SG_E_SLOT_DOWNGRADE);
        assert_int_equal(bf_open(&g, 0, 1, &none), SG_E_BAD_ARGUMENT);
        g = staged(FLOOR);
        assert_int_equal(bf_open(&g, 0, 1, &b), SG_E_SLOT_BUSY);
        assert_int_equal(bf_open(&g, 0, 0, &b), SG_E_SLOT_BUSY);
        start_trial(&g, FLOOR);
        assert_int_equal(bf_open(&g, 0, 0, &b), SG_E_SLOT_BUSY);
}

static void stages_only_what_was_opened(void **state)
{
        struct bf_guest g = provisioned();
        struct bf_image_id b = image('b', 6), b_higher = image('b', 7), c = image('c', 6);
        const struct bf_limits no_tries = {.interrupted = 1}, no_interrupted = {.tries = 1};

        (void)state;
        assert_int_equal(bf_stage(&g, 1, &b, &limits), SG_E_SLOT_NOT_OPEN);
        assert_int_equal(bf_open(&g, 0, 1, &b), SG_OK);
        assert_int_equal(bf_stage(&g, 1, &c, &limits), SG_E_SLOT_NOT_OPEN);
        assert_int_equal(bf_stage(&g, 1, &b_higher, &limits), SG_E_SLOT_NOT_OPEN);
        assert_int_equal(bf_stage(&g, 0, &b, &limits), SG_E_SLOT_BUSY);
        assert_int_equal(bf_stage(&g, 2, &b, &limits), SG_E_SLOT_NUMBER);
        assert_int_equal(bf_stage(&g, 1, &b, &no_tries), SG_E_BAD_ARGUMENT);
        assert_int_equal(bf_stage(&g, 1, &b, &no_interrupted), SG_E_BAD_ARGUMENT);
        assert_int_equal(bf_stage(&g, 1, &b, &limits), SG_OK);
        assert_int_equal(bf_stage(&g, 1, &b, &limits), SG_OK);
        assert_int_equal(bf_stage(&g, 1, &c, &limits), SG_E_SLOT_BUSY);
        start_trial(&g, 6);
        assert_int_equal(bf_stage(&g, 1, &b, &limits), SG_E_SLOT_BUSY);
        assert_int_equal(bf_unstage(&g, 1), SG_E_SLOT_BUSY);
}

static void stage_checks_the_floor_again(void **state)
{
        struct bf_guest g = provisioned();
        struct bf_image_id old = image('o', FLOOR), b = image('b', FLOOR + 1);

        (void)state;
        /* Both slots could not be verified: both are opened, and the second one wins. */
        assert_int_equal(bf_open(&g, 3, 0, &old), SG_OK);
        assert_int_equal(bf_open(&g, 3, 1, &b), SG_OK);
        assert_int_equal(bf_stage(&g, 1, &b, &limits), SG_OK);
        start_trial(&g, FLOOR + 1);
        assert_int_equal(bf_confirm(&g, TOKEN), SG_OK);
        assert_int_equal(bf_stage(&g, 0, &old, &limits), SG_E_SLOT_DOWNGRADE);
}

static void unstages_before_the_first_start(void **state)
{
        struct bf_guest g = staged(FLOOR);
        struct bf_image_id b = image('b', FLOOR);

        (void)state;
        assert_int_equal(bf_unstage(&g, 0), SG_E_SLOT_NOT_STAGED);
        assert_int_equal(bf_unstage(&g, 2), SG_E_SLOT_NUMBER);
        assert_int_equal(bf_unstage(&g, 1), SG_OK);
        assert_int_equal(g.outcome, BF_OUTCOME_CANCELLED);
        expect_boot(&g, 0, 0, false);
        assert_int_equal(bf_stage(&g, 1, &b, &limits), SG_OK);
        expect_boot(&g, 0, 1, true);
}

static void start_wants_the_recorded_image(void **state)
{
        struct bf_guest g = staged(FLOOR + 1), before = g;
        struct bf_image_id b = image('b', FLOOR + 1), higher = image('b', FLOOR + 2);
        struct bf_image_id a = image('a', FLOOR), other = image('x', FLOOR + 1);

        (void)state;
        assert_int_equal(bf_start(&g, 0, 1, &other, TOKEN), SG_E_SLOT_MISMATCH);
        assert_int_equal(bf_start(&g, 0, 1, &higher, TOKEN), SG_E_SLOT_MISMATCH);
        assert_int_equal(bf_start(&g, 0, 0, &other, TOKEN), SG_E_SLOT_MISMATCH);
        assert_int_equal(bf_start(&g, 0, 2, &a, TOKEN), SG_E_SLOT_NUMBER);
        assert_int_equal(bf_start(&g, 0, 1, &b, 0), SG_E_BAD_ARGUMENT);
        assert_true(bf_guest_equal(&g, &before));
        assert_int_equal(bf_start(&g, BF_REFUSED(1), 0, &a, TOKEN), SG_OK);
        assert_true(bf_guest_equal(&g, &before));
        assert_int_equal(bf_start(&g, 0, 1, &b, TOKEN), SG_OK);
        assert_int_equal(bf_start(&g, 0, 1, &b, TOKEN), SG_E_STATE_IMPOSSIBLE);
}

/* The confirmed image was on its way when the other one was staged: it runs until the next start.
 */
static void starts_the_active_slot_while_another_is_staged(void **state)
{
        struct bf_guest g = staged(FLOOR + 1), before = g;
        struct bf_image_id a = image('a', FLOOR), b = image('b', FLOOR);

        (void)state;
        assert_int_equal(bf_start(&g, 0, 0, &a, TOKEN), SG_OK);
        assert_true(bf_guest_equal(&g, &before));
        expect_boot(&g, 0, 1, true);
        assert_int_equal(bf_provision(&g, &a, &b), SG_OK);
        assert_int_equal(bf_start(&g, 0, 1, &b, TOKEN), SG_E_SLOT_NOT_DUE);
        assert_int_equal(bf_start(&g, BF_REFUSED(0), 1, &b, TOKEN), SG_OK);
}

static void failures_never_cost_a_successful_slot(void **state)
{
        struct bf_guest g = provisioned(), before = g;
        struct bf_image_id b = image('b', FLOOR), c = image('c', FLOOR);

        (void)state;
        assert_int_equal(bf_load_failed(&g, 0), SG_OK);
        assert_int_equal(bf_verify_failed(&g, 0), SG_OK);
        assert_int_equal(bf_verify_failed(&g, 2), SG_E_SLOT_NUMBER);
        assert_true(bf_guest_equal(&g, &before));
        g = staged(FLOOR);
        assert_int_equal(bf_load_failed(&g, 1), SG_OK);
        assert_int_equal(g.outcome, BF_OUTCOME_REFUSED);
        expect_boot(&g, 0, 0, false);
        assert_int_equal(bf_open(&g, 0, 1, &b), SG_OK);
        g = staged(FLOOR);
        start_trial(&g, FLOOR);
        assert_int_equal(bf_verify_failed(&g, 1), SG_E_SLOT_BUSY);
        g = staged(FLOOR);
        assert_int_equal(bf_verify_failed(&g, 1), SG_OK);
        assert_int_equal(bf_open(&g, 0, 1, &b), SG_E_SLOT_FAILED_BEFORE);
        assert_int_equal(bf_open(&g, 0, 1, &c), SG_OK);
}

static void either_slot_takes_an_image_when_both_are_bad(void **state)
{
        struct bf_image_id c = image('c', FLOOR);

        (void)state;
        for (uint8_t slot = 0; slot < BF_SLOTS; slot++) {
                struct bf_guest g = provisioned();
                expect_boot(&g, 3, SG_SLOT_NONE, false);
                assert_int_equal(bf_open(&g, 3, slot, &c), SG_OK);
                assert_int_equal(bf_stage(&g, slot, &c, &limits), SG_OK);
                expect_boot(&g, 0, slot, true);
        }
}

static void refuses_to_refill(void **state)
{
        struct bf_guest g = staged(FLOOR);

        (void)state;
        assert_int_equal(bf_refill(&g, 0, 1), SG_E_SLOT_BUSY);
        assert_int_equal(bf_refill(&g, 0, 0), SG_E_SLOT_BUSY);
        assert_int_equal(bf_refill(&g, 0, 2), SG_E_SLOT_NUMBER);
        assert_int_equal(bf_refill(&g, 3, 1), SG_E_SLOT_NO_SOURCE);
        start_trial(&g, FLOOR);
        assert_int_equal(bf_confirm(&g, TOKEN), SG_OK);
        assert_int_equal(bf_refill(&g, 0, 0), SG_E_SLOT_BUSY);
        assert_int_equal(bf_refill(&g, BF_REFUSED(0), 0), SG_OK);
        assert_int_equal(bf_refill(&g, 0, 0), SG_OK);
}

static void reports_once(void **state)
{
        struct bf_guest g = provisioned();

        (void)state;
        assert_int_equal(bf_reported(&g), SG_E_STATE_NO_OUTCOME);
}

static void flags_say_what_a_slot_is(void **state)
{
        struct bf_guest g = staged(FLOOR + 1);
        const uint32_t good = SG_SLOT_F_PRESENT | SG_SLOT_F_SUCCESSFUL;
        const uint32_t trial = SG_SLOT_F_PRESENT | SG_SLOT_F_TRIAL;

        (void)state;
        assert_int_equal(bf_slot_flags(&g, 0, 0), good | SG_SLOT_F_ACTIVE);
        assert_int_equal(bf_slot_flags(&g, 0, 1), trial);
        assert_int_equal(bf_slot_flags(&g, 0, 2), 0);
        start_trial(&g, FLOOR + 1);
        assert_int_equal(bf_slot_flags(&g, 0, 0), good);
        assert_int_equal(bf_slot_flags(&g, 0, 1), trial | SG_SLOT_F_ACTIVE);
        assert_int_equal(bf_confirm(&g, TOKEN), SG_OK);
        assert_int_equal(bf_slot_flags(&g, 0, 0), good | SG_SLOT_F_STALE);
        assert_int_equal(bf_slot_flags(&g, 0, 1), good | SG_SLOT_F_ACTIVE);
        assert_int_equal(bf_slot_flags(&g, BF_REFUSED(1), 1), good | SG_SLOT_F_FAILED);
}

static void maps_to_hypercall_results(void **state)
{
        (void)state;
        assert_int_equal(bf_hypercall_result(SG_OK), SG_HC_OK);
        assert_int_equal(bf_hypercall_result(SG_E_SLOT_BUSY), SG_HC_BUSY);
        assert_int_equal(bf_hypercall_result(SG_E_SLOT_DOWNGRADE), SG_HC_DOWNGRADE);
        assert_int_equal(bf_hypercall_result(SG_E_SLOT_FAILED_BEFORE), SG_HC_FAILED_BEFORE);
        assert_int_equal(bf_hypercall_result(SG_E_TRIAL_TOKEN), SG_HC_BAD_TOKEN);
        assert_int_equal(bf_hypercall_result(SG_E_TRIAL_NONE), SG_HC_BAD_STATE);
        assert_int_equal(bf_hypercall_result(SG_E_SLOT_NUMBER), SG_HC_BAD_ARGUMENT);
        assert_int_equal(bf_hypercall_result(SG_E_IO), SG_HC_STORAGE);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(decides_every_input),
                cmocka_unit_test(refuses_impossible_outcomes),
                cmocka_unit_test(holds_in_every_reachable_state),
                cmocka_unit_test(provisions),
                cmocka_unit_test(runs_an_update),
                cmocka_unit_test(keeps_the_other_slot_on_an_equal_counter),
                cmocka_unit_test(goes_back_after_three_tries),
                cmocka_unit_test(power_cuts_spend_no_tries),
                cmocka_unit_test(power_on_without_a_start_changes_nothing),
                cmocka_unit_test(refuses_to_open),
                cmocka_unit_test(stages_only_what_was_opened),
                cmocka_unit_test(stage_checks_the_floor_again),
                cmocka_unit_test(unstages_before_the_first_start),
                cmocka_unit_test(start_wants_the_recorded_image),
                cmocka_unit_test(starts_the_active_slot_while_another_is_staged),
                cmocka_unit_test(failures_never_cost_a_successful_slot),
                cmocka_unit_test(either_slot_takes_an_image_when_both_are_bad),
                cmocka_unit_test(refuses_to_refill),
                cmocka_unit_test(reports_once),
                cmocka_unit_test(flags_say_what_a_slot_is),
                cmocka_unit_test(maps_to_hypercall_results),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
