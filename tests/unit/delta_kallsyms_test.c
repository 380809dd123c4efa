/* SPDX-License-Identifier: Apache-2.0 */
/* kallsyms alone: names compressed anew from the list of symbols, in both layouts. */
#include <segue/bytes.h>

#include "delta/create/kallsyms.h"
#include "tests/unit/delta_columns.h"
#include "tests/unit/delta_tamper.h"
#include "tests/unit/synthetic_kernel.h"

static struct buffer checked_patch(const struct pair *p)
{
        struct buffer patch = rig_plain(&p->from, &p->to);

        rig_check(&patch, &p->from, &p->to);
        assert_true(rig_part(&patch, "kallsyms") > 0);
        assert_false(rig_notes(&patch, "not followed"));
        return patch;
}

static struct pair symbols_only(bool late)
{
        const struct synthetic s = {.parts = SYNTHETIC_KALLSYMS, .late_tables = late};

        return synthetic_pair(&s);
}

static void other_tokens_cost_little(void **state)
{
        (void)state;
        for (int late = 0; late < 2; late++) {
                struct pair p = symbols_only(late);
                struct buffer patch = checked_patch(&p);
                /* Six symbols more among 1500, and the new tokens. */
                assert_true(rig_part(&patch, "kallsyms") + rig_part(&patch, "kallsyms-new") < 600);
                free(patch.data);
                pair_free(&p);
        }
}

/* Xen took the format over, but for its alignment. */
static void a_hypervisors_table(void **state)
{
        const struct synthetic s = {.parts = SYNTHETIC_KALLSYMS, .as_xen = true};
        struct pair p = synthetic_pair(&s);
        struct buffer patch = checked_patch(&p);

        (void)state;
        assert_true(rig_part(&patch, "kallsyms") + rig_part(&patch, "kallsyms-new") < 600);
        free(patch.data);
        pair_free(&p);
}

static void add_byte(struct buffer *b, uint8_t byte)
{
        assert_int_equal(rig_append(b, &byte, 1), SG_OK);
}

/* A count just before the tokens: at a wide alignment its names would begin among them, lead
 * through lengths that stand in a token, and on beyond the end. */
static void names_begin_before_the_tokens(void **state)
{
        enum { COUNT_AT = 4096 + 256 - 32, TOKENS = COUNT_AT + 16, PADS = 2, LENGTHS = 24 };
        struct kallsyms_place_in place = {0};
        uint8_t index[2 * 256];
        struct buffer b = {0};

        (void)state;
        for (uint32_t i = 0; i < TOKENS; i++)
                add_byte(&b, i == COUNT_AT ? 0xd0 : i == COUNT_AT + 1 ? 0x07 : 0); /* 2000 */
        for (uint32_t code = 0; code < 256; code++) {
                put_le16(index + 2 * code, (uint16_t)(b.size - TOKENS));
                for (uint32_t i = 0; code == 0 && i < PADS + 2 * LENGTHS; i++)
                        add_byte(&b, i < PADS ? 'a' : (i - PADS) % 2 ? 0x07 : 0xf8);
                if (code > 0)
                        add_byte(&b, code >= '0' && code < '4' ? (uint8_t)code : 'a');
                add_byte(&b, 0);
        }
        while (b.size % 4 != 0)
                add_byte(&b, 0);
        assert_int_equal(rig_append(&b, index, sizeof(index)), SG_OK);
        uint8_t *exact = malloc(b.size);
        memcpy(exact, b.data, b.size);
        assert_false(kallsyms_find(exact, (uint32_t)b.size, &place));
        free(exact);
        free(b.data);
}

static void symbols_go_away(void **state)
{
        struct pair there = symbols_only(false), back = {there.to, there.from};
        struct buffer patch = checked_patch(&back);

        (void)state;
        free(patch.data);
        pair_free(&there);
}

