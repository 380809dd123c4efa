/* SPDX-License-Identifier: Apache-2.0 */
/* Patches made by hand, of which a read ends in the midst of a number, and the next one fails. */
#include "delta/copy_code.h"
#include "tests/unit/delta_faults.h"
#include "tests/unit/delta_hand.h"

static struct hand hand;

static void check(const struct buffer *from, const struct buffer *to)
{
        struct buffer patch = hand_end(&hand);

        expect_errors_end_it(&patch, from, to, PATCH, 1);
        free(patch.data);
}

#define COPIES 3000u
#define SKIPS  64u

/* The i-th copy, a byte, and the literals before it: there is no shorter way to it round the image.
 */
static struct dl_copy next_copy(const struct dl_copy *last)
{
        uint32_t end = last->from + last->length;

        return (struct dl_copy){.to = last->to + last->length + rig_random() % SKIPS,
                                .from = end / 2 + rig_random() % (COPIES / 2),
                                .length = 1};
}

static void tell_copies(const struct buffer *to)
{
        struct bytes *copies = hand_stream(&hand, DL_COPIES);
        struct dl_copy last = {0, 0, 0};

        rig_seed(8);
        bytes_varint(copies, COPIES);
        for (uint32_t i = 0; i < COPIES; i++) {
                struct dl_copy c = next_copy(&last);
                uint32_t start = last.to + last.length, end = last.from + last.length;
                bytes_varint(copies, c.to - start);
                bytes_varint(copies, 1);
                bytes_varint(copies, dl_zigzag((int32_t)c.from - (int32_t)end));
                bytes_add(hand_stream(&hand, DL_LITERALS), to->data + start, c.to - start);
                last = c;
        }
}

/* Copies in more than two buffers of bits. */
static void copies_of_a_stream(void **state)
{
        struct buffer from = rig_noise(COPIES), to = rig_noise(COPIES * SKIPS);
        struct dl_copy c = {0, 0, 0};

        (void)state;
        rig_seed(8);
        for (uint32_t i = 0; i < COPIES; i++) {
                c = next_copy(&c);
                to.data[c.to] = from.data[c.from];
        }
        to.size = c.to + 1;
        hand_begin(&hand, from.size, to.size, 0);
        tell_copies(&to);
        struct buffer patch = hand_end(&hand);
        assert_true(patch.size > to.size - COPIES + 2 * DL_STREAM_BUFFER);
        expect_errors_end_it(&patch, &from, &to, PATCH, 1);
        free(patch.data);
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
