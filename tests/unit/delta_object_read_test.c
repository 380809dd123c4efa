/* SPDX-License-Identifier: Apache-2.0 */
/* Relocatable objects: what their headers tell, and what a patch tells of the new ones. */
#include <segue/bytes.h>

#include "delta/create/bytes.h"
#include "delta/decoder.h"
#include "tests/unit/delta_rig.h"
#include "tests/unit/object_headers.h"

#define NONE NO_SECTION

/* ---- ELF's header ---- */

#define FROM 100u
#define SIZE 100000u /* of the image */
#define ROOM (SIZE - FROM)

static bool opens(const uint8_t head[OBJECT_HEADER], struct object *o, uint32_t *headers)
{
        *o = (struct object){.from = FROM};
        return object_open(head, SIZE, o, headers);
}

static void tables_of_headers(void **state)
{
        static const struct {
                uint64_t table;
                uint32_t count;
                bool good;
        } rows[] = {
                {64, 1, true},
                {63, 1, false},
                {0, 1, false},
                {64, 0, false},
                {64, 1023, true},
                {64, 1024, false},
                {ROOM - 64, 1, true},
                {ROOM - 63, 1, false},
                {ROOM - 10 * 64, 10, true},
                {ROOM - 10 * 64 + 1, 10, false},
                {ROOM, 1, false},
                {ROOM + 1, 1, false},
                {(1ull << 32) + 64, 1, false},
        };

        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                uint8_t head[OBJECT_HEADER];
                struct object o;
                uint32_t headers;
                put_object_head(head, rows[i].table, rows[i].count, 5);
                if (opens(head, &o, &headers) != rows[i].good)
                        fail_msg("%u headers at %u", rows[i].count, (unsigned)rows[i].table);
                if (!rows[i].good)
                        continue;
                assert_int_equal(headers, FROM + rows[i].table);
                assert_int_equal(o.sections, rows[i].count + 1);
                assert_int_equal(o.names, 5);
        }
}

/* Magic, type, machine and the size of a header, each one off. */
static void objects_of_another_kind(void **state)
{
        static const uint32_t places[] = {0, 1, 2, 3, 4, 5, 6, 16, 17, 18, 19, 58, 59};
        uint8_t head[OBJECT_HEADER];
        struct object o;
        uint32_t headers;

        (void)state;
        for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
                put_object_head(head, 64, 1, 5);
                head[places[i]]++;
                assert_false(opens(head, &o, &headers));
        }
}

/* ---- Section headers ---- */

static const struct {
        struct object_header header;
        bool good;
        enum object_kind kind;
        unsigned log2;
} section_headers[] = {
        {{0, 0, 0, 0, 0, 0, 0, 0}, true, OBJECT_NULL, 0},
        {{0, 1, 4, 64, 100, 4, 0, 0}, true, OBJECT_CODE, 2},
        {{0, 1, 7, 64, 100, 1, 0, 0}, true, OBJECT_CODE, 0},
        {{0, 1, 3, 64, 100, 2, 0, 0}, true, OBJECT_BYTES, 1},
        {{0, 3, 4, 64, 100, 3, 0, 0}, true, OBJECT_BYTES, 0},
        {{0, 2, 4, 64, 100, 8, 1023, 7}, true, OBJECT_SYMBOLS, 3},
        {{0, 4, 0, 64, 100, 4096, 6, 1024}, true, OBJECT_RELA, 12},
        {{0, 8, 3, 64, 0x7fffffff, 8192, 1024, 1023}, true, OBJECT_NOBITS, 0},
        {{0, 8, 3, 64, 0x80000000, 4097, 0, 0}, false, OBJECT_NOBITS, 0},
        {{0, 8, 3, 64, (1ull << 32) + 1, 1, 0, 0}, false, OBJECT_NOBITS, 0},
        {{0, 1, 3, ROOM - 10, 10, 1ull << 40, 0, 0}, true, OBJECT_BYTES, 0},
        {{0, 1, 3, ROOM - 10, 11, 1, 0, 0}, false, OBJECT_BYTES, 0},
        {{0, 1, 3, ROOM, 0, 16, 0, 0}, true, OBJECT_BYTES, 4},
        {{0, 1, 3, ROOM + 1, 0, 16, 0, 0}, false, OBJECT_BYTES, 0},
        {{0, 0, 0, 64, ROOM, 0, 0, 0}, false, OBJECT_NULL, 0},
        {{0, 1, 3, 64, 1ull << 32, 1, 0, 0}, false, OBJECT_BYTES, 0},
};

