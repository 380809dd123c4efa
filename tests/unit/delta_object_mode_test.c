/* SPDX-License-Identifier: Apache-2.0 */
/* What moves of a relocatable object, in sections and copies made by hand. */
#include "delta/models/refs.h"
#include "delta/wire.h"
#include "tests/unit/delta_rig.h"

/*
 * One object with all kinds of sections, between two that have nothing but their headers. SHIFT
 * leads from the records of each to places where the new ones have some.
 */
#define FROM     1000u
#define TO       3000u
#define BEFORE   300u
#define BEHIND   3100u
#define SHIFT    2000
#define OLD_SIZE 8192u

enum { CODE, DATA, RELA, SYMBOLS, NAMES, NOWHERE, EMPTY, HEADERS, SECTIONS };

static const struct object objects[] = {
        {BEFORE, BEFORE + 128, 2364, 0, 2, 0},
        {FROM, 2752, TO, 2, SECTIONS, NAMES},
        {BEHIND, BEHIND + 128, 5164, 2 + SECTIONS, 2, 0},
};
#define MAIN 2u
static const struct object_section sections[] = {
        {.kind = OBJECT_NULL},
        {BEFORE + 64, 64, 2492, 64, 0, 0, 0, OBJECT_HEADERS, 3},
        {1064, 402, 3064, 430, 0, 0, 0, OBJECT_CODE, 2},
        {1480, 50, 3500, 80, 0, 0, 3, OBJECT_BYTES, 0},
        {1600, 245, 3600, 264, SYMBOLS, CODE, 0, OBJECT_RELA, 3},
        {1904, 195, 4024, 264, NAMES, 4, 0, OBJECT_SYMBOLS, 3},
        {2200, 64, 4400, 70, 0, 0, 0, OBJECT_BYTES, 0},
        {2300, 1000, 4500, 1000, 0, 0, 2, OBJECT_NOBITS, 0},
        {FROM, 0, TO, 0, 0, 0, 0, OBJECT_NULL, 0},
        {2304, 448, 4496, 640, 0, 0, 0, OBJECT_HEADERS, 3},
        {.kind = OBJECT_NULL},
        {BEHIND + 64, 64, 5292, 64, 0, 0, 0, OBJECT_HEADERS, 3},
};

static const struct dl_copy nowhere = {0, 0, 0};
static struct dl_copy copies[] = {
        {3076, 1164, 100}, {3184, 1064, 100}, /* halves of the code, exchanged */
        {3294, 1265, 1},   {3295, 1264, 1},   /* two bytes of it, too */
        {3298, 1266, 200}, {3505, 1485, 15},  /* the rest, and data */
        {3528, 1500, 40},  {4048, 1904, 72},  /* with more in the midst; symbols */
        {4144, 1976, 123}, {4403, 2200, 10},  /* names */
        {4419, 2210, 54},  {4560, 2304, 128}, /* headers */
        {4752, 2432, 320}, {5300, BEHIND + 64, OBJECT_HEADER},
        {5400, 1480, 5}, /* data that went elsewhere */
};
static const struct dl_map map = {copies, sizeof(copies) / sizeof(copies[0])};
static uint32_t order[sizeof(copies) / sizeof(copies[0])];
static struct a64_word words[DL_WINDOW_WORDS];
static struct dl_refs refs = {
        .from_size = OLD_SIZE, .to_size = OLD_SIZE, .map = &map, .order = order, .words = words};

static void predict_shifted(uint8_t *bytes, uint32_t from, uint32_t size, int64_t shift)
{
        struct dl_window w = {.size = size, .from = from, .shift = shift, .copy = &nowhere};

        w.bytes = bytes;
        dl_refs_predict_mode(&refs, &w, DL_MODE_OBJECTS, 0, size);
}

static void predict(uint8_t *bytes, uint32_t from, uint32_t size)
{
        predict_shifted(bytes, from, size, SHIFT);
}

/* ---- Records ---- */

struct relocation {
        uint64_t place;
        uint32_t symbol;
        uint64_t addend;
};

static const struct relocation relocations[][2] = {
        {{150, 3, 30}, {62, 5, 38}},
        {{40, 1, 30}, {160, 2, 30}},
        {{402, 5, 30}, {402, 7, 30}}, /* behind the section; a symbol of none */
        {{398, 2, 30}, {398, 3, 30}}, /* behind the new one; in memory alone */
        {{397, 8, 30}, {429, 10, 30}},
        {{397, 9, 30}, {429, 9, 30}},
        {{(1ull << 32) + 150, 0, 150}, {(1ull << 32) + 150, 0, 150}},
        {{150, 3, (1ull << 32) + 30}, {62, 5, (1ull << 32) + 30}},
        {{150, 3, 49}, {62, 5, 57}},
        {{150, 3, 52}, {62, 5, 52}},
        {{150, (1u << 29) + 1, 30}, {62, (1u << 29) + 1, 30}},
};
#define RELOCATIONS (sizeof(relocations) / sizeof(relocations[0]))

