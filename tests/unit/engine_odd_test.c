/* SPDX-License-Identifier: Apache-2.0 */
/* The engine where there is nothing to do: what guests say and hv tells at another time, of another
 * guest, or twice; and what it refuses before it begins. */
#include "tests/unit/engine_fixture.h"
#include "updater/engine_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define VM_NOBODY 7

static void run_to(enum engine_state want)
{
        for (uint32_t i = 0; i < STEPS && engine_state(world.engine) != want; i++) {
                engine_step(world.engine);
        }
        expect_state(want);
}

/* --- before it begins --- */

static void refuses_what_it_cannot_work_with(void **state)
{
        static uint64_t arena[ENGINE_ARENA_MIN / 8 + 2] __attribute__((aligned(16)));
        const struct engine_config good = world.config;
        struct engine_guest guests[ENGINE_GUESTS_MAX + 1] = {{.name = "g"}};
        struct engine_config bad[4] = {good, good, good, good};
        struct engine *e;

        (void)state;
        assert_int_equal(engine_init(&e, &good, &world.ports, arena, ENGINE_ARENA_MIN), SG_OK);
        assert_int_equal(engine_init(&e, &good, &world.ports, arena, ENGINE_ARENA_MIN - 16),
                         SG_E_NO_MEMORY);
        assert_int_equal(engine_init(&e, &good, &world.ports, arena + 1, ENGINE_ARENA_MIN),
                         SG_E_BAD_ARGUMENT);
        bad[0].root = NULL;
        bad[1].product = NULL;
        bad[2].guests = guests;
        bad[2].guest_count = ENGINE_GUESTS_MAX + 1;
        bad[3].guests = guests;
        bad[3].guest_count = 1;
        for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
                guests[0].vm = i == 3 ? 32 : 1;
                assert_int_equal(engine_init(&e, &bad[i], &world.ports, arena, ENGINE_ARENA_MIN),
                                 SG_E_BAD_ARGUMENT);
        }
}

static void no_state_is_reached_from_any_other(void **state)
{
        (void)state;
        start();
        world_forget_log(&world);
        assert_false(engine_go(world.engine, ENGINE_APPLYING));
        expect_state(ENGINE_IDLE);
        expect_logged(" guest=- from=IDLE to=APPLYING t=");
        assert_false(world_logged(&world, "event 1 state "));
        assert_true(engine_go(world.engine, ENGINE_DOWNLOADING));
        expect_logged("event 1 state guest=- from=IDLE to=DOWNLOADING t=");
        assert_string_equal(engine_state_name(ENGINE_STATE_COUNT), "?");
}

static void a_job_of_no_guest_is_forgotten(void **state)
{
        (void)state;
        staged();
        world.config.guests = &world.guests[RT];
        world.config.guest_count = 1;
        world_forget_log(&world);
        start();
        assert_false(world_logged(&world, "to=STAGED"));
        assert_false(world_logged(&world, "to=SCHEDULED"));
}

/* --- other times, other guests --- */

static void who_is_not_described_is_not_heard(void **state)
{
        (void)state;
        staged();
        world_forget_log(&world);
        engine_agent_bytes(world.engine, VM_NOBODY, "ready\n", 6);
        engine_hv_event(world.engine, SG_EV_CONFIRMED, VM_NOBODY, 1, 0);
        engine_hv_event(world.engine, SG_EV_STARTED, VM_NOBODY, 1, 0);
        assert_string_equal(world.log, "");
        expect_state(ENGINE_STAGED);
}

static void consent_is_nothing_while_nobody_asks(void **state)
{
        (void)state;
        start();
        world_forget_log(&world);
        world_say(&world, PERSONAL, "ready");
        world_say(&world, PERSONAL, "later");
        assert_string_equal(world.log, "");
        world_say(&world, PERSONAL, "hello 6.1");
        assert_false(world_told(&world, "rolled back"));
        put_delta();
        world_start_engine(&world);
        while (!world_logged(&world, "apply-begin")) {
                engine_step(world.engine);
        }
        engine_hv_event(world.engine, SG_EV_VM_STATE, VM_PERSONAL, SG_VM_STOPPED, SG_CAUSE_RESET);
        world_say(&world, PERSONAL, "ready");
        assert_false(world_logged(&world, "consent-given"));
        world_run(&world, STEPS);
        expect_state(ENGINE_STAGED);
}

