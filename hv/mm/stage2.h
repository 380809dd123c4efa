/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A VM's address space: stage-2 tables of 4 KiB granule, 2 MiB blocks where alignment allows. Pure
 * but for the operations it is given: the caller's pool supplies table pages (zeroed, physically at
 * their pointer's value), and `invalidate` does TLB maintenance by IPA for this VMID
 * (break-before-make).
 */
#ifndef HV_MM_STAGE2_H
#define HV_MM_STAGE2_H

#include <stdbool.h>
#include <stdint.h>

#include <segue/error.h>

#include "hv/mm/addr.h"

enum stage2_kind {
        STAGE2_RAM,        /* normal write-back, read, write, execute */
        STAGE2_RAM_NOEXEC, /* normal write-back, read, write: a lent region */
        STAGE2_DEVICE,     /* nGnRE, read, write, never executable */
};

/* Pages of tables, 4 KiB each, zeroed when taken. */
struct table_pool {
        uint8_t *base;
        uint32_t pages;
        uint32_t used;
};

struct stage2_ops {
        /* After entries of [ipa, ipa + size) were made invalid or changed. May be NULL on the host.
         */
        void (*invalidate)(void *context, struct ipaddr ipa, uint64_t size);
        void *context;
};

struct stage2 {
        uint64_t *root;    /* concatenated level-1 tables when ipa_bits asks for them */
        unsigned ipa_bits; /* 32..48 */
        unsigned start_level;
        struct table_pool *pool;
        struct stage2_ops ops;
};

/* How many table pages a map of [ipa, ipa + size) may need at most: prepare, before commit. */
uint32_t stage2_pages_needed(const struct stage2 *s2, struct ipaddr ipa, uint64_t size);

sg_err stage2_init(struct stage2 *s2, struct table_pool *pool, unsigned ipa_bits,
                   const struct stage2_ops *ops);

/* Page-aligned. NO_MEMORY or an existing mapping in the range: nothing was changed. */
sg_err stage2_map(struct stage2 *s2, struct ipaddr ipa, struct paddr pa, uint64_t size,
                  enum stage2_kind kind);

/* Cannot fail: blocks that the range cuts through are not allowed (checked by assertion in tests);
 * tables stay allocated, so mapping the same range again cannot fail either. */
void stage2_unmap(struct stage2 *s2, struct ipaddr ipa, uint64_t size);

/* For the crash dump and tests: the entries on the way to an address, from the start level down;
 * returns how many (0..4). */
unsigned stage2_walk(const struct stage2 *s2, struct ipaddr ipa, uint64_t entry[4]);

/* VTCR_EL2's T0SZ, SL0, granule and attributes; the caller adds PS. VTTBR_EL2 without the VMID. */
uint64_t stage2_vtcr(const struct stage2 *s2);
uint64_t stage2_vttbr(const struct stage2 *s2);

#endif
