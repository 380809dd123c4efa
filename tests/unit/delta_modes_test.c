/* SPDX-License-Identifier: Apache-2.0 */
/* Where references lead, and which bytes each mode changes, in rows and copies made by hand. */
#include "delta/models/refs.h"
#include "delta/wire.h"
#include "tests/unit/delta_rig.h"

#define FROM_VA 0xffff800000010000ull
#define TO_VA   0xffff900000090000ull
#define SHIFT   8256 /* from old tables to new ones */

static const struct dl_copy nowhere = {0, 0, 0};

/* Two that were turned round, one that went to the next page, and two tables with more in front. */
static struct dl_copy copies[] = {
        {0, 0, 200},
        {232, 200, 300},
        {700, 551, 1},
        {701, 550, 1},
        {4700, 600, 400},
        {8192 + 8208, 8192, 256},
        {8192 + 9240, 9216, 480},
};
static struct dl_row rows[] = {
        {{0, 1000, 1000, 0, 0}, {0, 8192, 8192, 0, 0}, 0},
        {{4096, 4096, 4096, 0x1000, 0}, {4096 + SHIFT, 4000, 4000, 0x3040, 0}, 0},
        {{8192, 256, 256, 0x2000, 0}, {8192 + 8192, 280, 280, 0x5000, 0}, 0},
        {{9216, 480, 480, 0x2400, 0}, {8192 + 9216, 528, 528, 0x6000, 0}, 0},
        {{10240, 42, 42, 0x2804, 0}, {10240 + SHIFT, 42, 42, 0x7004, 0}, 0},
};
static const struct dl_map map = {copies, sizeof(copies) / sizeof(copies[0])};
static uint32_t order[sizeof(copies) / sizeof(copies[0])];
static struct dl_program program = {FROM_VA, TO_VA, 0, 5, 3, 2};
static struct a64_word words[DL_WINDOW_WORDS];
static struct dl_refs refs = {.from_size = 12288,
                              .to_size = 24576,
                              .rows = rows,
                              .row_count = 5,
                              .programs = &program,
                              .program_count = 1,
                              .map = &map,
                              .order = order,
                              .words = words};

/* ---- Positions ---- */

static void positions(void **state)
{
        static const uint32_t pairs[][2] = {
                {0, 0},       {199, 199},    {200, 232},    {499, 531},     {500, 532},
                {550, 701},   {551, 700},    {552, 701},    {600, 4700},    {999, 5099},
                {1000, 5100}, {8192, 16400}, {9695, 17911}, {12287, 20503},
        };

        (void)state;
        for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
                assert_int_equal(dl_refs_map(&refs, &nowhere, pairs[i][0]), pairs[i][1]);
}

/* Of copies that begin together the longest one counts, before them as in them. */
static void copies_of_the_same(void **state)
{
        static struct dl_copy same[] = {
                {100, 200, 10}, {300, 200, 20}, {500, 200, 15}, {600, 205, 5}};
        uint32_t by_place[4];
        struct dl_map of_same = {same, 4};
        struct dl_refs r = {.from_size = 1000, .map = &of_same, .order = by_place};

        (void)state;
        dl_refs_sort(&r);
        assert_int_equal(r.ordered, 1);
        for (uint32_t from = 150; from < 300; from++)
                assert_int_equal(dl_refs_map(&r, &nowhere, from), from + 100);
        for (uint32_t i = 0; i < 4; i++) /* then the first one */
                same[i] = (struct dl_copy){100 * i + 300, 200, 20};
        dl_refs_sort(&r);
        assert_int_equal(dl_refs_map(&r, &nowhere, 210), 310);
        same[0] = (struct dl_copy){100, 200, 10};
        of_same.count = 1;
        dl_refs_sort(&r);
        assert_int_equal(dl_refs_map(&r, &nowhere, 150), 50);
}

static void nothing_to_go_by(void **state)
{
        const struct dl_map none = {NULL, 0};
        struct dl_refs r = {.from_size = 1000, .map = &none};

        (void)state;
        dl_refs_sort(&r);
        assert_int_equal(dl_refs_map(&r, &nowhere, 150), 150);
        assert_int_equal(dl_refs_map(&r, &nowhere, 1500), 1500);
}

/* ---- Values ---- */

static void predict(enum dl_mode_id mode, uint8_t *bytes, uint32_t from, uint32_t size,
                    uint32_t low, uint32_t high)
{
        struct dl_window w = {.size = size, .from = from, .shift = SHIFT, .copy = &nowhere};

        w.bytes = bytes;
        dl_refs_predict_mode(&refs, &w, mode, low, high);
}

