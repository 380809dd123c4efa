// SPDX-License-Identifier: Apache-2.0
/* Translation tables against a strict fake MMU and against a flat model of what is mapped. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "hv/mm/pgtable.h"
#include "tests/unit/fake_arch/fake_mmu.h"

#define K4   UINT64_C(0x1000)
#define M2   UINT64_C(0x200000)
#define G1   UINT64_C(0x40000000)
#define ATTR UINT64_C(0x7c4)

static void make(struct pgtable *pt, unsigned pages)
{
        fake_mmu_reset(pages);
        pgtable_init(pt, fake_mmu_ops.alloc(NULL), 1, 39, 40, &fake_mmu_ops, NULL);
}

static void map(struct pgtable *pt, uint64_t ia, uint64_t oa, uint64_t size, uint64_t attr)
{
        struct pgtable_change c;

        assert_int_equal(pgtable_prepare_map(pt, &c, ia, oa, size, attr), SG_OK);
        pgtable_commit(pt, &c);
}

static void unmap(struct pgtable *pt, uint64_t ia, uint64_t size)
{
        struct pgtable_change c;

        assert_int_equal(pgtable_prepare_unmap(pt, &c, ia, size), SG_OK);
        pgtable_commit(pt, &c);
}

static void expect(const struct pgtable *pt, uint64_t ia, uint64_t oa)
{
        uint64_t got_oa;
        uint64_t got_attr;

        assert_true(fake_mmu_access(pt, ia, &got_oa, &got_attr));
        assert_int_equal(got_oa, oa);
        assert_int_equal(got_attr, ATTR);
}

static void expect_none(const struct pgtable *pt, uint64_t ia)
{
        uint64_t oa;
        uint64_t attr;

        assert_false(fake_mmu_access(pt, ia, &oa, &attr));
}

static void blocks_where_they_fit(void **state)
{
        struct pgtable pt;
        struct pgtable_run leaf;

        (void)state;
        make(&pt, FAKE_PAGES);
        /* A page, two blocks, a page: one level-2 table and two level-3 tables. */
        map(&pt, G1 + M2 - K4, 5 * G1 - K4, 2 * M2 + 2 * K4, ATTR);
        assert_int_equal(fake_mmu.pages_used, 4);
        assert_true(pgtable_lookup(&pt, G1 + M2 + 5, &leaf));
        assert_true(leaf.block);
        assert_int_equal(leaf.size, M2);
        assert_int_equal(leaf.ia, G1 + M2);
        assert_int_equal(leaf.oa, 5 * G1);
        assert_true(pgtable_lookup(&pt, G1 + M2 - K4, &leaf));
        assert_false(leaf.block);
        expect(&pt, G1 + 3 * M2 + 0xfff, 5 * G1 + 2 * M2 + 0xfff);
        expect_none(&pt, G1 + 3 * M2 + K4);
        expect_none(&pt, G1 + M2 - K4 - 1);
        assert_int_equal(fake_mmu.flushes, 0);
}

static void output_out_of_step_gives_pages(void **state)
{
        struct pgtable pt;
        struct pgtable_run leaf;

        (void)state;
        make(&pt, FAKE_PAGES);
        map(&pt, M2, G1 + K4, M2, ATTR);
        assert_true(pgtable_lookup(&pt, M2, &leaf));
        assert_false(leaf.block);
        expect(&pt, 2 * M2 - 1, G1 + K4 + M2 - 1);
}

static void hole_in_a_block(void **state)
{
        struct pgtable pt;

        (void)state;
        make(&pt, FAKE_PAGES);
        map(&pt, 0, G1, 2 * M2, ATTR);
        expect(&pt, 3 * K4, G1 + 3 * K4);
        unmap(&pt, 3 * K4, 2 * K4);
        assert_int_equal(fake_mmu.flushes, 1);
        expect_none(&pt, 3 * K4);
        expect_none(&pt, 5 * K4 - 1);
        expect(&pt, 3 * K4 - 1, G1 + 3 * K4 - 1);
        expect(&pt, 5 * K4, G1 + 5 * K4);
        expect(&pt, M2, G1 + M2);
}

