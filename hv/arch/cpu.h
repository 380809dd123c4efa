/* SPDX-License-Identifier: Apache-2.0 */
/* Barriers, waiting, and cache and TLB maintenance (Arm ARM B2, D7, D8). */
#ifndef HV_ARCH_CPU_H
#define HV_ARCH_CPU_H

#include <stdint.h>

#include "hv/mm/addr.h"

static inline void isb(void)
{
        __asm__ volatile("isb" ::: "memory");
}

static inline void dsb_sy(void)
{
        __asm__ volatile("dsb sy" ::: "memory");
}

static inline void dsb_ish(void)
{
        __asm__ volatile("dsb ish" ::: "memory");
}

static inline void dsb_ishst(void)
{
        __asm__ volatile("dsb ishst" ::: "memory");
}

/* Until an interrupt is pending for this core, masked or not. */
static inline void wfi(void)
{
        __asm__ volatile("dsb sy\n\twfi" ::: "memory");
}

/* To the point of coherency, for readers without caches. */
void cache_clean_invalidate(const void *start, uint64_t size);
void cache_clean(const void *start, uint64_t size);

/* Zeroes whole cache lines, where the core allows by DC ZVA. Aligned to 4 KiB. */
void zero_pages(void *start, uint64_t size);

/* All cores' instruction caches: new code was placed. */
void icache_invalidate_all(void);

/* hv's own translations of [va, va + size), on all cores. What begins and ends at 2 MiB bounds was
 * mapped by blocks. */
void tlb_flush_hv(struct vaddr va, uint64_t size);

/* Stage-2 translations of [ipa, ipa + size) of one VMID, and what stage 1 made of them, on all
 * cores. May be called while another VMID is current. */
void tlb_flush_guest(uint64_t vttbr, struct ipaddr ipa, uint64_t size);

/* All translations of one VMID, on all cores. */
void tlb_flush_guest_all(uint64_t vttbr);

#endif
