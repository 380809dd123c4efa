/* SPDX-License-Identifier: Apache-2.0 */
/* The frame of a patch: what the decoder says to each edit of it, to a base and to a checkpoint. */
#include <zlib.h>

#include "tests/unit/delta_frame_edits.h"

enum { CHECKPOINT_PATCH = 8, CHECKPOINT_SEGMENT = 12, CHECKPOINT_CRC = DL_CHECKPOINT_SIZE - 4 };

static struct dl_checkpoint checkpoint_of(const struct dl_header *h, uint32_t segment)
{
        struct dl_checkpoint c = {{0}};

        memcpy(c.bytes, "SGDLCKP1", 8);
        dl_put32(c.bytes + CHECKPOINT_PATCH, h->crc);
        dl_put32(c.bytes + CHECKPOINT_SEGMENT, segment);
        dl_put32(c.bytes + CHECKPOINT_CRC, (uint32_t)crc32(0, c.bytes, CHECKPOINT_CRC));
        return c;
}

/* Without the check of the patch's length that comes before it on a device; begun anew, or resumed
 * at the beginning. */
static sg_err apply(const struct made *m, void (*edit)(struct buffer *b), bool resumes)
{
        struct rig r = {.from = m->from, .to = m->to};
        struct dl_header h;
        bool done = false;
        struct dl *dl;

        r.patch = (struct buffer){.data = malloc(m->patch.size + 64), .size = m->patch.size};
        r.to.data = calloc(1, m->to.size);
        memcpy(r.patch.data, m->patch.data, m->patch.size);
        edit(&r.patch);
        const struct dl_ops ops = rig_ops(&r);
        sg_err e = dl_header_parse(r.patch.data, &h);
        struct guarded arena = guarded_take(h.arena_size, false);
        const struct dl_checkpoint c = checkpoint_of(&h, 0);
        if (!e)
                e = dl_open(&dl, &ops, &h, arena.memory, r.from.size, rig_from_digest,
                            resumes ? &c : NULL);
        while (!e && !done)
                e = dl_step(dl, &done);
        guarded_free(&arena);
        free(r.patch.data);
        free(r.to.data);
        return e;
}

static void expect(const struct made *m, const struct row *rows, size_t count)
{
        for (size_t i = 0; i < 2 * count; i++) {
                const struct row *row = &rows[i / 2];
                sg_err e = apply(m, row->edit, i % 2);
                if (e != row->expected)
                        fail_msg("%s: %d, not %d", row->what, (int)e, (int)row->expected);
        }
}

static void frames(void **state)
{
        static const struct row rows[] = {
                {"a count behind the checksum", count_behind_the_checksum, SG_E_DELTA_HEADER},
                {"a long section", section_longer_than_its_chunk, SG_E_DELTA_HEADER},
                {"a short section", section_shorter_than_its_chunk, SG_E_DELTA_HEADER},
                {"section 0", section_of_no_number, SG_E_DELTA_HEADER},
                {"a section beyond the last", section_beyond_the_last_number, SG_E_DELTA_HEADER},
                {"a section's checksum", section_with_another_checksum, SG_E_DELTA_MAP},
                {"a segment's checksum", segment_with_another_checksum, SG_E_DELTA_SEGMENT},
                {"a table that falls", table_that_falls, SG_E_DELTA_TABLE},
                {"a table that ends too early", table_that_ends_too_early, SG_E_DELTA_TABLE},
                {"a chunk that is too long", chunk_that_is_too_long, SG_E_DELTA_TABLE},
                {"a map that nothing tells of", map_that_nothing_tells_of, SG_E_DELTA_HEADER},
                {"lengths without an end", lengths_without_an_end, SG_E_DELTA_SEGMENT},
                {"lengths cut short", lengths_cut_short, SG_E_DELTA_SEGMENT},
                {"a length of five bytes", length_of_five_bytes, SG_OK},
                {"a length of six bytes", length_of_six_bytes, SG_E_DELTA_SEGMENT},
                {"lengths that wrap", lengths_that_wrap, SG_E_DELTA_SEGMENT},
                {"short streams", streams_shorter_than_their_chunk, SG_E_DELTA_SEGMENT},
                {"long streams", streams_longer_than_their_chunk, SG_E_DELTA_SEGMENT},
                {"a section with bytes to spare", section_with_bytes_to_spare, SG_E_DELTA_STREAM},
                {"a section that is not packed", section_that_is_not_packed, SG_E_DELTA_STREAM},
                {"a section that goes on", section_that_goes_on, SG_E_DELTA_STREAM},
                {"an arena without a core", arena_without_a_core, SG_E_DELTA_ARENA},
        };

        (void)state;
        expect(&resident, rows, sizeof(rows) / sizeof(rows[0]));
}