static void block_over_pages_frees_their_table(void **state)
{
        struct pgtable pt;
        unsigned pages;

        (void)state;
        make(&pt, FAKE_PAGES);
        map(&pt, M2, 2 * G1 + K4, M2, ATTR);
        expect(&pt, M2 + K4, 2 * G1 + 2 * K4);
        pages = fake_mmu.pages_used;
        map(&pt, M2, 3 * G1, M2, ATTR);
        assert_int_equal(fake_mmu.pages_used, pages - 1);
        expect(&pt, M2 + K4, 3 * G1 + K4);
}

static void unmapping_everything_frees_all_tables(void **state)
{
        struct pgtable pt;

        (void)state;
        make(&pt, FAKE_PAGES);
        map(&pt, 5 * G1 - 3 * K4, K4, 7 * K4, ATTR);
        map(&pt, 9 * G1, 0, 3 * M2, ATTR);
        unmap(&pt, 0, UINT64_C(1) << 39);
        assert_int_equal(fake_mmu.pages_used, 1);
        expect_none(&pt, 9 * G1);
}

static void clear_frees_all_tables(void **state)
{
        struct pgtable pt;

        (void)state;
        make(&pt, FAKE_PAGES);
        map(&pt, 5 * G1 - 3 * K4, K4, 7 * K4, ATTR);
        pgtable_clear(&pt);
        assert_int_equal(fake_mmu.pages_used, 1);
        assert_int_equal(pt.root[4], 0);
}

static void unmapping_nothing_needs_nothing(void **state)
{
        struct pgtable pt;

        (void)state;
        make(&pt, 1);
        unmap(&pt, K4, G1);
        assert_int_equal(fake_mmu.flushes, 0);
}

/* Whatever memory there is, prepare either fails and leaves everything as it was or commit works.
 */
static void prepare_fails_without_a_trace(void **state)
{
        static uint64_t before[FAKE_PAGES][PT_ENTRIES];
        bool succeeded = false;

        (void)state;
        for (unsigned room = 0; !succeeded; room++) {
                struct pgtable pt;
                struct pgtable_change c;
                unsigned used;

                make(&pt, FAKE_PAGES);
                map(&pt, 0, G1, 2 * M2, ATTR);
                used = fake_mmu.pages_used;
                fake_mmu.pages_max = used + room;
                memcpy(before, fake_mmu.page, sizeof(before));
                succeeded = pgtable_prepare_map(&pt, &c, K4, 0, 20 * M2, ATTR) == SG_OK;
                if (succeeded) {
                        pgtable_commit(&pt, &c);
                        expect(&pt, 20 * M2, 20 * M2 - K4);
                        expect(&pt, 0, G1);
                } else {
                        assert_int_equal(fake_mmu.pages_used, used);
                        for (unsigned i = 0; i < used; i++)
                                assert_memory_equal(before[i], fake_mmu.page[i], PT_PAGE_SIZE);
                }
        }
}

static void abandon_returns_the_reserve(void **state)
{
        struct pgtable pt;
        struct pgtable_change c;

        (void)state;
        make(&pt, FAKE_PAGES);
        assert_int_equal(pgtable_prepare_map(&pt, &c, K4, 0, 9 * M2, ATTR), SG_OK);
        assert_true(fake_mmu.pages_used > 1);
        pgtable_abandon(&pt, &c);
        assert_int_equal(fake_mmu.pages_used, 1);
        expect_none(&pt, K4);
}