/* From one layout to the other: the tables that both have are made. */
static void between_layouts(void **state)
{
        const struct synthetic early = {.parts = SYNTHETIC_KALLSYMS};
        const struct synthetic late = {
                .parts = SYNTHETIC_KALLSYMS, .version = 1, .late_tables = true};
        struct pair p = {synthetic_kernel(&early), synthetic_kernel(&late)};
        struct buffer patch = checked_patch(&p);

        (void)state;
        free(patch.data);
        pair_free(&p);
}

static struct pair pair;
static struct buffer patch;

static void more_old_symbols(struct patch_parts *p)
{
        add_to_count(p, DL_S_KALLSYMS, 0, 1);
}

static void more_new_symbols(struct patch_parts *p)
{
        add_to_count(p, DL_S_KALLSYMS, 1, 1);
}

static void more_sent_symbols(struct patch_parts *p)
{
        add_to_count(p, DL_S_KALLSYMS, 3, 1);
}

static void fewer_bytes_sent(struct patch_parts *p)
{
        add_to_count(p, DL_S_KALLSYMS_NEW, 0, UINT32_MAX);
}

/* Column 0: how many symbols a run has, 1: where they begin. */
static struct columns columns(struct patch_parts *p)
{
        return (struct columns){part_of(p, DL_S_KALLSYMS), DL_K_SIZE,
                                count_of(p, DL_S_KALLSYMS, 2)};
}

static void put_start(struct patch_parts *p, int32_t move)
{
        put_column_value(columns(p), 1, 0, 1 + dl_zigzag(move));
}

static void a_run_out_of_range(struct patch_parts *p)
{
        put_start(p, 1 << 20);
}

static void a_run_before_the_first(struct patch_parts *p)
{
        put_start(p, -5);
}

static void a_run_too_long(struct patch_parts *p)
{
        put_column_value(columns(p), 0, 0, 1u << 30);
}

static void outside(struct patch_parts *p, size_t at, uint32_t size_at)
{
        dl_put32(part_of(p, DL_S_KALLSYMS)->bytes + at,
                 (uint32_t)dl_get64(p->header + size_at) - 4);
}

static void old_names_outside(struct patch_parts *p)
{
        outside(p, DL_K_FROM_NAMES, DL_H_FROM_SIZE);
}

static void new_names_outside(struct patch_parts *p)
{
        outside(p, DL_K_NAMES, DL_H_TO_SIZE);
}

static void index_outside(struct patch_parts *p)
{
        outside(p, DL_K_INDEX, DL_H_TO_SIZE);
}

static void tables_overlap(struct patch_parts *p)
{
        uint8_t *bytes = part_of(p, DL_S_KALLSYMS)->bytes;

        dl_put32(bytes + DL_K_MARKERS, dl_get32(bytes + DL_K_NAMES) + 4);
}

static void markers_run_into_the_names(struct patch_parts *p)
{
        uint8_t *bytes = part_of(p, DL_S_KALLSYMS)->bytes;

        dl_put32(bytes + DL_K_MARKERS, dl_get32(bytes + DL_K_NAMES) - 4);
}

static void another_size_of_names(struct patch_parts *p)
{
        uint8_t *size = part_of(p, DL_S_KALLSYMS)->bytes + DL_K_NAMES_SIZE;

        dl_put32(size, dl_get32(size) - 1);
}

static uint8_t *places(struct patch_parts *p)
{
        return part_of(p, DL_S_KALLSYMS)->bytes;
}

static void old_tokens_outside(struct patch_parts *p)
{
        outside(p, DL_K_FROM_TOKENS, DL_H_FROM_SIZE);
}

static void old_tokens_askew(struct patch_parts *p)
{
        dl_put32(places(p) + DL_K_FROM_TOKENS, dl_get32(places(p) + DL_K_FROM_TOKENS) + 1);
}

static void old_offsets_outside(struct patch_parts *p)
{
        outside(p, DL_K_FROM_OFFSETS, DL_H_FROM_SIZE);
}

static void old_order_outside(struct patch_parts *p)
{
        outside(p, DL_K_FROM_SORTED, DL_H_FROM_SIZE);
}

