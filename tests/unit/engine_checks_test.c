/* SPDX-License-Identifier: Apache-2.0 */
/* The engine's checks that only a fault of the disk, an exchanged inbox or an odd answer of hv
 * reaches: each row is told apart from what would happen without the check. */
#include "tests/unit/engine_fixture.h"
#include "updater/engine_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define VM_PERSONAL (1 + PERSONAL)
#define VM_RT       (1 + RT)

static unsigned times_logged(const char *text)
{
        unsigned n = 0;

        for (const char *at = world.log; (at = strstr(at, text)) != NULL; at += strlen(text)) {
                n++;
        }
        return n;
}

static void expect_not_logged(const char *text)
{
        if (world_logged(&world, text)) {
                fail_msg("\"%s\" in:\n%s", text, world.log);
        }
}

/* "... error=N ", the last field before the time. */
static void expect_error(const char *what, sg_err error)
{
        char text[80];

        snprintf(text, sizeof(text), "%s error=%d ", what, (int)error);
        expect_logged(text);
}

static void run_to_log(const char *text)
{
        for (uint32_t i = 0; i < STEPS && !world_logged(&world, text); i++) {
                engine_step(world.engine);
        }
        expect_logged(text);
}

static void run_to_phase(enum apply_phase phase)
{
        for (uint32_t i = 0; i < STEPS && (engine_state(world.engine) != ENGINE_APPLYING ||
                                           world.engine->apply.phase != phase);
             i++) {
                engine_step(world.engine);
        }
        expect_state(ENGINE_APPLYING);
        assert_int_equal(world.engine->apply.phase, phase);
}

static void staged(void)
{
        put_delta();
        start();
        expect_state(ENGINE_STAGED);
}

/* Confirmed; the old slot is stale, and nothing has been copied into it yet. */
static void confirmed(void)
{
        staged();
        world_say(&world, PERSONAL, "ready");
        world_run(&world, STEPS);
        expect_state(ENGINE_TRIAL);
        world_confirm(&world, PERSONAL);
}

/* --- the disk --- */

static sg_err unreadable(void *ctx, uint64_t offset, void *data, size_t length)
{
        (void)ctx;
        (void)offset;
        (void)data;
        (void)length;
        return SG_E_IO;
}

static sg_err unflushable(void *ctx)
{
        (void)ctx;
        return SG_E_IO;
}

/* An error of the disk ends the update, which is taken up again after the next start. */
static void a_read_error_ends_the_update_for_now(void **state)
{
        static const struct {
                enum apply_phase phase;
                uint32_t slot;
        } rows[] = {{APPLY_BASE, 0}, {APPLY_READ_BACK, 1}};

        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                teardown(NULL);
                setup(NULL);
                put_delta();
                world_start_engine(&world);
                run_to_phase(rows[i].phase);
                world.guests[PERSONAL].slot[rows[i].slot].read = unreadable;
                engine_step(world.engine);
                expect_state(ENGINE_FAILED);
                expect_logged("target-failed guest=personal error=");
                expect_error("to=FAILED", SG_E_IO);
        }
}

/* Reads of the image's header alone fail: those of pieces are longer. */
static sg_err header_unreadable(void *ctx, uint64_t offset, void *data, size_t length)
{
        return length < 512 ? SG_E_IO
                            : world.slot[PERSONAL][1].storage.read(ctx, offset, data, length);
}

static void an_unreadable_header_is_an_error_of_the_disk(void **state)
{
        (void)state;
        put_delta();
        world_start_engine(&world);
        run_to_phase(APPLY_READ_BACK);
        world.guests[PERSONAL].slot[1].read = header_unreadable;
        world_run(&world, STEPS);
        expect_error("to=FAILED", SG_E_IO);
        assert_true(world.engine->checkpoint.job.present);
}

static void a_write_error_is_no_progress(void **state)
{
        (void)state;
        put_delta();
        world_start_engine(&world);
        run_to_phase(APPLY_WRITE);
        world.write_error = SG_E_IO;
        engine_step(world.engine);
        expect_state(ENGINE_FAILED);
        expect_not_logged("apply-progress");
}

/* --- the inbox --- */

static void put_another(void)
{
        struct maker_payload p = image_payload(newer_image, 3);

        put_package(&p, 1, 2);
}

