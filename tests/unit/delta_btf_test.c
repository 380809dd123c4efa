/* SPDX-License-Identifier: Apache-2.0 */
/* BTF alone: types in another order cost a permutation, and no other. */
#include "tests/unit/delta_columns.h"
#include "tests/unit/delta_tamper.h"
#include "tests/unit/synthetic_kernel.h"

static struct buffer checked_patch(const struct pair *p)
{
        struct buffer patch = rig_plain(&p->from, &p->to);

        rig_check(&patch, &p->from, &p->to);
        assert_true(rig_part(&patch, "btf") > 0);
        assert_false(rig_notes(&patch, "not followed"));
        return patch;
}

static struct pair types_only(void)
{
        const struct synthetic s = {.parts = SYNTHETIC_BTF};

        return synthetic_pair(&s);
}

static void another_order_costs_little(void **state)
{
        struct pair p = types_only();
        struct buffer patch = checked_patch(&p);

        (void)state;
        /* 1200 types in 30 blocks the other way round, two types more. */
        assert_true(rig_part(&patch, "btf") + rig_part(&patch, "btf-new") < 300);
        free(patch.data);
        pair_free(&p);
}

/* The way back, too: types that are gone leave no hole. */
static void types_go_away(void **state)
{
        struct pair there = types_only(), back = {there.to, there.from};
        struct buffer patch = checked_patch(&back);

        (void)state;
        free(patch.data);
        pair_free(&there);
}

static struct pair pair;
static struct buffer patch;

static uint32_t runs(struct patch_parts *p)
{
        return dl_get32(part_of(p, DL_S_BTF)->bytes + DL_B_RUNS);
}

/* Column 0: the runs' lengths, 1: their starts. */
static struct columns columns(struct patch_parts *p)
{
        return (struct columns){part_of(p, DL_S_BTF), DL_B_SIZE, runs(p)};
}

static void put_length(struct patch_parts *p, uint32_t value)
{
        put_column_value(columns(p), 0, 0, value);
}

static void put_start(struct patch_parts *p, uint32_t i, int32_t move)
{
        put_column_value(columns(p), 1, i, 1 + dl_zigzag(move));
}

/* The second run begins where the first one did. */
static void a_type_twice(struct patch_parts *p)
{
        put_start(p, 1, -(int32_t)column_value(columns(p), 0, 0));
}

static void a_type_out_of_range(struct patch_parts *p)
{
        put_start(p, 0, 1 << 20);
}

static void a_type_before_the_first(struct patch_parts *p)
{
        put_start(p, 0, -100);
}

static void a_run_too_long(struct patch_parts *p)
{
        put_length(p, 1u << 30);
}

static void a_run_of_nothing(struct patch_parts *p)
{
        put_length(p, 0);
}

static void more_new_types(struct patch_parts *p)
{
        add_to_count(p, DL_S_BTF, 0, 1);
}

static void more_old_types(struct patch_parts *p)
{
        add_to_count(p, DL_S_BTF, 1, 1);
}

static void more_new_strings(struct patch_parts *p)
{
        add_to_count(p, DL_S_BTF, 2, 1);
}

static void more_old_strings(struct patch_parts *p)
{
        add_to_count(p, DL_S_BTF, 3, 1);
}

static void more_words(struct patch_parts *p)
{
        add_to_count(p, DL_S_BTF_NEW, 1, 1);
}

static void no_new_types(struct patch_parts *p)
{
        set_count(p, DL_S_BTF, 0, 0);
}

static void no_old_types(struct patch_parts *p)
{
        set_count(p, DL_S_BTF, 1, 0);
}

static void no_new_strings(struct patch_parts *p)
{
        set_count(p, DL_S_BTF, 2, 0);
}

static void no_old_strings(struct patch_parts *p)
{
        set_count(p, DL_S_BTF, 3, 0);
}

static void early_strings_alone(struct patch_parts *p)
{
        set_count(p, DL_S_BTF_NEW, 3, count_of(p, DL_S_BTF, 2));
}

static void more_runs_than_room(struct patch_parts *p)
{
        dl_put32(part_of(p, DL_S_BTF)->bytes + DL_B_RUNS, 1u << 20);
}

/* Read, and no record's. */
static void a_word_to_spare(struct patch_parts *p)
{
        struct patch_part *part = part_of(p, DL_S_BTF_NEW);

        part->bytes[part->size++] = 0;
        add_to_count(p, DL_S_BTF_NEW, 1, 1);
}