static void bad_ranges_are_refused(void **state)
{
        static const struct {
                uint64_t ia, oa, size;
        } bad[] = {
                {0, 0, 0},
                {1, 0, K4},
                {0, 8, K4},
                {0, 0, K4 + 1},
                {UINT64_C(1) << 39, 0, K4},
                {(UINT64_C(1) << 39) - K4, 0, 2 * K4},
                {0, UINT64_C(1) << 40, K4},
                {0, (UINT64_C(1) << 40) - K4, 2 * K4},
                {0, 0, UINT64_MAX & ~(K4 - 1)},
                {UINT64_MAX & ~(K4 - 1), 0, 2 * K4},
        };
        struct pgtable pt;
        struct pgtable_change c;

        (void)state;
        make(&pt, FAKE_PAGES);
        for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
                assert_int_equal(
                        pgtable_prepare_map(&pt, &c, bad[i].ia, bad[i].oa, bad[i].size, ATTR),
                        SG_E_BAD_ARGUMENT);
        assert_int_equal(fake_mmu.pages_used, 1);
}

static void gigabyte_blocks_of_others_are_split(void **state)
{
        struct pgtable pt;

        (void)state;
        make(&pt, FAKE_PAGES);
        pt.root[1] = 7 * G1 | ATTR | PT_VALID;
        expect(&pt, G1 + 12345, 7 * G1 + 12345);
        unmap(&pt, G1 + M2 + K4, K4);
        expect_none(&pt, G1 + M2 + K4);
        expect(&pt, G1 + M2, 7 * G1 + M2);
        expect(&pt, 2 * G1 - 1, 8 * G1 - 1);
        assert_int_equal(fake_mmu.pages_used, 3);
}

static void wide_and_deep_roots(void **state)
{
        struct pgtable pt;

        (void)state;
        assert_int_equal(pgtable_root_pages(1, 39), 1);
        assert_int_equal(pgtable_root_pages(1, 40), 2);
        assert_int_equal(pgtable_root_pages(0, 48), 1);
        assert_int_equal(pgtable_root_pages(1, 32), 1);

        fake_mmu_reset(FAKE_PAGES);
        uint64_t *root = fake_mmu_ops.alloc(NULL);
        assert_ptr_equal(fake_mmu_ops.alloc(NULL), root + PT_ENTRIES);
        pgtable_init(&pt, root, 1, 40, 40, &fake_mmu_ops, NULL);
        map(&pt, (UINT64_C(1) << 40) - K4, 0, K4, ATTR);
        expect(&pt, (UINT64_C(1) << 40) - 1, K4 - 1);

        fake_mmu_reset(FAKE_PAGES);
        pgtable_init(&pt, fake_mmu_ops.alloc(NULL), 0, 48, 48, &fake_mmu_ops, NULL);
        map(&pt, (UINT64_C(1) << 48) - M2, 0, M2, ATTR);
        expect(&pt, (UINT64_C(1) << 48) - 1, M2 - 1);
}

struct seen {
        struct pgtable_run run[8];
        unsigned count;
        unsigned stop_after;
};

static bool see(void *ctx, const struct pgtable_run *run)
{
        struct seen *s = ctx;

        s->run[s->count++] = *run;
        return s->count < s->stop_after;
}

static void walk_joins_what_belongs_together(void **state)
{
        struct pgtable pt;
        struct seen s = {.stop_after = 8};

        (void)state;
        make(&pt, FAKE_PAGES);
        map(&pt, 0, 0, 4 * M2, ATTR);
        map(&pt, 4 * M2, 4 * M2, 2 * K4, ATTR);
        map(&pt, 3 * G1, 9 * G1, K4, ATTR);
        pgtable_walk(&pt, see, &s);
        assert_int_equal(s.count, 3);
        assert_int_equal(s.run[0].size, 4 * M2);
        assert_true(s.run[0].block);
        assert_int_equal(s.run[1].ia, 4 * M2);
        assert_int_equal(s.run[1].size, 2 * K4);
        assert_int_equal(s.run[2].oa, 9 * G1);

        s = (struct seen){.stop_after = 1};
        pgtable_walk(&pt, see, &s);
        assert_int_equal(s.count, 1);
}

