/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is predicted is a part of the format: a patch holds the corrections of these very bytes, so
 * a mode that predicts anything else spoils all patches made before. Each mode is taken over old
 * bytes as it meets them, and over some that it does not expect, in two programs whose pieces have
 * moved apart; the checksum of the outcome is frozen.
 */
#include <zlib.h>

#include "delta/models/frames.h"
#include "delta/wire.h"
#include "tests/unit/delta_rig.h"

#define IMAGE   (96u << 10)
#define COPIES  90u
#define ROWS    6u
#define FROM_VA 0xffff800008000000ull
#define TO_VA   0xffff800009230000ull

static struct world {
        uint8_t bytes[IMAGE];
        struct dl_copy copies[COPIES];
        struct dl_map map;
        struct dl_row rows[ROWS];
        struct dl_program programs[2];
        uint32_t order[COPIES];
        struct dl_region regions[IMAGE / 1024];
        struct a64_word words[DL_WINDOW_WORDS];
        struct dl_refs refs;
} world;

static uint32_t below(uint32_t n)
{
        return rig_random() % n;
}

static void put_words(uint32_t at, uint32_t word)
{
        if (at + 4 <= IMAGE)
                dl_put32(world.bytes + at, word);
}

/* ---- The images' structure ---- */

static struct dl_span span(uint32_t at, uint32_t size, uint32_t more, uint32_t offset)
{
        return (struct dl_span){.at = at, .size = size, .memory = size + more, .offset = offset};
}

/* Two programs of three rows each, with something else before, between and behind them; the rows of
 * the first one follow each other in the old file. */
static void make_rows(void)
{
        struct world *w = &world;

        w->rows[0] = (struct dl_row){span(1024, 20000, 0, 0), span(1536, 20400, 0, 0), 0};
        w->rows[1] = (struct dl_row){span(21024, 12288, 512, 0x6000),
                                     span(22016, 12800, 256, 0x6200), 0};
        w->rows[2] = (struct dl_row){span(33312, 8000, 4096, 0xa000),
                                     span(36000, 8100, 4200, 0xa400), 0};
        w->rows[3] = (struct dl_row){span(45056, 16384, 0, 0x100), span(47104, 16500, 0, 0x180), 1};
        w->rows[4] =
                (struct dl_row){span(65536, 6000, 100, 0x8000), span(68000, 6000, 100, 0x8800), 1};
        w->rows[5] = (struct dl_row){span(72000, 16000, 9000, 0xc000),
                                     span(75000, 16800, 9000, 0xc800), 1};
        w->programs[0] = (struct dl_program){FROM_VA, TO_VA, 0, 3, 1, 2};
        w->programs[1] = (struct dl_program){0, 0, 3, 3, 4, DL_NO_ROW};
}

/* Copies with gaps, some of the same old bytes, some inside of another one's. */
static void make_copies(void)
{
        uint32_t to = 100, from = 0;

        for (uint32_t i = 0; i < COPIES; i++) {
                uint32_t length = 40 + below(i % 5 ? 900 : 2600);
                uint32_t skip = below(3) ? 4 * below(24) : below(90);
                if (i % 9 == 4)
                        from -= from > 3000 ? below(3000) : 0;
                from += 4 * below(20);
                to += skip;
                if (from + length > IMAGE || to + length > IMAGE)
                        from = below(20000);
                if (to + length > IMAGE)
                        length = to < IMAGE - 8 ? 8 : 0;
                world.copies[i] = (struct dl_copy){to, from, length};
                to += length;
                from += length;
        }
}

static void make_world(void)
{
        struct world *w = &world;

        memset(w, 0, sizeof(*w));
        rig_seed(4711);
        for (uint32_t i = 0; i < IMAGE; i++)
                w->bytes[i] = (uint8_t)rig_random();
        make_rows();
        make_copies();
        w->map = (struct dl_map){.copies = w->copies, .count = COPIES};
        while (w->map.count > 0 && w->copies[w->map.count - 1].length == 0)
                w->map.count--;
        w->refs = (struct dl_refs){.from_size = IMAGE,
                                   .to_size = IMAGE,
                                   .rows = w->rows,
                                   .row_count = ROWS,
                                   .programs = w->programs,
                                   .program_count = 2,
                                   .map = &w->map,
                                   .order = w->order,
                                   .regions = w->regions,
                                   .words = w->words};
        dl_refs_set_tails(&w->refs);
        dl_refs_sort(&w->refs);
}

