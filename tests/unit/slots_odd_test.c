// SPDX-License-Identifier: Apache-2.0
/* Slots that are none, states that cannot be, and questions whose answer is "nothing". */
#include "tests/unit/slots_rig.h"

/* Slot 0 goes before slot 1. */
static struct bf_guest both_good(void)
{
        const struct bf_image_id a = image('a', FLOOR), b = image('b', FLOOR);
        struct bf_guest g;

        assert_int_equal(bf_provision(&g, &a, &b), SG_OK);
        return g;
}

/* The only image on the device is on its first trial's way. */
static struct bf_guest only_staged(void)
{
        struct bf_guest g = both_good();

        g.slot[0] = (struct bf_slot){.state = BF_EMPTY};
        g.slot[1].state = BF_STAGED;
        g.slot[1].tries_remaining = 3;
        g.slot[1].interrupted_remaining = 10;
        assert_int_equal(bf_guest_check(&g), SG_OK);
        return g;
}

static void provisions_either_slot_with_a_real_image(void **state)
{
        const struct bf_image_id a = image('a', FLOOR), b = image('b', FLOOR),
                                 none = image(0, FLOOR);
        struct bf_guest g;

        (void)state;
        assert_int_equal(bf_provision(&g, NULL, NULL), SG_E_BAD_ARGUMENT);
        assert_int_equal(bf_provision(&g, &none, &b), SG_E_BAD_ARGUMENT);
        assert_int_equal(bf_provision(&g, &a, &none), SG_E_BAD_ARGUMENT);
        assert_int_equal(bf_provision(&g, NULL, &b), SG_OK);
        assert_int_equal(g.slot[0].state, BF_EMPTY);
        assert_int_equal(bf_active(&g, 0), 1);
}

static void the_other_slot_is_active_while_the_preferred_one_is_refused(void **state)
{
        struct bf_guest g = both_good();

        (void)state;
        assert_int_equal(bf_active(&g, 0), 0);
        assert_int_equal(bf_active(&g, BF_REFUSED(0)), 1);
        assert_int_equal(bf_active(&g, BF_REFUSED(1)), 0);
        assert_int_equal(bf_active(&g, BF_REFUSED(0) | BF_REFUSED(1)), SG_SLOT_NONE);
}

static void a_staged_slot_is_the_current_one_when_there_is_no_other(void **state)
{
        struct bf_guest g = only_staged();

        (void)state;
        assert_true(bf_slot_flags(&g, 0, 1) & SG_SLOT_F_ACTIVE);
}

static void a_slot_in_no_known_state_has_no_flags(void **state)
{
        struct bf_guest g = both_good();

        (void)state;
        g.slot[1].state = BF_FAILED + 1;
        assert_int_equal(bf_slot_flags(&g, 0, 1), 0);
}

static void only_a_slot_that_was_given_up_has_a_cause(void **state)
{
        struct bf_guest g = only_staged();

        (void)state;
        assert_int_equal(bf_verify_failed(&g, 1), SG_OK);
        assert_int_equal(bf_slot_cause(&g, 1), SG_CAUSE_VERIFY_FAILED);
        assert_int_equal(bf_slot_cause(&g, 0), SG_CAUSE_NONE);
        assert_int_equal(bf_slot_cause(&g, BF_SLOTS), SG_CAUSE_NONE);
        g.outcome = BF_OUTCOME_ROLLED_BACK;
        assert_int_equal(bf_slot_cause(&g, 1), SG_CAUSE_VERIFY_FAILED);
        /* Of another outcome, and of another slot's. */
        g.outcome = BF_OUTCOME_CANCELLED;
        assert_int_equal(bf_slot_cause(&g, 1), SG_CAUSE_NONE);
        g.outcome = BF_OUTCOME_REFUSED;
        g.outcome_slot = 0;
        assert_int_equal(bf_slot_cause(&g, 1), SG_CAUSE_NONE);
        g.outcome_slot = 1;
        g.slot[1].state = BF_OPEN;
        assert_int_equal(bf_slot_cause(&g, 1), SG_CAUSE_NONE);
}

static void a_start_without_a_staged_slot_has_no_outcome(void **state)
{
        struct bf_guest g = both_good();

        (void)state;
        g.started = 1;
        g.token = TOKEN;
        struct bf_guest before = g;
        assert_int_equal(bf_confirm(&g, TOKEN), SG_E_TRIAL_NONE);
        assert_int_equal(bf_try_spent(&g, SG_CAUSE_FAULT), SG_E_TRIAL_NONE);
        assert_int_equal(bf_power_on(&g), SG_E_STATE_IMPOSSIBLE);
        assert_true(bf_guest_equal(&g, &before));
}

static void no_token_is_no_good_one(void **state)
{
        struct bf_guest g = only_staged();

        (void)state;
        g.started = 1;
        assert_int_equal(bf_confirm(&g, 0), SG_E_TRIAL_TOKEN);
        assert_int_equal(bf_guest_check(&g), SG_E_STATE_IMPOSSIBLE);
}

static void a_failed_slot_is_refilled_even_with_the_same_image(void **state)
{
        struct bf_guest g = both_good();

        (void)state;
        g.slot[1] = g.slot[0];
        g.slot[1].state = BF_FAILED;
        g.slot[1].priority = 0;
        assert_int_equal(bf_refill(&g, 0, 1), SG_OK);
        assert_int_equal(g.slot[1].state, BF_GOOD);
        assert_int_equal(bf_guest_check(&g), SG_OK);
}

static void a_guest_is_started_or_not(void **state)
{
        struct bf_guest g = only_staged();

        (void)state;
        g.started = 2;
        assert_int_equal(bf_guest_check(&g), SG_E_STATE_IMPOSSIBLE);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(provisions_either_slot_with_a_real_image),
                cmocka_unit_test(the_other_slot_is_active_while_the_preferred_one_is_refused),
                cmocka_unit_test(a_staged_slot_is_the_current_one_when_there_is_no_other),
                cmocka_unit_test(a_slot_in_no_known_state_has_no_flags),
                cmocka_unit_test(only_a_slot_that_was_given_up_has_a_cause),
                cmocka_unit_test(a_start_without_a_staged_slot_has_no_outcome),
                cmocka_unit_test(no_token_is_no_good_one),
                cmocka_unit_test(a_failed_slot_is_refilled_even_with_the_same_image),
                cmocka_unit_test(a_guest_is_started_or_not),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