static void only_a_stop_of_ones_own_is_consent(void **state)
{
        static const struct {
                uint32_t vm, state, cause;
        } rows[] = {
                {VM_RT, SG_VM_STOPPED, SG_CAUSE_RESET},
                {VM_PERSONAL, SG_VM_RUNNING, SG_CAUSE_RESET},
                {VM_PERSONAL, SG_VM_STOPPED, SG_CAUSE_FAULT},
                {VM_PERSONAL, SG_VM_STOPPED, SG_CAUSE_DEADLINE},
        };

        (void)state;
        staged();
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                engine_hv_event(world.engine, SG_EV_VM_STATE, rows[i].vm, rows[i].state,
                                rows[i].cause);
                expect_state(ENGINE_STAGED);
        }
        engine_hv_event(world.engine, SG_EV_VM_STATE, VM_PERSONAL, SG_VM_STOPPED, SG_CAUSE_OFF);
        expect_logged("event 33 consent-given guest=personal by=reset");
        expect_state(ENGINE_SCHEDULED);
        world_forget_log(&world);
        engine_hv_event(world.engine, SG_EV_VM_STATE, VM_PERSONAL, SG_VM_STOPPED, SG_CAUSE_OFF);
        assert_false(world_logged(&world, "consent-given"));
}

/* Of a trial that the journal knows nothing of. */
static void a_confirm_of_no_job_is_told_once(void **state)
{
        (void)state;
        start();
        world_forget_log(&world);
        engine_hv_event(world.engine, SG_EV_CONFIRMED, VM_RT, 1, 0);
        engine_hv_event(world.engine, SG_EV_CONFIRMED, VM_RT, 1, 0);
        assert_int_equal(times_logged("event 42 confirmed guest=rt slot=1"), 1);
        assert_true(world_told(&world, "2:confirmed\n"));
        assert_int_equal(world.reported, 1);
        engine_hv_event(world.engine, SG_EV_STARTED, VM_RT, 1, 1);
        engine_hv_event(world.engine, SG_EV_CONFIRMED, VM_RT, 1, 0);
        assert_int_equal(times_logged("event 42 confirmed guest=rt slot=1"), 2);
}

static void an_image_that_hv_forgot_ends_the_update(void **state)
{
        (void)state;
        staged();
        assert_int_equal(bf_unstage(&world.boot[PERSONAL], 1), SG_OK);
        engine_hv_event(world.engine, SG_EV_OVERFLOW, 0, 0, 0);
        world_run(&world, STEPS);
        expect_logged("target-failed guest=personal error=814");
        expect_logged("to=FAILED error=814");
}

static void babble_is_counted_at_each_doubling(void **state)
{
        (void)state;
        start();
        world_forget_log(&world);
        for (int i = 0; i < 7; i++) {
                world_say(&world, RT, "rubbish");
        }
        assert_int_equal(times_logged("agent-unknown guest=rt"), 3);
        expect_logged("agent-unknown guest=rt count=4");
}

static void a_flood_is_over_after_its_second(void **state)
{
        (void)state;
        start();
        for (int i = 0; i < 100; i++) {
                world_say(&world, RT, "alive");
        }
        world_forget_log(&world);
        world_say(&world, RT, "hello x");
        assert_string_equal(world.log, "");
        world.now_ms += 1000;
        world_say(&world, RT, "hello x");
        expect_logged("event 60 agent-hello guest=rt");
}

/* hv has its own time for a restart: it is asked once. */
static int64_t taken(void *ctx, uint32_t vm)
{
        (void)ctx;
        (void)vm;
        return SG_HC_OK;
}

static void a_restart_that_was_taken_is_waited_for(void **state)
{
        (void)state;
        staged();
        world.ports.hv.restart = taken;
        world_say(&world, PERSONAL, "ready");
        for (int i = 0; i < 20; i++) {
                world.now_ms += 1000;
                world_run(&world, STEPS);
        }
        expect_state(ENGINE_SCHEDULED);
        assert_int_equal(times_logged("event 35 restart guest=personal"), 1);
}

