/* SPDX-License-Identifier: Apache-2.0 */
/* The engine on a fake device: real packages, real deltas, hv's own boot-state rules. */
#include "tests/unit/engine_fixture.h"
#include "updater/checkpoint.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define DEADLINE_MS 30000u

/* The end of a good update of `personal`: the new image runs, confirmed. */
static void expect_updated(const uint8_t *image)
{
        uint8_t slot = bf_active(&world.boot[PERSONAL], 0);

        expect_state(ENGINE_IDLE);
        assert_in_range(slot, 0, 1);
        assert_memory_equal(world.slot[PERSONAL][slot].bytes, image, IMAGE_SIZE);
        assert_int_equal(world.boot[PERSONAL].slot[slot].state, BF_GOOD);
        assert_int_equal(world.vm[PERSONAL].state, SG_VM_RUNNING);
        assert_int_equal(world.vm[PERSONAL].slot, slot);
}

/* --- the good ways --- */

static void updates_from_a_delta(void **state)
{
        (void)state;
        put_delta();
        start();
        expect_logged("event 11 package-accepted guest=- package=package-1 version=1 targets=1");
        expect_logged("event 20 target-chosen guest=personal target=personal.delta kind=delta");
        expect_logged("event 25 apply-progress guest=personal done=1048576 total=1228800");
        expect_logged("event 30 staged guest=personal slot=1 version=6.1.0-55");
        assert_true(world_told(&world, "1:update pending 6.1.0-55\n1:reboot now?\n"));
        assert_int_equal(world.vm[PERSONAL].slot, 0);
        carry_through();
        expect_updated(new_image);
        expect_logged("event 33 consent-given guest=personal by=agent");
        expect_logged("event 40 trial guest=personal slot=1");
        expect_logged("event 41 confirm-relayed guest=personal result=0");
        expect_logged("event 42 confirmed guest=personal slot=1");
        expect_logged("event 13 package-done guest=- package=package-1 outcome=applied error=0");
        assert_true(world_told(&world, "1:confirmed\n"));
        assert_int_equal(world.reported, 1);
        assert_int_equal(world.vm[RT].slot, 0);
}

static void refills_the_stale_slot(void **state)
{
        (void)state;
        put_delta(); /* raises the counter */
        start();
        carry_through();
        expect_logged("event 52 refilled guest=personal slot=0");
        assert_int_equal(world.boot[PERSONAL].slot[0].state, BF_GOOD);
        assert_memory_equal(world.slot[PERSONAL][0].bytes, new_image, IMAGE_SIZE);
}

static void updates_from_a_full_image(void **state)
{
        struct maker_payload p = image_payload(newer_image, 1);

        (void)state;
        put_package(&p, 1, 1);
        start();
        carry_through();
        expect_updated(newer_image);
        assert_int_equal(world.boot[PERSONAL].slot[0].state, BF_GOOD); /* the counter stayed */
}

static void handles_targets_one_after_the_other(void **state)
{
        struct maker_payload p[2] = {delta_payload(), rt_payload()};

        (void)state;
        put_package(p, 2, 1);
        start();
        carry_through();
        expect_state(ENGINE_STAGED);
        expect_logged("event 30 staged guest=rt");
        assert_false(world_logged(&world, "package-done"));
        world_say(&world, RT, "ready");
        world_run(&world, STEPS);
        world_confirm(&world, RT);
        world_run(&world, STEPS);
        expect_updated(new_image);
        assert_int_equal(world.vm[RT].slot, 1);
        expect_logged("outcome=applied error=0");
}

static void takes_a_second_package_after_the_first(void **state)
{
        struct maker_payload p = image_payload(newer_image, 3);

        (void)state;
        put_delta();
        start();
        carry_through();
        put_package(&p, 1, 2);
        engine_inbox_changed(world.engine);
        world_run(&world, STEPS);
        carry_through();
        expect_updated(newer_image);
}

