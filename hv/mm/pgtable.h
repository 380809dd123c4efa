/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AArch64 translation tables, 4 KiB granule (Arm ARM D8.3), for stage 1 of EL2 and for stage 2
 * alike: this file knows levels, blocks and break-before-make, not what attributes mean.
 *
 * A change is prepared, which may fail and changes nothing, and then committed, which cannot fail:
 * prepare sets aside the table pages that commit may need. Between the two nobody else may change
 * the same tables; the owner's lock sees to that.
 *
 * Commit breaks before it makes (D8.16.1): every live entry that will differ is made invalid, then
 * one flush, then the new entries are written. A change that covers a part of a 2 MiB block makes
 * the whole block absent for that moment, so changes under running software keep to 2 MiB bounds.
 *
 * Hardware is reached through ops alone, so that the same code runs on the host under test.
 */
#ifndef HV_MM_PGTABLE_H
#define HV_MM_PGTABLE_H

#include <stdbool.h>
#include <stdint.h>

#include <segue/error.h>

#define PT_PAGE_SIZE  0x1000u
#define PT_BLOCK_SIZE 0x200000u /* the largest leaf that is made; larger ones are understood */
#define PT_ENTRIES    512u

/* Descriptor bits that mean the same at both stages. */
#define PT_VALID (UINT64_C(1) << 0)
#define PT_TABLE (UINT64_C(1) << 1) /* levels 0..2: a table; level 3: a page */
#define PT_ADDR  UINT64_C(0x0000fffffffff000)
#define PT_ATTR  (~(PT_ADDR | PT_VALID | PT_TABLE))

struct pgtable_ops {
        void *(*alloc)(void *ctx);           /* one zeroed page, or NULL */
        void (*free)(void *ctx, void *page); /* only after a flush */
        uint64_t (*to_pa)(void *ctx, const void *page);
        void *(*to_va)(void *ctx, uint64_t pa);
        void (*write)(void *ctx, uint64_t *entry, uint64_t descriptor); /* one 64-bit store */
        /* Earlier writes become visible to table walks before later ones. */
        void (*publish)(void *ctx);
        /* Earlier writes visible, and no translation of this input range cached any more, on any
         * core of the inner shareable domain. */
        void (*flush)(void *ctx, uint64_t ia, uint64_t size);
};

struct pgtable {
        uint64_t *root;       /* one page, or up to 16 adjacent ones at stage 2 */
        unsigned start_level; /* 0..2 */
        unsigned ia_bits;     /* size of the input address space */
        unsigned oa_bits; /* of the output addresses: what the CPU and VTCR.PS or TCR.PS allow */
        const struct pgtable_ops *ops;
        void *ctx;
};

/* One prepared change. Opaque to callers, who give the memory. */
struct pgtable_change {
        uint64_t ia;
        uint64_t end; /* first address behind it */
        uint64_t oa;
        uint64_t attr; /* attribute bits of its leaves */
        bool map;
        void *reserve; /* pages set aside, linked through their first word */
};

/* root: pgtable_root_pages() adjacent zeroed pages, aligned to their whole size. */
void pgtable_init(struct pgtable *pt, uint64_t *root, unsigned start_level, unsigned ia_bits,
                  unsigned oa_bits, const struct pgtable_ops *ops, void *ctx);
unsigned pgtable_root_pages(unsigned start_level, unsigned ia_bits);

/* [ia, ia + size) -> [oa, ...), all 4 KiB-aligned, size not 0. What was mapped there is replaced.
 * SG_E_BAD_ARGUMENT: alignment, or outside the input or output space; SG_E_NO_MEMORY. */
sg_err pgtable_prepare_map(struct pgtable *pt, struct pgtable_change *c, uint64_t ia, uint64_t oa,
                           uint64_t size, uint64_t attr);
/* Absent parts of the range stay absent. Tables that become empty stay for the next change, but
 * those that lie wholly within the range are freed. Errors as above. */
sg_err pgtable_prepare_unmap(struct pgtable *pt, struct pgtable_change *c, uint64_t ia,
                             uint64_t size);
void pgtable_commit(struct pgtable *pt, struct pgtable_change *c);
/* Instead of commit: gives the reserve back. */
void pgtable_abandon(struct pgtable *pt, struct pgtable_change *c);

/* Frees every table below the root and clears the root. The tables must not be in use. */
void pgtable_clear(struct pgtable *pt);

/* A run of translations: adjacent input and output addresses with one set of attributes. */
struct pgtable_run {
        uint64_t ia;
        uint64_t oa;
        uint64_t size;
        uint64_t attr;
        bool block; /* made of 2 MiB or larger leaves */
};

/* The leaf that translates ia, its whole size; false when there is none. */
bool pgtable_lookup(const struct pgtable *pt, uint64_t ia, struct pgtable_run *leaf);

/* Calls visit for every run in ascending order until it returns false. Takes no lock and allocates
 * nothing: good for a crash dump, where it may meet tables in the middle of a change. */
void pgtable_walk(const struct pgtable *pt, bool (*visit)(void *ctx, const struct pgtable_run *run),
                  void *ctx);

#endif
