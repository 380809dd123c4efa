/* SPDX-License-Identifier: Apache-2.0 */
/* The relocations alone: slots filled, entries derived, exceptions sent. */
#include "delta/models/rela.h"
#include "tests/unit/delta_tamper.h"
#include "tests/unit/synthetic_kernel.h"

#define WORDS 8u /* the two places before the columns */

static struct buffer checked_patch(const struct pair *p)
{
        struct buffer patch = rig_plain(&p->from, &p->to);

        rig_check(&patch, &p->from, &p->to);
        assert_true(rig_part(&patch, "relocations") > 0);
        assert_false(rig_notes(&patch, "not followed"));
        return patch;
}

static void the_table_is_derived(void **state)
{
        const struct synthetic s = {.parts = SYNTHETIC_RELA};
        struct pair p = synthetic_pair(&s);
        struct buffer patch = checked_patch(&p);

        (void)state;
        assert_true(rig_part(&patch, "relocations") < 64); /* for 1200 entries */
        free(patch.data);
        pair_free(&p);
}

static void odd_slots_are_told(void **state)
{
        const struct synthetic s = {.parts = SYNTHETIC_RELA, .odd_slots = true};
        struct pair p = synthetic_pair(&s);
        struct buffer patch = checked_patch(&p);

        (void)state;
        assert_true(rig_part(&patch, "relocations") < 1200);
        free(patch.data);
        pair_free(&p);
}

static struct pair pair;
static struct buffer patch;

static void table_beyond_the_old_image(struct patch_parts *p)
{
        dl_put32(part_of(p, DL_S_RELA)->bytes, (uint32_t)dl_get64(p->header + DL_H_FROM_SIZE) - 8);
}

#define ZEROS_SIZE (256u << 10)

/* Zeros instead of the table, and a program that holds the address 0: all fill one slot, again for
 * each prediction around it. */
static void old_table_of_a_single_slot(struct patch_parts *p)
{
        dl_put32(part_of(p, DL_S_RELA)->bytes,
                 (uint32_t)dl_get64(p->header + DL_H_FROM_SIZE) - ZEROS_SIZE);
        dl_put64(part_of(p, DL_S_PROGRAM)->bytes + 1, 0 - 4096ull);
}

static void table_beyond_the_output(struct patch_parts *p)
{
        dl_put32(part_of(p, DL_S_RELA)->bytes + 4,
                 (uint32_t)dl_get64(p->header + DL_H_TO_SIZE) - 8);
}

static void table_askew(struct patch_parts *p)
{
        uint8_t *to = part_of(p, DL_S_RELA)->bytes + 4;

        dl_put32(to, dl_get32(to) + 4);
}

static void more_entries_than_there_are(struct patch_parts *p)
{
        struct patch_part *part = part_of(p, DL_S_RELA);

        put_varint_at(part, WORDS, 0, varint_at(part, WORDS, 0) + 1);
}

static void another_count_than_the_columns(struct patch_parts *p)
{
        add_to_count(p, DL_S_RELA, 1, 1);
}

static void fewer_odd_slots(struct patch_parts *p)
{
        add_to_count(p, DL_S_RELA, 2, UINT32_MAX);
}

static void odd_slot_twice(struct patch_parts *p)
{
        put_varint_at(part_of(p, DL_S_RELA), WORDS, p->segments + 1, 0);
}

/* Lawful: it is another slot's entry that is missing then. */
static void odd_slot_at_the_row_s_begin(struct patch_parts *p)
{
        put_varint_at(part_of(p, DL_S_RELA), WORDS, p->segments, 0);
}

static void odd_slot_far_away(struct patch_parts *p)
{
        put_varint_at(part_of(p, DL_S_RELA), WORDS, p->segments + 1, UINT32_MAX);
}

static void unknown_kind_of_slot(struct patch_parts *p)
{
        struct patch_part *part = part_of(p, DL_S_RELA);
        uint32_t odds = count_of(p, DL_S_RELA, 2);

        put_varint_at(part, WORDS, p->segments + odds, 99);
}

static void entries_with_no_slot(struct patch_parts *p)
{
        struct patch_part *part = part_of(p, DL_S_RELA);

        add_to_count(p, DL_S_RELA, 1, UINT32_MAX);
        put_varint_at(part, WORDS, 0, varint_at(part, WORDS, 0) - 1);
}

static void bytes_to_spare(struct patch_parts *p)
{
        part_of(p, DL_S_RELA)->size += 3;
}

static void more_old_entries_than_there_is_room(struct patch_parts *p)
{
        add_to_count(p, DL_S_RELA, 0, 100000);
}

/* Noise stands before the table. */
static void old_entries_that_fall(struct patch_parts *p)
{
        uint8_t *from = part_of(p, DL_S_RELA)->bytes;

        dl_put32(from, dl_get32(from) - 1200);
}

