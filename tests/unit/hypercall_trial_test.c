// SPDX-License-Identifier: Apache-2.0
/* From staging to the end of a trial, by the calls of update, bootfw and the guest's agent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/hypercall_rig.h"

static void stage_new(void)
{
        assert_int_equal(four(update, SG_HC_SLOT_OPEN, 1, 6, 0xc0), SG_HC_OK);
        assert_int_equal(state_of(personal).slot[1].state, BF_OPEN);
        assert_int_equal(four(update, SG_HC_STAGE, 1, 6, 0xc0), SG_HC_OK);
}

static int64_t report(uint64_t error, uint64_t counter, uint8_t byte)
{
        personal->slot = slots_due(personal);
        personal->life.state = SG_VM_VERIFYING;
        return CALL(personal, SG_HC_BOOT_REPORT, error, counter, VM_RAM_BASE, DIGEST(byte),
                    DIGEST(byte), DIGEST(byte), DIGEST(byte));
}

static uint64_t start_trial(void)
{
        assert_int_equal(slots_due(personal), 1);
        assert_int_equal(report(0, 6, 0xc0), SG_HC_OK);
        assert_string_equal(fake.called, "vm_started");
        assert_int_equal(fake.called_arg, true);
        assert_int_not_equal(result(personal, 1), 0);
        return result(personal, 1);
}

static void a_trial_is_confirmed_once(void **state)
{
        struct bf_guest g;
        uint64_t token;

        (void)state;
        stage_new();
        token = start_trial();
        assert_int_equal(state_of(personal).started, 1);
        assert_int_equal(CALL(update, SG_HC_CONFIRM_FOR, 2, token + 1), SG_HC_BAD_TOKEN);
        assert_int_equal(CALL(update, SG_HC_CONFIRM_FOR, 1, token), SG_HC_BAD_STATE);
        assert_int_equal(four(update, SG_HC_SLOT_OPEN, 0, 7, 0xd0), SG_HC_BUSY);
        events_reset();
        assert_int_equal(CALL(personal, SG_HC_CONFIRM, token), SG_HC_OK);
        expect_event(SG_EV_CONFIRMED, 2, 1, 0);
        assert_string_equal(fake.called, "vm_confirmed");
        assert_int_equal(CALL(personal, SG_HC_CONFIRM, token), SG_HC_BAD_STATE);
        assert_int_equal(CALL(update, SG_HC_CONFIRM_FOR, 2, token), SG_HC_BAD_STATE);

        power_cycle();
        g = state_of(personal);
        assert_int_equal(g.slot[1].state, BF_GOOD);
        assert_int_equal(g.slot[0].state, BF_STALE);
        assert_int_equal(g.floor, 6);
        assert_int_equal(CALL(update, SG_HC_REPORTED, 2), SG_HC_OK);
        assert_int_equal(CALL(update, SG_HC_REFILL, 2, 0), SG_HC_OK);
        assert_int_equal(state_of(personal).slot[0].state, BF_GOOD);
}

static void tries_are_spent_and_then_it_goes_back(void **state)
{
        (void)state;
        stage_new();
        for (uint64_t left = 2;; left--) {
                start_trial();
                events_reset();
                assert_true(slots_stopped(personal, SG_VM_TRIAL, SG_CAUSE_DEADLINE));
                if (left == 0)
                        break;
                expect_event(SG_EV_TRY_SPENT, 2, left, SG_CAUSE_DEADLINE);
        }
        expect_event(SG_EV_ROLLED_BACK, 2, 1, SG_CAUSE_DEADLINE);
        expect_no_event();
        assert_int_equal(slots_due(personal), 0);
        assert_int_equal(report(0, 5, 0xa0), SG_HC_OK);
        assert_int_equal(fake.called_arg, false);
        assert_int_equal(four(update, SG_HC_SLOT_OPEN, 1, 6, 0xc0), SG_HC_FAILED_BEFORE);
}

static void power_cuts_spend_no_try(void **state)
{
        (void)state;
        stage_new();
        for (unsigned cut = 1; cut < 10; cut++) {
                start_trial();
                power_cycle();
                assert_int_equal(state_of(personal).slot[1].tries_remaining, 3);
                assert_int_equal(state_of(personal).slot[1].interrupted_remaining, 10 - cut);
        }
        start_trial();
        power_cycle();
        assert_int_equal(slots_due(personal), 0);
        /* update hears of it when it is there, until it says so. */
        slots_tell_outcome(update);
        slots_tell_outcome(rt);
        expect_no_event();
        slots_tell_outcome(personal);
        expect_event(SG_EV_ROLLED_BACK, 2, 1, SG_CAUSE_INTERRUPTED);
        assert_int_equal(CALL(update, SG_HC_SLOT_INFO, 2, 1), SG_HC_OK);
        assert_int_equal(result(update, 2) >> 24, SG_CAUSE_INTERRUPTED);
        assert_int_equal(CALL(update, SG_HC_REPORTED, 2), SG_HC_OK);
        slots_tell_outcome(personal);
        expect_no_event();
}