static void addresses(void **state)
{
        static const uint64_t pairs[][2] = {
                {FROM_VA + 250, TO_VA + 282},
                {FROM_VA + 999, TO_VA + 5099},
                {FROM_VA + 1000, FROM_VA + 1000},
                {FROM_VA - 1, FROM_VA - 1},
                {FROM_VA + 250 + (1ull << 32), FROM_VA + 250 + (1ull << 32)},
        };

        (void)state;
        for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
                uint8_t bytes[8];
                dl_put64(bytes, pairs[i][0]);
                predict(DL_MODE_ABS64, bytes, 4096, 8, 0, 8);
                assert_int_equal(dl_get64(bytes), pairs[i][1]);
        }
}

static void numbers_of_symbols(void **state)
{
        static const uint32_t pairs[][2] = {
                {0, 0}, {5, 6}, {19, 20}, {20, 20}, {0x20000005, 0x20000005},
        };

        (void)state;
        for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
                uint8_t bytes[4];
                dl_put32(bytes, pairs[i][0]);
                predict(DL_MODE_NUMBERS, bytes, 4096, 4, 0, 4);
                assert_int_equal(dl_get32(bytes), pairs[i][1]);
        }
}

/* Name, value, length. */
static void symbols(void **state)
{
        static const uint64_t pairs[][6] = {
                {0, FROM_VA + 250, 8, 0, TO_VA + 282, 8},
                {5, FROM_VA + 190, 20, 21, TO_VA + 190, 52},
                {256, FROM_VA + 199, 2, 256, TO_VA + 199, 2},
                {1, FROM_VA + 551, 0, 17, TO_VA + 700, 0},
                {1, FROM_VA + 550, 2, 17, TO_VA + 701, 2},
                {1, FROM_VA + 250, (1ull << 32) + 8, 17, TO_VA + 282, (1ull << 32) + 8},
                {1, FROM_VA + 250 + (1ull << 32), 8, 17, FROM_VA + 250 + (1ull << 32), 8},
        };

        (void)state;
        for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
                uint8_t bytes[SYMBOL_SIZE] = {0};
                dl_put32(bytes + SYMBOL_NAME, (uint32_t)pairs[i][0]);
                dl_put64(bytes + SYMBOL_VALUE, pairs[i][1]);
                dl_put64(bytes + SYMBOL_LENGTH, pairs[i][2]);
                predict(DL_MODE_SYMBOLS, bytes, 4096, SYMBOL_SIZE, 0, SYMBOL_SIZE);
                assert_int_equal(dl_get32(bytes + SYMBOL_NAME), pairs[i][3]);
                assert_int_equal(dl_get64(bytes + SYMBOL_VALUE), pairs[i][4]);
                assert_int_equal(dl_get64(bytes + SYMBOL_LENGTH), pairs[i][5]);
        }
}

/* A value that is half outside of the row is none. */
static void values_across_the_row_s_ends(void **state)
{
        uint8_t bytes[100];
        const uint32_t from = 10200, first = 10244 - from;

        (void)state;
        memset(bytes, 0xee, sizeof(bytes));
        for (uint32_t at = first - 8; at + 8 <= sizeof(bytes); at += 8)
                dl_put64(bytes + at, FROM_VA + 250);
        predict(DL_MODE_ABS64, bytes, from, sizeof(bytes), 0, sizeof(bytes));
        for (uint32_t at = first - 8, i = 0; at + 8 <= sizeof(bytes); at += 8, i++)
                assert_int_equal(dl_get64(bytes + at),
                                 i >= 1 && i <= 4 ? TO_VA + 282 : FROM_VA + 250);
}

/* A region that begins behind what is asked for is of no matter. */
static void regions_end_with_the_piece(void **state)
{
        static struct dl_region regions[] = {{4096, DL_MODE_ABS64}, {4096 + 64, DL_MODE_RAW}};
        uint8_t bytes[128];
        const struct dl_window w = {bytes, sizeof(bytes), 4096, SHIFT, &nowhere};

        (void)state;
        refs.regions = regions;
        refs.region_count = 2;
        for (uint32_t high = 8; high <= sizeof(bytes); high += 8) {
                for (uint32_t at = 0; at < sizeof(bytes); at += 8)
                        dl_put64(bytes + at, FROM_VA + 250);
                dl_refs_predict(&refs, &w, 0, high);
                for (uint32_t at = 0; at < sizeof(bytes); at += 8)
                        assert_int_equal(dl_get64(bytes + at),
                                         at < high && at < 64 ? TO_VA + 282 : FROM_VA + 250);
        }
}

/* ---- Instructions ---- */

#define OLD_PAGE 1u
#define CODE     2048u

