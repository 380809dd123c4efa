/* SPDX-License-Identifier: Apache-2.0 */
/* Patches made by hand, of which a read ends in the midst of a number, and the next one fails. */
#include "tests/unit/delta_faults.h"
#include "tests/unit/delta_hand.h"

static struct hand hand;

static void check(const struct buffer *from, const struct buffer *to)
{
        struct buffer patch = hand_end(&hand);

        expect_errors_end_it(&patch, from, to, PATCH, 1);
        free(patch.data);
}

/* Copies in more than one buffer of bits. */
static void copies_of_a_stream(void **state)
{
        enum { COPIES = 300, SKIP = 128 };
        struct buffer from = rig_noise(COPIES), to = {0};

        (void)state;
        for (uint32_t i = 0; i < COPIES; i++) {
                struct buffer skipped = rig_noise(SKIP);
                rig_append(&to, skipped.data, SKIP);
                rig_append(&to, from.data + i, 1);
                free(skipped.data);
        }
        hand_begin(&hand, from.size, to.size, 0);
        struct bytes *copies = hand_stream(&hand, DL_COPIES);
        bytes_varint(copies, COPIES);
        for (uint32_t i = 0; i < COPIES; i++) {
                bytes_varint(copies, SKIP);
                bytes_varint(copies, 1);
                bytes_varint(copies, 0);
                bytes_add(hand_stream(&hand, DL_LITERALS), to.data + (size_t)i * (SKIP + 1), SKIP);
        }
        check(&from, &to);
        free(from.data);
        free(to.data);
}

/* Programs of a row, whose numbers begin by `shift` bytes later: some of them by a padded varint.
 */
static void make_programs(uint32_t size, uint32_t shift)
{
        enum { PROGRAMS = 100 };
        const uint32_t counts[DL_COUNTS] = {PROGRAMS, PROGRAMS};
        struct bytes *b;

        hand_begin(&hand, size, size, DL_F_RESIDENT);
        hand_copy(&hand, 0, 0, size);
        b = hand_section(&hand, DL_S_PROGRAM, counts);
        for (uint32_t i = 0; i < PROGRAMS; i++) {
                bytes_varint(b, 1);
                for (uint32_t k = 0; k < 4; k++)
                        bytes_word(b, 0);
                bytes_varint(b, 0);
                bytes_varint(b, 0);
        }
        for (uint32_t i = 0; i < PROGRAMS; i++) {
                for (uint32_t k = 0; i == 0 && k < shift; k++)
                        bytes_byte(b, 128);
                for (uint32_t k = 0; k < 2; k++) {
                        bytes_varint(b, 0);
                        bytes_varint(b, 16);
                        bytes_varint(b, 0);
                        bytes_varint(b, 0);
                }
        }
}

static void rows_of_programs(void **state)
{
        struct buffer image = rig_noise(4096);

        (void)state;
        for (uint32_t shift = 0; shift < 4; shift++) {
                make_programs(4096, shift);
                check(&image, &image);
        }
        free(image.data);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(copies_of_a_stream),
                cmocka_unit_test(rows_of_programs),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