static void another_package_ends_the_work_at_once(void **state)
{
        (void)state;
        put_delta();
        world_start_engine(&world);
        run_to_phase(APPLY_WRITE);
        put_another();
        engine_inbox_changed(world.engine);
        uint64_t writes = world.slot_writes;
        engine_step(world.engine);
        expect_state(ENGINE_CANCELLED);
        expect_error("to=CANCELLED", SG_E_SUPERSEDED);
        assert_int_equal(world.slot_writes, writes);
}

/* The same payload at the same place, under other metadata: nothing is amiss until hv tells. */
static void the_inbox_is_looked_at_when_it_changed(void **state)
{
        struct maker_payload p = delta_payload();

        (void)state;
        put_delta();
        world_start_engine(&world);
        run_to_phase(APPLY_WRITE);
        put_package(&p, 1, 2);
        engine_step(world.engine);
        expect_state(ENGINE_APPLYING);
        engine_inbox_changed(world.engine);
        engine_step(world.engine);
        expect_state(ENGINE_CANCELLED);
}

/* What was exchanged behind the engine's back explains itself by its bytes. */
static void bytes_of_another_package_supersede(void **state)
{
        static const enum apply_phase phases[] = {APPLY_OPEN, APPLY_WRITE};

        (void)state;
        for (size_t i = 0; i < sizeof(phases) / sizeof(phases[0]); i++) {
                teardown(NULL);
                setup(NULL);
                put_delta();
                world_start_engine(&world);
                run_to_phase(phases[i]);
                put_another();
                engine_step(world.engine);
                expect_error("to=CANCELLED", SG_E_SUPERSEDED);
        }
}

static void flipped_bytes_do_not_supersede(void **state)
{
        (void)state;
        put_delta();
        world_start_engine(&world);
        run_to_phase(APPLY_WRITE);
        for (size_t i = package_size / 2; i < package_size; i++) {
                world.inbox.bytes[i] ^= 1;
        }
        world_run(&world, STEPS);
        expect_error("to=FAILED", SG_E_CHUNK_DIGEST);
}

static void an_inbox_without_a_package_is_no_news(void **state)
{
        (void)state;
        start();
        expect_not_logged("package-");
}

static void a_damaged_package_is_refused_unopened(void **state)
{
        (void)state;
        put_delta();
        world.inbox.bytes[512 + 148] ^= 1; /* nothing is left of the second member's header */
        for (size_t i = 1024; i < 16384; i++) {
                world.inbox.bytes[i] = 0xff;
        }
        start();
        expect_logged("package-refused");
        expect_not_logged("DOWNLOADING");
}

static uint64_t text_end;

/* The last piece of targets.json comes whole, and yet as an error. */
static sg_err fails_at_the_end(void *ctx, uint64_t offset, void *data, size_t length)
{
        sg_err err = world.inbox.storage.read(ctx, offset, data, length);

        return offset < text_end && offset + length >= text_end ? SG_E_IO : err;
}

static void what_could_not_be_read_is_looked_at_again(void **state)
{
        struct maker_payload p = delta_payload();
        struct maker_text t;

        (void)state;
        maker_targets(&t, 1, &p, 1, &targets_role);
        package_size = maker_package(package, sizeof(package), &root_text, &t, &p, 1);
        world_put_inbox(&world, package, package_size);
        const uint8_t *text = memmem(package, package_size, t.text, t.length);
        assert_non_null(text);
        text_end = (uint64_t)(text - package) + t.length;
        world.inbox_storage.read = fails_at_the_end;
        start();
        expect_logged("package-refused guest=- error=");
        world.inbox_storage.read = world.inbox.storage.read;
        engine_inbox_changed(world.engine);
        world_run(&world, STEPS);
        expect_state(ENGINE_STAGED);
}

/* The list is read into memory of that size before it is authenticated. */
static void a_chunk_list_has_a_longest(void **state)
{
        static uint8_t list[MAKER_LIST_MAX];
        struct maker_payload p = delta_payload();

        (void)state;
        p.list = list;
        p.list_size = sizeof(list);
        put_package(&p, 1, 1);
        start();
        expect_error("to=FAILED", SG_E_CHUNK_LIST);
        expect_not_logged("target-chosen");
}