static void of_confirm_and_deadline_the_first_wins(void **state)
{
        uint64_t token;

        (void)state;
        stage_new();
        token = start_trial();
        assert_int_equal(CALL(personal, SG_HC_CONFIRM, token), SG_HC_OK);
        /* The deadline had fired meanwhile. */
        events_reset();
        assert_true(slots_stopped(personal, SG_VM_TRIAL, SG_CAUSE_DEADLINE));
        expect_no_event();
        assert_int_equal(state_of(personal).slot[1].state, BF_GOOD);

        setup(NULL);
        stage_new();
        token = start_trial();
        assert_true(slots_stopped(personal, SG_VM_TRIAL, SG_CAUSE_DEADLINE));
        assert_int_equal(CALL(update, SG_HC_CONFIRM_FOR, 2, token), SG_HC_BAD_STATE);
        assert_int_equal(state_of(personal).slot[1].tries_remaining, 2);
        assert_int_not_equal(start_trial(), token);
        assert_int_equal(CALL(update, SG_HC_CONFIRM_FOR, 2, token), SG_HC_BAD_TOKEN);
}

static void a_guest_that_repeats_nonsense_bothers_nobody(void **state)
{
        uint64_t token;
        unsigned errands;

        (void)state;
        assert_int_equal(report(0, 5, 0xa0), SG_HC_OK);
        errands = fake_errands;
        assert_int_equal(CALL(personal, SG_HC_CONFIRM, 1), SG_HC_BAD_STATE);
        assert_int_equal(fake_errands, errands);
        stage_new();
        token = start_trial();
        errands = fake_errands;
        fake.log[0] = '\0';
        assert_int_equal(CALL(personal, SG_HC_CONFIRM, token + 1), SG_HC_BAD_TOKEN);
        assert_int_equal(fake_errands, errands);
        assert_string_equal(fake.log, "");
        assert_int_equal(CALL(personal, SG_HC_CONFIRM, token), SG_HC_OK);
}

static void refused_calls_do_not_fill_the_log(void **state)
{
        static const uint64_t at_ms[] = {0, 0, 999, 1000, 1001};
        static const bool told[] = {true, false, false, true, false};

        (void)state;
        for (size_t i = 0; i < sizeof(at_ms) / sizeof(at_ms[0]); i++) {
                fake.now = 1000000 + at_ms[i];
                fake.log[0] = '\0';
                assert_int_equal(CALL(update, SG_HC_UNSTAGE, 2, 1), SG_HC_BAD_STATE);
                assert_int_equal(strstr(fake.log, "error") != NULL, told[i]);
        }
}

/* Its stop was asked for, and its try is not written yet. */
static void a_confirm_after_the_deadline_is_too_late(void **state)
{
        uint64_t token;

        (void)state;
        stage_new();
        token = start_trial();
        personal->life.state = SG_VM_STOPPED;
        assert_int_equal(CALL(update, SG_HC_CONFIRM_FOR, 2, token), SG_HC_BAD_STATE);
        assert_int_equal(state_of(personal).slot[1].state, BF_STAGED);
        assert_true(slots_stopped(personal, SG_VM_TRIAL, SG_CAUSE_DEADLINE));
        assert_int_equal(state_of(personal).slot[1].tries_remaining, 2);
}

static void unstaged_before_the_trial(void **state)
{
        (void)state;
        stage_new();
        assert_int_equal(CALL(update, SG_HC_UNSTAGE, 2, 1), SG_HC_OK);
        assert_int_equal(slots_due(personal), 0);
        assert_int_equal(four(update, SG_HC_STAGE, 1, 6, 0xc0), SG_HC_OK);
        start_trial();
        assert_int_equal(CALL(update, SG_HC_UNSTAGE, 2, 1), SG_HC_BUSY);
}