static void does_not_apply_a_package_twice(void **state)
{
        (void)state;
        put_delta();
        start();
        carry_through();
        uint64_t writes = world.slot_writes;
        world_forget_log(&world);
        start();
        expect_state(ENGINE_IDLE);
        expect_logged("event 14 package-skipped guest=- package=package-1 outcome=applied error=0");
        assert_int_equal(world.slot_writes, writes);
}

static void an_image_that_runs_already_is_done(void **state)
{
        struct maker_payload p = image_payload(old_image, 1);

        (void)state;
        put_package(&p, 1, 1);
        start();
        expect_state(ENGINE_IDLE);
        expect_logged("event 21 target-skipped guest=personal target=personal.img error=0");
        expect_logged("outcome=applied");
        assert_int_equal(world.slot_writes, 0);
}

static void falls_back_to_the_full_image(void **state)
{
        struct maker_payload p[2] = {delta_payload(), image_payload(new_image, 2)};

        (void)state;
        world_provision(&world, PERSONAL, newer_image, IMAGE_SIZE, 1);
        put_package(p, 2, 1);
        start();
        expect_logged("event 23 base-mismatch guest=personal slot=0");
        expect_logged("kind=image");
        carry_through();
        expect_updated(new_image);
}

static void bit_rot_in_the_base_is_found_before_writing(void **state)
{
        struct maker_payload p[2] = {delta_payload(), image_payload(new_image, 2)};

        (void)state;
        world.slot[PERSONAL][0].bytes[700000] ^= 4;
        put_delta();
        start();
        expect_state(ENGINE_IDLE);
        expect_logged("outcome=failed error=818");
        assert_int_equal(world.slot_writes, 0);
        assert_int_equal(world.boot[PERSONAL].slot[1].state, BF_EMPTY);
        put_package(p, 2, 2);
        engine_inbox_changed(world.engine);
        world_run(&world, STEPS);
        carry_through();
        expect_updated(new_image);
}

static void guests_that_start_come_first(void **state)
{
        (void)state;
        put_delta();
        world.vm[RT].state = SG_VM_LOADING;
        start();
        expect_state(ENGINE_IDLE);
        assert_false(world_logged(&world, "package-found"));
        world.vm[RT].state = SG_VM_RUNNING;
        engine_hv_event(world.engine, SG_EV_VM_STATE, 2, SG_VM_RUNNING, 0);
        world_run(&world, STEPS);
        expect_state(ENGINE_STAGED);
}

static void a_guest_that_never_starts_does_not_hold_an_update_back(void **state)
{
        (void)state;
        put_delta();
        world.vm[RT].state = SG_VM_STOPPED;
        start();
        expect_state(ENGINE_IDLE);
        assert_int_equal(engine_deadline_ms(world.engine), world.now_ms + 60000);
        world.now_ms += 60000;
        world_run(&world, STEPS);
        expect_state(ENGINE_STAGED);
}

/* --- consent --- */

static void later_puts_it_off_until_the_deadline(void **state)
{
        (void)state;
        put_delta();
        start();
        world_say(&world, PERSONAL, "later");
        world_say(&world, PERSONAL, "later");
        world_run(&world, STEPS);
        expect_state(ENGINE_STAGED);
        expect_logged("event 34 consent-deferred guest=personal left_ms=30000");
        world.now_ms = engine_deadline_ms(world.engine);
        world_forget_log(&world);
        world_run(&world, STEPS);
        assert_true(world_told(&world, "1:reboot now?"));
        world.now_ms = 1000 + DEADLINE_MS;
        world_run(&world, STEPS);
        expect_logged("event 33 consent-given guest=personal by=deadline");
        expect_state(ENGINE_TRIAL);
}

static void a_guests_own_reset_is_consent(void **state)
{
        (void)state;
        put_delta();
        start();
        world_reset(&world, PERSONAL);
        world_run(&world, STEPS);
        expect_logged("by=reset");
        expect_state(ENGINE_TRIAL);
}

