/* SPDX-License-Identifier: Apache-2.0 */
/* Copies as bits by odds: what each number means, and written, read again, the same in every build.
 */
#include <zlib.h>

#include "delta/create/encoder.h"
#include "tests/unit/delta_packed.h"
#include "tests/unit/delta_rig.h"

#define FROM_SIZE 200u
#define LIMIT     1000u

/* Tells the bits of varints, the highest of each byte first. */
struct script {
        struct coder coder;
        struct bytes told;
        size_t bit;
};

static bool next_bit(struct coder *c, uint32_t one, bool unused)
{
        struct script *s = (struct script *)c;

        (void)one;
        (void)unused;
        assert_true(s->bit < 8 * s->told.size);
        bool bit = (s->told.data[s->bit / 8] >> (7 - s->bit % 8) & 1) != 0;
        s->bit++;
        return bit;
}

static struct copy_code code;

static uint32_t back(uint32_t bytes)
{
        return FROM_SIZE + bytes;
}

/* Behind a copy of [20, 50) to [50, 80). */
static void one_copy(void **state)
{
        const struct {
                uint32_t skip, length, place;
                sg_err expected;
                struct dl_copy copy;
        } rows[] = {
                {0, 1, 0, SG_OK, {80, 50, 1}},
                {5, 15, dl_zigzag(25), SG_OK, {85, 75, 15}},
                {0, 150, 0, SG_OK, {80, 50, 150}},
                {0, 151, 0, SG_E_DELTA_MAP, {0}},
                {0, 50, dl_zigzag(-50), SG_OK, {80, 0, 50}},
                {0, 50, dl_zigzag(100), SG_OK, {80, 150, 50}},
                {0, 51, dl_zigzag(100), SG_E_DELTA_MAP, {0}},
                {0, 1, dl_zigzag(-51), SG_OK, {80, 199, 1}}, /* round the old image */
                {0, 2, dl_zigzag(-51), SG_E_DELTA_MAP, {0}},
                {0, 0, 0, SG_E_DELTA_MAP, {0}},
                {0, LIMIT, 0, SG_E_DELTA_MAP, {0}},
                {LIMIT - 81, 1, 0, SG_OK, {LIMIT - 1, 50, 1}},
                {LIMIT - 80, 1, 0, SG_E_DELTA_MAP, {0}},
                {UINT32_MAX, 1, 0, SG_E_DELTA_MAP, {0}},
                {0, UINT32_MAX, 0, SG_E_DELTA_MAP, {0}},
                {0, 100, back(1), SG_OK, {80, FROM_SIZE + 79, 100}},
                {20, 100, back(100), SG_OK, {100, FROM_SIZE, 100}},
                {20, 100, back(101), SG_E_DELTA_MAP, {0}},
                {0, 1, UINT32_MAX, SG_E_DELTA_MAP, {0}},
        };

        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct script s = {.coder = {next_bit}};
                struct dl_copy copy = {0, 0, 0};
                const uint32_t told[] = {
                        10, 30, dl_zigzag(20), rows[i].skip, rows[i].length, rows[i].place};
                for (size_t k = 0; k < sizeof(told) / sizeof(told[0]); k++)
                        bytes_varint(&s.told, told[k]);
                copy_code_start(&code, FROM_SIZE, 40);
                assert_int_equal(copy_code_next(&code, &s.coder, &copy, LIMIT), SG_OK);
                sg_err e = copy_code_next(&code, &s.coder, &copy, LIMIT);
                if (e != rows[i].expected)
                        fail_msg("row %zu: %d", i, (int)e);
                if (!e)
                        assert_memory_equal(&copy, &rows[i].copy, sizeof(copy));
                bytes_free(&s.told);
        }
}

static sg_err told_as(const char *varints, size_t size, uint32_t from_size, struct dl_copy *copy)
{
        struct script s = {.coder = {next_bit}};

        bytes_add(&s.told, varints, size);
        copy_code_start(&code, from_size, 0);
        sg_err e = copy_code_next(&code, &s.coder, copy, LIMIT);
        bytes_free(&s.told);
        return e;
}

static void numbers(void **state)
{
        struct dl_copy copy = {0, 0, 0};

        (void)state;
        assert_int_equal(told_as("\x83\x80\x80\x80\0\x04\x06", 7, FROM_SIZE, &copy), SG_OK);
        assert_int_equal(copy.to, 3);
        assert_int_equal(copy.length, 4);
        assert_int_equal(copy.from, 3);
        assert_int_equal(told_as("\x80\x80\x80\x80\x10", 5, FROM_SIZE, &copy), SG_E_DELTA_MAP);
        assert_int_equal(told_as("\x80\x80\x80\x80\x80", 5, FROM_SIZE, &copy), SG_E_DELTA_MAP);
        assert_int_equal(told_as("\0\x01\0", 3, 0, &copy), SG_E_DELTA_MAP);
        /* One that is too long is not the last copy's, either. */
        copy = (struct dl_copy){3, 3, 4};
        assert_int_equal(told_as("\0\x80\x80\x80\x80\x10\0", 7, FROM_SIZE, &copy), SG_E_DELTA_MAP);
        copy = (struct dl_copy){3, 3, 4};
        assert_int_equal(told_as("\0\x04\x80\x80\x80\x80\x10", 7, FROM_SIZE, &copy),
                         SG_E_DELTA_MAP);
}

