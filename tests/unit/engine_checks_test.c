/* SPDX-License-Identifier: Apache-2.0 */
/* The engine's checks that only a fault of the disk or an exchanged inbox reaches: each row is told
 * apart from what would happen without the check. Those of what hv answers: engine_answers_test.c.
 */
#include "tests/unit/engine_fixture.h"
#include "updater/engine_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

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

/* --- the disk --- */

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
        };

        return cmocka_run_group_tests(tests, make_all, free_all);
}