static void bytes_other_than_staged_never_start(void **state)
{
        (void)state;
        stage_new();
        events_reset();
        assert_int_equal(report(0, 6, 0xc1), SG_HC_DENIED);
        assert_string_equal(fake.called, "vm_stop");
        assert_int_equal(fake.called_arg, SG_CAUSE_VERIFY_FAILED);
        expect_event(SG_EV_REFUSED, 2, 1, SG_E_SLOT_MISMATCH);
        expect_event(SG_EV_ROLLED_BACK, 2, 1, SG_CAUSE_VERIFY_FAILED);
        assert_true(slots_stopped(personal, SG_VM_VERIFYING, SG_CAUSE_VERIFY_FAILED));
        expect_no_event();
        assert_int_equal(slots_due(personal), 0);
        assert_int_equal(four(update, SG_HC_SLOT_OPEN, 1, 6, 0xc0), SG_HC_FAILED_BEFORE);
}

/* It was not judged, so it may be tried again. */
static void a_staged_slot_that_cannot_be_read_is_given_up(void **state)
{
        (void)state;
        stage_new();
        personal->slot = slots_due(personal);
        events_reset();
        assert_true(slots_stopped(personal, SG_VM_LOADING, SG_CAUSE_LOAD_FAILED));
        expect_event(SG_EV_REFUSED, 2, 1, SG_E_IO);
        expect_event(SG_EV_ROLLED_BACK, 2, 1, SG_CAUSE_LOAD_FAILED);
        expect_no_event();
        slots_tell_outcome(personal);
        expect_event(SG_EV_ROLLED_BACK, 2, 1, SG_CAUSE_LOAD_FAILED);
        assert_int_equal(slots_due(personal), 0);
        assert_int_equal(four(update, SG_HC_SLOT_OPEN, 1, 6, 0xc0), SG_HC_OK);
}

static void a_lying_loader_costs_no_successful_slot(void **state)
{
        struct bf_guest before = state_of(personal);
        struct bf_guest after;

        (void)state;
        events_reset();
        assert_int_equal(report(0, 5, 0xee), SG_HC_DENIED);
        expect_event(SG_EV_REFUSED, 2, 0, SG_E_SLOT_MISMATCH);
        assert_true(slots_stopped(personal, SG_VM_LOADING, SG_CAUSE_LOAD_FAILED));
        expect_event(SG_EV_REFUSED, 2, 0, SG_E_IO);
        expect_no_event();
        after = state_of(personal);
        assert_true(bf_guest_equal(&before, &after));
        assert_int_equal(slots_due(personal), SG_SLOT_NONE); /* the other one is stale */
        power_cycle();
        assert_int_equal(slots_due(personal), 0);
}

static void bootfw_that_says_no_or_dies(void **state)
{
        (void)state;
        stage_new();
        events_reset();
        assert_int_equal(report(SG_E_SLOT_MISMATCH, 0, 0), SG_HC_DENIED);
        expect_event(SG_EV_REFUSED, 2, 1, SG_E_SLOT_MISMATCH);
        setup(NULL);
        stage_new();
        assert_int_equal(report(UINT64_MAX, 6, 0xc0), SG_HC_DENIED);
        setup(NULL);
        stage_new();
        personal->slot = slots_due(personal);
        events_reset();
        assert_true(slots_stopped(personal, SG_VM_VERIFYING, SG_CAUSE_FAULT));
        expect_event(SG_EV_REFUSED, 2, 1, SG_E_BOOTFW_DIED);
        expect_event(SG_EV_ROLLED_BACK, 2, 1, SG_CAUSE_VERIFY_FAILED);
}

static void turning_off_is_consent_when_an_update_waits(void **state)
{
        (void)state;
        assert_false(slots_stopped(personal, SG_VM_RUNNING, SG_CAUSE_OFF));
        assert_true(slots_stopped(personal, SG_VM_RUNNING, SG_CAUSE_RESET));
        stage_new();
        assert_true(slots_stopped(personal, SG_VM_RUNNING, SG_CAUSE_OFF));
        start_trial();
        assert_true(slots_stopped(personal, SG_VM_TRIAL, SG_CAUSE_OFF));
        assert_int_equal(state_of(personal).slot[1].tries_remaining, 2);
}

static void the_resident_copy_is_of_one_digest(void **state)
{
        (void)state;
        personal->slot = 0;
        assert_int_equal(report(0, 5, 0xa0), SG_HC_OK);
        assert_true(slots_is_resident(personal));
        stage_new();
        personal->slot = slots_due(personal);
        assert_false(slots_is_resident(personal));
}

static void write_errors_change_nothing(void **state)
{
        (void)state;
        nor_stop(&nor, 1, NOR_NOTHING, true);
        assert_int_equal(four(update, SG_HC_SLOT_OPEN, 1, 6, 0xc0), SG_HC_STORAGE);
        assert_int_equal(state_of(personal).slot[1].state, BF_STALE);
        nor_power_on(&nor, 1);
        power_cycle();
        stage_new();
        nor_stop(&nor, 1, NOR_NOTHING, true);
        /* START could not be made durable: the image is not entered. */
        assert_int_equal(report(0, 6, 0xc0), SG_HC_DENIED);
        assert_string_equal(fake.called, "vm_stop");
}