static void sections_by_their_headers(void **state)
{
        const struct object o = {.from = FROM};

        (void)state;
        for (size_t i = 0; i < sizeof(section_headers) / sizeof(section_headers[0]); i++) {
                const struct object_header *h = &section_headers[i].header;
                struct object_section s;
                uint8_t b[OBJECT_HEADER];
                put_object_header(b, h);
                if (object_section_read(b, &o, SIZE, &s) != section_headers[i].good)
                        fail_msg("header %u", (unsigned)i);
                if (!section_headers[i].good)
                        continue;
                assert_int_equal(s.from, FROM + h->offset);
                assert_int_equal(s.from_size, h->length);
                assert_int_equal(s.kind, section_headers[i].kind);
                assert_int_equal(s.align, section_headers[i].log2);
                assert_int_equal(s.link, h->link < 1024 ? h->link : 0);
                assert_int_equal(s.info, h->info < 1024 ? h->info : 0);
        }
}

/* ---- Where sections are ---- */

static void ends(void **state)
{
        struct object_section sections[] = {
                {.from = 300, .from_size = 50, .to = 900, .to_size = 20, .kind = OBJECT_BYTES},
                {.from = 260, .from_size = 100, .to = 840, .to_size = 90, .kind = OBJECT_CODE},
                {.from = 300, .from_size = 70, .to = 900, .to_size = 99, .kind = OBJECT_NOBITS},
        };
        const struct object o = {.from = FROM, .to = 800, .sections = 3};
        const struct object none = {.from = FROM, .to = 800};

        (void)state;
        assert_int_equal(object_end(&o, sections), 360);
        assert_int_equal(object_new_end(&o, sections), 930);
        assert_int_equal(object_end(&none, sections), FROM + OBJECT_HEADER);
        assert_int_equal(object_new_end(&none, sections), 800 + OBJECT_HEADER);
        sections[0].to = UINT32_MAX - 5;
        assert_int_equal(object_new_end(&o, sections), (1ull << 32) + 14);
}

static void sections_in_their_order(void **state)
{
        static const uint32_t places[] = {500, 100, 300, 300, 100, 700, 300};
        static const uint32_t order[] = {1, 4, 2, 3, 6, 0, 5, NONE};
        const struct object o = {.sections = 7}, none = {.sections = 0};
        struct object_section sections[7] = {{.from = 0}};
        uint32_t last = NONE;

        (void)state;
        for (uint32_t i = 0; i < 7; i++)
                sections[i].from = places[i];
        for (uint32_t i = 0; i < 8; i++) {
                last = object_next(&o, sections, last);
                assert_int_equal(last, order[i]);
        }
        assert_int_equal(object_next(&none, sections, NONE), NONE);
}

/* Behind ELF's header; behind 100 bytes, which are 90 now; behind what is in memory alone. */
static void where_sections_are_expected(void **state)
{
        static const struct {
                uint32_t last, from, align, to;
        } rows[] = {
                {NONE, 1064, 0, 64}, {NONE, 1069, 0, 69}, {NONE, 1069, 2, 69}, {NONE, 1067, 2, 64},
                {NONE, 1069, 3, 64}, {1, 2100, 0, 391},   {1, 2103, 2, 392},   {1, 2103, 3, 392},
                {1, 2107, 3, 392},   {1, 2108, 3, 399},   {1, 2110, 3, 401},   {1, 2090, 3, 381},
                {2, 2103, 3, 404},   {2, 2000, 12, 4096}, {2, 2010, 0, 311},
        };
        struct object_section sections[] = {
                {.from = 0},
                {.from = 2000, .from_size = 100, .to = 301, .to_size = 90, .kind = OBJECT_BYTES},
                {.from = 2000, .from_size = 100, .to = 301, .to_size = 90, .kind = OBJECT_NOBITS},
        };
        const struct object o = {.from = 1000, .sections = 3};

        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                sections[0].from = rows[i].from;
                sections[0].align = (uint8_t)rows[i].align;
                uint32_t to = object_expected(&o, sections, rows[i].last, 0);
                if (to != rows[i].to)
                        fail_msg("row %u: %u", (unsigned)i, to);
        }
}