/* ---- Old bytes ---- */

/* From the base of the program of row `row`: mostly inside it, sometimes just beside. */
static uint32_t target(uint32_t row)
{
        const struct dl_span *s = &world.rows[row / 3 * 3 + below(3)].from;

        return s->offset + below(s->memory + 40) - below(8);
}

static uint32_t instruction(void)
{
        static const uint32_t shapes[] = {
                0x14000000u, 0x94000000u, 0x54000000u, 0x54000010u, 0x34000000u, 0xb5000000u,
                0x18000000u, 0x58000000u, 0x98000000u, 0x1c000000u, 0x36000000u, 0x37000000u,
                0x10000000u, 0x30000000u, 0x90000000u, 0xb0000000u, 0xd0000000u, 0x91000000u,
                0x91000000u, 0xf9400000u, 0xb9400000u, 0x79400000u, 0x39400000u, 0x3dc00000u,
                0x3d400000u, 0x7d400000u, 0xaa0003e0u, 0x8b000000u, 0xd65f03c0u,
        };
        uint32_t shape = shapes[below(sizeof(shapes) / sizeof(shapes[0]))];
        int32_t distance = (int32_t)below(9000) - 4500;

        if (shape << 1 >> 27 == 5) /* B, BL */
                return shape | ((uint32_t)distance & 0x3ffffffu);
        if ((shape & 0x7e000000u) == 0x36000000u)
                return shape | ((uint32_t)(distance / 4) & 0x3fffu) << 5 | below(32);
        if ((shape & 0x1f000000u) == 0x10000000u && shape >> 31) /* ADRP */
                return shape | (below(24) & 0x7ffffu) << 5 | below(6);
        if ((shape & 0x9f000000u) == 0x10000000u)
                return shape | ((uint32_t)distance & 0x7ffffu) << 5 | below(6);
        if ((shape & 0x3b000000u) == 0x39000000u || shape == 0x91000000u)
                return shape | below(4096) << 10 | below(6) << 5 | below(6);
        if ((shape & 0xff000000u) == 0x8b000000u || (shape & 0xff000000u) == 0xaa000000u)
                return shape | below(6);
        return shape == 0xd65f03c0u ? shape
                                    : shape | ((uint32_t)distance & 0x7ffffu) << 5 | below(6);
}

static void code(uint32_t row)
{
        const struct dl_span *s = &world.rows[row].from;

        for (uint32_t at = s->at; at < s->at + s->size; at += 4)
                put_words(at, instruction());
}

static void relative(uint32_t row)
{
        const struct dl_span *s = &world.rows[row].from;

        for (uint32_t at = s->at; at < s->at + s->size; at += 4) {
                if (below(5))
                        put_words(at, target(row) - (s->offset + at - s->at));
        }
}

static void addresses(uint32_t row)
{
        const struct dl_span *s = &world.rows[row].from;

        for (uint32_t at = s->at; at + 8 <= s->at + s->size; at += 8) {
                if (below(5))
                        dl_put64(world.bytes + at, world.programs[row / 3].from_va + target(row));
        }
}

static void offsets(uint32_t row)
{
        const struct dl_span *s = &world.rows[row].from;

        for (uint32_t at = s->at; at < s->at + s->size; at += 4) {
                if (below(5))
                        put_words(at, target(row) - s->offset);
        }
}

static void numbers(uint32_t row)
{
        const struct dl_span *s = &world.rows[row].from;

        for (uint32_t at = s->at; at < s->at + s->size; at += 4) {
                if (below(6))
                        put_words(at, below(9) ? below(560) : 0);
        }
}