static void the_deadline_survives_a_killed_update_partition(void **state)
{
        (void)state;
        put_delta();
        start();
        world.now_ms += DEADLINE_MS - 1;
        start();
        expect_state(ENGINE_STAGED);
        world.now_ms += 1;
        world_run(&world, STEPS);
        expect_state(ENGINE_TRIAL);
}

static void a_guest_without_agent_restarts_at_once(void **state)
{
        (void)state;
        world.guests[PERSONAL].has_agent = false;
        put_delta();
        start();
        expect_state(ENGINE_TRIAL);
}

static void a_parked_guest_is_not_asked(void **state)
{
        (void)state;
        world.vm[PERSONAL].state = SG_VM_FAILED;
        put_delta();
        start();
        expect_logged("event 33 consent-given guest=personal by=down");
        expect_state(ENGINE_TRIAL);
}

static void an_agent_that_comes_up_late_is_asked(void **state)
{
        (void)state;
        put_delta();
        start();
        world_forget_log(&world);
        world_say(&world, PERSONAL, "hello 6.1.0-53");
        world_run(&world, STEPS);
        expect_logged("event 60 agent-hello guest=personal release=6.1.0-53");
        assert_true(world_told(&world, "1:reboot now?"));
}

static void a_refused_restart_is_tried_a_bounded_number_of_times(void **state)
{
        (void)state;
        world.restart_result = SG_HC_BUSY;
        put_delta();
        start();
        world_say(&world, PERSONAL, "ready");
        for (int i = 0; i < 20; i++) {
                world.now_ms += 1000;
                world_run(&world, STEPS);
        }
        expect_state(ENGINE_IDLE);
        expect_logged("event 35 restart guest=personal result=-6");
        expect_logged("outcome=failed error=814");
        assert_int_equal(world.boot[PERSONAL].slot[1].state, BF_OPEN);
}

/* After a power cut hv starts the staged slot by itself, however long that takes. */
static void a_slow_start_is_waited_for(void **state)
{
        (void)state;
        put_delta();
        start();
        expect_state(ENGINE_STAGED);
        world.vm[PERSONAL].state = SG_VM_LOADING;
        world_forget_log(&world);
        start();
        for (int i = 0; i < 100; i++) {
                world.now_ms += 1000;
                world_run(&world, STEPS);
        }
        expect_state(ENGINE_SCHEDULED);
        assert_false(world_logged(&world, "event 35 restart"));
        world.vm[PERSONAL].wants_start = true;
        world_run(&world, STEPS);
        expect_state(ENGINE_TRIAL);
}

/* --- trial --- */

static void rolls_back_when_the_tries_are_used_up(void **state)
{
        (void)state;
        put_delta();
        start();
        world_say(&world, PERSONAL, "ready");
        world_run(&world, STEPS);
        for (int i = 0; i < 3; i++) {
                expect_state(ENGINE_TRIAL);
                world_crash(&world, PERSONAL);
                world_run(&world, STEPS);
        }
        expect_state(ENGINE_IDLE);
        expect_logged("event 43 try-spent guest=personal left=2 cause=3");
        expect_logged("event 44 rolled-back guest=personal slot=1 cause=3");
        expect_logged("outcome=failed error=815");
        assert_int_equal(world.vm[PERSONAL].slot, 0);
        assert_false(world_told(&world, "rolled back"));
        world_say(&world, PERSONAL, "hello 6.1.0-53");
        assert_true(world_told(&world, "1:rolled back\n"));
        /* Another package with the same image is not tried. */
        struct maker_payload p = image_payload(new_image, 2);
        put_package(&p, 1, 2);
        world_forget_log(&world);
        engine_inbox_changed(world.engine);
        world_run(&world, STEPS);
        expect_logged("outcome=failed error=806");
}