static void symbols_of_sections(void **state)
{
        static const struct {
                uint32_t number, info, section;
        } symbols[] = {
                {1, 0, 0}, {2, 19, 1},     {3, 3, 1}, {4, 3, 3},
                {5, 3, 4}, {65545, 19, 2}, {6, 2, 0}, {65535, 0xf3, 2},
        };
        struct object_section sections[4] = {{.symbol = 0}};
        const struct object o = {.sections = 4};

        (void)state;
        for (size_t i = 0; i < sizeof(symbols) / sizeof(symbols[0]); i++) {
                uint8_t symbol[SYMBOL_SIZE] = {0};
                symbol[SYMBOL_INFO] = (uint8_t)symbols[i].info;
                put_le16(symbol + SYMBOL_SECTION, (uint16_t)symbols[i].section);
                object_note_symbol(&o, sections, symbols[i].number, symbol);
        }
        assert_int_equal(sections[0].symbol, 0);
        assert_int_equal(sections[1].symbol, 2);
        assert_int_equal(sections[2].symbol, 65535);
        assert_int_equal(sections[3].symbol, 0); /* the table of headers has none */
        assert_null(object_symbols(&o, sections));
        sections[1].kind = sections[2].kind = OBJECT_SYMBOLS;
        assert_ptr_equal(object_symbols(&o, sections), &sections[1]);
}

/* ---- A patch's section ---- */

/*
 * Two objects, the second directly behind the first. What is read of them, one after the other,
 * stands in parts of the old image that are read by themselves: see world.fails_at.
 */
#define OLD_SIZE  60000u
#define NEW_SIZE  61000u
#define FIRST     100u
#define HEADERS   9000u /* of the first, as all places here from its start */
#define SYMBOLS   25000u
#define FIRST_END 32000u
#define SECOND    (FIRST + FIRST_END)
#define SECTIONS  8u /* five of the first one, three of the second */
#define VALUES    (2 + 2 * SECTIONS + 2)

enum port { NO_PORT, PATCH, OLD };

static struct world {
        struct dl dl;
        struct dl_ops ops;
        struct rig rig;
        uint8_t old[OLD_SIZE];
        uint8_t lines[DL_CACHE_LINES][DL_CACHE_LINE];
        enum port port;
        uint32_t calls, fails_at; /* the first call is 1 */
        void *memory, *arena;
} world;

static sg_err count(enum port port)
{
        return port == world.port && ++world.calls == world.fails_at ? SG_E_IO : SG_OK;
}

static sg_err patch_read(void *ctx, uint64_t offset, void *data, size_t length)
{
        return count(PATCH) ? SG_E_IO : world.ops.patch_read(ctx, offset, data, length);
}

static sg_err old_read(void *ctx, uint64_t offset, void *data, size_t length)
{
        return count(OLD) ? SG_E_IO : world.ops.old_read(ctx, offset, data, length);
}