static void frames_of_streamed_copies(void **state)
{
        static const struct row rows[] = {
                {"a map that is not there", map_that_is_not_there, SG_E_DELTA_HEADER},
                {"long streams", streams_longer_than_their_chunk, SG_E_DELTA_SEGMENT},
        };

        (void)state;
        expect(&streamed, rows, sizeof(rows) / sizeof(rows[0]));
}

static sg_err open_with(const uint8_t digest[DL_DIGEST_SIZE], uint64_t size,
                        const struct dl_checkpoint *c, uint32_t *segment)
{
        struct rig r = {.patch = resident.patch, .from = resident.from};
        struct dl_ops ops = rig_ops(&r);
        struct dl_header h = rig_header(&resident.patch);
        struct guarded arena = guarded_take(h.arena_size, false);
        struct dl *dl;
        sg_err e = dl_open(&dl, &ops, &h, arena.memory, size, digest, c);

        if (e)
                assert_null(dl);
        else
                *segment = dl_segment(dl);
        guarded_free(&arena);
        return e;
}

static void another_base(void **state)
{
        struct rig r = {.patch = resident.patch, .from = resident.from};
        struct dl_ops ops = rig_ops(&r);
        struct dl_header h = rig_header(&resident.patch);
        uint8_t arena[DL_CORE_MEMORY];
        struct dl *dl = (struct dl *)(void *)arena;

        (void)state;
        assert_int_equal(
                dl_open(&dl, &ops, &h, arena, resident.from.size - 1, rig_from_digest, NULL),
                SG_E_DELTA_WRONG_BASE);
        assert_null(dl);
        assert_int_equal(dl_open(&dl, &ops, &h, arena, resident.from.size, rig_to_digest, NULL),
                         SG_E_DELTA_WRONG_BASE);
}

static void checkpoints(void **state)
{
        static const struct {
                size_t at;
                uint8_t flip;
                bool sealed;
        } rows[] = {
                {0, 1, true},
                {CHECKPOINT_PATCH, 1, true},
                {CHECKPOINT_SEGMENT, 2, true}, /* 3 of 2 */
                {CHECKPOINT_SEGMENT, 1, false},
                {CHECKPOINT_CRC, 1, false},
        };
        const struct dl_header h = rig_header(&resident.patch);
        const struct dl_checkpoint good = checkpoint_of(&h, 1);
        struct dl_checkpoint c;
        uint32_t segment = 0;

        (void)state;
        assert_int_equal(open_with(rig_from_digest, resident.from.size, &good, &segment), SG_OK);
        assert_int_equal(segment, 1);
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                c = good;
                c.bytes[rows[i].at] ^= rows[i].flip;
                if (rows[i].sealed)
                        dl_put32(c.bytes + CHECKPOINT_CRC,
                                 (uint32_t)crc32(0, c.bytes, CHECKPOINT_CRC));
                if (open_with(rig_from_digest, resident.from.size, &c, &segment) !=
                    SG_E_DELTA_CHECKPOINT)
                        fail_msg("row %zu", i);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(frames),
                cmocka_unit_test(frames_of_streamed_copies),
                cmocka_unit_test(another_base),
                cmocka_unit_test(checkpoints),
        };

        return cmocka_run_group_tests(tests, set_up, tear_down);
}