static void put_relocation(uint8_t *b, const struct relocation *r)
{
        memset(b, 0, RECORD_SIZE);
        dl_put64(b, r->place);
        dl_put32(b + 8, 0x11b);
        dl_put32(b + RELA_SYMBOL, r->symbol);
        dl_put64(b + RELA_ADDEND, r->addend);
}

static void relocations_move(void **state)
{
        const uint32_t at = sections[MAIN + RELA].from + 2 * RECORD_SIZE;

        (void)state;
        for (size_t i = 0; i < RELOCATIONS; i++) {
                uint8_t b[RECORD_SIZE], expected[RECORD_SIZE];
                put_relocation(b, &relocations[i][0]);
                put_relocation(expected, &relocations[i][1]);
                predict(b, at, RECORD_SIZE);
                if (memcmp(b, expected, RECORD_SIZE) != 0)
                        fail_msg("relocation %u: place %u, symbol %u, addend %u", (unsigned)i,
                                 dl_get32(b), dl_get32(b + RELA_SYMBOL), dl_get32(b + RELA_ADDEND));
        }
}

/* Section 9 would be one of the next object. */
static void relocations_of_a_section_that_is_not_there(void **state)
{
        const struct relocation r = {10, 3, 30};
        struct object_section *rela = &refs.objects.sections[MAIN + RELA];
        uint8_t b[RECORD_SIZE];

        (void)state;
        put_relocation(b, &r);
        rela->info = SECTIONS + 1;
        predict(b, rela->from, RECORD_SIZE);
        rela->info = CODE;
        assert_int_equal(dl_get64(b), 10);
        assert_int_equal(dl_get32(b + RELA_SYMBOL), 5);
}

struct symbol {
        uint32_t name, info, section;
        uint64_t value, length;
};

static const struct symbol symbols[][2] = {
        {{5, 0, DATA, 10, 20}, {8, 0, 2, 10, 28}},
        {{0, 0x12, CODE, 150, 60}, {0, 0x12, 0, 62, 180}},
        {{12, 2, CODE, 190, 20}, {21, 2, 0, 102, 20}}, /* too much longer */
        {{60, 2, CODE, 50, 60}, {69, 2, 0, 170, 60}},  /* it would end before it begins */
        {{63, 2, CODE, 201, 0}, {63, 2, 0, 230, 0}},
        {{64, 2, CODE, 390, 20}, {64, 2, 0, 422, 20}},
        {{64, 2, CODE, 150, 300}, {64, 2, 0, 62, 300}},
        {{64, 2, DATA, 2, 30}, {64, 2, 2, 2, 30}},
        {{1, 3, CODE, 150, 8}, {4, 3, 0, 150, 8}},
        {{1, 0xf3, RELA, 150, 8}, {4, 0xf3, 4, 150, 8}},
        {{1, 3, EMPTY, 0, 0}, {4, 3, 8, 0, 0}},
        {{1, 2, HEADERS, 100, 8}, {4, 2, HEADERS, 100, 8}},
        {{1, 2, 0xfff1, 150, 8}, {4, 2, 0xfff1, 150, 8}},
        {{1, 2, NOWHERE, 30, 8}, {4, 2, 7, 30, 8}},
        {{1, 2, CODE, (1ull << 32) + 150, 8}, {4, 2, 0, (1ull << 32) + 150, 8}},
        {{1, 2, CODE, 150, (1ull << 32) + 8}, {4, 2, 0, 150, (1ull << 32) + 8}},
};
#define SYMBOL_ROWS (sizeof(symbols) / sizeof(symbols[0]))

static void put_symbol(uint8_t *b, const struct symbol *s)
{
        memset(b, 0, SYMBOL_SIZE);
        dl_put32(b + SYMBOL_NAME, s->name);
        dl_put32(b + SYMBOL_INFO, s->info | s->section << 16);
        dl_put64(b + SYMBOL_VALUE, s->value);
        dl_put64(b + SYMBOL_LENGTH, s->length);
}

