/* SPDX-License-Identifier: Apache-2.0 */
/* A new image on trial: confirmed, rolled back, and what it outlives. */
#include "tests/unit/engine_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void rolls_back_when_the_tries_are_used_up(void **state)
{
        (void)state;
        on_trial();
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
        world_forget_log(&world);
        deliver_package(&p, 1, 2);
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
        on_trial();
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
        on_trial();
        assert_int_equal(bf_confirm(g, world.vm[PERSONAL].token), SG_OK);
        world.vm[PERSONAL].state = SG_VM_RUNNING;
        engine_hv_event(world.engine, SG_EV_OVERFLOW, 0, 0, 0); /* the event itself was lost */
        world_run(&world, STEPS);
        expect_updated(new_image);
}

static void a_trial_survives_a_killed_update_partition(void **state)
{
        (void)state;
        on_trial();
        start();
        expect_state(ENGINE_TRIAL);
        world_confirm(&world, PERSONAL);
        world_run(&world, STEPS);
        expect_updated(new_image);
}

static void a_trial_survives_a_lost_journal(void **state)
{
        (void)state;
        on_trial();
        memset(world.journal.bytes, 0x5a, WORLD_JOURNAL_SIZE);
        start();
        expect_logged("event 70 journal-new guest=- error=813");
        expect_state(ENGINE_TRIAL);
        world_confirm(&world, PERSONAL);
        world_run(&world, STEPS);
        expect_updated(new_image);
        expect_logged("outcome=applied");
}

static void does_not_cancel_a_trial(void **state)
{
        (void)state;
        on_trial();
        assert_int_equal(engine_cancel(world.engine), SG_E_ENGINE_STATE);
        expect_state(ENGINE_TRIAL);
}

int main(void)
{
#define ROW(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
        const struct CMUnitTest tests[] = {
                ROW(rolls_back_when_the_tries_are_used_up),
                ROW(a_trial_that_cannot_be_recorded_waits_for_power_on),
                ROW(a_wrong_token_confirms_nothing),
                ROW(a_confirm_of_the_guests_own_is_noticed),
                ROW(a_trial_survives_a_killed_update_partition),
                ROW(a_trial_survives_a_lost_journal),
                ROW(does_not_cancel_a_trial),
        };

        return cmocka_run_group_tests(tests, make_all, free_all);
}