static void put_objects(uint8_t *old)
{
        static const struct object_header first[] = {
                {.type = 0},
                {.type = 1, .flags = 4, .offset = 64, .length = 200, .align = 4},
                {.type = 8, .offset = 264, .length = 5000, .align = 8},
                {.type = 2, .offset = SYMBOLS, .length = FIRST_END - SYMBOLS, .link = 1},
        };
        static const struct object_header second[] = {
                {.type = 1, .offset = 20000, .length = 100, .align = 1},
                {.type = 1, .offset = 20100, .length = 900, .align = 16},
        };
        uint8_t *symbol = old + FIRST + SYMBOLS + SYMBOL_SIZE;

        memset(old, 0, OLD_SIZE);
        put_object_head(old + FIRST, HEADERS, 4, 5);
        dl_put64(old + FIRST + HEADER_OFFSET, UINT64_MAX); /* of ELF's header: the entry point */
        for (uint32_t i = 0; i < 4; i++)
                put_object_header(old + FIRST + HEADERS + (size_t)OBJECT_HEADER * i, &first[i]);
        put_object_head(old + SECOND, 12000, 2, 5);
        for (uint32_t i = 0; i < 2; i++)
                put_object_header(old + SECOND + 12000 + (size_t)OBJECT_HEADER * i, &second[i]);
        symbol[SYMBOL_INFO] = 3;
        put_le16(symbol + SYMBOL_SECTION, 1);
        symbol = old + SECOND - SYMBOL_SIZE - (FIRST_END - SYMBOLS) % SYMBOL_SIZE; /* the last */
        symbol[SYMBOL_INFO] = 3;
        put_le16(symbol + SYMBOL_SECTION, 2);
}

/* Gaps, sizes, places, new gaps. */
static const uint32_t told[VALUES] = {
        FIRST, 0,                            /**/
        0,     40, 15, 48, 0, /**/ 2, 0, 0,  /**/
        0,     0,  0,  6,  1, /**/ 0, 0, 10, /**/
        50,    7,
};

static void columns_of(const uint32_t values[VALUES], struct bytes *columns)
{
        *columns = (struct bytes){0};
        for (uint32_t i = 0; i < VALUES; i++)
                bytes_varint(columns, values[i]);
}

/* The patch is these bytes, in one stored block. */
static void put_patch(const struct bytes *columns)
{
        const uint8_t head[] = {1, (uint8_t)columns->size, 0, (uint8_t)~columns->size, 0xff};

        assert_true(columns->size < 256);
        rig_append(&world.rig.patch, head, sizeof(head));
        rig_append(&world.rig.patch, columns->data, columns->size);
}

static void put_directory(struct dl *dl, size_t raw, uint32_t objects, uint32_t sections)
{
        struct dl_section *s = &dl->sections[0];

        dl->header.section_count = 1;
        s->id = DL_S_OBJECTS;
        s->packed = (uint32_t)world.rig.patch.size;
        s->raw = (uint32_t)raw;
        s->counts[0] = objects;
        s->counts[1] = sections;
}

/* All memory is as large as it must be, and each read of the patch is of one byte. */
static struct dl *make_world(const struct bytes *columns, uint32_t objects, uint32_t sections)
{
        struct world *w = &world;
        struct dl *dl = &w->dl;
        struct dl_arena arena = {NULL, 0};

        memset(dl, 0, sizeof(*dl));
        w->rig = (struct rig){.from = {.data = w->old, .size = OLD_SIZE}};
        w->ops = rig_ops(&w->rig);
        w->calls = 0;
        put_patch(columns);
        put_directory(dl, columns->size, objects, sections);
        dl->ops = (struct dl_ops){&w->rig, patch_read, old_read, NULL, NULL};
        dl->header.from_size = dl->refs.from_size = OLD_SIZE;
        dl->header.to_size = dl->refs.to_size = NEW_SIZE;
        for (uint32_t i = 0; i < DL_CACHE_LINES; i++)
                dl->cache[i].bytes = w->lines[i];
        w->memory = aligned_alloc(DL_ARENA_ALIGN, DL_STREAM_MEMORY);
        dl_stream_init(&dl->streams[0], &dl->ops, w->memory);
        dl->streams[0].buffer = 1;
        dl_objects_plan(dl, &arena);
        w->arena = arena.base = calloc(1, arena.used);
        arena.used = 0;
        dl_objects_plan(dl, &arena);
        dl->program = true;
        return dl;
}

static void end_world(void)
{
        free(world.rig.patch.data);
        free(world.memory);
        free(world.arena);
}