/* The clock began anew: a deadline of the one before would never come. */
static void a_deadline_is_never_further_than_it_may_be(void **state)
{
        (void)state;
        world.now_ms = 1000000;
        staged();
        world.now_ms = 500;
        start();
        expect_state(ENGINE_STAGED);
        world.now_ms += 30000;
        world_run(&world, STEPS);
        expect_logged("event 33 consent-given guest=personal by=deadline");
}

/* --- carrying on --- */

static void errors_of_the_disk_pass(void **state)
{
        static const struct {
                uint32_t error;
                bool passes;
        } rows[] = {{SG_E_IO, true}, {499, false}, {500, true}, {599, true}, {600, false}};

        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                teardown(NULL);
                setup(NULL);
                put_delta();
                world_start_engine(&world);
                run_to_log("apply-begin");
                world.write_error = (sg_err)rows[i].error;
                for (int k = 0; k < 9 && !world_logged(&world, "to=IDLE"); k++) {
                        engine_step(world.engine);
                        world.write_error = SG_OK;
                }
                assert_int_equal(world_logged(&world, "to=IDLE"), true);
                assert_int_equal(world.engine->checkpoint.job.present, rows[i].passes);
        }
}

/* What the journal says of the segments that are there is about this very update. */
static void resumes_its_own_update_only(void **state)
{
        (void)state;
        for (int what = 0; what < 6; what++) {
                teardown(NULL);
                setup(NULL);
                put_delta();
                world_start_engine(&world);
                run_to_log("apply-progress");
                struct checkpoint_job *job = &world.engine->checkpoint.job;
                if (what == 1) {
                        job->vm = VM_RT;
                } else if (what == 2) {
                        job->slot = 0;
                } else if (what == 3) {
                        job->payload[0] ^= 1;
                } else if (what == 4) {
                        job->digest[0] ^= 1;
                } else if (what == 5) {
                        world.boot[PERSONAL].slot[1].digest[0] ^= 1;
                }
                assert_int_equal(engine_save(world.engine), SG_OK);
                world_forget_log(&world);
                world_start_engine(&world);
                run_to_log("apply-begin");
                expect_logged(what == 0 ? "segment=1 segments=2 resumes=1"
                                        : "segment=0 segments=2 resumes=0");
        }
}

static void an_error_of_before_is_not_this_packages(void **state)
{
        struct maker_payload p = image_payload(new_image, 2);

        (void)state;
        world_provision(&world, PERSONAL, newer_image, IMAGE_SIZE, 1);
        put_delta();
        start();
        expect_logged("outcome=failed error=");
        world_forget_log(&world);
        deliver_package(&p, 1, 2);
        carry_through();
        expect_logged("outcome=applied error=0");
        assert_false(world_logged(&world, "outcome=failed"));
}

/* The slot is refused for the image that failed in it, not for another one. */
static void another_image_is_tried_after_a_rollback(void **state)
{
        struct maker_payload p = image_payload(newer_image, 2);

        (void)state;
        on_trial();
        for (int i = 0; i < 3; i++) {
                expect_state(ENGINE_TRIAL);
                if (i == 2) { /* before the slot is refilled */
                        put_package(&p, 1, 2);
                }
                world_crash(&world, PERSONAL);
                world_run(&world, STEPS);
        }
        expect_logged("event 44 rolled-back guest=personal");
        assert_int_equal(world.boot[PERSONAL].slot[1].state, BF_STAGED);
        expect_state(ENGINE_STAGED);
}

/* The package failed if one of its targets did, whatever became of those behind it. */
static void a_later_target_hides_no_error(void **state)
{
        struct maker_payload p[2] = {delta_payload(), rt_payload()};

        (void)state;
        world_provision(&world, PERSONAL, newer_image, IMAGE_SIZE, 1);
        put_package(p, 2, 1);
        start();
        expect_state(ENGINE_STAGED);
        expect_logged("target-failed guest=personal error=");
        world_say(&world, RT, "ready");
        world_run(&world, STEPS);
        world_confirm(&world, RT);
        world_run(&world, STEPS);
        expect_logged("event 42 confirmed guest=rt slot=1");
        expect_logged("outcome=failed error=");
        assert_false(world_logged(&world, "outcome=applied"));
}

