// SPDX-License-Identifier: Apache-2.0
#include "hv/arch/cpu.h"

#include <string.h>

#include "hv/arch/sysreg.h"

#define DCZID_DZP (1u << 4) /* DC ZVA is prohibited */

/* One broadcast TLBI per page is dearer than one for all beyond this many. */
#define TLBI_PAGES_MAX 512

static uint64_t dcache_line(void)
{
        return 4ull << bits(read_sysreg(ctr_el0), 19, 16);
}

void cache_clean_invalidate(const void *start, uint64_t size)
{
        uint64_t line = dcache_line();
        uint64_t end = (uintptr_t)start + size;

        for (uint64_t a = align_down((uintptr_t)start, line); a < end; a += line)
                __asm__ volatile("dc civac, %0" ::"r"(a) : "memory");
        dsb_sy();
}

void cache_clean(const void *start, uint64_t size)
{
        uint64_t line = dcache_line();
        uint64_t end = (uintptr_t)start + size;

        for (uint64_t a = align_down((uintptr_t)start, line); a < end; a += line)
                __asm__ volatile("dc cvac, %0" ::"r"(a) : "memory");
        dsb_sy();
}

void zero_pages(void *start, uint64_t size)
{
        uint64_t dczid = read_sysreg(dczid_el0);
        uint64_t block = 4ull << bits(dczid, 3, 0);
        uint64_t end = (uintptr_t)start + size;

        if (dczid & DCZID_DZP) {
                memset(start, 0, size);
                return;
        }
        for (uint64_t a = (uintptr_t)start; a < end; a += block)
                __asm__ volatile("dc zva, %0" ::"r"(a) : "memory");
}

void icache_invalidate_all(void)
{
        __asm__ volatile("ic ialluis\n\tdsb ish\n\tisb" ::: "memory");
}

void tlb_flush_hv(struct vaddr va, uint64_t size)
{
        uint64_t end = va.va + size;
        /* One invalidation does for a whole block, and hv maps such ranges by blocks (stage1.h). */
        uint64_t step = is_aligned(va.va | size, SIZE_2M) ? SIZE_2M : SIZE_4K;

        dsb_ishst();
        for (uint64_t a = va.va; a < end; a += step)
                __asm__ volatile("tlbi vae2is, %0" ::"r"(a >> 12) : "memory");
        dsb_ish();
        isb();
}

/* TLBI by IPA and by VMID act on the current VMID (VTTBR_EL2). */
static uint64_t switch_vmid(uint64_t vttbr)
{
        uint64_t old = read_sysreg(vttbr_el2);

        write_sysreg(vttbr, vttbr_el2);
        isb();
        return old;
}

void tlb_flush_guest(uint64_t vttbr, struct ipaddr ipa, uint64_t size)
{
        uint64_t old;

        if (size > TLBI_PAGES_MAX * SIZE_4K) {
                tlb_flush_guest_all(vttbr);
                return;
        }
        dsb_ishst();
        old = switch_vmid(vttbr);
        for (uint64_t a = ipa.ipa; a < ipa.ipa + size; a += SIZE_4K)
                __asm__ volatile("tlbi ipas2e1is, %0" ::"r"(a >> 12) : "memory");
        dsb_ish();
        /* Combined stage-1 and stage-2 entries are not found by IPA. */
        __asm__ volatile("tlbi vmalle1is" ::: "memory");
        dsb_ish();
        switch_vmid(old);
}

void tlb_flush_guest_all(uint64_t vttbr)
{
        uint64_t old;

        dsb_ishst();
        old = switch_vmid(vttbr);
        __asm__ volatile("tlbi vmalls12e1is" ::: "memory");
        dsb_ish();
        switch_vmid(old);
}