static void symbols(uint32_t row)
{
        const struct dl_span *s = &world.rows[row].from;

        addresses(row);
        for (uint32_t at = s->at; at + SYMBOL_SIZE <= s->at + s->size; at += SYMBOL_SIZE) {
                if (below(6))
                        put_words(at + SYMBOL_NAME, below(9) ? below(9000) : 0);
                dl_put64(world.bytes + at + SYMBOL_VALUE,
                         world.programs[row / 3].from_va + target(row));
        }
}

static void relocations(uint32_t row)
{
        const struct dl_span *s = &world.rows[row].from;

        addresses(row);
        for (uint32_t at = s->at; at + RECORD_SIZE <= s->at + s->size; at += RECORD_SIZE) {
                dl_put64(world.bytes + at, world.programs[row / 3].from_va + target(row));
                put_words(at + RELA_SYMBOL, below(4) ? below(560) : 0);
        }
}

/* One unwind entry's instructions, in `n` bytes. */
static void unwinding(uint8_t *to, uint32_t n)
{
        static const uint8_t ops[] = {0x0c, 0x0d, 0x0e, 0x0a, 0x0b, 0x2d,
                                      0x07, 0x05, 0x16, 0x85, 0xc3};

        for (uint32_t i = 0; i < n; i++) {
                if (below(3) == 0)
                        to[i] = (uint8_t)(0x40u | below(20));
                else if (below(4) == 0)
                        to[i] = 0x02;
                else if (below(3) == 0)
                        to[i] = ops[below(sizeof(ops))];
                else
                        to[i] = (uint8_t)(below(2) ? below(30) : 0x80 + below(128));
        }
}

/* Common parts and what belongs to them; now and then something else. */
static void frames(uint32_t row)
{
        const struct dl_span *s = &world.rows[row].from;
        uint32_t end = s->at + s->size, common = s->at;

        for (uint32_t at = s->at, i = 0; at + 80 < end; i++) {
                uint32_t length = 4 * (4 + below(14));
                bool first = i % 12 == 0, odd = i % 29 == 28;
                uint8_t *b = world.bytes + at;
                put_words(at, odd ? below(9000) : length);
                if (first)
                        common = at;
                put_words(at + FRAME_CIE, first ? 0 : at + FRAME_CIE - common);
                uint32_t here = s->offset + at + FRAME_BEGIN - s->at, function = target(row) & ~3u;
                put_words(at + FRAME_BEGIN, function - here);
                put_words(at + FRAME_RANGE, 4 * (1 + below(90)));
                b[FRAME_AUGMENTATION] = (uint8_t)(below(3) ? 0 : below(5) ? 4 : below(9));
                unwinding(b + FRAME_HEAD, length + 4 - FRAME_HEAD);
                if (b[FRAME_AUGMENTATION] == 4)
                        put_words(at + FRAME_HEAD,
                                  below(3) ? target(row) - (here + FRAME_HEAD - FRAME_BEGIN) : 0);
                at += length + 4 + (i % 41 == 40 ? 12 : 0);
        }
}

/* ---- Predictions ---- */

/* [from, from + n) as it is expected at `to`, with as much around it as the decoder sees. */
static uint32_t predict(uint32_t crc, const struct dl_copy *copy, uint32_t from, uint32_t to,
                        uint32_t n, int mode)
{
        uint8_t window[DL_WINDOW_MAX];
        uint32_t lead = from < DL_WINDOW_LEAD ? from : DL_WINDOW_LEAD;
        uint32_t tail = IMAGE - from - n < DL_WINDOW_TAIL ? IMAGE - from - n : DL_WINDOW_TAIL;
        const struct dl_window w = {.bytes = window,
                                    .size = lead + n + tail,
                                    .from = from - lead,
                                    .shift = (int64_t)to - from,
                                    .copy = copy};

        memcpy(window, world.bytes + w.from, w.size);
        if (mode < 0)
                dl_refs_predict(&world.refs, &w, lead, lead + n);
        else
                dl_refs_predict_mode(&world.refs, &w, (enum dl_mode_id)mode, lead, lead + n);
        /* What is not asked for stays as it was. */
        assert_memory_equal(window, world.bytes + w.from, lead);
        assert_memory_equal(window + lead + n, world.bytes + from + n, tail);
        return (uint32_t)crc32(crc, window + lead, n);
}

