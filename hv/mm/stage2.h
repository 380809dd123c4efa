/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A VM's second translation stage: from its intermediate physical addresses to physical ones. Built
 * on hv/mm/pgtable.h; this file knows stage-2 attributes and the registers that point to the
 * tables.
 *
 * The owner's lock guards a struct stage2 from prepare to commit.
 */
#ifndef HV_MM_STAGE2_H
#define HV_MM_STAGE2_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <segue/error.h>

#include "hv/mm/addr.h"
#include "hv/mm/pgtable.h"

struct stage2 {
        struct pgtable pt;
        uint16_t vmid; /* 1..255: 0 is hv's own */
};

enum stage2_kind {
        STAGE2_RAM,    /* normal memory: read, write, execute */
        STAGE2_DATA,   /* normal memory: read, write, never execute */
        STAGE2_RODATA, /* normal memory: read */
        STAGE2_DEVICE, /* Device-nGnRE: read, write, never execute */
};

/* Physical address bits that stage 2 can use with 4 KiB granules, from ID_AA64MMFR0_EL1.PARange:
 * 32..48. PARange 6 (52 bits) needs larger descriptors than ours and counts as 48. */
unsigned stage2_pa_bits(uint64_t id_aa64mmfr0);

/* The bits of guests' addresses: 39 (one root page at level 1), or fewer where the CPU has fewer.
 */
unsigned stage2_ipa_bits(unsigned pa_bits);

/* VTCR_EL2 for such tables: the same for all VMs. */
uint64_t stage2_vtcr(unsigned pa_bits);

/* Takes one page from ops->alloc for the root; ops get `s2` as their ctx. SG_E_NO_MEMORY. */
sg_err stage2_init(struct stage2 *s2, uint16_t vmid, unsigned pa_bits,
                   const struct pgtable_ops *ops);
uint64_t stage2_vttbr(const struct stage2 *s2);

/* As pgtable_prepare_map() and _unmap(). */
sg_err stage2_prepare_map(struct stage2 *s2, struct pgtable_change *c, struct ipaddr ipa,
                          struct paddr pa, uint64_t size, enum stage2_kind kind);
sg_err stage2_prepare_unmap(struct stage2 *s2, struct pgtable_change *c, struct ipaddr ipa,
                            uint64_t size);
void stage2_commit(struct stage2 *s2, struct pgtable_change *c);
void stage2_abandon(struct stage2 *s2, struct pgtable_change *c);

/* Prepare and commit in one, while a VM is built. */
sg_err stage2_map(struct stage2 *s2, struct ipaddr ipa, struct paddr pa, uint64_t size,
                  enum stage2_kind kind);

/* false: not mapped. */
bool stage2_translate(const struct stage2 *s2, struct ipaddr ipa, struct paddr *pa);

/* One line per run of mappings, at most `lines` of them, through print: for a crash dump. */
void stage2_dump(const struct stage2 *s2, unsigned lines, void (*print)(const char *fmt, ...));

#endif
