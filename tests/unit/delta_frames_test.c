/* SPDX-License-Identifier: Apache-2.0 */
/* Unwind information: what counts as a record, and what moves in it. */
#include "delta/models/frames.h"
#include "delta/wire.h"
#include "tests/unit/delta_rig.h"

/* ---- The chain ---- */

/* Words by their place; all others are zero. */
struct words {
        const char *what;
        uint32_t size;
        struct frame before;
        struct {
                uint32_t at, word;
        } words[10];
        uint32_t at; /* of what is found; NOTHING: none */
};
#define NOTHING UINT32_MAX

static const struct words chains[] = {
        {"an entry and the next one", 64, {0, 0}, {{0, 16}, {4, 8}, {20, 16}, {24, 28}}, 0},
        {"the next one just there", 28, {0, 0}, {{0, 16}, {4, 8}, {20, 16}, {24, 28}}, 0},
        {"the next one cut off", 27, {0, 0}, {{0, 16}, {4, 8}, {20, 16}, {24, 28}}, NOTHING},
        {"another common part", 64, {0, 0}, {{0, 16}, {4, 8}, {20, 16}, {24, 32}}, NOTHING},
        {"no way back", 64, {0, 0}, {{0, 16}, {4, 0}, {20, 16}, {24, 20}}, NOTHING},
        {"an odd way back", 64, {0, 0}, {{0, 16}, {4, 2}, {20, 16}, {24, 22}}, NOTHING},
        {"too short", 64, {0, 0}, {{0, 12}, {4, 8}, {16, 16}, {20, 24}}, NOTHING},
        {"an odd length", 64, {0, 0}, {{0, 18}, {4, 8}, {20, 30 << 16}}, NOTHING},
        {"not room for one", 16, {0, 0}, {{0, 16}, {4, 8}}, NOTHING},
        {"room for a part of one", 36, {0, 20}, {{20, 400}, {24, 28}}, NOTHING},
        {"just room for one", 37, {0, 20}, {{20, 400}, {24, 28}}, 20},
        {"inside of what looks like a common part",
         64,
         {0, 0},
         {{0, 40}, {4, 0}, {8, 16}, {12, 100}, {28, 16}, {32, 120}},
         8},
        {"behind a common part", 64, {0, 20}, {{20, 16}, {40, 16}, {44, 24}}, 40},
        {"behind something else",
         96,
         {0, 20},
         {{20, 3}, {32, 16}, {36, 40}, {52, 16}, {56, 60}},
         32},
        {"behind the end", 64, {0, 80}, {{0, 16}, {4, 8}}, NOTHING},
};

static void which_is_the_next(void **state)
{
        (void)state;
        for (size_t i = 0; i < sizeof(chains) / sizeof(chains[0]); i++) {
                const struct words *c = &chains[i];
                uint8_t bytes[128] = {0};
                struct frame f = c->before;
                for (size_t k = 0; k < sizeof(c->words) / sizeof(c->words[0]); k++) {
                        if (c->words[k].word != 0)
                                dl_put32(bytes + c->words[k].at, c->words[k].word);
                }
                uint32_t found = frame_next(bytes, c->size, &f) ? f.at : NOTHING;
                if (found != c->at)
                        fail_msg("%s: %u", c->what, found);
                if (found != NOTHING)
                        assert_int_equal(f.end, found + dl_get32(bytes + found) + 4);
        }
}

/* ---- What moves ---- */