static void one_entry_more(struct patch_parts *p)
{
        struct patch_part *part = part_of(p, DL_S_RELA);

        add_to_count(p, DL_S_RELA, 1, 1);
        put_varint_at(part, WORDS, 0, varint_at(part, WORDS, 0) + 1);
}

/* The program's first row begins four bytes later in the old image, where its slots then are not;
 * in the new one, where the table is at no multiple of 8 from it. */
static void row_askew(struct patch_parts *p, uint32_t number)
{
        struct patch_part *part = part_of(p, DL_S_PROGRAM);
        uint32_t at = 2 + number; /* behind the rows with symbols and strings */

        put_varint_at(part, 17, at, varint_at(part, 17, at) + 4);
        put_varint_at(part, 17, at + 1, varint_at(part, 17, at + 1) - 4);
}

static void old_row_askew(struct patch_parts *p)
{
        row_askew(p, 0);
}

static void new_row_askew(struct patch_parts *p)
{
        row_askew(p, 4);
}

static void append_zeros(struct buffer *b)
{
        static const uint8_t zeros[ZEROS_SIZE];

        rig_append(b, zeros, sizeof(zeros));
}

static void damage_is_refused(void **state)
{
        static const struct tampering rows[] = {
                {"old table beyond the image", table_beyond_the_old_image, SG_E_DELTA_MODEL},
                {"old table of one slot", old_table_of_a_single_slot, SG_E_DELTA_MODEL},
                {"new table beyond the output", table_beyond_the_output, SG_E_DELTA_MODEL},
                {"new table askew", table_askew, SG_E_DELTA_MODEL},
                {"more entries", more_entries_than_there_are, SG_E_DELTA_MODEL},
                {"another count", another_count_than_the_columns, SG_E_DELTA_MODEL},
                {"fewer odd slots", fewer_odd_slots, SG_E_DELTA_STREAM},
                {"odd slot twice", odd_slot_twice, SG_E_DELTA_MODEL},
                {"odd slot at the begin", odd_slot_at_the_row_s_begin, SG_E_DELTA_SEGMENT},
                {"odd slot far away", odd_slot_far_away, SG_E_DELTA_MODEL},
                {"unknown kind", unknown_kind_of_slot, SG_E_DELTA_MODEL},
                {"no slot for an entry", entries_with_no_slot, SG_E_DELTA_SEGMENT},
                {"bytes to spare", bytes_to_spare, SG_E_DELTA_STREAM},
                {"old entries beyond", more_old_entries_than_there_is_room, SG_E_DELTA_MODEL},
                {"old entries that fall", old_entries_that_fall, SG_E_DELTA_MODEL},
                {"one entry more", one_entry_more, SG_E_DELTA_SEGMENT},
                {"old row askew", old_row_askew, SG_E_DELTA_SEGMENT},
                {"new row askew", new_row_askew, SG_E_DELTA_MODEL},
        };

        (void)state;
        expect_refused(&patch, &pair.from, pair.to.size, rows, sizeof(rows) / sizeof(rows[0]));
}

/* Entries `first` to `end`, counted from the last one, fill slots of no program. */
static sg_err outcome_without(uint32_t first, uint32_t end)
{
        static struct patch_parts parts;
        struct rig r = {.patch = patch, .from = {.size = pair.from.size}};

        assert_true(patch_parts_read(&parts, patch.data, patch.size));
        uint32_t table = dl_get32(part_of(&parts, DL_S_RELA)->bytes);
        uint32_t count = count_of(&parts, DL_S_RELA, 0);
        r.from.data = malloc(r.from.size);
        memcpy(r.from.data, pair.from.data, r.from.size);
        for (uint32_t i = count - first; i < count - end; i++)
                dl_put64(r.from.data + table + (size_t)i * RELA_ENTRY, 1ull << 63);
        r.to = (struct buffer){.data = malloc(pair.to.size), .size = pair.to.size};
        sg_err e = rig_apply(&r);
        free(r.to.data);
        free(r.from.data);
        return e;
}

/* Lawful at the end, any number of them; but the slots that they filled are empty then. */
static void old_entries_outside(void **state)
{
        (void)state;
        assert_int_equal(outcome_without(200, 0), SG_E_DELTA_SEGMENT);
        assert_int_equal(outcome_without(200, 100), SG_E_DELTA_MODEL);
}

/* What is damaged is made once, so that nothing but the decoder has a part in how it is refused. */
static int set_up(void **state)
{
        const struct synthetic s = {.parts = SYNTHETIC_RELA, .odd_slots = true};

        (void)state;
        pair = synthetic_pair(&s);
        append_zeros(&pair.from);
        append_zeros(&pair.to);
        patch = checked_patch(&pair);
        return 0;
}

static int tear_down(void **state)
{
        (void)state;
        free(patch.data);
        pair_free(&pair);
        return 0;
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_table_is_derived),
                cmocka_unit_test(odd_slots_are_told),
                cmocka_unit_test(damage_is_refused),
                cmocka_unit_test(old_entries_outside),
        };

        return cmocka_run_group_tests(tests, set_up, tear_down);
}
