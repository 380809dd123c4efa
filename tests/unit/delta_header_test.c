/* SPDX-License-Identifier: Apache-2.0 */
/* The header of a patch: each row changes some of its numbers and makes the checksum right again.
 */
#include <zlib.h>

#include "delta/wire.h"
#include "tests/unit/delta_rig.h"

struct field {
        size_t at;
        uint32_t value;
};

static void headers(void **state)
{
        rig_seed(11);
        struct buffer from = rig_noise((1u << 20) + 50000), to = rig_edited(&from, 60);
        struct buffer patch = rig_plain(&from, &to);
        const struct dl_header good = rig_header(&patch);
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
                memcpy(head, patch.data, sizeof(head));
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
        free(from.data);
        free(to.data);
        free(patch.data);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(headers),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