/* A page's ADRP and the add of 700, which is in the next page now, in code that begins at 0x1000.
 */
static void put_pair(uint8_t bytes[CODE], uint32_t adrp, uint32_t user)
{
        memset(bytes, 0, CODE);
        dl_put32(bytes + adrp, 0x90000002u | (0x7ffffu << 5) | 3u << 29); /* the page before */
        dl_put32(bytes + user, 0x91000000u | 700u << 10 | 2u << 5 | 1u);
}

static void predict_code(uint8_t *bytes, uint32_t old_at, uint32_t end, uint32_t low, uint32_t high)
{
        struct dl_window w = {.size = end, .from = 4096, .shift = SHIFT, .copy = &nowhere};
        const struct dl_part part = {&w, &rows[1], &rows[1], 0, end, old_at, old_at + 0x2000};

        w.bytes = bytes;
        dl_mode_predict(&refs, &part, DL_MODE_A64, low, high);
}

static uint32_t low_half(const uint8_t *bytes, uint32_t at)
{
        return dl_get32(bytes + at) >> 10 & 4095u;
}

static uint32_t page(const uint8_t *bytes, uint32_t at)
{
        uint32_t word = dl_get32(bytes + at), old = (word >> 5 & 0x7ffffu) << 2 | (word >> 29 & 3u);

        return (old + OLD_PAGE + 2) & 0x1fffffu; /* of the new program */
}

/* How far before a piece, and behind it, an instruction is looked for. */
static void what_is_seen_around_a_piece(void **state)
{
        uint8_t bytes[CODE];

        (void)state;
        put_pair(bytes, 76, 1100);
        predict_code(bytes, 0x1000, CODE, 1100, 1104);
        assert_int_equal(low_half(bytes, 1100), 4800 - 4096);
        put_pair(bytes, 72, 1100);
        predict_code(bytes, 0x1000, CODE, 1100, 1104);
        assert_int_equal(low_half(bytes, 1100), 700);

        put_pair(bytes, 96, 100 + 124);
        predict_code(bytes, 0x1000, CODE, 96, 100);
        assert_int_equal(page(bytes, 96), 1);
        put_pair(bytes, 96, 100 + 128);
        predict_code(bytes, 0x1000, CODE, 96, 100);
        assert_int_equal(page(bytes, 96), 0);
        put_pair(bytes, 96, 100 + 16);
        predict_code(bytes, 0x1000, 100 + 16, 96, 100);
        assert_int_equal(page(bytes, 96), 0);
}

static void code_in_pieces(void **state)
{
        uint8_t whole[64], moved[64];

        (void)state;
        for (uint32_t at = 0; at < 64; at += 4) /* bl to 250 */
                dl_put32(whole + at, 0x94000000u | ((248u - 0x1000u - at) >> 2 & 0x3ffffffu));
        memcpy(moved, whole, 64);
        predict_code(moved, 0x1000, 64, 0, 64);
        assert_int_not_equal(dl_get32(moved), dl_get32(whole));
        for (uint32_t at = 0; at <= 64; at++) {
                uint8_t piece[64];
                memcpy(piece, whole, 64);
                predict_code(piece, 0x1000, 64, at, 64);
                assert_memory_equal(piece, whole, at);
                assert_memory_equal(piece + at, moved + at, 64 - at);
        }
}

/* A row whose first word is not whole, and one that has no whole word. */
static void code_that_begins_anywhere(void **state)
{
        uint8_t bytes[CODE] = {0};

        (void)state;
        for (uint32_t off = 1; off < 4; off++) {
                put_pair(bytes, off, off + 4);
                predict_code(bytes, 0x1004 - off, CODE, 0, 100);
                assert_int_equal(low_half(bytes, off + 4), 4800 - 4096);
                for (uint32_t end = 0; end < 4; end++)
                        predict_code(bytes, 0x1004 - off, end, 0, end);
        }
}

static int set_up(void **state)
{
        (void)state;
        dl_refs_set_tails(&refs);
        dl_refs_sort(&refs);
        return 0;
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(positions),
                cmocka_unit_test(copies_of_the_same),
                cmocka_unit_test(nothing_to_go_by),
                cmocka_unit_test(addresses),
                cmocka_unit_test(numbers_of_symbols),
                cmocka_unit_test(symbols),
                cmocka_unit_test(values_across_the_row_s_ends),
                cmocka_unit_test(regions_end_with_the_piece),
                cmocka_unit_test(what_is_seen_around_a_piece),
                cmocka_unit_test(code_in_pieces),
                cmocka_unit_test(code_that_begins_anywhere),
        };

        return cmocka_run_group_tests(tests, set_up, NULL);
}