static struct copies all;

static struct copy_reader *reader_of(uint32_t size, uint32_t from_size, uint32_t to)
{
        static struct copy_reader r;

        assert_int_equal(copy_reader_start(&r, &packed_ops, 0, size, from_size, to),
                         packed_broken ? SG_E_IO : SG_OK);
        return &r;
}

static void pack(uint32_t from_size, uint32_t to)
{
        bytes_free(&packed);
        pack_copies(&packed, &all, from_size, to);
        assert_false(packed.failed);
}

/* Reads them all; how many are what was packed. */
static uint32_t read_all(struct copy_reader *r)
{
        struct dl_copy copy = {0, 0, 0};
        uint32_t right = 0;

        for (uint32_t i = 0; i < all.count && r->left > 0; i++) {
                if (copy_reader_next(r, &copy, UINT32_MAX) != SG_OK)
                        break;
                right += memcmp(&copy, &all.list[i], sizeof(copy)) == 0;
        }
        return right;
}

static void expect_read(uint32_t from_size, uint32_t to)
{
        pack(from_size, to);
        struct copy_reader *r = reader_of((uint32_t)packed.size, from_size, to);
        assert_int_equal(r->left, all.count);
        assert_int_equal(read_all(r), all.count);
        assert_int_equal(copy_reader_finish(r), SG_OK);
        copies_free(&all);
}

static void add(uint32_t to, uint32_t from, uint32_t length)
{
        assert_int_equal(copies_add(&all, to, from, length), SG_OK);
}