static void symbols_move(void **state)
{
        const uint32_t at = sections[MAIN + SYMBOLS].from + 3 * SYMBOL_SIZE;

        (void)state;
        for (size_t i = 0; i < SYMBOL_ROWS; i++) {
                uint8_t b[SYMBOL_SIZE], expected[SYMBOL_SIZE];
                put_symbol(b, &symbols[i][0]);
                put_symbol(expected, &symbols[i][1]);
                predict(b, at, SYMBOL_SIZE);
                if (memcmp(b, expected, SYMBOL_SIZE) != 0)
                        fail_msg("symbol %u: name %u, section %u, value %u, length %u", (unsigned)i,
                                 dl_get32(b), object_get16(b + SYMBOL_SECTION),
                                 dl_get32(b + SYMBOL_VALUE), dl_get32(b + SYMBOL_LENGTH));
        }
}

struct header {
        uint32_t name;
        uint64_t offset, length;
        uint32_t link, info;
};

static const struct {
        uint32_t section;
        struct header old, new;
} headers[] = {
        {CODE, {5, 11, 12, 3, 3}, {8, 64, 430, 5, 3}},
        {DATA, {0, 11, 12, 0, 3}, {0, 500, 80, 0, 3}},
        {RELA, {5, 11, 12, (1u << 26) + 1, 1}, {8, 600, 264, (1u << 26) + 1, 2}},
        {SYMBOLS, {5, 11, 12, 4, 4}, {8, 1024, 264, 6, 6}},
        {NOWHERE, {5, 11, 12, 3, 3}, {8, 1500, 1000, 5, 3}},
        {EMPTY, {5, 11, 12, 3, 3}, {8, 11, 12, 3, 3}},
};

static void put_header(uint8_t *b, const struct header *h)
{
        memset(b, 0x77, OBJECT_HEADER);
        dl_put32(b + HEADER_NAME, h->name);
        dl_put64(b + HEADER_OFFSET, h->offset);
        dl_put64(b + HEADER_LENGTH, h->length);
        dl_put32(b + HEADER_LINK, h->link);
        dl_put32(b + HEADER_INFO, h->info);
}

static void headers_move(void **state)
{
        (void)state;
        for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
                uint8_t b[OBJECT_HEADER], expected[OBJECT_HEADER];
                put_header(b, &headers[i].old);
                put_header(expected, &headers[i].new);
                predict(b, sections[MAIN + HEADERS].from + headers[i].section * OBJECT_HEADER,
                        OBJECT_HEADER);
                if (memcmp(b, expected, OBJECT_HEADER) != 0)
                        fail_msg("header %u", (unsigned)i);
        }
}

/* ---- Code ---- */

static uint32_t bl(uint32_t at, uint32_t to)
{
        return 0x94000000u | ((to - at) >> 2 & 0x3ffffffu);
}

static uint32_t b_cond(uint32_t at, uint32_t to)
{
        return 0x54000000u | ((to - at) >> 2 & 0x7ffffu) << 5;
}

static uint32_t tbz(uint32_t at, uint32_t to)
{
        return 0x36000000u | ((to - at) >> 2 & 0x3fffu) << 5;
}

static uint32_t adr(uint32_t at, uint32_t to)
{
        return 0x10000000u | ((to - at) & 3u) << 29 | ((to - at) >> 2 & 0x7ffffu) << 5;
}

static void branches_move(void **state)
{
        static const struct {
                uint32_t (*kind)(uint32_t, uint32_t);
                uint32_t at, to, now;
        } rows[] = {
                {bl, 0, 152, 64},  {bl, 100, 40, 160}, {b_cond, 4, 152, 64},     {tbz, 8, 40, 160},
                {adr, 8, 153, 65}, {bl, 0, 396, 428},  {bl, 0, 400, 400}, /* behind the new code */
                {bl, 0, 404, 404}, {bl, 16, 0, 120},   {bl, 16, 0u - 4, 0u - 4},
        };

        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                uint8_t b[4];
                dl_put32(b, rows[i].kind(rows[i].at, rows[i].to));
                predict(b, sections[MAIN + CODE].from + rows[i].at, 4);
                if (dl_get32(b) != rows[i].kind(rows[i].at, rows[i].now))
                        fail_msg("branch %u", (unsigned)i);
        }
}

/*
 * Nothing is told of code whose first word would stand before its section or between words, nor
 * of records between others.
 */
