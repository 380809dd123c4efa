/* SPDX-License-Identifier: Apache-2.0 */
/* Which slot boots: the decision over all its inputs, against a second statement of it. */
#include "tests/unit/slots_rig.h"

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

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(decides_every_input),
                cmocka_unit_test(refuses_impossible_outcomes),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