/* From as far away as can be, either way, in the largest image. */
static void the_farthest(void **state)
{
        static const uint32_t places[] = {
                0,        DL_IMAGE_MAX - 1, 1u << 30, (1u << 30) - 1, 1u << 29, 0,
                3u << 29, DL_IMAGE_MAX - 2, 1,        1u << 30};

        (void)state;
        for (uint32_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
                add(i, places[i], 1);
        add(DL_IMAGE_MAX - 1, DL_IMAGE_MAX, 1); /* an echo of the output's first byte */
        expect_read(DL_IMAGE_MAX, 0);
        add(7, 0, 1);
        add(8, 1 + 7, 3);
        expect_read(1, 7);
        add(1, 0, 2);
        expect_read(0, 0);
        expect_read(0, 0); /* none */
}

#define COPIES 3000u
#define SIZE   100000u

/* Near and far, of any length, some of them echoes. */
static void random_copies(uint32_t to)
{
        rig_seed(5);
        for (uint32_t i = 0; i < COPIES; i++) {
                uint32_t length = 1 + rig_random() % (i % 7 ? 40 : 3000);
                uint32_t from = rig_random() % (SIZE - length);
                if (i % 50 == 49)
                        from = SIZE + rig_random() % to;
                else if (i % 5 == 0)
                        from = to % (SIZE - length);
                to += rig_random() % (i % 3 ? 1 : 500);
                add(to, from, length);
                to += length;
        }
}

static void what_is_written_is_read(void **state)
{
        (void)state;
        random_copies(5000);
        expect_read(SIZE, 5000);
}

static void the_bytes_are_frozen(void **state)
{
        (void)state;
        random_copies(5000);
        pack(SIZE, 5000);
        assert_int_equal(packed.size, 0x295f);
        assert_int_equal(crc32(0, packed.data, (uInt)packed.size), 0xa133bca7);
}

/* Of holes that are filled in two pieces, too. */
static void the_bytes_of_neighbours_are_frozen(void **state)
{
        (void)state;
        rig_seed(7);
        for (uint32_t at = 0; at < SIZE - 300;) {
                uint32_t first = 1 + rig_random() % 99, second = 1 + rig_random() % 99;
                uint32_t third = 1 + rig_random() % 99;
                add(at, at + first + second, third);
                add(at + third, at, first);
                add(at + third + first, at + first, second);
                at += first + second + third;
        }
        pack(SIZE, 0);
        assert_int_equal(packed.size, 0xa38);
        assert_int_equal(crc32(0, packed.data, (uInt)packed.size), 0x546e3f6f);
        expect_read(SIZE, 0);
}

static void maps(void **state)
{
        struct dl_copy list[3];
        struct dl_map map = {.copies = list, .count = 2};
        const struct dl_header h = {.from_size = SIZE, .to_size = LIMIT};

        (void)state;
        add(0, 10, 5);
        add(8, 20, 5);
        pack(SIZE, 0);
        assert_int_equal(dl_map_read(&map, reader_of((uint32_t)packed.size, SIZE, 0), &h), SG_OK);
        assert_memory_equal(list, all.list, 2 * sizeof(list[0]));
        for (map.count = 1; map.count <= 3; map.count += 2)
                assert_int_equal(dl_map_read(&map, reader_of((uint32_t)packed.size, SIZE, 0), &h),
                                 SG_E_DELTA_MAP);
        add(20, SIZE + 3, 4); /* an echo, of what is there */
        pack(SIZE, 0);
        map.count = 3;
        assert_int_equal(dl_map_read(&map, reader_of((uint32_t)packed.size, SIZE, 0), &h),
                         SG_E_DELTA_MAP);
}

/* It goes on over zeros: what they tell is something else, or too much is taken. */
static void copies_cut_short(void **state)
{
        (void)state;
        random_copies(5000);
        pack(SIZE, 5000);
        for (uint32_t cut = 1; cut < 6; cut++) {
                struct copy_reader *r = reader_of((uint32_t)packed.size - cut, SIZE, 5000);
                assert_true(read_all(r) < all.count || copy_reader_finish(r) == SG_E_DELTA_STREAM);
        }
        bytes_byte(&packed, 0);
        struct copy_reader *r = reader_of((uint32_t)packed.size, SIZE, 5000);
        assert_int_equal(read_all(r), all.count);
        assert_int_equal(copy_reader_finish(r), SG_E_DELTA_STREAM);
        r = reader_of((uint32_t)packed.size, SIZE, 5000);
        assert_int_equal(copy_reader_finish(r), SG_E_DELTA_STREAM);
}

static void copies_that_cannot_be_read(void **state)
{
        struct dl_copy copy = {0, 0, 0};

        (void)state;
        packed_broken = true;
        struct copy_reader *r = reader_of(100, SIZE, 0);
        packed_broken = false;
        assert_int_equal(copy_reader_next(r, &copy, UINT32_MAX), SG_E_IO);
        assert_int_equal(copy_reader_finish(reader_of(0, SIZE, 0)), SG_OK);
}

/* ---- Pieces in another order, of lengths that nobody can foretell: six bits each ---- */

#define PIECES 20000u

static uint32_t lengths[PIECES], starts[PIECES + 1];

static void cut_pieces(void)
{
        rig_seed(6);
        for (uint32_t i = 0; i < PIECES; i++) {
                lengths[i] = 20 + rig_random() % 64;
                starts[i + 1] = starts[i] + lengths[i];
        }
}

static void add_piece(uint32_t i)
{
        uint32_t to = all.count ? all.list[all.count - 1].to + all.list[all.count - 1].length : 0;

        add(to, starts[i], lengths[i]);
}

/* In bits for each piece, with a tenth to spare. */
static void expect_bits(uint32_t bits)
{
        pack(starts[PIECES], 0);
        if (packed.size * 8 > PIECES * bits * 11 / 10)
                fail_msg("%zu bytes", packed.size);
        expect_read(starts[PIECES], 0);
}

/* Each one ends where the last one began: its length tells where. */
static void pieces_turned_round(void **state)
{
        (void)state;
        cut_pieces();
        for (uint32_t i = PIECES; i-- > 0;)
                add_piece(i);
        expect_bits(6);
}

/* The second of two fills the hole before the first. */
static void neighbours_swapped(void **state)
{
        (void)state;
        cut_pieces();
        for (uint32_t i = 0; i < PIECES; i += 2) {
                add_piece(i + 1);
                add_piece(i);
        }
        expect_bits(7);
}

/* The same with each piece replaced in its place: the skip tells how far it is. */
static void pieces_left_out(void **state)
{
        (void)state;
        cut_pieces();
        for (uint32_t i = 0; i < PIECES; i += 2)
                add(starts[i], starts[i], lengths[i]);
        expect_bits(6);
}

/* Anywhere in 2^20 bytes: no more than the 20 bits, and the six of the length. */
static void pieces_shuffled(void **state)
{
        uint32_t to = 0;

        (void)state;
        cut_pieces();
        for (uint32_t i = 0; i < PIECES; i++) {
                add(to, rig_random() % (starts[PIECES] - lengths[i]), lengths[i]);
                to += lengths[i];
        }
        assert_true(starts[PIECES] < 1u << 20);
        expect_bits(26);
}

static int forget(void **state)
{
        (void)state;
        copies_free(&all);
        bytes_free(&packed);
        return 0;
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(one_copy),
                cmocka_unit_test(numbers),
                cmocka_unit_test_teardown(the_farthest, forget),
                cmocka_unit_test_teardown(what_is_written_is_read, forget),
                cmocka_unit_test_teardown(the_bytes_are_frozen, forget),
                cmocka_unit_test_teardown(the_bytes_of_neighbours_are_frozen, forget),
                cmocka_unit_test_teardown(maps, forget),
                cmocka_unit_test_teardown(copies_cut_short, forget),
                cmocka_unit_test(copies_that_cannot_be_read),
                cmocka_unit_test_teardown(pieces_turned_round, forget),
                cmocka_unit_test_teardown(neighbours_swapped, forget),
                cmocka_unit_test_teardown(pieces_left_out, forget),
                cmocka_unit_test_teardown(pieces_shuffled, forget),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