static void at_places_that_are_none(void **state)
{
        const uint32_t code = sections[MAIN + CODE].from, rela = sections[MAIN + RELA].from;
        uint8_t bytes[24], old[24] = {0};

        (void)state;
        dl_put32(old + 12, bl(12, 152));
        dl_put32(old + 16, adr(16, 152));
        dl_put32(old + 20, bl(20, 400)); /* behind the new code */
        for (int64_t off = -8; off <= 8; off++) {
                uint32_t by = (uint32_t)off;
                bool told = off >= 0 && off % 4 == 0;
                memcpy(bytes, old, sizeof(old));
                predict_shifted(bytes, code, sizeof(bytes), SHIFT + off);
                assert_int_equal(dl_get32(bytes + 12), told ? bl(12 + by, 64) : bl(12, 152));
                assert_int_equal(dl_get32(bytes + 16), told ? adr(16 + by, 64) : adr(16, 152));
                assert_int_equal(dl_get32(bytes + 20), bl(20, 400));
        }
        put_relocation(old, &relocations[0][0]);
        for (int64_t off = -25; off <= 25; off++) {
                memcpy(bytes, old, sizeof(old));
                predict_shifted(bytes, rela, sizeof(bytes), SHIFT + off);
                assert_int_equal(dl_get64(bytes), off % 24 != 0 ? 150 : 62);
        }
}

/* ---- All of it ---- */

#define START 280u
#define END   3300u

static uint8_t old_bytes[END], new_bytes[END]; /* from START on */

/* Records wherever there are such, also where a section ends within one. */
static void put_objects(void)
{
        const struct object_section *s = sections + MAIN;

        memset(old_bytes, 0x55, sizeof(old_bytes));
        for (uint32_t at = 0; at < 404; at += 4)
                dl_put32(old_bytes + s[CODE].from + at, bl(at, at % 24 ? 152 : 40));
        for (uint32_t i = 0; i < 11; i++)
                put_relocation(old_bytes + s[RELA].from + (size_t)i * RECORD_SIZE,
                               &relocations[(i + 1) % 2][0]);
        for (uint32_t i = 0; i < 9; i++)
                put_symbol(old_bytes + s[SYMBOLS].from + (size_t)i * SYMBOL_SIZE,
                           &symbols[i % 3][0]);
        for (uint32_t i = 0; i < HEADERS; i++)
                put_header(old_bytes + s[HEADERS].from + (size_t)i * OBJECT_HEADER,
                           &headers[0].old);
}

static const struct unit {
        uint32_t from, end, size;
} units[] = {
        {BEFORE, BEFORE + 128, 64}, {FROM, FROM + 64, 64}, {1064, 1464, 4},
        {1600, 1840, 24},           {1904, 2096, 24},      {2304, 2752, 64},
        {BEHIND, BEHIND + 128, 64},
};

/* The record, or word, that has an old position, if any: from its first byte on. */
static uint32_t unit_of(uint32_t position, uint32_t *size)
{
        for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
                const struct unit *u = &units[i];
                *size = u->size;
                if (position >= u->from && position < u->end)
                        return position - (position - u->from) % u->size;
        }
        *size = 1;
        return position;
}

/* Only what the window [start, end) has whole is told, and only in [low, high). */
static void expect_predicted(uint32_t start, uint32_t end, uint32_t low, uint32_t high)
{
        uint8_t *bytes = malloc(end - start);
        const struct dl_window w = {bytes, end - start, start, SHIFT, &nowhere};

        memcpy(bytes, old_bytes + start, end - start);
        dl_objects_predict(&refs, &w, low - start, high - start);
        for (uint32_t at = start; at < end; at++) {
                uint32_t size, first = unit_of(at, &size);
                bool told = first >= start && first + size <= end && at >= low && at < high;
                if (bytes[at - start] != (told ? new_bytes : old_bytes)[at])
                        fail_msg("%u to %u in %u to %u: %u", low, high, start, end, at);
        }
        free(bytes);
}

/* Each record by itself tells what all of them together must be. */
static void make_new_bytes(void)
{
        memcpy(new_bytes, old_bytes, sizeof(new_bytes));
        for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
                const struct unit *u = &units[i];
                for (uint32_t at = u->from; at < u->end; at += u->size)
                        predict(new_bytes + at, at, u->size);
        }
}

static void heads_tell_where_their_tables_are(void **state)
{
        static const uint32_t heads[][2] = {{BEFORE, 128}, {FROM, 1496}, {BEHIND, 128}};

        (void)state;
        for (size_t i = 0; i < 3; i++) {
                uint32_t at = heads[i][0];
                assert_int_equal(dl_get64(new_bytes + at + OBJECT_TABLE), heads[i][1]);
                assert_memory_equal(new_bytes + at, old_bytes + at, OBJECT_TABLE);
                assert_memory_equal(new_bytes + at + 48, old_bytes + at + 48, OBJECT_HEADER - 48);
        }
}