static sg_err open_columns(const struct bytes *columns, uint32_t objects, uint32_t sections)
{
        sg_err e = dl_objects_open(make_world(columns, objects, sections));

        end_world();
        return e;
}

static sg_err open_told(const uint32_t values[VALUES])
{
        struct bytes columns;

        columns_of(values, &columns);
        sg_err e = open_columns(&columns, 2, SECTIONS);
        bytes_free(&columns);
        return e;
}

static void as_told(void **state)
{
        static const struct object objects[2] = {
                {FIRST, SECOND, 50, 0, 5, 5},
                {SECOND, SECOND + 21000, 32107, 5, 3, 5},
        };
        static const struct object_section sections[SECTIONS] = {
                {FIRST, 0, 50, 0, 0, 0, 0, OBJECT_NULL, 0},
                {FIRST + 64, 200, 114, 220, 0, 0, 1, OBJECT_CODE, 2},
                {FIRST + 264, 5000, 338, 4992, 0, 0, 290, OBJECT_NOBITS, 3},
                {FIRST + SYMBOLS, 7000, 25076, 7024, 1, 0, 0, OBJECT_SYMBOLS, 0},
                {FIRST + HEADERS, 256, 9073, 256, 0, 0, 0, OBJECT_HEADERS, 3},
                {SECOND + 20000, 100, 52112, 101, 0, 0, 0, OBJECT_BYTES, 0},
                {SECOND + 20100, 900, 52219, 900, 0, 0, 0, OBJECT_BYTES, 4},
                {SECOND + 12000, 128, 44112, 128, 0, 0, 0, OBJECT_HEADERS, 3},
        };
        struct bytes columns;

        (void)state;
        columns_of(told, &columns);
        struct dl *dl = make_world(&columns, 2, SECTIONS);
        assert_int_equal(dl_objects_open(dl), SG_OK);
        assert_memory_equal(dl->refs.objects.list, objects, sizeof(objects));
        assert_memory_equal(dl->refs.objects.sections, sections, sizeof(sections));
        bytes_free(&columns);
        end_world();
}

static void each_error_of_the_disk_is_told(void **state)
{
        struct bytes columns;

        (void)state;
        columns_of(told, &columns);
        for (world.port = PATCH; world.port <= OLD; world.port++) {
                sg_err e = SG_E_IO;
                for (world.fails_at = 1; e; world.fails_at++) {
                        e = open_columns(&columns, 2, SECTIONS);
                        assert_int_equal(e, world.calls >= world.fails_at ? SG_E_IO : SG_OK);
                }
                assert_true(world.fails_at > (world.port == OLD ? 4u : columns.size));
        }
        world.port = NO_PORT;
        bytes_free(&columns);
}

/* Cut between two values, and in the midst of one that is beyond all bounds by then. */
static void columns_cut_short(void **state)
{
        static const uint8_t large[] = {0xff, 0xff, 0xff, 0xff};
        struct bytes columns, cut;

        (void)state;
        columns_of(told, &columns);
        for (size_t size = 0; size < columns.size; size++) {
                cut = (struct bytes){0};
                bytes_add(&cut, columns.data, size);
                assert_int_equal(open_columns(&cut, 2, SECTIONS), SG_E_DELTA_STREAM);
                bytes_add(&cut, large, sizeof(large));
                assert_int_equal(open_columns(&cut, 2, SECTIONS), SG_E_DELTA_STREAM);
                bytes_free(&cut);
        }
        bytes_free(&columns);
}