static void old_names_that_end_early(struct patch_parts *p)
{
        uint8_t *size = places(p) + DL_K_FROM_NAMES_SIZE;

        dl_put32(size, dl_get32(size) - 1);
}

static void old_names_that_end_late(struct patch_parts *p)
{
        uint8_t *size = places(p) + DL_K_FROM_NAMES_SIZE;

        dl_put32(size, dl_get32(size) + 1);
}

static void no_old_symbols(struct patch_parts *p)
{
        set_count(p, DL_S_KALLSYMS, 0, 0);
}

static void no_new_symbols(struct patch_parts *p)
{
        set_count(p, DL_S_KALLSYMS, 1, 0);
}

static void no_runs(struct patch_parts *p)
{
        set_count(p, DL_S_KALLSYMS, 2, 0);
}

/* Nothing else is behind them that could run out. */
static void more_old_symbols_than_any_kernel_has(struct patch_parts *p)
{
        set_count(p, DL_S_KALLSYMS, 0, 1u << 24);
}

static void old_tokens_of_64k(struct patch_parts *p)
{
        dl_put32(places(p) + DL_K_FROM_TOKENS, 0);
        set_count(p, DL_S_KALLSYMS_NEW, 2, 65536);
}

static void a_run_of_nothing(struct patch_parts *p)
{
        put_column_value(columns(p), 0, 0, 0);
}

/* Of the first run, which is of old symbols. */
static void a_run_one_too_long(struct patch_parts *p)
{
        uint32_t last = count_of(p, DL_S_KALLSYMS, 0) - column_value(columns(p), 0, 0);

        put_start(p, (int32_t)last + 1);
}

static uint8_t *sent_end(struct patch_parts *p)
{
        return part_of(p, DL_S_KALLSYMS_NEW)->bytes + count_of(p, DL_S_KALLSYMS_NEW, 0) - 1;
}

static void sent_without_an_end(struct patch_parts *p)
{
        *sent_end(p) = 'x';
        add_to_count(p, DL_S_KALLSYMS, 3, UINT32_MAX);
}

static void more_sent_than_said(struct patch_parts *p)
{
        sent_end(p)[-2] = 0;
}

static void sent_name_too_long(struct patch_parts *p)
{
        struct patch_part *part = part_of(p, DL_S_KALLSYMS_NEW);
        static uint8_t room[1u << 20];

        memset(room, 'x', 600);
        memcpy(room + 600, part->bytes, part->size);
        part->bytes = room;
        part->size += 600;
        add_to_count(p, DL_S_KALLSYMS_NEW, 0, 600);
}

/* They are at the end of the section: a text for each of 256 codes. */
static void a_token_more(struct patch_parts *p)
{
        struct patch_part *part = part_of(p, DL_S_KALLSYMS_NEW);

        part->bytes[part->size++] = 0;
        add_to_count(p, DL_S_KALLSYMS_NEW, 1, 1);
}

static void a_token_less(struct patch_parts *p)
{
        part_of(p, DL_S_KALLSYMS_NEW)->size--;
        add_to_count(p, DL_S_KALLSYMS_NEW, 1, UINT32_MAX);
}

static void tokens_without_an_end(struct patch_parts *p)
{
        struct patch_part *part = part_of(p, DL_S_KALLSYMS_NEW);

        part->bytes[part->size - 1] = 'x';
}