/* Code that went elsewhere, in front of a table of frames that went 64 bytes further. */
static struct dl_copy copies[] = {
        {0, 0, 96},      {96, 204, 4},    {100, 200, 4}, /* these two in the other order */
        {300, 260, 600}, {908, 860, 100}, {4160, 4096, 4000},
};
static struct dl_row rows[] = {
        {{0, 1024, 1024, 0, 0}, {0, 1024, 1024, 0, 0}, 0},
        {{4096, 4096, 4096, 0x1000, 0}, {4096, 8192, 8192, 0x1000, 0}, 0},
};
static const struct dl_map map = {copies, sizeof(copies) / sizeof(copies[0])};
static uint32_t order[sizeof(copies) / sizeof(copies[0])];
static struct dl_program program = {0, 0, 0, 2, DL_NO_ROW, DL_NO_ROW};
static struct dl_refs refs = {.from_size = 8192,
                              .to_size = 12288,
                              .rows = rows,
                              .row_count = 2,
                              .programs = &program,
                              .program_count = 1,
                              .map = &map,
                              .order = order};

#define OLD_AT 0x1000u
#define NEW_AT 0x1040u
#define ENTRY  20u /* behind the common part */
#define LENGTH 28u
#define NEXT   (ENTRY + 4 + LENGTH)
#define OPS    15u /* bytes of its instructions */
#define ALL    100u

static void put_entry(uint8_t *bytes, uint32_t at, uint32_t begin, uint32_t range)
{
        dl_put32(bytes + at, LENGTH);
        dl_put32(bytes + at + FRAME_CIE, at + FRAME_CIE);
        dl_put32(bytes + at + FRAME_BEGIN, begin - (OLD_AT + at + FRAME_BEGIN));
        dl_put32(bytes + at + FRAME_RANGE, range);
}

/* A common part, an entry with these instructions, and one more with the same. */
static void put_frames(uint8_t *bytes, uint32_t begin, uint32_t range, uint8_t augmentation,
                       const uint8_t ops[OPS])
{
        memset(bytes, 0, ALL);
        dl_put32(bytes, 16);
        put_entry(bytes, ENTRY, begin, range);
        bytes[ENTRY + FRAME_AUGMENTATION] = augmentation;
        memcpy(bytes + ENTRY + FRAME_HEAD, ops, OPS);
        put_entry(bytes, NEXT, 300, 40);
        bytes[NEXT + FRAME_AUGMENTATION] = augmentation;
        memcpy(bytes + NEXT + FRAME_HEAD, ops, OPS);
}

static void predict(uint8_t *bytes, uint32_t size, uint32_t low, uint32_t high)
{
        static const struct dl_copy nowhere = {0, 0, 0};
        struct dl_window w = {.size = size, .from = 4096, .shift = 64, .copy = &nowhere};
        const struct dl_part part = {&w, &rows[1], &rows[1], 0, size, OLD_AT, NEW_AT};

        w.bytes = bytes;
        dl_frames_predict(&refs, &part, low, high);
}

static const struct moved {
        const char *what;
        uint32_t begin, range;
        uint8_t augmentation, ops[OPS];
        uint32_t to_begin, to_range;
        uint8_t to_ops[OPS];
} moves[] = {
        {"all as far",
         300,
         40,
         0,
         {0x41, 2, 5, 0x0e, 16, 0x42},
         340,
         40,
         {0x41, 2, 5, 0x0e, 16, 0x42}},
        {"something put in", 840, 40, 0, {0x45, 0x42, 0x41}, 880, 48, {0x45, 0x44, 0x41}},
        {"the same, told by bytes", 840, 40, 0, {2, 5, 2, 2, 2, 1}, 880, 48, {2, 5, 2, 4, 2, 1}},
        {"halves in the other order", 200, 8, 0, {0x42}, 100, 8, {0x42}},
        {"an end outside", 940, 60, 0, {0x41}, 988, 60, {0x41}},
        {"a change outside", 940, 20, 0, {0x4d, 0x41}, 988, 20, {0x4d, 0x41}},
        {"a byte that is not there", 840, 40, 0, {[14] = 2}, 880, 48, {[14] = 2}},
        {"an unknown instruction", 840, 40, 0, {0x3f, 0x45, 0x42}, 880, 48, {0x3f, 0x45, 0x42}},
        {"numbers between",
         840,
         40,
         0,
         {0x0c, 0x80, 1, 0x45, 0x45, 0x42},
         880,
         48,
         {0x0c, 0x80, 1, 0x45, 0x45, 0x44}},
        {"no handlers", 840, 40, 4, {0, 0, 0, 0, 0x45, 0x42}, 880, 48, {0, 0, 0, 0, 0x45, 0x44}},
        {"something else than handlers",
         840,
         40,
         8,
         {0x07, 0xf1, 0xff, 0xff, 5, 6, 7, 8, 0x45, 0x42},
         880,
         48,
         {0x07, 0xf1, 0xff, 0xff, 5, 6, 7, 8, 0x45, 0x44}},
};

