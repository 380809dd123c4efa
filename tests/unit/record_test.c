// SPDX-License-Identifier: Apache-2.0
/* Each field of a boot-state record that is looked at, wrong, behind a sum that is right. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <segue/bytes.h>

#include "bootflow/crc32.h"
#include "bootflow/record.h"

enum { FORMAT = 4, VM = 6, GUESTS = 20, STATE_0 = 60, CRC = 188 };

static void make(uint8_t entry[BF_ENTRY_SIZE])
{
        struct bf_record r = {.sequence = 1, .generation = 1, .guests = 0x86, .vm = 2};
        const struct bf_image_id a = {.counter = 5, .digest = {0xaa}};

        assert_int_equal(bf_provision(&r.guest, &a, NULL), SG_OK);
        bf_record_encode(&r, entry);
}

static enum bf_entry decode_summed(uint8_t entry[BF_ENTRY_SIZE])
{
        struct bf_record r;

        put_le32(entry + CRC, bf_crc32(entry, CRC));
        for (size_t i = 0; i < BF_SEALS; i++)
                memcpy(entry + BF_BODY_SIZE + i * BF_SEAL_SIZE + 4, entry + CRC, 4);
        return bf_record_decode(entry, &r);
}

static void refuses_a_body(void **state)
{
        static const struct {
                uint32_t at;
                uint8_t value;
                enum bf_entry kind;
        } rows[] = {
                {0, 'S', BF_ENTRY_SETTLED},
                {0, 'X', BF_ENTRY_BROKEN},
                {FORMAT, 0, BF_ENTRY_BROKEN},
                {FORMAT, BF_FORMAT + 1, BF_ENTRY_LATER},
                {VM, 1, BF_ENTRY_SETTLED},
                {VM, 3, BF_ENTRY_BROKEN},
                {VM, BF_GUESTS_MAX, BF_ENTRY_BROKEN},
                {VM, 34, BF_ENTRY_BROKEN},
                {GUESTS + 1, 1, BF_ENTRY_BROKEN},
                {STATE_0, BF_FAILED + 1, BF_ENTRY_BROKEN},
        };

        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                uint8_t entry[BF_ENTRY_SIZE];

                make(entry);
                entry[rows[i].at] = rows[i].value;
                assert_int_equal(decode_summed(entry), rows[i].kind);
        }
}

static void a_wrong_sum_is_no_record(void **state)
{
        uint8_t entry[BF_ENTRY_SIZE];
        struct bf_record r;

        (void)state;
        make(entry);
        entry[CRC - 1] ^= 1;
        assert_int_equal(bf_record_decode(entry, &r), BF_ENTRY_BROKEN);
}

/* Its magic, the body's sum, or a zero of it: each seal counts whole. */
static void a_seal_counts_whole(void **state)
{
        static const uint32_t at[] = {0, 4, 8, BF_SEAL_SIZE - 1};

        (void)state;
        for (size_t i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
                uint8_t entry[BF_ENTRY_SIZE];
                struct bf_record r;

                make(entry);
                entry[BF_BODY_SIZE + BF_SEAL_SIZE + at[i]] ^= 1;
                assert_int_equal(bf_record_decode(entry, &r), BF_ENTRY_SEALED);
                make(entry);
                entry[BF_BODY_SIZE + at[i]] ^= 1;
                assert_int_equal(bf_record_decode(entry, &r), BF_ENTRY_UNSEALED);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(refuses_a_body),
                cmocka_unit_test(a_wrong_sum_is_no_record),
                cmocka_unit_test(a_seal_counts_whole),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
