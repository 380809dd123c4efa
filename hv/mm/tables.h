/* SPDX-License-Identifier: Apache-2.0 */
/* hv/mm/pgtable.h on this hardware: pages from hv's heap, TLB maintenance by broadcast. */
#ifndef HV_MM_TABLES_H
#define HV_MM_TABLES_H

#include "hv/mm/pgtable.h"

void *tables_alloc(void *ctx);
void tables_free(void *ctx, void *page);
uint64_t tables_to_pa(void *ctx, const void *page);
void *tables_to_va(void *ctx, uint64_t pa);
void tables_write(void *ctx, uint64_t *entry, uint64_t descriptor);

/* What all trees in hv's heap share; who walks a tree decides how it is published and flushed. */
#define TABLES_ON_HEAP                                                                            \
        .alloc = tables_alloc, .free = tables_free, .to_pa = tables_to_pa, .to_va = tables_to_va, \
        .write = tables_write

extern const struct pgtable_ops stage1_table_ops;
extern const struct pgtable_ops stage2_table_ops; /* ctx: the struct stage2 */

#endif
