// SPDX-License-Identifier: Apache-2.0
#include "hv/mm/stage1.h"

#include <stddef.h>

#include "hv/arch/boot.h"
#include "hv/arch/cpu.h"
#include "hv/arch/offsets.h"
#include "hv/arch/sysreg.h"
#include "hv/core/log.h"
#include "hv/core/panic.h"
#include "hv/core/spinlock.h"
#include "hv/mm/heap.h"
#include "hv/mm/pgtable.h"
#include "hv/mm/stage2.h"
#include "hv/mm/tables.h"

#define VA_BITS     48

#define S1_ATTR(n)  ((uint64_t)(n) << 2) /* index into MAIR_HV */
#define S1_AP_RES1  (UINT64_C(1) << 6)
#define S1_READONLY (UINT64_C(1) << 7)
#define S1_INNER    (UINT64_C(3) << 8)
#define S1_AF       (UINT64_C(1) << 10)
#define S1_XN       (UINT64_C(1) << 54)

#define TCR_T0SZ(n) ((uint64_t)(n))
#define TCR_WBWA    (UINT64_C(1) << 8 | UINT64_C(1) << 10)
#define TCR_INNER   (UINT64_C(3) << 12)
#define TCR_RES1    (UINT64_C(1) << 31 | UINT64_C(1) << 23)

struct boot_mmu boot_mmu;

static struct pgtable table;
static struct spinlock lock;

static uint64_t attributes(enum stage1_kind kind)
{
        uint64_t normal = S1_ATTR(1) | S1_AP_RES1 | S1_INNER | S1_AF;

        switch (kind) {
        case STAGE1_TEXT:
                return normal | S1_READONLY;
        case STAGE1_RODATA:
                return normal | S1_READONLY | S1_XN;
        case STAGE1_DATA:
                return normal | S1_XN;
        case STAGE1_DEVICE:
                break;
        }
        return S1_ATTR(0) | S1_AP_RES1 | S1_AF | S1_XN;
}

static sg_err map(uint64_t va, uint64_t pa, uint64_t size, enum stage1_kind kind)
{
        struct pgtable_change change;
        sg_err e;

        spin_lock(&lock);
        e = pgtable_prepare_map(&table, &change, va, pa, size, attributes(kind));
        if (!e)
                pgtable_commit(&table, &change);
        spin_unlock(&lock);
        return e;
}

static void unmap(uint64_t va, uint64_t size)
{
        struct pgtable_change change;
        sg_err e;

        spin_lock(&lock);
        e = pgtable_prepare_unmap(&table, &change, va, size);
        if (!e)
                pgtable_commit(&table, &change);
        spin_unlock(&lock);
        if (e)
                panic("unmapping %lx: error %d", va, e);
}

sg_err stage1_map_identity(struct range range, enum stage1_kind kind)
{
        uint64_t base = align_down(range.base, SIZE_4K);

        return map(base, base, align_up(range.base + range.size, SIZE_4K) - base, kind);
}

static sg_err map_image_part(const char *start, const char *end, enum stage1_kind kind)
{
        return stage1_map_identity(
                (struct range){.base = (uintptr_t)start, .size = (uint64_t)(end - start)}, kind);
}

static void unmap_guards(void)
{
        for (unsigned i = 0; i < CPU_MAX; i++) {
                uint64_t stacks = (uintptr_t)hv_stacks + i * STACK_STRIDE;

                unmap(stacks, GUARD_SIZE);
                unmap(stacks + GUARD_SIZE + CRASH_STACK_SIZE, GUARD_SIZE);
        }
}

static uint64_t tcr(unsigned pa_bits)
{
        /* PS has the encoding and the place that it has in VTCR_EL2. */
        uint64_t ps = bits(stage2_vtcr(pa_bits), 18, 16);

        return TCR_RES1 | ps << 16 | TCR_INNER | TCR_WBWA | TCR_T0SZ(64 - VA_BITS);
}

sg_err stage1_init(void)
{
        unsigned pa_bits = stage2_pa_bits(read_sysreg(id_aa64mmfr0_el1));
        uint64_t *root = page_alloc();
        sg_err e;

        pgtable_init(&table, root, 0, VA_BITS, pa_bits, &stage1_table_ops, NULL);
        boot_mmu = (struct boot_mmu){
                .ttbr = ptr_to_pa(root).pa,
                .tcr = tcr(pa_bits),
                .mair = MAIR_HV,
                .sctlr = SCTLR_EL2_RES1 | SCTLR_M | SCTLR_C | SCTLR_I | SCTLR_SA | SCTLR_WXN,
        };
        e = map_image_part(hv_image_start, hv_text_end, STAGE1_TEXT);
        if (!e)
                e = map_image_part(hv_text_end, hv_rodata_end, STAGE1_RODATA);
        if (!e)
                e = map_image_part(hv_rodata_end, hv_image_end, STAGE1_DATA);
        if (!e)
                unmap_guards();
        return e;
}

void stage1_enable(void)
{
        mmu_switch(&boot_mmu);
}

void stage1_map_block(struct vaddr va, struct paddr pa)
{
        sg_err e = map(va.va, pa.pa, SIZE_2M, STAGE1_DATA);

        if (e)
                panic("mapping %lx at %lx: error %d", pa.pa, va.va, e);
}

void stage1_unmap_block(struct vaddr va)
{
        unmap(va.va, SIZE_2M);
}

sg_err stage1_reserve_block(struct vaddr va)
{
        sg_err e = map(va.va, 0, SIZE_2M, STAGE1_RODATA);

        if (!e)
                unmap(va.va, SIZE_2M);
        return e;
}

void stage1_print_walk(struct vaddr va)
{
        const uint64_t *t = table.root;

        for (unsigned level = 0; t && level < 4; level++) {
                unsigned index = (unsigned)(va.va >> (39 - 9 * level)) % PT_ENTRIES;
                uint64_t e = t[index];

                hv_log("stage 1 level %u, entry %u at %p: %016lx%s", level, index,
                       (const void *)&t[index], e, e & PT_VALID ? "" : " (invalid)");
                if (level == 3 || (e & (PT_VALID | PT_TABLE)) != (PT_VALID | PT_TABLE))
                        break;
                t = pa_to_ptr(pa_make(e & PT_ADDR));
        }
}
