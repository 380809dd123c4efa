// SPDX-License-Identifier: Apache-2.0
/* The tables of a shared library: symbols, relocations, unwind information, PLT and GOT. */
#include <elf.h>

#include "delta/decoder.h"
#include "tests/unit/delta_tamper.h"
#include "tests/unit/synthetic_library.h"

static struct buffer library(unsigned version, enum library_fault fault)
{
        static uint8_t bytes[LIBRARY_SIZE_MAX];
        struct buffer b = {0};

        rig_append(&b, bytes, synthetic_library(version, fault, bytes));
        return b;
}

struct libraries {
        struct buffer from, to, patch;
};

static struct libraries make(enum library_fault fault)
{
        struct libraries l = {.from = library(0, fault), .to = library(1, fault)};

        l.patch = rig_plain(&l.from, &l.to);
        rig_check(&l.patch, &l.from, &l.to);
        return l;
}

static void release(struct libraries *l)
{
        free(l->from.data);
        free(l->to.data);
        free(l->patch.data);
}

/* Does a region of this mode exist? */
static bool has_mode(const struct buffer *patch, enum dl_mode_id mode)
{
        static struct patch_parts parts;

        assert_true(patch_parts_read(&parts, patch->data, patch->size));
        const struct patch_part *regions = part_of(&parts, DL_S_REGIONS);
        uint32_t count = count_of(&parts, DL_S_REGIONS, 0);
        return memchr(regions->bytes + regions->size - count, (int)mode, count) != NULL;
}

static void tables_follow_from_the_map(void **state)
{
        struct libraries known = make(LIBRARY_SOUND), unknown = make(LIBRARY_NO_TABLES);

        (void)state;
        print_message("with tables: %zu bytes; without: %zu\n", known.patch.size,
                      unknown.patch.size);
        assert_true(has_mode(&known.patch, DL_MODE_SYMBOLS));
        assert_true(has_mode(&known.patch, DL_MODE_RELA));
        assert_true(has_mode(&known.patch, DL_MODE_NUMBERS));
        assert_true(has_mode(&known.patch, DL_MODE_OFF32));
        assert_true(has_mode(&known.patch, DL_MODE_FRAMES));
        assert_true(known.patch.size * 2 < unknown.patch.size);
        release(&known);
        release(&unknown);
}

static void what_is_not_as_linkers_make_it_costs_only_bytes(void **state)
{
        (void)state;
        for (enum library_fault fault = LIBRARY_NO_TABLES; fault < LIBRARY_FAULTS; fault++) {
                struct libraries l = make(fault);
                print_message("fault %d: %zu bytes\n", (int)fault, l.patch.size);
                release(&l);
        }
}

#define PLAIN_SIZE (20u << 10)
#define PLAIN_BASE 0x10000u

/* One segment, and of tables none, or its names from the first byte on. */
static struct buffer plain_program(bool names)
{
        struct {
                Elf64_Ehdr header;
                Elf64_Phdr segments[2];
                Elf64_Dyn dynamic[2];
        } head = {
                .header = {.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB,
                                       1},
                           .e_type = ET_DYN,
                           .e_machine = EM_AARCH64,
                           .e_phoff = sizeof(Elf64_Ehdr),
                           .e_phentsize = sizeof(Elf64_Phdr),
                           .e_phnum = 2},
                .segments = {{.p_type = PT_LOAD,
                              .p_vaddr = PLAIN_BASE,
                              .p_filesz = PLAIN_SIZE,
                              .p_memsz = PLAIN_SIZE},
                             {.p_type = PT_DYNAMIC}},
                .dynamic = {{names ? DT_STRTAB : DT_NULL, {PLAIN_BASE}}},
        };
        Elf64_Phdr *dynamic = &head.segments[1];
        struct buffer b = rig_noise(PLAIN_SIZE);

        dynamic->p_offset = sizeof(head.header) + sizeof(head.segments);
        dynamic->p_vaddr = PLAIN_BASE + dynamic->p_offset;
        dynamic->p_filesz = dynamic->p_memsz = sizeof(head.dynamic);
        memcpy(b.data, &head, sizeof(head));
        return b;
}

/* Their parts do not pair: neither is a program for the other. */
static void programs_that_have_nothing_in_common(void **state)
{
        struct libraries l = {.from = plain_program(false), .to = plain_program(true)};

        (void)state;
        for (unsigned turn = 0; turn < 2; turn++) {
                struct buffer from = l.from;
                l.patch = rig_plain(&l.from, &l.to);
                rig_check(&l.patch, &l.from, &l.to);
                free(l.patch.data);
                l.from = l.to;
                l.to = from;
        }
        free(l.from.data);
        free(l.to.data);
}

/* What is damaged: made once, so that nothing but the decoder has a part in how it is refused. */
static struct libraries sound;

/* The section: rows, two addresses, the rows with symbols and with strings. */
#define SYMBOLS_AT 17u