static void pieces_that_begin_and_end_anywhere(void **state)
{
        (void)state;
        for (uint32_t at = START; at < END; at++) {
                expect_predicted(START, END, START, at);
                expect_predicted(START, END, at, END);
                expect_predicted(START, END, at, at + 1);
        }
}

static void windows_that_begin_and_end_anywhere(void **state)
{
        (void)state;
        for (uint32_t at = START + 1; at < END; at++) {
                expect_predicted(START, at, START, at);
                expect_predicted(at, END, at, END);
                expect_predicted(at, at + 1, at, at + 1);
        }
}

/* ---- Sizes that no test has room for ---- */

#define VAST_CODE 0x1040u
#define VAST_SIZE 0x60000000u
#define VAST_HALF 0x30000100u /* the two of them are exchanged */

static void vast_sections(void **state)
{
        struct object o = {0x1000, 0x70000200, 0x1000, 0, 3, 0};
        struct object_section s[] = {
                {VAST_CODE, VAST_SIZE, VAST_CODE, VAST_SIZE, 0, 0, 0, OBJECT_CODE, 2},
                {0x70000000, 48, 0x70000000, 48, 0, 0, 0, OBJECT_SYMBOLS, 3},
                {0x70000100, 128, 0x70000100, 128, 0, 0, 0, OBJECT_HEADERS, 3},
        };
        struct dl_copy halves[] = {
                {VAST_CODE, VAST_CODE + VAST_HALF, VAST_SIZE - VAST_HALF},
                {VAST_CODE + VAST_SIZE - VAST_HALF, VAST_CODE, VAST_HALF},
        };
        const struct dl_map of_halves = {halves, 2};
        uint32_t by_place[2];
        struct dl_refs r = {.from_size = DL_IMAGE_MAX,
                            .to_size = DL_IMAGE_MAX,
                            .map = &of_halves,
                            .order = by_place,
                            .objects = {&o, 1, s, 3},
                            .words = words};
        const struct symbol symbol = {0, 2, 0, 0, 0x38000000};
        uint8_t b[SYMBOL_SIZE], code[8];
        const struct dl_window of_symbol = {b, sizeof(b), 0x70000000, 0, &nowhere};
        const struct dl_window of_code = {code, sizeof(code), VAST_CODE, 0, &nowhere};

        (void)state;
        dl_refs_sort(&r);
        put_symbol(b, &symbol);
        dl_objects_predict(&r, &of_symbol, 0, sizeof(b));
        assert_int_equal(dl_get64(b + SYMBOL_VALUE), VAST_SIZE - VAST_HALF);
        assert_int_equal(dl_get64(b + SYMBOL_LENGTH), 0x38000000); /* it would end before it */

        /* A page, and what is at 8 in it: the loader puts these in. */
        dl_put32(code, 0xb0000002u);
        dl_put32(code + 4, 0x91002041u);
        dl_objects_predict(&r, &of_code, 0, sizeof(code));
        assert_int_equal(dl_get32(code), 0xb0000002u);
        assert_int_equal(dl_get32(code + 4), 0x91002041u);
}

static int set_up(void **state)
{
        (void)state;
        refs.objects = (struct dl_objects){malloc(sizeof(objects)), 3, malloc(sizeof(sections)),
                                           sizeof(sections) / sizeof(sections[0])};
        memcpy(refs.objects.list, objects, sizeof(objects));
        memcpy(refs.objects.sections, sections, sizeof(sections));
        dl_refs_sort(&refs);
        put_objects();
        make_new_bytes();
        return 0;
}

static int tear_down(void **state)
{
        (void)state;
        free(refs.objects.list);
        free(refs.objects.sections);
        return 0;
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(relocations_move),
                cmocka_unit_test(relocations_of_a_section_that_is_not_there),
                cmocka_unit_test(symbols_move),
                cmocka_unit_test(headers_move),
                cmocka_unit_test(branches_move),
                cmocka_unit_test(at_places_that_are_none),
                cmocka_unit_test(heads_tell_where_their_tables_are),
                cmocka_unit_test(pieces_that_begin_and_end_anywhere),
                cmocka_unit_test(windows_that_begin_and_end_anywhere),
                cmocka_unit_test(vast_sections),
        };

        return cmocka_run_group_tests(tests, set_up, tear_down);
}