/* The NOR bank takes no record of its start: the confirmed image runs meanwhile. */
static void a_trial_that_cannot_be_recorded_waits_for_power_on(void **state)
{
        (void)state;
        put_delta();
        start();
        uint64_t written = world.slot_writes;
        world.vm[PERSONAL].refused = BF_REFUSED(1);
        world_reset(&world, PERSONAL);
        world_run(&world, STEPS);
        engine_hv_event(world.engine, SG_EV_REFUSED, 1 + PERSONAL, 1, SG_E_IO);
        world_run(&world, STEPS);
        expect_state(ENGINE_IDLE);
        expect_logged("event 45 image-refused guest=personal slot=1 error=101");
        expect_logged("target-failed guest=personal error=820");
        start();
        expect_state(ENGINE_IDLE);
        assert_false(world_logged(&world, "rolled-back"));
        assert_int_equal(world.boot[PERSONAL].slot[1].state, BF_STAGED);
        assert_int_equal(world.slot_writes, written);

        world.cut = WORLD_KEEPS_CACHE;
        world_power_on(&world);
        world_run(&world, STEPS);
        expect_state(ENGINE_TRIAL);
        world_confirm(&world, PERSONAL);
        world_run(&world, STEPS);
        expect_updated(new_image);
}

static void a_wrong_token_confirms_nothing(void **state)
{
        (void)state;
        put_delta();
        start();
        world_say(&world, PERSONAL, "ready");
        world_run(&world, STEPS);
        world_say(&world, PERSONAL, "confirm 0000000000000001");
        world_run(&world, STEPS);
        expect_state(ENGINE_TRIAL);
        expect_logged("event 41 confirm-relayed guest=personal result=-9");
        world_forget_log(&world);
        world_say(&world, RT, "confirm 0000000000000001"); /* not on trial: not relayed */
        assert_string_equal(world.log, "");
        expect_state(ENGINE_TRIAL);
}

static void a_confirm_of_the_guests_own_is_noticed(void **state)
{
        struct bf_guest *g = &world.boot[PERSONAL];

        (void)state;
        put_delta();
        start();
        world_say(&world, PERSONAL, "ready");
        world_run(&world, STEPS);
        assert_int_equal(bf_confirm(g, world.vm[PERSONAL].token), SG_OK);
        world.vm[PERSONAL].state = SG_VM_RUNNING;
        engine_hv_event(world.engine, SG_EV_OVERFLOW, 0, 0, 0); /* the event itself was lost */
        world_run(&world, STEPS);
        expect_updated(new_image);
}

static void a_trial_survives_a_killed_update_partition(void **state)
{
        (void)state;
        put_delta();
        start();
        world_say(&world, PERSONAL, "ready");
        world_run(&world, STEPS);
        start();
        expect_state(ENGINE_TRIAL);
        world_confirm(&world, PERSONAL);
        world_run(&world, STEPS);
        expect_updated(new_image);
}

static void a_trial_survives_a_lost_journal(void **state)
{
        (void)state;
        put_delta();
        start();
        world_say(&world, PERSONAL, "ready");
        world_run(&world, STEPS);
        memset(world.journal.bytes, 0x5a, WORLD_JOURNAL_SIZE);
        start();
        expect_logged("event 70 journal-new guest=- error=813");
        expect_state(ENGINE_TRIAL);
        world_confirm(&world, PERSONAL);
        world_run(&world, STEPS);
        expect_updated(new_image);
        expect_logged("outcome=applied");
}

static void floods_are_bounded(void **state)
{
        (void)state;
        put_delta();
        start();
        world_forget_log(&world);
        for (int i = 0; i < 100000; i++) {
                world_say(&world, PERSONAL, i % 2 == 0 ? "hello x" : "nonsense");
        }
        assert_true(world.log_length < 4096);
}

static void an_unwritable_journal_stops_the_update(void **state)
{
        (void)state;
        put_delta();
        world.write_error = SG_E_IO;
        start();
        expect_state(ENGINE_IDLE);
        expect_logged("event 71 journal-error guest=- error=101");
        expect_logged("event 12 package-refused guest=- error=101");
        assert_int_equal(world.slot_writes, 0);
        /* With the disk back it is tried again after the next start. */
        world.write_error = SG_OK;
        start();
        carry_through();
        expect_updated(new_image);
}

