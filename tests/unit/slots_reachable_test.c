/* SPDX-License-Identifier: Apache-2.0 */
/* Every state that events can lead to from provisioning, with what must hold for each step. */
#include "tests/unit/slots_rig.h"

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

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(holds_in_every_reachable_state),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