/* A flat model of the first 32 MiB. */
#define MODEL_PAGES (32 * 256)

static uint64_t model_oa[MODEL_PAGES]; /* 0: none */
static uint64_t model_attr[MODEL_PAGES];

static uint32_t random_state;

static uint32_t roll(uint32_t n)
{
        random_state = random_state * 1664525 + 1013904223;
        return (random_state >> 8) % n;
}

static void check_model(const struct pgtable *pt)
{
        for (unsigned i = 0; i < fake_mmu.tlb_count; i++) {
                uint64_t page = fake_mmu.tlb[i].ia / K4;

                assert_int_equal(fake_mmu.tlb[i].oa, model_oa[page]);
                assert_int_equal(fake_mmu.tlb[i].attr, model_attr[page]);
        }
        for (uint64_t page = 0; page < MODEL_PAGES; page++) {
                struct pgtable_run leaf;
                bool there = pgtable_lookup(pt, page * K4, &leaf);

                assert_int_equal(there, model_oa[page] != 0);
                if (!there)
                        continue;
                assert_int_equal(leaf.oa + (page * K4 - leaf.ia), model_oa[page]);
                assert_int_equal(leaf.attr, model_attr[page]);
        }
}

static void random_change(struct pgtable *pt)
{
        /* Half of the changes at block bounds. */
        uint32_t unit = roll(2) ? 512 : 1;
        uint32_t start = roll(MODEL_PAGES / unit) * unit;
        uint32_t pages = (1 + roll(unit == 1 ? 1500 : 4)) * unit;
        uint64_t attr = roll(2) ? ATTR : ATTR | UINT64_C(1) << 54;
        uint64_t oa = (1 + roll(8)) * G1 + roll(4) * unit * K4;
        bool is_map = roll(5) < 3;

        if (pages > MODEL_PAGES - start)
                pages = MODEL_PAGES - start;
        if (is_map)
                map(pt, start * K4, oa, pages * K4, attr);
        else
                unmap(pt, start * K4, pages * K4);
        for (uint32_t i = 0; i < pages; i++) {
                model_oa[start + i] = is_map ? oa + i * K4 : 0;
                model_attr[start + i] = attr;
        }
}

static void random_changes_against_a_model(void **state)
{
        struct pgtable pt;

        (void)state;
        make(&pt, FAKE_PAGES);
        memset(model_oa, 0, sizeof(model_oa));
        random_state = 20261123;
        for (unsigned round = 0; round < 600; round++) {
                uint64_t oa;
                uint64_t attr;

                random_change(&pt);
                for (unsigned i = 0; i < 64; i++)
                        fake_mmu_access(&pt, roll(MODEL_PAGES) * K4, &oa, &attr);
                check_model(&pt);
        }
        unmap(&pt, 0, G1);
        assert_int_equal(fake_mmu.pages_used, 1);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(blocks_where_they_fit),
                cmocka_unit_test(output_out_of_step_gives_pages),
                cmocka_unit_test(hole_in_a_block),
                cmocka_unit_test(block_over_pages_frees_their_table),
                cmocka_unit_test(unmapping_everything_frees_all_tables),
                cmocka_unit_test(clear_frees_all_tables),
                cmocka_unit_test(unmapping_nothing_needs_nothing),
                cmocka_unit_test(prepare_fails_without_a_trace),
                cmocka_unit_test(abandon_returns_the_reserve),
                cmocka_unit_test(bad_ranges_are_refused),
                cmocka_unit_test(gigabyte_blocks_of_others_are_split),
                cmocka_unit_test(wide_and_deep_roots),
                cmocka_unit_test(walk_joins_what_belongs_together),
                cmocka_unit_test(random_changes_against_a_model),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
