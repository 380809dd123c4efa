/* SPDX-License-Identifier: Apache-2.0 */
/* The engine's checks that only an odd answer of hv or a copy that goes wrong reaches: each row is
 * told apart from what would happen without the check. */
#include "tests/unit/engine_fixture.h"
#include "updater/engine_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* --- hv --- */

static int64_t denied(void *ctx, uint32_t vm, uint32_t slot, uint64_t counter,
                      const uint8_t digest[32])
{
        (void)ctx;
        (void)vm;
        (void)slot;
        (void)counter;
        (void)digest;
        return SG_HC_DENIED;
}

static void what_hv_does_not_stage_is_not_staged(void **state)
{
        (void)state;
        world.ports.hv.stage = denied;
        put_delta();
        start();
        expect_error("from=APPLYING to=FAILED", SG_E_HV_REFUSED);
        expect_not_logged("event 30 staged");
}

/* It resets itself: nobody else must. */
static void a_guest_on_its_way_is_not_restarted(void **state)
{
        (void)state;
        staged();
        engine_hv_event(world.engine, SG_EV_VM_STATE, VM_PERSONAL, SG_VM_STOPPED, SG_CAUSE_RESET);
        expect_state(ENGINE_SCHEDULED);
        engine_step(world.engine);
        expect_not_logged("event 35 restart");
        world.vm[PERSONAL].state = SG_VM_STOPPED;
        world.engine->restart_ms = world.now_ms;
        engine_step(world.engine);
        assert_true(engine_deadline_ms(world.engine) > world.now_ms);
}

static void nothing_is_left_after_the_deadline(void **state)
{
        (void)state;
        staged();
        world.now_ms += 30001;
        world_say(&world, PERSONAL, "later");
        expect_logged("consent-deferred guest=personal left_ms=0 ");
}

/* By its own hypercall; hv's event says so before anybody asked for the slot. */
static void a_guest_that_confirms_itself_is_told_of_once(void **state)
{
        (void)state;
        on_trial();
        assert_int_equal(bf_confirm(&world.boot[PERSONAL], world.vm[PERSONAL].token), SG_OK);
        world.vm[PERSONAL].state = SG_VM_RUNNING;
        engine_hv_event(world.engine, SG_EV_CONFIRMED, VM_PERSONAL, 1, 0);
        world_run(&world, STEPS);
        assert_int_equal(times_logged("event 42 confirmed guest=personal"), 1);
        expect_logged("outcome=applied");
}

static void a_refused_restart_is_tried_ten_times(void **state)
{
        (void)state;
        staged();
        world.restart_result = SG_HC_BUSY;
        world_say(&world, PERSONAL, "ready");
        for (unsigned i = 1; i < RESTART_RETRIES; i++) {
                engine_step(world.engine);
                assert_int_equal(times_logged("event 35 restart"), i);
                assert_int_equal(engine_deadline_ms(world.engine), world.now_ms + RETRY_MS);
                world.now_ms += RETRY_MS;
        }
        world.restart_result = SG_HC_OK; /* at the last moment */
        engine_step(world.engine);
        expect_state(ENGINE_SCHEDULED);
        expect_not_logged("target-failed");
}

/* hv has the image, the journal has nothing. */
static void a_staged_image_of_a_lost_journal_is_adopted(void **state)
{
        (void)state;
        staged();
        memset(world.journal.bytes, 0xff, WORLD_JOURNAL_SIZE);
        world_forget_log(&world);
        start();
        expect_logged("from=DOWNLOADING to=STAGED");
        expect_state(ENGINE_STAGED);
        engine_hv_event(world.engine, SG_EV_OVERFLOW, 0, 0, 0);
        expect_not_logged("state-refused");
        expect_not_logged("target-chosen");
}

static sg_err full(void *ctx, uint64_t offset, const void *data, size_t length)
{
        (void)ctx;
        (void)offset;
        (void)data;
        (void)length;
        return SG_E_IO;
}

/* The journal takes writes until its first flush. */
static sg_err last_flush(void *ctx)
{
        world.journal_storage.write = full;
        return world.journal.storage.flush(ctx);
}

/* An image on trial is never counted as applied before it is confirmed. */
static void a_trial_is_adopted_without_a_journal(void **state)
{
        (void)state;
        on_trial();
        memset(world.journal.bytes, 0xff, WORLD_JOURNAL_SIZE);
        world_forget_log(&world);
        world_start_engine(&world);
        world.journal_storage.flush = last_flush;
        world_run(&world, STEPS);
        expect_logged("journal-error");
        expect_state(ENGINE_TRIAL);
        expect_not_logged("outcome=");
}

static void what_is_staged_while_the_guest_stands_is_scheduled(void **state)
{
        (void)state;
        staged();
        world.vm[PERSONAL].state = SG_VM_FAILED;
        world_forget_log(&world);
        world_start_engine(&world);
        expect_state(ENGINE_SCHEDULED);
        expect_not_logged("event 30 staged");
}

static struct slot_info told[2];

static int64_t tell_slots(void *ctx, uint32_t vm, uint32_t slot, struct slot_info *info)
{
        (void)ctx;
        *info = vm == VM_PERSONAL ? told[slot] : (struct slot_info){0};
        return SG_HC_OK;
}