static void damage_is_refused(void **state)
{
        static const struct tampering rows[] = {
                {"more old symbols", more_old_symbols, SG_E_DELTA_MODEL},
                {"more new symbols", more_new_symbols, SG_E_DELTA_MODEL},
                {"more sent symbols", more_sent_symbols, SG_E_DELTA_MODEL},
                {"fewer bytes sent", fewer_bytes_sent, SG_E_DELTA_STREAM},
                {"a run out of range", a_run_out_of_range, SG_E_DELTA_MODEL},
                {"a run before the first", a_run_before_the_first, SG_E_DELTA_MODEL},
                {"a run too long", a_run_too_long, SG_E_DELTA_MODEL},
                {"old names outside", old_names_outside, SG_E_DELTA_MODEL},
                {"new names outside", new_names_outside, SG_E_DELTA_MODEL},
                {"index outside", index_outside, SG_E_DELTA_MODEL},
                {"tables overlap", tables_overlap, SG_E_DELTA_MODEL},
                {"markers run into the names", markers_run_into_the_names, SG_E_DELTA_MODEL},
                {"another size of names", another_size_of_names, SG_E_DELTA_MODEL},
                {"tokens without an end", tokens_without_an_end, SG_E_DELTA_MODEL},
                {"a token more", a_token_more, SG_E_DELTA_MODEL},
                {"a token less", a_token_less, SG_E_DELTA_MODEL},
                {"old tokens outside", old_tokens_outside, SG_E_DELTA_MODEL},
                {"old tokens askew", old_tokens_askew, SG_E_DELTA_MODEL},
                {"old tokens of 64 KiB", old_tokens_of_64k, SG_E_DELTA_MODEL},
                {"old offsets outside", old_offsets_outside, SG_E_DELTA_MODEL},
                {"old order outside", old_order_outside, SG_E_DELTA_MODEL},
                {"old names end early", old_names_that_end_early, SG_E_DELTA_MODEL},
                {"old names end late", old_names_that_end_late, SG_E_DELTA_MODEL},
                {"no old symbols", no_old_symbols, SG_E_DELTA_MODEL},
                {"no new symbols", no_new_symbols, SG_E_DELTA_MODEL},
                {"no runs", no_runs, SG_E_DELTA_MODEL},
                {"2^24 old symbols", more_old_symbols_than_any_kernel_has, SG_E_DELTA_MODEL},
                {"a run of nothing", a_run_of_nothing, SG_E_DELTA_MODEL},
                {"a run one too long", a_run_one_too_long, SG_E_DELTA_MODEL},
                {"sent without an end", sent_without_an_end, SG_E_DELTA_MODEL},
                {"more sent than said", more_sent_than_said, SG_E_DELTA_MODEL},
                {"a sent name too long", sent_name_too_long, SG_E_DELTA_MODEL},
        };

        (void)state;
        expect_refused(&patch, &pair.from, pair.to.size, rows, sizeof(rows) / sizeof(rows[0]));
}

static void old_structures_are_checked(void **state)
{
        static struct patch_parts parts;

        (void)state;
        assert_true(patch_parts_read(&parts, patch.data, patch.size));
        uint32_t names = dl_get32(places(&parts) + DL_K_FROM_NAMES);
        uint32_t order = dl_get32(places(&parts) + DL_K_FROM_SORTED);
        uint32_t last = names + dl_get32(places(&parts) + DL_K_FROM_NAMES_SIZE) - 4;
        uint32_t tokens = dl_get32(places(&parts) + DL_K_FROM_TOKENS);
        const struct rotten rows[] = {
                {"a name longer than names are", names, 0x7fff},
                {"a name without its other half", last,
                 0x80000000u | dl_get32(pair.from.data + last)},
                {"a symbol's number", order, UINT32_MAX},
                {"fewer tokens", tokens, 0x78787878},
        };
        expect_rot_refused(&patch, &pair.from, pair.to.size, rows, sizeof(rows) / sizeof(rows[0]));
}

/* What is damaged is made once, so that nothing but the decoder has a part in how it is refused. */
static int set_up(void **state)
{
        const struct synthetic s = {.parts = SYNTHETIC_KALLSYMS, .early = true};

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
                cmocka_unit_test(other_tokens_cost_little),
                cmocka_unit_test(a_hypervisors_table),
                cmocka_unit_test(names_begin_before_the_tokens),
                cmocka_unit_test(symbols_go_away),
                cmocka_unit_test(between_layouts),
                cmocka_unit_test(damage_is_refused),
                cmocka_unit_test(old_structures_are_checked),
        };

        return cmocka_run_group_tests(tests, set_up, tear_down);
}
