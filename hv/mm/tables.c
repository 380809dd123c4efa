// SPDX-License-Identifier: Apache-2.0
#include "hv/mm/tables.h"

#include "hv/arch/cpu.h"
#include "hv/mm/heap.h"
#include "hv/mm/stage2.h"

static void *alloc(void *ctx)
{
        (void)ctx;
        return page_alloc();
}

static void release(void *ctx, void *page)
{
        (void)ctx;
        page_free(page);
}

static uint64_t to_pa(void *ctx, const void *page)
{
        (void)ctx;
        return ptr_to_pa(page).pa;
}

static void *to_va(void *ctx, uint64_t pa)
{
        (void)ctx;
        return pa_to_ptr(pa_make(pa));
}

static void write_entry(void *ctx, uint64_t *entry, uint64_t descriptor)
{
        (void)ctx;
        *(volatile uint64_t *)entry = descriptor;
}

static void publish(void *ctx)
{
        (void)ctx;
        dsb_ishst();
        isb();
}

static void flush_hv(void *ctx, uint64_t ia, uint64_t size)
{
        (void)ctx;
        tlb_flush_hv(va_make(ia), size);
}

static void flush_guest(void *ctx, uint64_t ia, uint64_t size)
{
        tlb_flush_guest(stage2_vttbr(ctx), ipa_make(ia), size);
}

#define TABLE_OPS(flush_op)                                                      \
        {                                                                        \
                .alloc = alloc, .free = release, .to_pa = to_pa, .to_va = to_va, \
                .write = write_entry, .publish = publish, .flush = (flush_op)    \
        }

const struct pgtable_ops stage1_table_ops = TABLE_OPS(flush_hv);
const struct pgtable_ops stage2_table_ops = TABLE_OPS(flush_guest);