/* Before hv is told that the slot will be written. */
static void a_forged_chunk_list_opens_no_slot(void **state)
{
        static uint8_t list[CHUNK_LIST_MAX];
        struct maker_payload p = image_payload(newer_image, 2);
        struct bf_slot before = world.boot[PERSONAL].slot[1];

        (void)state;
        put_package(&p, 1, 1);
        uint8_t *at = memmem(world.inbox.bytes, package_size, list, maker_chunks(&p, list));
        assert_non_null(at);
        at[CHUNK_HEADER_SIZE] ^= 1;
        start();
        expect_logged("to=FAILED error=");
        assert_memory_equal(&world.boot[PERSONAL].slot[1], &before, sizeof(before));
}

/* --- targets --- */

static void more_memory_than_the_arena_is_never_tried(void **state)
{
        struct maker_payload p = delta_payload();

        (void)state;
        world.config.ram_limit = UINT64_MAX;
        p.manifest.ram_need = WORLD_ARENA_SIZE;
        put_package(&p, 1, 1);
        start();
        expect_error("to=FAILED", SG_E_RAM_NEED);
        expect_not_logged("target-chosen");
}

static void bytes_behind_the_image_are_not_its_own(void **state)
{
        static uint8_t longer[IMAGE_SIZE + 16];
        static const uint32_t chunks[] = {1u << 20, sizeof(longer) - (1u << 20)};
        struct maker_payload p;

        (void)state;
        memcpy(longer, newer_image, IMAGE_SIZE);
        p = make_manifest("personal.img", "personal", longer, sizeof(longer), 2);
        p.chunks = chunks;
        p.chunk_count = 2;
        put_package(&p, 1, 1);
        start();
        expect_error("to=FAILED", SG_E_IMAGE_HEADER);
}

/* The first error is the package's, also before a target for nobody. */
static void a_guest_that_is_not_here_hides_no_error(void **state)
{
        struct maker_payload p[2] = {delta_payload(), rt_payload()};

        (void)state;
        world.guests[PERSONAL].slot[1].size = IMAGE_SIZE - 1;
        snprintf(p[1].manifest.guest, sizeof(p[1].manifest.guest), "nobody");
        put_package(p, 2, 1);
        start();
        expect_error("target-failed guest=personal", SG_E_SLOT_TOO_SMALL);
        expect_error("outcome=failed", SG_E_SLOT_TOO_SMALL);
}

static void a_package_is_announced_once(void **state)
{
        struct maker_payload p[2] = {image_payload(newer_image, 2), rt_payload()};

        (void)state;
        put_package(p, 2, 1);
        start();
        carry_through();
        expect_state(ENGINE_STAGED);
        expect_logged("target-chosen guest=rt");
        assert_int_equal(times_logged("package-found"), 1);
        assert_int_equal(times_logged("package-accepted"), 1);
        expect_not_logged("package-refused");
        expect_not_logged("base-mismatch");
}

/* The digest of the package before it must not speak for one that does not verify. */
static void a_forged_package_is_not_the_one_before(void **state)
{
        struct maker_payload p = delta_payload();
        struct maker_text t;
        const struct maker_role others = {{&other_key}, 1, 1};

        (void)state;
        staged();
        carry_through();
        expect_logged("outcome=applied");
        maker_targets(&t, 2, &p, 1, &others);
        package_size = maker_package(package, sizeof(package), &root_text, &t, &p, 1);
        world_put_inbox(&world, package, package_size);
        world_forget_log(&world);
        engine_inbox_changed(world.engine);
        world_run(&world, STEPS);
        expect_logged("package-refused");
        expect_not_logged("package-skipped");
}

/* --- carrying on --- */

static void resume_with(void (*damage)(struct checkpoint_job *job))
{
        put_delta();
        world_start_engine(&world);
        run_to_log("apply-progress");
        damage(&world.engine->checkpoint.job);
        assert_int_equal(engine_save(world.engine), SG_OK);
        world_forget_log(&world);
        start();
        expect_state(ENGINE_STAGED);
}

static void nothing(struct checkpoint_job *job)
{
        (void)job;
}

static void damaged_decoder(struct checkpoint_job *job)
{
        job->decoder.bytes[0] ^= 1;
}