static void without_a_journal_nothing_is_updated(void **state)
{
        (void)state;
        world.journal_storage.size = 0;
        put_delta();
        start();
        expect_state(ENGINE_IDLE);
        expect_logged("event 12 package-refused guest=- error=813");
        assert_int_equal(world.slot_writes, 0);
}

/* --- cancelling and superseding --- */

static void cancels_before_the_trial(void **state)
{
        (void)state;
        put_delta();
        start();
        expect_state(ENGINE_STAGED);
        assert_int_equal(engine_cancel(world.engine), SG_OK);
        expect_state(ENGINE_CANCELLED);
        world_run(&world, STEPS);
        expect_state(ENGINE_IDLE);
        expect_logged("event 31 unstaged guest=personal slot=1");
        expect_logged("outcome=failed error=816");
        assert_int_equal(engine_cancel(world.engine), SG_E_ENGINE_STATE);
        start();
        expect_state(ENGINE_IDLE);
        expect_logged("package-skipped");
}

static void does_not_cancel_a_trial(void **state)
{
        (void)state;
        put_delta();
        start();
        world_say(&world, PERSONAL, "ready");
        world_run(&world, STEPS);
        assert_int_equal(engine_cancel(world.engine), SG_E_ENGINE_STATE);
        expect_state(ENGINE_TRIAL);
}

static void run_to(const char *text)
{
        for (uint32_t i = 0; i < STEPS && !world_logged(&world, text); i++) {
                engine_step(world.engine);
        }
        expect_logged(text);
}

static void a_new_package_supersedes_the_one_at_work(void **state)
{
        struct maker_payload p = image_payload(newer_image, 2);

        (void)state;
        put_delta();
        world_start_engine(&world);
        run_to("apply-progress");
        put_package(&p, 1, 2);
        engine_inbox_changed(world.engine);
        world_run(&world, STEPS);
        expect_logged("to=CANCELLED error=817");
        expect_logged("event 15 package-superseded");
        carry_through();
        expect_updated(newer_image);
        assert_false(world_logged(&world, "resumes=1"));
}

static void a_superseding_package_never_uses_the_old_checkpoint(void **state)
{
        struct maker_payload p = image_payload(newer_image, 2);

        (void)state;
        put_delta();
        world_start_engine(&world);
        run_to("apply-progress");
        put_package(&p, 1, 2);
        world_forget_log(&world);
        start();
        expect_logged("segment=0 segments=2 resumes=0");
        carry_through();
        expect_updated(newer_image);
}

/* --- cuts --- */

/* From any cut: carry on until the update is through. */
static void finish_update(void)
{
        for (int i = 0; i < 20 && engine_state(world.engine) != ENGINE_IDLE; i++) {
                if (engine_state(world.engine) == ENGINE_STAGED) {
                        world_say(&world, PERSONAL, "ready");
                } else if (engine_state(world.engine) == ENGINE_TRIAL) {
                        world_confirm(&world, PERSONAL);
                }
                world_run(&world, STEPS);
        }
        expect_updated(new_image);
        assert_int_equal(world.boot[PERSONAL].slot[0].state, BF_GOOD); /* refilled */
        assert_memory_equal(world.slot[PERSONAL][0].bytes, new_image, IMAGE_SIZE);
}

static void cut_everywhere(enum world_cut cut)
{
        uint64_t total = 1;

        for (uint64_t at = 0; at <= total; at++) {
                setup(NULL);
                put_delta();
                world.cut_at = at;
                world.cut = at == 0 ? WORLD_RUNS : cut;
                world_start_engine(&world);
                for (int i = 0; i < 10 && !world.down; i++) {
                        world_run(&world, STEPS);
                        if (engine_state(world.engine) == ENGINE_STAGED) {
                                world_say(&world, PERSONAL, "ready");
                        } else if (engine_state(world.engine) == ENGINE_TRIAL) {
                                world_confirm(&world, PERSONAL);
                        }
                }
                if (at == 0) {
                        total = world.operations;
                        assert_true(total > 20);
                } else {
                        assert_true(world.down);
                        world_power_on(&world);
                        world_run(&world, STEPS);
                }
                finish_update();
                teardown(NULL);
        }
        setup(NULL);
}