static void a_guest_without_a_second_slot_is_told_apart(void **state)
{
        (void)state;
        world.guests[PERSONAL].slot[1].size = 0;
        put_delta();
        start();
        expect_state(ENGINE_IDLE);
        assert_int_equal(world.slot_writes, 0);
        char text[64];
        snprintf(text, sizeof(text), "target-failed guest=personal error=%d ", SG_E_PARTITION);
        expect_logged(text);
}

/* --- cancelling --- */

static void cancelling_ends_the_whole_package(void **state)
{
        struct maker_payload p[2] = {delta_payload(), rt_payload()};

        (void)state;
        put_package(p, 2, 1);
        start();
        expect_state(ENGINE_STAGED);
        assert_int_equal(engine_cancel(world.engine), SG_OK);
        world_run(&world, STEPS);
        expect_state(ENGINE_IDLE);
        expect_logged("outcome=failed error=816");
        assert_false(world_logged(&world, "target-chosen guest=rt"));
}

static int64_t busy(void *ctx, uint32_t vm, uint32_t slot)
{
        (void)ctx;
        (void)vm;
        (void)slot;
        return SG_HC_BUSY;
}

static void cancels_only_what_can_be_taken_back(void **state)
{
        (void)state;
        put_delta();
        world_start_engine(&world);
        run_to(ENGINE_DOWNLOADING);
        assert_int_equal(engine_cancel(world.engine), SG_E_ENGINE_STATE);
        run_to(ENGINE_APPLYING);
        assert_int_equal(engine_cancel(world.engine), SG_OK);
        expect_state(ENGINE_CANCELLED);
        expect_logged("to=CANCELLED error=816");
        assert_false(world_logged(&world, "unstaged"));
}

static void cancels_a_scheduled_restart(void **state)
{
        (void)state;
        staged();
        world.restart_result = SG_HC_BUSY;
        world_say(&world, PERSONAL, "ready");
        engine_step(world.engine);
        expect_state(ENGINE_SCHEDULED); /* one refusal is not the end */
        assert_int_equal(times_logged("event 35 restart guest=personal result=-6"), 1);
        engine_step(world.engine);
        assert_int_equal(times_logged("event 35 restart guest=personal"), 1); /* not at once */
        world.ports.hv.unstage = busy;
        assert_int_equal(engine_cancel(world.engine), SG_E_ENGINE_STATE);
        expect_state(ENGINE_SCHEDULED);
}

static void takes_a_scheduled_image_back(void **state)
{
        (void)state;
        staged();
        world.restart_result = SG_HC_BUSY;
        world_say(&world, PERSONAL, "ready");
        engine_step(world.engine);
        assert_int_equal(engine_cancel(world.engine), SG_OK);
        expect_logged("event 31 unstaged guest=personal slot=1");
        assert_int_equal(world.boot[PERSONAL].slot[1].state, BF_OPEN);
}

/* --- what is told --- */

static void a_good_update_is_told_in_so_many_words(void **state)
{
        (void)state;
        staged();
        assert_false(world_logged(&world, "journal-error"));
        assert_false(world_logged(&world, "package-superseded"));
        assert_int_equal(times_logged("event 10 package-found"), 1);
        assert_int_equal(times_logged("event 11 package-accepted"), 1);
        assert_int_equal(times_logged("event 22 base-check"), 5); /* pieces of 256 KiB */
        expect_logged("from=APPLYING to=STAGED t=");
        engine_hv_event(world.engine, SG_EV_OVERFLOW, 0, 0, 0); /* nothing new */
        assert_int_equal(times_logged("event 30 staged"), 1);
        world_forget_log(&world);
        start();
        assert_false(world_logged(&world, "journal-new"));
        expect_logged("event 1 state guest=personal from=IDLE to=STAGED t=");
        carry_through();
        expect_logged("event 40 trial guest=personal slot=1 t=");
        expect_logged("event 42 confirmed guest=personal slot=1 version=6.1.0-55 t=");
        expect_logged("event 50 refill-begin guest=personal slot=0 bytes=1228800 t=");
        expect_logged("event 52 refilled guest=personal slot=0 t=");
        assert_int_equal(times_logged("event 51 refill-progress"), 5);
        assert_false(world_logged(&world, "state-refused"));
        assert_false(world_logged(&world, "guest=rt slot=1"));
}