static void what_moves(void **state)
{
        (void)state;
        for (size_t i = 0; i < sizeof(moves) / sizeof(moves[0]); i++) {
                const struct moved *m = &moves[i];
                uint8_t bytes[ALL];
                const uint8_t *entry = bytes + ENTRY, *next = bytes + NEXT;
                put_frames(bytes, m->begin, m->range, m->augmentation, m->ops);
                predict(bytes, ALL, 0, ALL);
                uint32_t begin = dl_get32(entry + FRAME_BEGIN) + NEW_AT + ENTRY + FRAME_BEGIN;
                if (begin != m->to_begin || dl_get32(entry + FRAME_RANGE) != m->to_range ||
                    memcmp(entry + FRAME_HEAD, m->to_ops, OPS) != 0)
                        fail_msg("%s: begin %u, range %u", m->what, begin,
                                 dl_get32(entry + FRAME_RANGE));
                assert_int_equal(dl_get32(entry), LENGTH);
                assert_int_equal(dl_get32(entry + FRAME_CIE), ENTRY + FRAME_CIE);
                assert_int_equal(dl_get32(next), LENGTH);
        }
}

/* Handlers stand relative, too. */
static void handlers_move(void **state)
{
        uint8_t bytes[ALL], ops[OPS] = {0};
        uint32_t table = ENTRY + FRAME_HEAD;

        (void)state;
        dl_put32(ops, 860u - (OLD_AT + table));
        put_frames(bytes, 300, 40, 4, ops);
        predict(bytes, ALL, 0, ALL);
        assert_int_equal(dl_get32(bytes + table) + NEW_AT + table, 908);
}

/* Where the window ends in an entry nothing behind it is looked at, and where a piece ends, not
 * changed. */
static void cut_anywhere(void **state)
{
        static const uint8_t ops[OPS] = {0x45, 0x42, 0x45, 0x42, 0x45};
        uint8_t whole[ALL], moved[ALL];

        (void)state;
        for (uint32_t augmentation = 0; augmentation <= 4; augmentation += 4) {
                put_frames(whole, 840, 40, (uint8_t)augmentation, ops);
                memcpy(moved, whole, ALL);
                predict(moved, ALL, 0, ALL);
                for (uint32_t at = 0; at <= ALL; at++) {
                        uint8_t piece[ALL];
                        memcpy(piece, whole, ALL);
                        predict(piece, ALL, 0, at);
                        assert_memory_equal(piece, moved, at);
                        assert_memory_equal(piece + at, whole + at, ALL - at);
                        predict(piece, ALL, at, ALL);
                        assert_memory_equal(piece, moved, at);
                }
        }
        for (uint32_t size = 0; size < ALL; size++) {
                uint8_t *bytes = malloc(size + 1);
                memcpy(bytes, whole, size);
                uint8_t *exact = realloc(bytes, size);
                predict(size ? exact : whole, size, 0, size);
                free(size ? exact : NULL);
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
                cmocka_unit_test(which_is_the_next),
                cmocka_unit_test(what_moves),
                cmocka_unit_test(handlers_move),
                cmocka_unit_test(cut_anywhere),
        };

        return cmocka_run_group_tests(tests, set_up, NULL);
}