static uint8_t *sent_end(struct patch_parts *p)
{
        return part_of(p, DL_S_BTF_NEW)->bytes + count_of(p, DL_S_BTF_NEW, 0) - 1;
}

static void sent_text_without_an_end(struct patch_parts *p)
{
        *sent_end(p) = 'x';
        add_to_count(p, DL_S_BTF_NEW, 2, UINT32_MAX);
}

static void sent_strings_more_than_said(struct patch_parts *p)
{
        sent_end(p)[-2] = 0;
}

static void sent_strings_fewer_than_said(struct patch_parts *p)
{
        add_to_count(p, DL_S_BTF_NEW, 2, 1);
}

/* A word of the first record that is sent: its name, its info. */
static void put_word(struct patch_parts *p, uint32_t i, uint32_t value)
{
        const struct columns words = {part_of(p, DL_S_BTF_NEW), count_of(p, DL_S_BTF_NEW, 0),
                                      count_of(p, DL_S_BTF_NEW, 1)};

        put_column_value(words, 0, i, value);
}

static void put_info(struct patch_parts *p, uint32_t info)
{
        put_word(p, 1, info);
}

static void record_of_no_kind(struct patch_parts *p)
{
        put_info(p, 0);
}

static void record_of_an_unknown_kind(struct patch_parts *p)
{
        put_info(p, 31u << 24);
}

static void record_longer_than_all_words(struct patch_parts *p)
{
        put_info(p, 4u << 24 | 60);
}

static void record_with_a_name_of_no_string(struct patch_parts *p)
{
        put_word(p, 0, count_of(p, DL_S_BTF, 3) + count_of(p, DL_S_BTF_NEW, 2));
}

static void type_0_is_no_type(struct patch_parts *p)
{
        put_start(p, 0, -1);
}

/* Behind the runs' lengths and starts: gaps of the early strings, then distances. */
static void put_early(struct patch_parts *p, uint32_t i, uint32_t value)
{
        put_varint_at(part_of(p, DL_S_BTF), columns_end(columns(p), 2), i, value);
}

static void early_string_beyond_the_last(struct patch_parts *p)
{
        put_early(p, 0, count_of(p, DL_S_BTF, 2) - 1);
}

static void early_string_from_beyond(struct patch_parts *p)
{
        put_early(p, count_of(p, DL_S_BTF_NEW, 3), count_of(p, DL_S_BTF, 2));
}

static void early_string_twice(struct patch_parts *p)
{
        uint32_t early = count_of(p, DL_S_BTF_NEW, 3);

        put_early(p, early + 1, varint_at(part_of(p, DL_S_BTF), columns_end(columns(p), 2), early));
}

static void another_size_of_strings(struct patch_parts *p)
{
        uint8_t *size = part_of(p, DL_S_BTF)->bytes + DL_B_STRING_SIZE;

        dl_put32(size, dl_get32(size) - 1);
}

static void far_outside(struct patch_parts *p)
{
        dl_put32(part_of(p, DL_S_BTF)->bytes + DL_B_FROM, UINT32_MAX - 8);
}

static void old_place_outside(struct patch_parts *p)
{
        dl_put32(part_of(p, DL_S_BTF)->bytes + DL_B_FROM,
                 (uint32_t)dl_get64(p->header + DL_H_FROM_SIZE) - 8);
}

static void new_place_outside(struct patch_parts *p)
{
        dl_put32(part_of(p, DL_S_BTF)->bytes + DL_B_TO,
                 (uint32_t)dl_get64(p->header + DL_H_TO_SIZE) - 8);
}

static void new_place_far_outside(struct patch_parts *p)
{
        dl_put32(part_of(p, DL_S_BTF)->bytes + DL_B_TO, UINT32_MAX - 3);
}

static void another_size_of_types(struct patch_parts *p)
{
        uint8_t *size = part_of(p, DL_S_BTF)->bytes + DL_B_TYPE_SIZE;

        dl_put32(size, dl_get32(size) + 4);
}

