/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stand-in for the CPU's translation hardware, stricter than any: it caches what it has walked
 * until it is flushed, and fails the test when a live entry is replaced without a break in between,
 * when a page is freed that a cached walk went through, or when a table is attached whose contents
 * were not published first.
 */
#ifndef TESTS_FAKE_MMU_H
#define TESTS_FAKE_MMU_H

#include <stdbool.h>
#include <stdint.h>

#include "hv/mm/pgtable.h"

#define FAKE_PAGES 512
#define FAKE_TLB   4096

struct fake_walk {
        uint64_t ia;
        uint64_t oa;
        uint64_t attr;
        unsigned tables[3]; /* pages that it went through, as index + 1; 0: none */
};

struct fake_mmu {
        _Alignas(PT_PAGE_SIZE) uint64_t page[FAKE_PAGES][PT_ENTRIES];
        bool used[FAKE_PAGES];
        unsigned pages_used;
        unsigned pages_max; /* alloc fails beyond */
        unsigned flushes;
        bool dirty; /* something was written and not published */
        struct fake_walk tlb[FAKE_TLB];
        unsigned tlb_count;
};

/* The ops' ctx is ignored: there is one fake MMU, fake_mmu. */
extern struct fake_mmu fake_mmu;
extern const struct pgtable_ops fake_mmu_ops;

void fake_mmu_reset(unsigned pages_max);

/* An access by software: uses the cache or walks and caches. false: translation fault. */
bool fake_mmu_access(const struct pgtable *pt, uint64_t ia, uint64_t *oa, uint64_t *attr);

#endif
