// SPDX-License-Identifier: Apache-2.0
/* What tells boot states apart, which of them cannot be, and why a slot failed. */
#include "tests/unit/slots_rig.h"

#define DIFFERS(field)                                    \
        do {                                              \
                struct bf_guest other = g;                \
                other.field ^= 1;                         \
                assert_false(bf_guest_equal(&g, &other)); \
                assert_false(bf_guest_equal(&other, &g)); \
        } while (0)

static void every_field_tells_states_apart(void **state)
{
        const struct bf_guest g = staged(FLOOR + 1);

        (void)state;
        assert_true(bf_guest_equal(&g, &g));
        for (unsigned i = 0; i < BF_DIGEST_SIZE; i++) {
                DIFFERS(slot[0].digest[i]);
                DIFFERS(slot[1].digest[i]);
                DIFFERS(failed_digest[i]);
        }
        for (unsigned s = 0; s < BF_SLOTS; s++) {
                DIFFERS(slot[s].counter);
                DIFFERS(slot[s].state);
                DIFFERS(slot[s].priority);
                DIFFERS(slot[s].tries_remaining);
                DIFFERS(slot[s].interrupted_remaining);
        }
        DIFFERS(token);
        DIFFERS(floor);
        DIFFERS(started);
        DIFFERS(outcome);
        DIFFERS(outcome_slot);
        DIFFERS(cause);
        DIFFERS(reported);
        DIFFERS(group);
}

/* The same state with the slots' places exchanged. */
static struct bf_guest mirrored(const struct bf_guest *g)
{
        struct bf_guest m = *g;

        m.slot[0] = g->slot[1];
        m.slot[1] = g->slot[0];
        return m;
}

static void expect_impossible(const struct bf_guest *g)
{
        const struct bf_guest m = mirrored(g);

        assert_int_equal(bf_guest_check(g), SG_E_STATE_IMPOSSIBLE);
        assert_int_equal(bf_guest_check(&m), SG_E_STATE_IMPOSSIBLE);
}

static void impossible_states_are_known(void **state)
{
        const struct bf_guest good = staged(FLOOR + 1), m = mirrored(&good);
        struct bf_guest g = good;

        (void)state;
        assert_int_equal(bf_guest_check(&good), SG_OK);
        assert_int_equal(bf_guest_check(&m), SG_OK);
        g.slot[1].priority = g.slot[0].priority - 1; /* staged behind the good one */
        expect_impossible(&g);
        g = good;
        g.slot[0] = g.slot[1]; /* both staged */
        g.slot[0].priority--;
        expect_impossible(&g);
        g = good;
        g.started = 1; /* without a token */
        expect_impossible(&g);
        g = good;
        g.token = 7; /* without a start */
        expect_impossible(&g);
        assert_int_equal(bf_unstage(&g, 1), SG_OK);
        g.started = 1; /* nothing is staged */
        expect_impossible(&g);
}

static void spend_all(struct bf_guest *g)
{
        const struct bf_image_id b = image('b', 6);

        for (unsigned i = 0; i < limits.tries; i++) {
                assert_int_equal(bf_start(g, 0, 1, &b, 7), SG_OK);
                assert_int_equal(bf_slot_cause(g, 1), SG_CAUSE_NONE);
                assert_int_equal(bf_try_spent(g, SG_CAUSE_DEADLINE), SG_OK);
        }
}

static void a_failed_slot_says_why(void **state)
{
        const struct bf_image_id c = image('c', 6);
        struct bf_guest g = staged(FLOOR + 1);

        (void)state;
        spend_all(&g);
        assert_int_equal(bf_slot_cause(&g, 1), SG_CAUSE_DEADLINE);
        assert_int_equal(bf_slot_cause(&g, 0), SG_CAUSE_NONE);
        assert_int_equal(bf_slot_cause(&g, BF_SLOTS), SG_CAUSE_NONE);
        assert_int_equal(bf_open(&g, 0, 1, &c), SG_OK);
        assert_int_equal(bf_slot_cause(&g, 1), SG_CAUSE_NONE); /* it is another image's now */
        g = staged(FLOOR + 1);
        assert_int_equal(bf_load_failed(&g, 1), SG_OK);
        assert_int_equal(bf_slot_cause(&g, 1), SG_CAUSE_LOAD_FAILED);
        assert_int_equal(bf_slot_cause(&g, 0), SG_CAUSE_NONE);
}

/* What could not be read was not tried: it may come again. What was refused may not. */
static void only_what_was_judged_is_remembered(void **state)
{
        const struct bf_image_id b = image('b', 6);
        struct bf_guest g = staged(FLOOR + 1);

        (void)state;
        assert_int_equal(bf_load_failed(&g, 1), SG_OK);
        assert_int_equal(bf_open(&g, 0, 1, &b), SG_OK);
        assert_int_equal(bf_stage(&g, 1, &b, &limits), SG_OK);
        assert_int_equal(bf_verify_failed(&g, 1), SG_OK);
        assert_int_equal(bf_open(&g, 0, 1, &b), SG_E_SLOT_FAILED_BEFORE);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_field_tells_states_apart),
                cmocka_unit_test(impossible_states_are_known),
                cmocka_unit_test(a_failed_slot_says_why),
                cmocka_unit_test(only_what_was_judged_is_remembered),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