static void damage_is_refused(void **state)
{
        static const struct tampering rows[] = {
                {"a type twice", a_type_twice, SG_E_DELTA_MODEL},
                {"a type out of range", a_type_out_of_range, SG_E_DELTA_MODEL},
                {"a type before the first", a_type_before_the_first, SG_E_DELTA_MODEL},
                {"a run too long", a_run_too_long, SG_E_DELTA_MODEL},
                {"a run of nothing", a_run_of_nothing, SG_E_DELTA_MODEL},
                {"more new types", more_new_types, SG_E_DELTA_MODEL},
                {"more old types", more_old_types, SG_E_DELTA_MODEL},
                {"more new strings", more_new_strings, SG_E_DELTA_MODEL},
                {"more old strings", more_old_strings, SG_E_DELTA_MODEL},
                {"more words", more_words, SG_E_DELTA_STREAM},
                {"old section outside", old_place_outside, SG_E_DELTA_MODEL},
                {"new section outside", new_place_outside, SG_E_DELTA_MODEL},
                {"new section far outside", new_place_far_outside, SG_E_DELTA_MODEL},
                {"another size of types", another_size_of_types, SG_E_DELTA_MODEL},
                {"another size of strings", another_size_of_strings, SG_E_DELTA_MODEL},
                {"old section far outside", far_outside, SG_E_DELTA_MODEL},
                {"no new types", no_new_types, SG_E_DELTA_MODEL},
                {"no old types", no_old_types, SG_E_DELTA_MODEL},
                {"no new strings", no_new_strings, SG_E_DELTA_MODEL},
                {"no old strings", no_old_strings, SG_E_DELTA_MODEL},
                {"early strings alone", early_strings_alone, SG_E_DELTA_MODEL},
                {"more runs than room", more_runs_than_room, SG_E_DELTA_MODEL},
                {"a word to spare", a_word_to_spare, SG_E_DELTA_MODEL},
                {"sent text without an end", sent_text_without_an_end, SG_E_DELTA_MODEL},
                {"more strings sent", sent_strings_more_than_said, SG_E_DELTA_MODEL},
                {"fewer strings sent", sent_strings_fewer_than_said, SG_E_DELTA_MODEL},
                {"a record of no kind", record_of_no_kind, SG_E_DELTA_MODEL},
                {"a record of kind 31", record_of_an_unknown_kind, SG_E_DELTA_MODEL},
                {"a record too long", record_longer_than_all_words, SG_E_DELTA_MODEL},
                {"a name of no string", record_with_a_name_of_no_string, SG_E_DELTA_MODEL},
                {"type 0", type_0_is_no_type, SG_E_DELTA_MODEL},
                {"an early string beyond", early_string_beyond_the_last, SG_E_DELTA_MODEL},
                {"an early string from beyond", early_string_from_beyond, SG_E_DELTA_MODEL},
                {"an early string twice", early_string_twice, SG_E_DELTA_MODEL},
        };

        (void)state;
        expect_refused(&patch, &pair.from, pair.to.size, rows, sizeof(rows) / sizeof(rows[0]));
}

static void old_structures_are_checked(void **state)
{
        static struct patch_parts parts;

        (void)state;
        assert_true(patch_parts_read(&parts, patch.data, patch.size));
        uint32_t at = dl_get32(part_of(&parts, DL_S_BTF)->bytes + DL_B_FROM);
        uint32_t types = dl_get32(pair.from.data + at + 12), strings = at + 24 + types;
        uint32_t size = dl_get32(pair.from.data + at + 20), record = at + 24;
        const struct rotten rows[] = {
                {"magic", at, 0x0001eb9e},
                {"length of the header", at + 4, 28},
                {"place of the types", at + 8, 4},
                {"place of the strings", at + 16, types + 4},
                {"types without an end", at + 12, UINT32_MAX - 3},
                {"strings without an end", at + 20, UINT32_MAX - 3},
                {"fewer strings", at + 20, size - 1},
                {"a kind of 0", record + 4, 0},
                {"a kind of 31", record + 4, 31u << 24},
                {"a record too long", record + 4, 4u << 24 | 0xffff},
                {"a name inside of a string", record, dl_get32(pair.from.data + record) + 1},
                {"a name behind the strings", record, size},
                {"a first string", strings, 0x00787878},
        };
        expect_rot_refused(&patch, &pair.from, pair.to.size, rows, sizeof(rows) / sizeof(rows[0]));
}

/* What is damaged is made once, so that nothing but the decoder has a part in how it is refused. */
static int set_up(void **state)
{
        const struct synthetic s = {.parts = SYNTHETIC_BTF, .early = true};

        (void)state;
        pair = synthetic_pair(&s);
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
                cmocka_unit_test(another_order_costs_little),
                cmocka_unit_test(types_go_away),
                cmocka_unit_test(damage_is_refused),
                cmocka_unit_test(old_structures_are_checked),
        };

        return cmocka_run_group_tests(tests, set_up, tear_down);
}