static void survives_a_kill_at_every_operation(void **state)
{
        (void)state;
        teardown(NULL);
        cut_everywhere(WORLD_KILLED);
}

static void survives_a_cut_at_every_operation(void **state)
{
        (void)state;
        teardown(NULL);
        cut_everywhere(WORLD_LOSES_CACHE);
}

static void survives_a_cut_that_keeps_the_cache(void **state)
{
        (void)state;
        teardown(NULL);
        cut_everywhere(WORLD_KEEPS_CACHE);
}

static void resumes_at_the_segment_that_was_due(void **state)
{
        (void)state;
        put_delta();
        world_start_engine(&world);
        run_to("apply-progress");
        world_forget_log(&world);
        start();
        expect_logged("event 24 apply-begin guest=personal slot=1 segment=1 segments=2 resumes=1");
        carry_through();
        expect_updated(new_image);
}

static void gives_up_after_ten_resumes_without_progress(void **state)
{
        (void)state;
        put_delta();
        world_start_engine(&world);
        run_to("apply-progress");
        for (int i = 0; i < 10; i++) {
                world_forget_log(&world);
                world_start_engine(&world);
                run_to("apply-begin");
        }
        expect_logged("resumes=10");
        start();
        expect_logged("outcome=failed error=812");
        expect_state(ENGINE_IDLE);
        assert_int_equal(bf_active(&world.boot[PERSONAL], 0), 0);
}

int main(void)
{
#define ROW(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
        const struct CMUnitTest tests[] = {
                ROW(updates_from_a_delta),
                ROW(refills_the_stale_slot),
                ROW(updates_from_a_full_image),
                ROW(handles_targets_one_after_the_other),
                ROW(takes_a_second_package_after_the_first),
                ROW(does_not_apply_a_package_twice),
                ROW(an_image_that_runs_already_is_done),
                ROW(falls_back_to_the_full_image),
                ROW(bit_rot_in_the_base_is_found_before_writing),
                ROW(guests_that_start_come_first),
                ROW(a_guest_that_never_starts_does_not_hold_an_update_back),
                ROW(later_puts_it_off_until_the_deadline),
                ROW(a_guests_own_reset_is_consent),
                ROW(the_deadline_survives_a_killed_update_partition),
                ROW(a_guest_without_agent_restarts_at_once),
                ROW(a_parked_guest_is_not_asked),
                ROW(an_agent_that_comes_up_late_is_asked),
                ROW(a_refused_restart_is_tried_a_bounded_number_of_times),
                ROW(a_slow_start_is_waited_for),
                ROW(rolls_back_when_the_tries_are_used_up),
                ROW(a_trial_that_cannot_be_recorded_waits_for_power_on),
                ROW(a_wrong_token_confirms_nothing),
                ROW(a_confirm_of_the_guests_own_is_noticed),
                ROW(a_trial_survives_a_killed_update_partition),
                ROW(a_trial_survives_a_lost_journal),
                ROW(floods_are_bounded),
                ROW(an_unwritable_journal_stops_the_update),
                ROW(without_a_journal_nothing_is_updated),
                ROW(cancels_before_the_trial),
                ROW(does_not_cancel_a_trial),
                ROW(a_new_package_supersedes_the_one_at_work),
                ROW(a_superseding_package_never_uses_the_old_checkpoint),
                ROW(survives_a_kill_at_every_operation),
                ROW(survives_a_cut_at_every_operation),
                ROW(survives_a_cut_that_keeps_the_cache),
                ROW(resumes_at_the_segment_that_was_due),
                ROW(gives_up_after_ten_resumes_without_progress),
        };

        return cmocka_run_group_tests(tests, make_all, free_all);
}
