/* SPDX-License-Identifier: Apache-2.0 */
/* BTF alone: types in another order cost a permutation, and no other. */
#include "tests/unit/delta_tamper.h"
#include "tests/unit/synthetic_kernel.h"

static struct buffer checked_patch(const struct pair *p)
{
        struct buffer patch = rig_plain(&p->from, &p->to);

        rig_check(&patch, &p->from, &p->to);
        assert_true(rig_part(&patch, "btf") > 0);
        assert_int_equal(rig_info(&patch).notes, 0);
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

static uint32_t runs(struct patch_parts *p)
{
        return dl_get32(part_of(p, DL_S_BTF)->bytes + DL_B_RUNS);
}

static void a_type_twice(struct patch_parts *p)
{
        struct patch_part *part = part_of(p, DL_S_BTF);

        /* The second run begins where the first one did. */
        put_varint_at(part, DL_B_SIZE, runs(p) + 1,
                      1 + dl_zigzag(-(int32_t)varint_at(part, DL_B_SIZE, 0)));
}

static void a_type_out_of_range(struct patch_parts *p)
{
        put_varint_at(part_of(p, DL_S_BTF), DL_B_SIZE, runs(p), 1 + dl_zigzag(1 << 20));
}

static void a_type_before_the_first(struct patch_parts *p)
{
        put_varint_at(part_of(p, DL_S_BTF), DL_B_SIZE, runs(p), 1 + dl_zigzag(-100));
}

static void a_run_too_long(struct patch_parts *p)
{
        put_varint_at(part_of(p, DL_S_BTF), DL_B_SIZE, 0, 1u << 30);
}

static void a_run_of_nothing(struct patch_parts *p)
{
        put_varint_at(part_of(p, DL_S_BTF), DL_B_SIZE, 0, 0);
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
                {"another size of types", another_size_of_types, SG_E_DELTA_MODEL},
        };
        struct pair p = types_only();
        struct buffer patch = checked_patch(&p);

        (void)state;
        expect_refused(&patch, &p.from, p.to.size, rows, sizeof(rows) / sizeof(rows[0]));
        free(patch.data);
        pair_free(&p);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(another_order_costs_little),
                cmocka_unit_test(types_go_away),
                cmocka_unit_test(damage_is_refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
