/* SPDX-License-Identifier: Apache-2.0 */
/* kallsyms alone: names compressed anew from the list of symbols, in both layouts. */
#include "tests/unit/delta_tamper.h"
#include "tests/unit/synthetic_kernel.h"

static struct buffer checked_patch(const struct pair *p)
{
        struct buffer patch = rig_plain(&p->from, &p->to);

        rig_check(&patch, &p->from, &p->to);
        assert_true(rig_part(&patch, "kallsyms") > 0);
        assert_int_equal(rig_info(&patch).notes, 0);
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

static void a_run_out_of_range(struct patch_parts *p)
{
        put_varint_at(part_of(p, DL_S_KALLSYMS), DL_K_SIZE, count_of(p, DL_S_KALLSYMS, 2),
                      1 + dl_zigzag(1 << 20));
}

static void a_run_before_the_first(struct patch_parts *p)
{
        put_varint_at(part_of(p, DL_S_KALLSYMS), DL_K_SIZE, count_of(p, DL_S_KALLSYMS, 2),
                      1 + dl_zigzag(-5));
}

static void a_run_too_long(struct patch_parts *p)
{
        put_varint_at(part_of(p, DL_S_KALLSYMS), DL_K_SIZE, 0, 1u << 30);
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

static void another_size_of_names(struct patch_parts *p)
{
        uint8_t *size = part_of(p, DL_S_KALLSYMS)->bytes + DL_K_NAMES_SIZE;

        dl_put32(size, dl_get32(size) - 1);
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
                {"another size of names", another_size_of_names, SG_E_DELTA_MODEL},
                {"tokens without an end", tokens_without_an_end, SG_E_DELTA_MODEL},
        };
        struct pair p = symbols_only(false);
        struct buffer patch = checked_patch(&p);

        (void)state;
        expect_refused(&patch, &p.from, p.to.size, rows, sizeof(rows) / sizeof(rows[0]));
        free(patch.data);
        pair_free(&p);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(other_tokens_cost_little), cmocka_unit_test(a_hypervisors_table),
                cmocka_unit_test(symbols_go_away),          cmocka_unit_test(between_layouts),
                cmocka_unit_test(damage_is_refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