static uint32_t predict_all(int mode)
{
        uint32_t crc = 0;

        for (uint32_t i = 0; i < world.map.count; i++) {
                const struct dl_copy *c = &world.copies[i];
                for (uint32_t at = 0, n; at < c->length; at += n) {
                        n = 1 + below(DL_PIECE); /* pieces end anywhere */
                        n = n < c->length - at ? n : c->length - at;
                        crc = predict(crc, c, c->from + at, c->to + at, n, mode);
                }
        }
        /* Whole pieces, also where no copy leads. */
        static const struct dl_copy none = {0, 0, 0};
        for (uint32_t at = 0; at + DL_PIECE + 1500 < IMAGE; at += 1700) {
                crc = predict(crc, &none, at, at + 1024, DL_PIECE, mode);
                crc = predict(crc, &none, at, at + 4 * below(300), 1 + below(DL_PIECE), mode);
        }
        return crc;
}

static const struct vector {
        const char *name;
        void (*fill)(uint32_t row);
        int mode; /* -1: as the regions say */
        uint32_t frozen;
} vectors[] = {
        {"raw", code, DL_MODE_RAW, 0x48cc97d2u},
        {"a64", code, DL_MODE_A64, 0xd7891454u},
        {"prel32", relative, DL_MODE_PREL32, 0xbdcfdbb5u},
        {"abs64", addresses, DL_MODE_ABS64, 0x0dcb3a18u},
        {"off32", offsets, DL_MODE_OFF32, 0x9b9e8f4bu},
        {"symbols", symbols, DL_MODE_SYMBOLS, 0x2f53f534u},
        {"rela", relocations, DL_MODE_RELA, 0x62a03537u},
        {"frames", frames, DL_MODE_FRAMES, 0x77aa3775u},
        {"numbers", numbers, DL_MODE_NUMBERS, 0xda45a15bu},
        {"a64 on noise", NULL, DL_MODE_A64, 0x720852b0u},
        {"frames on noise", NULL, DL_MODE_FRAMES, 0x0186b0b1u},
        {"regions", NULL, -1, 0x00f27b2bu},
};

static void predicts_as_ever(void **state)
{
        const struct vector *v = *state;

        make_world();
        for (uint32_t row = 0; row < ROWS && v->fill != NULL; row++)
                v->fill(row);
        uint32_t regions = sizeof(world.regions) / sizeof(world.regions[0]) - 8;
        for (uint32_t i = 0, from = 64; i < regions && v->mode < 0; i++) {
                world.regions[i] = (struct dl_region){from, i % (DL_MODE_NUMBERS + 1)};
                from += DL_REGION_UNIT * (1 + below(25));
                world.refs.region_count = i + 1;
        }
        uint32_t crc = predict_all(v->mode);
        if (crc != v->frozen)
                fail_msg("%s: 0x%08x, not 0x%08x", v->name, crc, v->frozen);
}

/* Each old position, by the nearest copy. */
static void positions_move_as_ever(void **state)
{
        static const struct dl_copy none = {0, 0, 0};
        uint32_t crc = 0;

        (void)state;
        make_world();
        for (uint32_t from = 0; from < IMAGE + 16000; from++) {
                uint8_t bytes[4];
                const struct dl_copy *c = from % 3 ? &none : &world.copies[from / 3 % 40];
                dl_put32(bytes, dl_refs_map(&world.refs, c, from));
                crc = (uint32_t)crc32(crc, bytes, sizeof(bytes));
        }
        assert_int_equal(crc, 0x10828f3au);
}

int main(void)
{
        enum { COUNT = sizeof(vectors) / sizeof(vectors[0]) };
        struct CMUnitTest tests[COUNT + 1] = {cmocka_unit_test(positions_move_as_ever)};

        for (size_t i = 0; i < COUNT; i++)
                tests[1 + i] = (struct CMUnitTest){.name = vectors[i].name,
                                                   .test_func = predicts_as_ever,
                                                   .initial_state = (void *)&vectors[i]};
        return cmocka_run_group_tests(tests, NULL, NULL);
}
