/* SPDX-License-Identifier: Apache-2.0 */
/* The header of a patch, and where its chunks lie by the header and the table. */
#include <zlib.h>

#include "tests/unit/delta_frame_edits.h"

struct field {
        size_t at;
        uint32_t value;
};

/* Each row changes some of its numbers and makes the checksum right again. */
static void headers(void **state)
{
        const struct dl_header good = rig_header(&resident.patch);
        const uint32_t total = (uint32_t)good.patch_size, chunk0 = good.chunk0_size;
        const uint32_t fixed = DL_HEADER_SIZE + good.section_count * DL_D_SIZE + 2 * DL_T_SIZE;
        const struct {
                struct field edit[5]; /* of value 0 at 0: none */
                sg_err expected;
        } rows[] = {
                {{{0, 0}}, SG_OK},
                {{{DL_H_MAGIC, 1}}, SG_E_DELTA_MAGIC},
                {{{DL_H_VERSION, 99}}, SG_E_DELTA_VERSION},
                {{{DL_H_FLAGS, 0x80000000u}}, SG_E_DELTA_VERSION},
                {{{DL_H_CODEC, 77}}, SG_E_DELTA_CODEC},
                {{{DL_H_RESERVED, 1}}, SG_E_DELTA_HEADER},
                {{{DL_H_BODY_CRC - 4, 1u << 31}}, SG_E_DELTA_HEADER},
                {{{DL_H_FROM_SIZE, DL_IMAGE_MAX}}, SG_OK},
                {{{DL_H_FROM_SIZE, DL_IMAGE_MAX + 1u}}, SG_E_DELTA_HEADER},
                {{{DL_H_FROM_SIZE + 4, 1}}, SG_E_DELTA_HEADER},
                {{{DL_H_TO_SIZE + 4, 1}}, SG_E_DELTA_HEADER},
                {{{DL_H_TO_SIZE, DL_IMAGE_MAX},
                  {DL_H_SEGMENT_COUNT, 2048},
                  {DL_H_TABLE_SIZE, 2048 * DL_T_SIZE},
                  {DL_H_CHUNK0_SIZE, 20000},
                  {DL_H_PATCH_SIZE, 20000}},
                 SG_OK},
                {{{DL_H_TO_SIZE, DL_IMAGE_MAX + 1u},
                  {DL_H_SEGMENT_COUNT, 2048},
                  {DL_H_TABLE_SIZE, 2048 * DL_T_SIZE},
                  {DL_H_CHUNK0_SIZE, 20000},
                  {DL_H_PATCH_SIZE, 20000}},
                 SG_E_DELTA_HEADER},
                {{{DL_H_SEGMENT_COUNT, 1}, {DL_H_TABLE_SIZE, DL_T_SIZE}}, SG_E_DELTA_HEADER},
                {{{DL_H_SECTION_COUNT, DL_SECTIONS_MAX + 1}}, SG_E_DELTA_HEADER},
                {{{DL_H_TABLE_SIZE, 3 * DL_T_SIZE}}, SG_E_DELTA_HEADER},
                {{{DL_H_TABLE_SIZE, 0}}, SG_E_DELTA_HEADER},
                {{{DL_H_TABLE_SIZE, 0}, {DL_H_PATCH_SIZE, chunk0}}, SG_OK},
                {{{DL_H_CHUNK0_SIZE, fixed}}, SG_OK},
                {{{DL_H_CHUNK0_SIZE, fixed - 1}}, SG_E_DELTA_HEADER},
                {{{DL_H_CHUNK0_SIZE, DL_CHUNK_MAX}, {DL_H_PATCH_SIZE, DL_CHUNK_MAX + 9}}, SG_OK},
                {{{DL_H_CHUNK0_SIZE, DL_CHUNK_MAX + 1}, {DL_H_PATCH_SIZE, DL_CHUNK_MAX + 9}},
                 SG_E_DELTA_HEADER},
                {{{DL_H_PATCH_SIZE, chunk0 - 1}}, SG_E_DELTA_HEADER},
                {{{DL_H_PATCH_SIZE, chunk0 + 2 * DL_CHUNK_MAX}}, SG_OK},
                {{{DL_H_PATCH_SIZE, chunk0 + 2 * DL_CHUNK_MAX + 1}}, SG_E_DELTA_HEADER},
                {{{DL_H_PATCH_SIZE, total}, {DL_H_PATCH_SIZE + 4, 1}}, SG_E_DELTA_HEADER},
                {{{DL_H_ARENA_SIZE, 0xfffffff0u}}, SG_OK},
                {{{DL_H_ARENA_SIZE, 0xfffffff1u}}, SG_E_DELTA_HEADER},
                {{{DL_H_ARENA_SIZE, 0xffffffffu}}, SG_E_DELTA_HEADER},
                {{{DL_H_ARENA_SIZE, good.arena_size + 8}}, SG_E_DELTA_HEADER},
        };

        (void)state;
        assert_int_equal(good.segment_count, 2);
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct dl_header h;
                uint8_t head[DL_HEADER_SIZE];
                memcpy(head, resident.patch.data, sizeof(head));
                for (unsigned k = 0; k < 5; k++) {
                        if (rows[i].edit[k].at != 0 || rows[i].edit[k].value != 0)
                                dl_put32(head + rows[i].edit[k].at, rows[i].edit[k].value);
                }
                dl_put32(head + DL_H_CRC, (uint32_t)crc32(0, head, DL_H_CRC));
                sg_err e = dl_header_parse(head, &h);
                if (e != rows[i].expected)
                        fail_msg("row %zu: %d, not %d", i, (int)e, (int)rows[i].expected);
                head[DL_H_CRC] ^= 1;
                if (rows[i].expected == SG_OK)
                        assert_int_equal(dl_header_parse(head, &h), SG_E_DELTA_HEADER);
        }
}