static void a_segment_that_is_done_is_not_written_again(void **state)
{
        (void)state;
        resume_with(nothing);
        assert_int_equal(times_logged("apply-begin"), 1);
        expect_logged("segment=1 segments=2");
        expect_logged("apply-progress guest=personal done=1228800 total=1228800");
}

static void a_checkpoint_that_does_not_hold_begins_anew(void **state)
{
        (void)state;
        resume_with(damaged_decoder);
        expect_logged("segment=0 segments=2");
}

/* The first segment is damaged: all of it is written once more, from the decoder's beginning. */
static void torn_segments_are_written_again(void **state)
{
        (void)state;
        put_delta();
        world_start_engine(&world);
        run_to_log("apply-progress");
        world.slot[PERSONAL][1].bytes[5000] ^= 1;
        start();
        expect_state(ENGINE_STAGED);
        expect_logged("segment=1 segments=2");
        expect_logged("segment=0 segments=2");
}

/* Of the same image in larger pieces. */
static void more_pieces_than_there_are_begin_anew(void **state)
{
        struct maker_payload p = image_payload(newer_image, 2);

        (void)state;
        put_package(&p, 1, 1);
        world_start_engine(&world);
        run_to_log("apply-progress");
        world.engine->checkpoint.job.segments = 9;
        assert_int_equal(engine_save(world.engine), SG_OK);
        world_forget_log(&world);
        start();
        expect_state(ENGINE_STAGED);
        expect_logged("segment=0 segments=2");
        assert_int_equal(times_logged("apply-begin"), 1);
}

static void pieces_count_by_their_own_length(void **state)
{
        static const uint32_t chunks[] = {300u << 10, IMAGE_SIZE - (300u << 10)};
        struct maker_payload p = image_payload(newer_image, 2);

        (void)state;
        p.chunks = chunks;
        put_package(&p, 1, 1);
        start();
        expect_logged("apply-progress guest=personal done=307200 total=1228800");
}

static void progress_is_told_in_twenty_steps(void **state)
{
        struct progress p;

        (void)state;
        start();
        world_forget_log(&world);
        progress_begin(&p);
        for (uint64_t done = 1; done <= 1019; done++) {
                progress_tell(world.engine, &p, EVENT_APPLY_PROGRESS, "rt", done, 1019);
        }
        assert_int_equal(times_logged("apply-progress"), PROGRESS_STEPS + 2);
        expect_logged("done=1019 total=1019");
        assert_string_equal(engine_state_name(ENGINE_IDLE), "IDLE");
}

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
        staged();
        world_say(&world, PERSONAL, "ready");
        world_run(&world, STEPS);
        expect_state(ENGINE_TRIAL);
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
        staged();
        world_say(&world, PERSONAL, "ready");
        world_run(&world, STEPS);
        expect_state(ENGINE_TRIAL);
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
                ROW(a_read_error_ends_the_update_for_now),
                ROW(an_unreadable_header_is_an_error_of_the_disk),
                ROW(a_write_error_is_no_progress),
                ROW(another_package_ends_the_work_at_once),
                ROW(the_inbox_is_looked_at_when_it_changed),
                ROW(bytes_of_another_package_supersede),
                ROW(flipped_bytes_do_not_supersede),
                ROW(an_inbox_without_a_package_is_no_news),
                ROW(a_damaged_package_is_refused_unopened),
                ROW(what_could_not_be_read_is_looked_at_again),
                ROW(a_chunk_list_has_a_longest),
                ROW(a_forged_chunk_list_opens_no_slot),
                ROW(more_memory_than_the_arena_is_never_tried),
                ROW(bytes_behind_the_image_are_not_its_own),
                ROW(a_guest_that_is_not_here_hides_no_error),
                ROW(a_package_is_announced_once),
                ROW(a_forged_package_is_not_the_one_before),
                ROW(a_segment_that_is_done_is_not_written_again),
                ROW(a_checkpoint_that_does_not_hold_begins_anew),
                ROW(torn_segments_are_written_again),
                ROW(more_pieces_than_there_are_begin_anew),
                ROW(pieces_count_by_their_own_length),
                ROW(progress_is_told_in_twenty_steps),
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