/* Held for the next start, which hv could not record: found so at the engine's own start. */
static void what_hv_passes_over_is_left_alone(void **state)
{
        (void)state;
        staged();
        told[0] = (struct slot_info){.flags = SG_SLOT_F_ACTIVE | SG_SLOT_F_SUCCESSFUL};
        told[1] = (struct slot_info){.flags = SG_SLOT_F_FAILED | SG_SLOT_F_TRIAL};
        memcpy(told[1].digest, world.engine->checkpoint.job.digest, 32);
        world.ports.hv.slot_info = tell_slots;
        world_forget_log(&world);
        world_start_engine(&world);
        expect_state(ENGINE_IDLE);
        expect_not_logged("target-failed");
        expect_not_logged("state-refused");
}

/* --- refills --- */

/* Confirmed; the old slot is stale, and nothing has been copied into it yet. */
static void confirmed(void)
{
        on_trial();
        world_confirm(&world, PERSONAL);
}

static sg_err unflushable(void *ctx)
{
        (void)ctx;
        return SG_E_IO;
}

static void refills_a_dead_slot_of_a_guest_at_rest(void **state)
{
        enum { GOOD = SG_SLOT_F_ACTIVE | SG_SLOT_F_SUCCESSFUL };
        static const struct {
                uint32_t active, other, job_vm;
                bool job, refills;
        } rows[] = {
                {GOOD, SG_SLOT_F_STALE, 0, false, true},
                {GOOD, SG_SLOT_F_FAILED, 0, false, true},
                {GOOD, 0, 0, false, false},
                {GOOD, SG_SLOT_F_FAILED | SG_SLOT_F_TRIAL, 0, false, false},
                {SG_SLOT_F_ACTIVE, SG_SLOT_F_STALE, 0, false, false},
                {GOOD, SG_SLOT_F_STALE, VM_PERSONAL, true, false},
                {GOOD, SG_SLOT_F_STALE, VM_PERSONAL, false, true},
                {GOOD, SG_SLOT_F_STALE, VM_RT, true, true},
        };

        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                teardown(NULL);
                setup(NULL);
                told[0].flags = rows[i].active;
                told[1].flags = rows[i].other;
                world.ports.hv.slot_info = tell_slots;
                world_start_engine(&world);
                world.engine->checkpoint.job.present = rows[i].job;
                world.engine->checkpoint.job.vm = rows[i].job_vm;
                engine_step(world.engine);
                if (world_logged(&world, "refill-begin") != rows[i].refills) {
                        fail_msg("row %zu:\n%s", i, world.log);
                }
        }
}

static void expect_no_refill(sg_err error)
{
        world_run(&world, STEPS);
        expect_error("refill-failed guest=personal slot=0", error);
        expect_not_logged("event 52 refilled");
        assert_int_equal(world.boot[PERSONAL].slot[0].state, BF_STALE);
}

static void a_source_without_a_header_is_not_copied(void **state)
{
        (void)state;
        confirmed();
        uint64_t writes = world.slot_writes;
        world.slot[PERSONAL][1].bytes[0] ^= 1;
        expect_no_refill(SG_E_IMAGE_MAGIC);
        expect_not_logged("refill-begin");
        assert_int_equal(world.slot_writes, writes);
}

static void an_image_that_does_not_fit_is_not_copied(void **state)
{
        (void)state;
        confirmed();
        uint64_t writes = world.slot_writes;
        world.guests[PERSONAL].slot[0].size = IMAGE_SIZE - 1;
        expect_no_refill(SG_E_SLOT_TOO_SMALL);
        assert_int_equal(world.slot_writes, writes);
}

static void run_to_refill(void)
{
        confirmed();
        run_to_log("refill-begin");
}

static void an_unreadable_source_ends_the_copy(void **state)
{
        (void)state;
        run_to_refill();
        uint64_t writes = world.slot_writes;
        world.guests[PERSONAL].slot[1].read = unreadable;
        expect_no_refill(SG_E_IO);
        assert_int_equal(world.slot_writes, writes);
}

static void a_slot_that_is_not_written_is_not_refilled(void **state)
{
        (void)state;
        run_to_refill();
        world.write_error = SG_E_IO;
        expect_no_refill(SG_E_IO);
}

static void a_copy_that_is_not_durable_is_not_refilled(void **state)
{
        (void)state;
        run_to_refill();
        world.guests[PERSONAL].slot[0].flush = unflushable;
        expect_no_refill(SG_E_IO);
}

int main(void)
{
#define ROW(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
        const struct CMUnitTest tests[] = {
                ROW(what_hv_does_not_stage_is_not_staged),
                ROW(a_guest_on_its_way_is_not_restarted),
                ROW(nothing_is_left_after_the_deadline),
                ROW(a_guest_that_confirms_itself_is_told_of_once),
                ROW(a_refused_restart_is_tried_ten_times),
                ROW(a_staged_image_of_a_lost_journal_is_adopted),
                ROW(a_trial_is_adopted_without_a_journal),
                ROW(what_is_staged_while_the_guest_stands_is_scheduled),
                ROW(what_hv_passes_over_is_left_alone),
                ROW(refills_a_dead_slot_of_a_guest_at_rest),
                ROW(a_source_without_a_header_is_not_copied),
                ROW(an_image_that_does_not_fit_is_not_copied),
                ROW(an_unreadable_source_ends_the_copy),
                ROW(a_slot_that_is_not_written_is_not_refilled),
                ROW(a_copy_that_is_not_durable_is_not_refilled),
        };

        return cmocka_run_group_tests(tests, make_all, free_all);
}