/* As the table tells it, which no checksum was asked about. */
static sg_err chunk_of(uint32_t first_end, uint32_t second_end, uint32_t chunk)
{
        struct rig r = {.patch = resident.patch};
        struct dl_ops ops = rig_ops(&r);
        struct dl_header h = rig_header(&resident.patch);
        uint64_t offset;
        uint32_t length;

        r.patch.data = malloc(r.patch.size);
        memcpy(r.patch.data, resident.patch.data, r.patch.size);
        dl_put32(table(&r.patch, 0) + DL_T_END, first_end);
        dl_put32(table(&r.patch, 1) + DL_T_END, second_end);
        h.patch_size = h.chunk0_size + 2ull * DL_CHUNK_MAX;
        sg_err e = dl_chunk(&ops, &h, chunk, &offset, &length);
        free(r.patch.data);
        return e;
}

static void chunks(void **state)
{
        (void)state;
        assert_int_equal(chunk_of(10, 30, 2), SG_OK);
        assert_int_equal(chunk_of(30, 10, 2), SG_E_DELTA_TABLE);
        assert_int_equal(chunk_of(10, 10 + DL_CHUNK_MAX, 2), SG_OK);
        assert_int_equal(chunk_of(10, 11 + DL_CHUNK_MAX, 2), SG_E_DELTA_TABLE);
        assert_int_equal(chunk_of(2 * DL_CHUNK_MAX - 1, 2 * DL_CHUNK_MAX, 2), SG_OK);
        assert_int_equal(chunk_of(2 * DL_CHUNK_MAX, 2 * DL_CHUNK_MAX + 1, 2), SG_E_DELTA_TABLE);
}

static sg_err unreadable(void *ctx, uint64_t offset, void *data, size_t length)
{
        (void)ctx;
        (void)offset;
        (void)data;
        (void)length;
        return SG_E_IO;
}

static void chunks_without_a_table(void **state)
{
        const struct dl_ops ops = {.patch_read = unreadable};
        struct dl_header h = rig_header(&resident.patch);
        uint64_t offset;
        uint32_t length;

        (void)state;
        assert_int_equal(dl_chunk(&ops, &h, 1, &offset, &length), SG_E_IO);
        assert_int_equal(dl_chunk(&ops, &h, 2, &offset, &length), SG_E_IO);
        h.table_size = 0;
        assert_int_equal(dl_chunk(&ops, &h, 1, &offset, &length), SG_OK);
        assert_int_equal(offset, h.chunk0_size);
        assert_int_equal(length, 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(headers),
                cmocka_unit_test(chunks),
                cmocka_unit_test(chunks_without_a_table),
        };

        return cmocka_run_group_tests(tests, set_up, tear_down);
}