static void symbols_in_no_row(struct patch_parts *parts)
{
        put_varint_at(part_of(parts, DL_S_PROGRAM), SYMBOLS_AT, 0, DL_PROGRAM_ROWS);
}

static void strings_in_no_row(struct patch_parts *parts)
{
        put_varint_at(part_of(parts, DL_S_PROGRAM), SYMBOLS_AT, 1, 1u << 30);
}

/* Behind these, eight numbers of each row: distance, size, more in memory, offset, in the old image
 * and in the new one. */
static void put_span(struct patch_parts *parts, uint32_t row, uint32_t number, uint32_t value)
{
        put_varint_at(part_of(parts, DL_S_PROGRAM), SYMBOLS_AT, 2 + 8 * row + number, value);
}

static void more_rows_than_a_program_has(struct patch_parts *parts)
{
        add_to_count(parts, DL_S_PROGRAM, 0,
                     DL_PROGRAM_ROWS + 1 - count_of(parts, DL_S_PROGRAM, 0));
        put_varint_at(part_of(parts, DL_S_PROGRAM), 0, 0, DL_PROGRAM_ROWS + 1);
}

static void more_rows_than_there_are(struct patch_parts *parts)
{
        add_to_count(parts, DL_S_PROGRAM, 0, 1 - count_of(parts, DL_S_PROGRAM, 0));
        put_varint_at(part_of(parts, DL_S_PROGRAM), 0, 0, DL_PROGRAM_ROWS);
}

static void row_of_no_program(struct patch_parts *parts)
{
        add_to_count(parts, DL_S_PROGRAM, 0, 1);
}

static void row_of_no_size(struct patch_parts *parts)
{
        put_span(parts, 1, 1, 0);
}

static void row_beyond_the_old_image(struct patch_parts *parts)
{
        put_span(parts, count_of(parts, DL_S_PROGRAM, 0) - 1, 0, 1u << 30);
}

static void row_beyond_the_new_image(struct patch_parts *parts)
{
        put_span(parts, count_of(parts, DL_S_PROGRAM, 0) - 1, 5, (uint32_t)sound.to.size);
}

/* Each for itself is in order; positions behind the image's end are of 32 bits. */
static void more_memory_than_positions(struct patch_parts *parts)
{
        for (uint32_t row = 0; row < 3; row++) {
                put_span(parts, row, 2, 0x7f000000);
                put_span(parts, row, 3, 0);
        }
}

static void row_beyond_the_programs_memory(struct patch_parts *parts)
{
        put_span(parts, 0, 3, DL_MEMORY_MAX - 8);
}

static void regions_that_stand_still(struct patch_parts *parts)
{
        put_varint_at(part_of(parts, DL_S_REGIONS), 0, 1, 0);
}

static void region_beyond_any_image(struct patch_parts *parts)
{
        put_varint_at(part_of(parts, DL_S_REGIONS), 0, 0, DL_IMAGE_MAX / DL_REGION_UNIT + 2);
}

static void drop(struct patch_parts *parts, enum dl_section_id id)
{
        uint32_t i = (uint32_t)(entry_of(parts, id) - parts->directory) / DL_D_SIZE;

        dl_put32(parts->header + DL_H_SECTION_COUNT, --parts->sections);
        memmove(parts->directory + (size_t)i * DL_D_SIZE,
                parts->directory + (size_t)(i + 1) * DL_D_SIZE,
                (size_t)(parts->sections - i) * DL_D_SIZE);
        memmove(&parts->section[i], &parts->section[i + 1],
                (parts->sections - i) * sizeof(parts->section[0]));
}

static void no_regions(struct patch_parts *parts)
{
        drop(parts, DL_S_REGIONS);
}

static void program_without_a_map(struct patch_parts *parts)
{
        drop(parts, DL_S_MAP);
        parts->header[DL_H_FLAGS] ^= DL_F_RESIDENT;
        parts->streams = DL_STREAMS;
        for (uint32_t i = 0; i < parts->segments; i++) {
                parts->stream[i][DL_COPIES].size = 0;
        }
}

static void program_with_bytes_to_spare(struct patch_parts *parts)
{
        struct patch_part *part = part_of(parts, DL_S_PROGRAM);

        part->bytes[part->size++] = 0;
}

static void unknown_mode(struct patch_parts *parts)
{
        struct patch_part *part = part_of(parts, DL_S_REGIONS);

        part->bytes[part->size - 1] = DL_MODES;
}

