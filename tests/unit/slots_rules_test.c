/* SPDX-License-Identifier: Apache-2.0 */
/* The rules of the slots one by one: what each event does, and when it is refused. */
#include "tests/unit/slots_rig.h"

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
