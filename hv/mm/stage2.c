// SPDX-License-Identifier: Apache-2.0
#include "hv/mm/stage2.h"

#define S2_MEMATTR(n)  ((uint64_t)(n) << 2)
#define S2_NORMAL_WB   S2_MEMATTR(0xf)
#define S2_DEVICE_RE   S2_MEMATTR(0x1)
#define S2_READ        (UINT64_C(1) << 6)
#define S2_WRITE       (UINT64_C(1) << 7)
#define S2_INNER_SHARE (UINT64_C(3) << 8)
#define S2_AF          (UINT64_C(1) << 10)
#define S2_XN          (UINT64_C(1) << 54)

#define VTCR_T0SZ(n)   ((uint64_t)(n))
#define VTCR_SL0_L1    (UINT64_C(1) << 6) /* 4 KiB granule: start at level 1 */
#define VTCR_IRGN_WBWA (UINT64_C(1) << 8)
#define VTCR_ORGN_WBWA (UINT64_C(1) << 10)
#define VTCR_SH_INNER  (UINT64_C(3) << 12)
#define VTCR_PS(n)     ((uint64_t)(n) << 16)
#define VTCR_RES1      (UINT64_C(1) << 31)

#define VTTBR_VMID(n)  ((uint64_t)(n) << 48)

#define START_LEVEL    1u
#define IPA_BITS_MAX   39u

static const uint8_t pa_range_bits[] = {32, 36, 40, 42, 44, 48};
#define PA_RANGES (sizeof(pa_range_bits) / sizeof(pa_range_bits[0]))

unsigned stage2_pa_bits(uint64_t id_aa64mmfr0)
{
        unsigned range = id_aa64mmfr0 & 0xf;

        return range < PA_RANGES ? pa_range_bits[range] : pa_range_bits[PA_RANGES - 1];
}

unsigned stage2_ipa_bits(unsigned pa_bits)
{
        return pa_bits < IPA_BITS_MAX ? pa_bits : IPA_BITS_MAX;
}

uint64_t stage2_vtcr(unsigned pa_bits)
{
        unsigned ps = 0;

        while (ps < PA_RANGES - 1 && pa_range_bits[ps] < pa_bits)
                ps++;
        return VTCR_RES1 | VTCR_PS(ps) | VTCR_SH_INNER | VTCR_ORGN_WBWA | VTCR_IRGN_WBWA |
               VTCR_SL0_L1 | VTCR_T0SZ(64 - stage2_ipa_bits(pa_bits));
}

sg_err stage2_init(struct stage2 *s2, uint16_t vmid, unsigned pa_bits,
                   const struct pgtable_ops *ops)
{
        uint64_t *root = ops->alloc(s2);

        if (!root)
                return SG_E_NO_MEMORY;
        s2->vmid = vmid;
        pgtable_init(&s2->pt, root, START_LEVEL, stage2_ipa_bits(pa_bits), pa_bits, ops, s2);
        return SG_OK;
}

uint64_t stage2_vttbr(const struct stage2 *s2)
{
        return VTTBR_VMID(s2->vmid) | s2->pt.ops->to_pa(s2->pt.ctx, s2->pt.root);
}

static uint64_t attributes(enum stage2_kind kind)
{
        const uint64_t normal = S2_AF | S2_INNER_SHARE | S2_NORMAL_WB | S2_READ;

        switch (kind) {
        case STAGE2_RAM:
                return normal | S2_WRITE;
        case STAGE2_DATA:
                return normal | S2_WRITE | S2_XN;
        case STAGE2_RODATA:
                return normal | S2_XN;
        case STAGE2_DEVICE:
                break;
        }
        return S2_AF | S2_DEVICE_RE | S2_READ | S2_WRITE | S2_XN;
}

sg_err stage2_prepare_map(struct stage2 *s2, struct pgtable_change *c, struct ipaddr ipa,
                          struct paddr pa, uint64_t size, enum stage2_kind kind)
{
        return pgtable_prepare_map(&s2->pt, c, ipa.ipa, pa.pa, size, attributes(kind));
}

sg_err stage2_prepare_unmap(struct stage2 *s2, struct pgtable_change *c, struct ipaddr ipa,
                            uint64_t size)
{
        return pgtable_prepare_unmap(&s2->pt, c, ipa.ipa, size);
}

void stage2_commit(struct stage2 *s2, struct pgtable_change *c)
{
        pgtable_commit(&s2->pt, c);
}

void stage2_abandon(struct stage2 *s2, struct pgtable_change *c)
{
        pgtable_abandon(&s2->pt, c);
}

sg_err stage2_map(struct stage2 *s2, struct ipaddr ipa, struct paddr pa, uint64_t size,
                  enum stage2_kind kind)
{
        struct pgtable_change c;
        sg_err err = stage2_prepare_map(s2, &c, ipa, pa, size, kind);

        if (err == SG_OK)
                stage2_commit(s2, &c);
        return err;
}

bool stage2_translate(const struct stage2 *s2, struct ipaddr ipa, struct paddr *pa)
{
        struct pgtable_run leaf;

        if (!pgtable_lookup(&s2->pt, ipa.ipa, &leaf))
                return false;
        *pa = pa_make(leaf.oa + (ipa.ipa - leaf.ia));
        return true;
}

struct dump {
        unsigned lines;
        void (*print)(const char *fmt, ...);
};

static bool dump_run(void *ctx, const struct pgtable_run *run)
{
        struct dump *d = ctx;

        if (d->lines-- == 0) {
                d->print("  ... more");
                return false;
        }
        d->print("  %010lx..%010lx -> %010lx r%s%s %s%s", (unsigned long)run->ia,
                 (unsigned long)(run->ia + run->size - 1), (unsigned long)run->oa,
                 run->attr & S2_WRITE ? "w" : "-", run->attr & S2_XN ? "-" : "x",
                 (run->attr & S2_NORMAL_WB) == S2_NORMAL_WB ? "memory" : "device",
                 run->block ? ", blocks" : "");
        return true;
}

void stage2_dump(const struct stage2 *s2, unsigned lines, void (*print)(const char *fmt, ...))
{
        struct dump d = {.lines = lines, .print = print};

        pgtable_walk(&s2->pt, dump_run, &d);
}
