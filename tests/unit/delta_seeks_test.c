/* SPDX-License-Identifier: Apache-2.0 */
/* Seeks of five bytes, the last two of which stand in one stream. */
#include <sys/mman.h>

#include "tests/unit/delta_columns.h"
#include "tests/unit/delta_tamper.h"

#define PIECES   8u
#define PIECE    500u
#define SIZE     (PIECES * PIECE)
#define DISTANCE (1u << 28) /* its zigzag number has 30 bits */

static struct buffer from, to, patch;
static struct patch_parts parts;

/* Pieces of noise, the last one first: a seek before each of them. */
static int set_up(void **state)
{
        (void)state;
        rig_seed(9);
        from = rig_noise(SIZE);
        for (uint32_t i = PIECES; i-- > 0;)
                rig_append(&to, from.data + (size_t)i * PIECE, PIECE);
        assert_int_equal(rig_try_encode(&from, &to, true, DL_CHUNK_MAX, &patch), SG_OK);
        return 0;
}

static int tear_down(void **state)
{
        (void)state;
        free(from.data);
        free(to.data);
        free(patch.data);
        return 0;
}

/* The first seek again, in five bytes of which the last is this one. */
static void in_five_bytes(struct patch_parts *p, uint8_t last)
{
        struct patch_part *others = &p->stream[0][DL_SEEKS_LAST];

        put_seek_at(p, 0, 0, seek_at(p, 0, 0) | 1u << 28);
        assert_int_equal(others->bytes[1], 1);
        others->bytes[1] = last;
}

/* Zeros in front of a number change nothing. */
static void a_small_one(void **state)
{
        static uint8_t bytes[65536];
        struct buffer padded = {.data = bytes};

        (void)state;
        assert_true(patch_parts_read(&parts, patch.data, patch.size));
        in_five_bytes(&parts, 0);
        padded.size = patch_parts_write(&parts, bytes, sizeof(bytes));
        rig_check(&padded, &from, &to);
}

static void of_more_than_32_bits(struct patch_parts *p)
{
        in_five_bytes(p, 16);
}

static void of_six_bytes(struct patch_parts *p)
{
        in_five_bytes(p, 128);
}

static void without_its_fifth_byte(struct patch_parts *p)
{
        struct patch_part *others = &p->stream[0][DL_SEEKS_LAST];

        in_five_bytes(p, 0);
        others->size = 1;
}

static void with_a_byte_to_spare(struct patch_parts *p)
{
        p->stream[0][DL_SEEKS_LAST].size++;
}

static void to_the_farthest(struct patch_parts *p)
{
        put_seek_at(p, 0, 0, dl_zigzag(INT32_MAX));
}

static void before_everything(struct patch_parts *p)
{
        put_seek_at(p, 0, 0, dl_zigzag(INT32_MIN));
}

/* As far behind the old image as it would be by 32 bits at the right place again. */
static void around_by_half(struct patch_parts *p)
{
        put_seek_at(p, 0, 0, seek_at(p, 0, 0) ^ 1u << 31);
}

static void bad_ones(void **state)
{
        static const struct tampering rows[] = {
                {"of more than 32 bits", of_more_than_32_bits, SG_E_DELTA_STREAM},
                {"of six bytes", of_six_bytes, SG_E_DELTA_STREAM},
                {"without its fifth byte", without_its_fifth_byte, SG_E_DELTA_STREAM},
                {"with a byte to spare", with_a_byte_to_spare, SG_E_DELTA_STREAM},
                {"to the farthest", to_the_farthest, SG_E_DELTA_MAP},
                {"before everything", before_everything, SG_E_DELTA_MAP},
                {"2^30 further", around_by_half, SG_E_DELTA_MAP},
        };

        (void)state;
        expect_refused(&patch, &from, SIZE, rows, sizeof(rows) / sizeof(rows[0]));
}

/*
 * An old image of 256 MiB, and some, of which the patch's first piece is at the end and all others
 * are at the beginning: a seek to there, and one back.
 */
static void far_ones(void **state)
{
        static uint8_t bytes[65536];
        struct buffer apart = {.data = bytes}, far = {.size = DISTANCE + SIZE};

        (void)state;
        far.data = mmap(NULL, far.size, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        assert_ptr_not_equal(far.data, MAP_FAILED);
        memcpy(far.data, from.data, SIZE - PIECE);
        memcpy(far.data + far.size - PIECE, from.data + SIZE - PIECE, PIECE);
        assert_true(patch_parts_read(&parts, patch.data, patch.size));
        dl_put64(parts.header + DL_H_FROM_SIZE, far.size);
        put_seek_at(&parts, 0, 0, seek_at(&parts, 0, 0) + 2 * DISTANCE);
        put_seek_at(&parts, 0, 1, seek_at(&parts, 0, 1) + 2 * DISTANCE); /* that one is negative */
        assert_int_equal(parts.stream[0][DL_SEEKS_LAST].size, 4);
        apart.size = patch_parts_write(&parts, bytes, sizeof(bytes));
        rig_check(&apart, &far, &to);
        munmap(far.data, far.size);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_small_one),
                cmocka_unit_test(bad_ones),
                cmocka_unit_test(far_ones),
        };

        return cmocka_run_group_tests(tests, set_up, tear_down);
}
