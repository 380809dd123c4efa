/* SPDX-License-Identifier: Apache-2.0 */
/* What is told of a patch, whole, damaged, or out of reach. */
#include "tests/unit/delta_frame_edits.h"

static sg_err info_of(void (*edit)(struct buffer *b), struct dl_info *info)
{
        struct rig r = {
                .patch = {.data = malloc(resident.patch.size + 64), .size = resident.patch.size}};
        const struct dl_ops ops = rig_ops(&r);

        memcpy(r.patch.data, resident.patch.data, resident.patch.size);
        edit(&r.patch);
        const struct dl_header h = rig_header(&r.patch);
        sg_err e = dl_info(&ops, &h, info);
        free(r.patch.data);
        return e;
}

static void note(struct buffer *b)
{
        header(b, DL_H_FLAGS)[0] |= DL_F_NO_BTF;
        seal_header(b);
}

static void information(void **state)
{
        struct dl_info info;

        (void)state;
        assert_int_equal(info_of(note, &info), SG_OK);
        assert_int_equal(info.notes, 1);
        assert_non_null(strstr(info.note[0], "BTF"));
}

/* More than any encoder has reasons for. */
static void every_note(struct buffer *b)
{
        dl_put32(header(b, DL_H_FLAGS), DL_F_KNOWN);
        seal_header(b);
}

static void as_many_notes_as_there_is_room_for(void **state)
{
        struct dl_info info;

        (void)state;
        assert_int_equal(info_of(every_note, &info), SG_OK);
        assert_int_equal(info.notes, DL_INFO_NOTES);
        assert_non_null(strstr(info.note[0], "BTF"));
        assert_non_null(strstr(info.note[DL_INFO_NOTES - 1], "kallsyms"));
}

/* What a decoder refuses before it unpacks anything. */
static void information_of_damaged_patches(void **state)
{
        static const struct row rows[] = {
                {"a count behind the checksum", count_behind_the_checksum, SG_E_DELTA_HEADER},
                {"section 0", section_of_no_number, SG_E_DELTA_HEADER},
                {"a section beyond the last", section_beyond_the_last_number, SG_E_DELTA_HEADER},
                {"a section's checksum", section_with_another_checksum, SG_E_DELTA_MAP},
                {"a segment's checksum", segment_with_another_checksum, SG_E_DELTA_SEGMENT},
                {"a map that nothing tells of", map_that_nothing_tells_of, SG_E_DELTA_HEADER},
                {"a table that falls", table_that_falls, SG_E_DELTA_TABLE},
                {"a table that ends too early", table_that_ends_too_early, SG_E_DELTA_TABLE},
                {"lengths without an end", lengths_without_an_end, SG_E_DELTA_SEGMENT},
                {"lengths cut short", lengths_cut_short, SG_E_DELTA_SEGMENT},
                {"a length of six bytes", length_of_six_bytes, SG_E_DELTA_SEGMENT},
                {"lengths that wrap", lengths_that_wrap, SG_E_DELTA_SEGMENT},
                {"short streams", streams_shorter_than_their_chunk, SG_E_DELTA_SEGMENT},
                {"long streams", streams_longer_than_their_chunk, SG_E_DELTA_SEGMENT},
                {"an arena without a core", arena_without_a_core, SG_E_DELTA_ARENA},
                {"an arena of another size", arena_with_more, SG_E_DELTA_ARENA},
        };

        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct dl_info info;
                sg_err e = info_of(rows[i].edit, &info);
                if (e != rows[i].expected)
                        fail_msg("%s: %d, not %d", rows[i].what, (int)e, (int)rows[i].expected);
        }
}

/* The patch, until a read of it fails. */
struct failing {
        const struct buffer *patch;
        unsigned reads; /* before the one that fails */
};

static sg_err failing_read(void *ctx, uint64_t offset, void *data, size_t length)
{
        struct failing *f = ctx;

        if (f->reads-- == 0)
                return SG_E_IO;
        assert_true(offset + length <= f->patch->size);
        memcpy(data, f->patch->data + offset, length);
        return SG_OK;
}

static sg_err info_with_reads(unsigned reads, unsigned *left)
{
        const struct dl_header h = rig_header(&resident.patch);
        struct failing f = {&resident.patch, reads};
        const struct dl_ops ops = {.ctx = &f, .patch_read = failing_read};
        struct dl_info info;
        sg_err e = dl_info(&ops, &h, &info);

        *left = f.reads;
        return e;
}

static void information_of_what_cannot_be_read(void **state)
{
        unsigned left;

        (void)state;
        assert_int_equal(info_with_reads(1000, &left), SG_OK);
        for (unsigned i = 0, reads = 1000 - left; i < reads; i++)
                assert_int_equal(info_with_reads(i, &left), SG_E_IO);
}

static void check_sum(const struct buffer *patch)
{
        struct dl_info info = rig_info(patch);
        uint64_t sum = 0;

        for (uint32_t i = 0; i < info.rows; i++)
                sum += info.row[i].bytes;
        assert_int_equal(sum, patch->size);
}

static void information_adds_up(void **state)
{
        struct buffer same = rig_plain(&resident.from, &resident.from);

        (void)state;
        assert_int_equal(rig_header(&same).table_size, 0);
        check_sum(&same);
        check_sum(&resident.patch);
        check_sum(&streamed.patch);
        free(same.data);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(information),
                cmocka_unit_test(as_many_notes_as_there_is_room_for),
                cmocka_unit_test(information_of_damaged_patches),
                cmocka_unit_test(information_of_what_cannot_be_read),
                cmocka_unit_test(information_adds_up),
        };

        return cmocka_run_group_tests(tests, set_up, tear_down);
}