static void what_is_told_wrong(void **state)
{
        enum { GAP, GAP_2, SIZES, PLACES = SIZES + SECTIONS, NEW_GAPS = PLACES + SECTIONS };
        static const struct {
                const char *what;
                uint32_t at, value;
                sg_err e;
        } rows[] = {
                {"nothing", GAP, FIRST, SG_OK},
                {"no object there", GAP, FIRST + 1, SG_E_DELTA_MODEL},
                {"just room for a header", GAP, OLD_SIZE - 64, SG_E_DELTA_MODEL},
                {"no room for a header", GAP, OLD_SIZE - 63, SG_E_DELTA_MODEL},
                {"behind the old image", GAP, OLD_SIZE + 1, SG_E_DELTA_MODEL},
                {"far behind the old image", GAP, OLD_SIZE + DL_CACHE_LINE, SG_E_DELTA_MODEL},
                {"the second one nowhere", GAP_2, UINT32_MAX, SG_E_DELTA_MODEL},
                {"less than nothing", SIZES + 2, 10001, SG_E_DELTA_MODEL},
                {"beyond the new image", PLACES + 7, 1 << 20, SG_E_DELTA_MODEL},
                {"just inside", NEW_GAPS + 1, 7 + NEW_SIZE - 53119, SG_OK},
                {"not quite inside", NEW_GAPS + 1, 8 + NEW_SIZE - 53119, SG_E_DELTA_MODEL},
                {"behind the new image", NEW_GAPS, NEW_SIZE + 1, SG_E_DELTA_MODEL},
                {"before the first one", NEW_GAPS + 1, 0u - 32000, SG_E_DELTA_MODEL},
        };

        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                uint32_t values[VALUES];
                memcpy(values, told, sizeof(values));
                values[rows[i].at] = rows[i].value;
                sg_err e = open_told(values);
                if (e != rows[i].e)
                        fail_msg("%s: %d", rows[i].what, (int)e);
        }
}

/* One section less than the objects have, one more, about which all is told, and a byte to spare.
 */
static void wrong_counts(void **state)
{
        struct bytes columns, more = {0};

        (void)state;
        columns_of(told, &columns);
        assert_int_equal(open_columns(&columns, 2, SECTIONS - 1), SG_E_DELTA_MODEL);
        assert_int_equal(open_columns(&columns, 2, 4), SG_E_DELTA_MODEL);
        assert_int_equal(open_columns(&columns, 1, SECTIONS), SG_E_DELTA_MODEL);
        for (uint32_t i = 0; i < VALUES; i++) {
                bytes_varint(&more, told[i]);
                if (i == 1 + SECTIONS || i == 1 + 2 * SECTIONS)
                        bytes_byte(&more, 0);
        }
        assert_int_equal(open_columns(&more, 2, SECTIONS + 1), SG_E_DELTA_MODEL);
        bytes_byte(&columns, 0);
        assert_int_equal(open_columns(&columns, 2, SECTIONS), SG_E_DELTA_STREAM);
        bytes_free(&columns);
        bytes_free(&more);
}

static void no_program(void **state)
{
        struct bytes columns;

        (void)state;
        columns_of(told, &columns);
        struct dl *dl = make_world(&columns, 2, SECTIONS);
        dl->program = false;
        assert_int_equal(dl_objects_open(dl), SG_E_DELTA_MODEL);
        end_world();
        bytes_free(&columns);
}

static void a_section_that_leaves_the_old_image(void **state)
{
        uint8_t *length = world.old + SECOND + 12000 + OBJECT_HEADER + HEADER_LENGTH;

        (void)state;
        dl_put64(length, OLD_SIZE);
        assert_int_equal(open_told(told), SG_E_DELTA_MODEL);
        dl_put64(length, 900);
        assert_int_equal(open_told(told), SG_OK);
}

static int set_up(void **state)
{
        (void)state;
        put_objects(world.old);
        return 0;
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(tables_of_headers),
                cmocka_unit_test(objects_of_another_kind),
                cmocka_unit_test(sections_by_their_headers),
                cmocka_unit_test(ends),
                cmocka_unit_test(sections_in_their_order),
                cmocka_unit_test(where_sections_are_expected),
                cmocka_unit_test(symbols_of_sections),
                cmocka_unit_test(as_told),
                cmocka_unit_test(each_error_of_the_disk_is_told),
                cmocka_unit_test(columns_cut_short),
                cmocka_unit_test(what_is_told_wrong),
                cmocka_unit_test(wrong_counts),
                cmocka_unit_test(no_program),
                cmocka_unit_test(a_section_that_leaves_the_old_image),
        };

        return cmocka_run_group_tests(tests, set_up, NULL);
}
