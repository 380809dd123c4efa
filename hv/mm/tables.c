// SPDX-License-Identifier: Apache-2.0
#include "hv/mm/tables.h"

#include "hv/arch/cpu.h"
#include "hv/mm/heap.h"
#include "hv/mm/stage2.h"

void *tables_alloc(void *ctx)
{
        (void)ctx;
        return page_alloc();
}

void tables_free(void *ctx, void *page)
{
        (void)ctx;
        page_free(page);
}

uint64_t tables_to_pa(void *ctx, const void *page)
{
        (void)ctx;
        return ptr_to_pa(page).pa;
}

void *tables_to_va(void *ctx, uint64_t pa)
{
        (void)ctx;
        return pa_to_ptr(pa_make(pa));
}

void tables_write(void *ctx, uint64_t *entry, uint64_t descriptor)
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

const struct pgtable_ops stage1_table_ops = {TABLES_ON_HEAP, .publish = publish, .flush = flush_hv};
const struct pgtable_ops stage2_table_ops = {TABLES_ON_HEAP, .publish = publish,
                                             .flush = flush_guest};
