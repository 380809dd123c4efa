/* SPDX-License-Identifier: Apache-2.0 */
/* Packages on their way to a staged image and to the end: deltas, full images, several targets,
 * none, another package in between. */
#include "tests/unit/engine_fixture.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

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
        deliver_package(&p, 1, 2);
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
        deliver_package(p, 2, 2);
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

static void cancels_before_the_trial(void **state)
{
        (void)state;
        staged();
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

static void a_new_package_supersedes_the_one_at_work(void **state)
{
        struct maker_payload p = image_payload(newer_image, 2);

        (void)state;
        put_delta();
        world_start_engine(&world);
        run_to_log("apply-progress");
        deliver_package(&p, 1, 2);
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
        run_to_log("apply-progress");
        put_package(&p, 1, 2);
        world_forget_log(&world);
        start();
        expect_logged("segment=0 segments=2 resumes=0");
        carry_through();
        expect_updated(newer_image);
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
                ROW(cancels_before_the_trial),
                ROW(a_new_package_supersedes_the_one_at_work),
                ROW(a_superseding_package_never_uses_the_old_checkpoint),
        };

        return cmocka_run_group_tests(tests, make_all, free_all);
}
