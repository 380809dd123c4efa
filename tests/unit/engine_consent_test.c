/* SPDX-License-Identifier: Apache-2.0 */
/* From a staged image to its start: what the guest's agent says, deadlines, restarts. */
#include "tests/unit/engine_fixture.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define DEADLINE_MS 30000u

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
        staged();
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

int main(void)
{
#define ROW(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
        const struct CMUnitTest tests[] = {
                ROW(later_puts_it_off_until_the_deadline),
                ROW(a_guests_own_reset_is_consent),
                ROW(the_deadline_survives_a_killed_update_partition),
                ROW(a_guest_without_agent_restarts_at_once),
                ROW(a_parked_guest_is_not_asked),
                ROW(an_agent_that_comes_up_late_is_asked),
                ROW(a_refused_restart_is_tried_a_bounded_number_of_times),
                ROW(a_slow_start_is_waited_for),
                ROW(floods_are_bounded),
        };

        return cmocka_run_group_tests(tests, make_all, free_all);
}
