// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/fake_arch/fake_mmu.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define FAKE_PA_BASE UINT64_C(0x7f00000000) /* no test maps it */

struct fake_mmu fake_mmu;

void fake_mmu_reset(unsigned pages_max)
{
        memset(&fake_mmu, 0, sizeof(fake_mmu));
        fake_mmu.pages_max = pages_max;
}

static unsigned page_number(const void *page)
{
        ptrdiff_t n = (const uint64_t(*)[PT_ENTRIES])page - fake_mmu.page;

        assert_in_range(n, 0, FAKE_PAGES - 1);
        return (unsigned)n;
}

static void *fake_alloc(void *ctx)
{
        (void)ctx;
        if (fake_mmu.pages_used == fake_mmu.pages_max)
                return NULL;
        for (unsigned i = 0; i < FAKE_PAGES; i++) {
                if (fake_mmu.used[i])
                        continue;
                fake_mmu.used[i] = true;
                fake_mmu.pages_used++;
                memset(fake_mmu.page[i], 0, PT_PAGE_SIZE);
                return fake_mmu.page[i];
        }
        return NULL;
}

static void fake_free(void *ctx, void *page)
{
        unsigned n = page_number(page);

        (void)ctx;
        assert_true(fake_mmu.used[n]);
        for (unsigned i = 0; i < fake_mmu.tlb_count; i++)
                for (unsigned level = 0; level < 3; level++)
                        assert_int_not_equal(fake_mmu.tlb[i].tables[level], n + 1);
        memset(page, 0xa5, PT_PAGE_SIZE);
        fake_mmu.used[n] = false;
        fake_mmu.pages_used--;
}

static uint64_t fake_to_pa(void *ctx, const void *page)
{
        (void)ctx;
        return FAKE_PA_BASE + (uint64_t)page_number(page) * PT_PAGE_SIZE;
}

static void *fake_to_va(void *ctx, uint64_t pa)
{
        uint64_t n = (pa - FAKE_PA_BASE) / PT_PAGE_SIZE;

        (void)ctx;
        assert_in_range(n, 0, FAKE_PAGES - 1);
        return fake_mmu.page[n];
}

static bool is_table_page(uint64_t descriptor)
{
        uint64_t pa = descriptor & PT_ADDR;

        return (descriptor & 3) == 3 && pa >= FAKE_PA_BASE &&
               pa < FAKE_PA_BASE + FAKE_PAGES * PT_PAGE_SIZE;
}

static void fake_write(void *ctx, uint64_t *entry, uint64_t descriptor)
{
        (void)ctx;
        if ((*entry & PT_VALID) && (descriptor & PT_VALID))
                assert_int_equal(*entry, descriptor);
        if (is_table_page(descriptor))
                assert_false(fake_mmu.dirty);
        *entry = descriptor;
        fake_mmu.dirty = true;
}

static void fake_publish(void *ctx)
{
        (void)ctx;
        fake_mmu.dirty = false;
}

static void fake_flush(void *ctx, uint64_t ia, uint64_t size)
{
        unsigned kept = 0;

        (void)ctx;
        fake_mmu.dirty = false;
        fake_mmu.flushes++;
        for (unsigned i = 0; i < fake_mmu.tlb_count; i++)
                if (fake_mmu.tlb[i].ia < ia || fake_mmu.tlb[i].ia >= ia + size)
                        fake_mmu.tlb[kept++] = fake_mmu.tlb[i];
        fake_mmu.tlb_count = kept;
}

const struct pgtable_ops fake_mmu_ops = {.alloc = fake_alloc,
                                         .free = fake_free,
                                         .to_pa = fake_to_pa,
                                         .to_va = fake_to_va,
                                         .write = fake_write,
                                         .publish = fake_publish,
                                         .flush = fake_flush};

/* Written apart from pgtable.c, from the architecture's words. */
static bool walk(const struct pgtable *pt, struct fake_walk *w)
{
        const uint64_t *table = pt->root;

        for (unsigned level = pt->start_level; level <= 3; level++) {
                unsigned shift = 39 - 9 * level;
                uint64_t index = w->ia >> shift;
                uint64_t e;

                if (level != pt->start_level)
                        index &= 511;
                e = table[index];
                if (!(e & 1))
                        return false;
                if (level < 3 && (e & 2)) {
                        table = fake_to_va(NULL, e & PT_ADDR);
                        w->tables[level] = page_number(table) + 1;
                        continue;
                }
                if (level == 3)
                        assert_true(e & 2);
                w->oa = (e & PT_ADDR) | (w->ia & ((UINT64_C(1) << shift) - 1));
                w->attr = e & PT_ATTR;
                return true;
        }
        return false;
}

bool fake_mmu_access(const struct pgtable *pt, uint64_t ia, uint64_t *oa, uint64_t *attr)
{
        struct fake_walk w = {.ia = ia};

        for (unsigned i = 0; i < fake_mmu.tlb_count; i++) {
                if (fake_mmu.tlb[i].ia != ia)
                        continue;
                *oa = fake_mmu.tlb[i].oa;
                *attr = fake_mmu.tlb[i].attr;
                return true;
        }
        if (!walk(pt, &w))
                return false;
        if (fake_mmu.tlb_count < FAKE_TLB)
                fake_mmu.tlb[fake_mmu.tlb_count++] = w;
        *oa = w.oa;
        *attr = w.attr;
        return true;
}