static void rows_that_do_not_exist_are_refused(void **state)
{
        static const struct tampering rows[] = {
                {"symbols in no row", symbols_in_no_row, SG_E_DELTA_MODEL},
                {"strings in no row", strings_in_no_row, SG_E_DELTA_MODEL},
                {"a mode that does not exist", unknown_mode, SG_E_DELTA_MODEL},
                {"17 rows of a program", more_rows_than_a_program_has, SG_E_DELTA_MODEL},
                {"16 rows of one", more_rows_than_there_are, SG_E_DELTA_MODEL},
                {"a row of no program", row_of_no_program, SG_E_DELTA_MODEL},
                {"a row of no size", row_of_no_size, SG_E_DELTA_MODEL},
                {"a row beyond the old image", row_beyond_the_old_image, SG_E_DELTA_MODEL},
                {"a row beyond the new image", row_beyond_the_new_image, SG_E_DELTA_MODEL},
                {"more memory than positions", more_memory_than_positions, SG_E_DELTA_MODEL},
                {"beyond the memory", row_beyond_the_programs_memory, SG_E_DELTA_MODEL},
                {"regions that stand still", regions_that_stand_still, SG_E_DELTA_MODEL},
                {"a region beyond any image", region_beyond_any_image, SG_E_DELTA_MODEL},
                {"bytes to spare", program_with_bytes_to_spare, SG_E_DELTA_STREAM},
                {"no regions", no_regions, SG_OK},
                {"a program without a map", program_without_a_map, SG_E_DELTA_MODEL},
        };

        (void)state;
        expect_refused(&sound.patch, &sound.from, sound.to.size, rows,
                       sizeof(rows) / sizeof(rows[0]));
}

/* 24 bytes were inserted at 100: symbols whose extents end before, around, and at that place. */
static void lengths_of_symbols_follow(void **state)
{
        static const struct {
                uint32_t value, length, moved, now;
        } symbols[] = {{10, 90, 10, 90},
                       {90, 20, 90, 44},
                       {100, 8, 124, 8},
                       {120, 0, 144, 0},
                       {99, 2, 99, 2}, /* grown out of all proportion: left alone */
                       {90, 0x80000000u, 90, 0x80000000u}};
        enum { COUNT = sizeof(symbols) / sizeof(symbols[0]), AT = 120, SIZE = 400 };
        struct dl_copy copies[] = {{0, 0, 100}, {124, 100, SIZE - 100}};
        struct dl_map map = {copies, 2};
        uint32_t order[] = {0, 1};
        struct dl_row row = {.from = {.size = SIZE, .memory = SIZE},
                             .to = {.size = SIZE + 24, .memory = SIZE + 24}};
        struct dl_program program = {.rows = 1, .symbols = DL_NO_ROW, .strings = DL_NO_ROW};
        struct dl_refs r = {.from_size = SIZE,
                            .to_size = SIZE + 24,
                            .rows = &row,
                            .row_count = 1,
                            .programs = &program,
                            .program_count = 1,
                            .map = &map,
                            .order = order,
                            .ordered = 2};
        uint8_t bytes[SIZE] = {0};
        struct dl_window w = {bytes, SIZE, 0, 24, &copies[1]};

        (void)state;
        for (uint32_t i = 0; i < COUNT; i++) {
                dl_put64(bytes + AT + i * SYMBOL_SIZE + SYMBOL_VALUE, symbols[i].value);
                dl_put64(bytes + AT + i * SYMBOL_SIZE + SYMBOL_LENGTH, symbols[i].length);
        }
        dl_refs_predict_mode(&r, &w, DL_MODE_SYMBOLS, AT, AT + COUNT * SYMBOL_SIZE);
        for (uint32_t i = 0; i < COUNT; i++) {
                const uint8_t *symbol = bytes + AT + i * SYMBOL_SIZE;
                assert_int_equal(dl_get64(symbol + SYMBOL_VALUE), symbols[i].moved);
                assert_int_equal(dl_get64(symbol + SYMBOL_LENGTH), symbols[i].now);
        }
}

/* Modes on old bytes that are not what the modes are for: another result, nothing beside it. */
static void any_mode_anywhere(void **state)
{
        struct rig r = {.from = sound.from};

        (void)state;
        r.to = (struct buffer){.data = calloc(1, sound.to.size), .size = sound.to.size};
        for (int mode = 0; mode < DL_MODES; mode++) {
                static struct patch_parts parts;
                static uint8_t room[1u << 20];
                assert_true(patch_parts_read(&parts, sound.patch.data, sound.patch.size));
                struct patch_part *regions = part_of(&parts, DL_S_REGIONS);
                uint32_t count = count_of(&parts, DL_S_REGIONS, 0);
                memset(regions->bytes + regions->size - count, mode, count);
                r.patch.data = room;
                r.patch.size = patch_parts_write(&parts, room, sizeof(room));
                assert_int_equal(rig_apply(&r), SG_OK);
        }
        free(r.to.data);
}

static int set_up(void **state)
{
        (void)state;
        sound = make(LIBRARY_SOUND);
        return 0;
}

static int tear_down(void **state)
{
        (void)state;
        release(&sound);
        return 0;
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(programs_that_have_nothing_in_common),
                cmocka_unit_test(tables_follow_from_the_map),
                cmocka_unit_test(what_is_not_as_linkers_make_it_costs_only_bytes),
                cmocka_unit_test(rows_that_do_not_exist_are_refused),
                cmocka_unit_test(lengths_of_symbols_follow),
                cmocka_unit_test(any_mode_anywhere),
        };

        return cmocka_run_group_tests(tests, set_up, tear_down);
}
