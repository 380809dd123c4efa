/* SPDX-License-Identifier: Apache-2.0 */
/* Power cuts and kills at every operation, resuming, and a journal that fails. */
#include "tests/unit/engine_fixture.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

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
        run_to_log("apply-progress");
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
        run_to_log("apply-progress");
        for (int i = 0; i < 10; i++) {
                world_forget_log(&world);
                world_start_engine(&world);
                run_to_log("apply-begin");
        }
        expect_logged("resumes=10");
        start();
        expect_logged("outcome=failed error=812");
        expect_state(ENGINE_IDLE);
        assert_int_equal(bf_active(&world.boot[PERSONAL], 0), 0);
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

int main(void)
{
#define ROW(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
        const struct CMUnitTest tests[] = {
                ROW(survives_a_kill_at_every_operation),
                ROW(survives_a_cut_at_every_operation),
                ROW(survives_a_cut_that_keeps_the_cache),
                ROW(resumes_at_the_segment_that_was_due),
                ROW(gives_up_after_ten_resumes_without_progress),
                ROW(an_unwritable_journal_stops_the_update),
                ROW(without_a_journal_nothing_is_updated),
        };

        return cmocka_run_group_tests(tests, make_all, free_all);
}
