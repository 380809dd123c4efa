/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers of a packed stream, one by one and as a column. */
#include "delta/stream.h"

#include "tests/unit/delta_packed.h"
#include "tests/unit/delta_rig.h"

/* These bytes as a number: as one, and as a column of one. */
static void expect(const char *bytes, size_t n, sg_err expected, uint32_t value)
{
        static _Alignas(DL_ARENA_ALIGN) uint8_t memory[DL_STREAM_MEMORY];
        struct bytes raw = {0};
        struct dl_stream s;

        bytes_add(&raw, bytes, n);
        bytes_deflate(&packed, &raw);
        assert_false(raw.failed || packed.failed);
        dl_stream_init(&s, &packed_ops, memory);
        for (int column = 0; column < 2; column++) {
                uint32_t v = 0;
                assert_int_equal(dl_stream_start(&s, 0, (uint32_t)packed.size), SG_OK);
                assert_int_equal(column ? dl_stream_column(&s, &v, 1, 1) : dl_stream_varint(&s, &v),
                                 expected);
                if (!expected) {
                        assert_int_equal(v, value);
                        assert_int_equal(dl_stream_finish(&s), SG_OK);
                }
        }
        bytes_free(&raw);
        bytes_free(&packed);
}

static void numbers(void **state)
{
        (void)state;
        expect("\x7f", 1, SG_OK, 127);
        expect("\x80\x01", 2, SG_OK, 128);
        expect("\x83\x80\x80\x80\0", 5, SG_OK, 3);
        expect("\xff\xff\xff\xff\x0f", 5, SG_OK, UINT32_MAX);
        expect("\x80\x80\x80\x80\x10", 5, SG_E_DELTA_STREAM, 0);
        expect("\x83\x80\x80\x80\x80\0", 6, SG_E_DELTA_STREAM, 0);
        expect("\x80", 1, SG_E_DELTA_STREAM, 0);
        expect("", 0, SG_E_DELTA_STREAM, 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(numbers),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