static void pieces_of_an_image_are_told(void **state)
{
        struct maker_payload p = image_payload(newer_image, 1);

        (void)state;
        put_package(&p, 1, 1);
        start();
        expect_state(ENGINE_STAGED);
        expect_logged("apply-progress guest=personal done=1228800 total=1228800");
        assert_false(world_logged(&world, "apply-progress guest=personal done=0"));
}

static void the_same_package_again_supersedes_nothing(void **state)
{
        (void)state;
        put_delta();
        world_start_engine(&world);
        run_to(ENGINE_APPLYING);
        engine_inbox_changed(world.engine);
        world_run(&world, STEPS);
        expect_state(ENGINE_STAGED);
        assert_false(world_logged(&world, "CANCELLED"));
}

static void blanks_of_a_version_are_not_said(void **state)
{
        (void)state;
        put_delta();
        world_start_engine(&world);
        run_to(ENGINE_APPLYING);
        snprintf(world.engine->checkpoint.job.version, MANIFEST_ID_MAX, "6.1");
        for (int i = 0; i < 50 && engine_state(world.engine) != ENGINE_STAGED; i++) {
                engine_step(world.engine);
        }
        expect_state(ENGINE_STAGED);
        snprintf(world.engine->checkpoint.job.version, MANIFEST_ID_MAX, "a b\x7f");
        engine_step(world.engine);
        assert_true(world_told(&world, "1:update pending a_b_\n"));
        world_forget_log(&world);
        engine_step(world.engine); /* asked once, until a third of the time is over */
        assert_false(world_told(&world, "reboot now?"));
        world_say(&world, PERSONAL, "later");
        world_say(&world, PERSONAL, "later");
        assert_int_equal(times_logged("consent-deferred"), 1);
}

static void nothing_is_polled_without_a_time_for_it(void **state)
{
        (void)state;
        start();
        put_delta();
        world.now_ms += 1u << 30;
        world_run(&world, STEPS);
        expect_state(ENGINE_IDLE);
        assert_true(engine_deadline_ms(world.engine) > world.now_ms + (1u << 30));
}

int main(void)
{
#define ROW(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
        const struct CMUnitTest tests[] = {
                ROW(refuses_what_it_cannot_work_with),
                ROW(no_state_is_reached_from_any_other),
                ROW(a_job_of_no_guest_is_forgotten),
                ROW(who_is_not_described_is_not_heard),
                ROW(consent_is_nothing_while_nobody_asks),
                ROW(only_a_stop_of_ones_own_is_consent),
                ROW(a_confirm_of_no_job_is_told_once),
                ROW(an_image_that_hv_forgot_ends_the_update),
                ROW(babble_is_counted_at_each_doubling),
                ROW(a_flood_is_over_after_its_second),
                ROW(a_restart_that_was_taken_is_waited_for),
                ROW(a_deadline_is_never_further_than_it_may_be),
                ROW(errors_of_the_disk_pass),
                ROW(resumes_its_own_update_only),
                ROW(an_error_of_before_is_not_this_packages),
                ROW(another_image_is_tried_after_a_rollback),
                ROW(a_later_target_hides_no_error),
                ROW(a_guest_without_a_second_slot_is_told_apart),
                ROW(cancelling_ends_the_whole_package),
                ROW(cancels_only_what_can_be_taken_back),
                ROW(cancels_a_scheduled_restart),
                ROW(takes_a_scheduled_image_back),
                ROW(a_good_update_is_told_in_so_many_words),
                ROW(pieces_of_an_image_are_told),
                ROW(the_same_package_again_supersedes_nothing),
                ROW(blanks_of_a_version_are_not_said),
                ROW(nothing_is_polled_without_a_time_for_it),
        };

        return cmocka_run_group_tests(tests, make_all, free_all);
}