static void a_start_that_cannot_be_written_blames_no_image(void **state)
{
        static const uint8_t none[BF_DIGEST_SIZE];

        (void)state;
        stage_new();
        events_reset();
        nor_stop(&nor, 1, NOR_NOTHING, true);
        assert_int_equal(report(0, 6, 0xc0), SG_HC_DENIED);
        expect_event(SG_EV_REFUSED, 2, 1, SG_E_IO);
        expect_no_event();
        assert_true(slots_stopped(personal, SG_VM_VERIFYING, SG_CAUSE_VERIFY_FAILED));
        /* The confirmed image needs no record. */
        assert_int_equal(slots_due(personal), 0);
        assert_int_equal(report(0, 5, 0xa0), SG_HC_OK);
        assert_string_equal(fake.called, "vm_started");
        assert_int_equal(fake.called_arg, false);

        nor_power_on(&nor, 1);
        power_cycle();
        assert_memory_equal(state_of(personal).failed_digest, none, sizeof(none));
        start_trial();
}

static void a_try_that_cannot_be_written_is_spent_all_the_same(void **state)
{
        uint64_t token;

        (void)state;
        stage_new();
        token = start_trial();
        nor_stop(&nor, 1, NOR_NOTHING, true);
        assert_true(slots_stopped(personal, SG_VM_TRIAL, SG_CAUSE_DEADLINE));
        assert_int_equal(CALL(update, SG_HC_CONFIRM_FOR, 2, token), SG_HC_BAD_STATE);
        assert_int_equal(slots_due(personal), 1);
        assert_int_equal(report(0, 6, 0xc0), SG_HC_DENIED);
        assert_int_equal(slots_due(personal), 0);
        assert_int_equal(report(0, 5, 0xa0), SG_HC_OK);

        nor_power_on(&nor, 1);
        power_cycle();
        assert_int_equal(state_of(personal).slot[1].tries_remaining, 3);
        assert_int_equal(state_of(personal).slot[1].interrupted_remaining, 9);
}

static void without_a_boot_state_nothing_starts(void **state)
{
        (void)state;
        nor_init(&nor, 4096, 4, 4);
        slots_init(&nor.flash);
        assert_non_null(strstr(fake.log, "error 601"));
        assert_non_null(strstr(fake.log, "segue state create"));
        assert_int_equal(slots_due(personal), SG_SLOT_NONE);
        assert_int_equal(CALL(update, SG_HC_SLOT_INFO, 2, 0), SG_HC_STORAGE);
        assert_int_equal(four(update, SG_HC_SLOT_OPEN, 1, 6, 0xc0), SG_HC_STORAGE);
        slots_init(NULL);
        assert_non_null(strstr(fake.log, "error 763"));
        assert_int_equal(slots_due(personal), SG_SLOT_NONE);
        assert_false(slots_background());
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup(a_trial_is_confirmed_once, setup),
                cmocka_unit_test_setup(tries_are_spent_and_then_it_goes_back, setup),
                cmocka_unit_test_setup(power_cuts_spend_no_try, setup),
                cmocka_unit_test_setup(of_confirm_and_deadline_the_first_wins, setup),
                cmocka_unit_test_setup(a_guest_that_repeats_nonsense_bothers_nobody, setup),
                cmocka_unit_test_setup(refused_calls_do_not_fill_the_log, setup),
                cmocka_unit_test_setup(a_confirm_after_the_deadline_is_too_late, setup),
                cmocka_unit_test_setup(unstaged_before_the_trial, setup),
                cmocka_unit_test_setup(bytes_other_than_staged_never_start, setup),
                cmocka_unit_test_setup(a_staged_slot_that_cannot_be_read_is_given_up, setup),
                cmocka_unit_test_setup(a_lying_loader_costs_no_successful_slot, setup),
                cmocka_unit_test_setup(bootfw_that_says_no_or_dies, setup),
                cmocka_unit_test_setup(turning_off_is_consent_when_an_update_waits, setup),
                cmocka_unit_test_setup(the_resident_copy_is_of_one_digest, setup),
                cmocka_unit_test_setup(write_errors_change_nothing, setup),
                cmocka_unit_test_setup(a_start_that_cannot_be_written_blames_no_image, setup),
                cmocka_unit_test_setup(a_try_that_cannot_be_written_is_spent_all_the_same, setup),
                cmocka_unit_test_setup(without_a_boot_state_nothing_starts, setup),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
