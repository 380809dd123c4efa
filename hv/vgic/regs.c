/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Registers with one field for each interrupt: bits from 0x080 to 0x3ff, bytes of priority from
 * 0x400, two bits of configuration from 0xc00. An access of any size is a run of fields.
 */
#include "hv/vgic/internal.h"

#define GIC_IGROUPR    0x080u
#define GIC_ISENABLER  0x100u
#define GIC_ICENABLER  0x180u
#define GIC_ISPENDR    0x200u
#define GIC_ICPENDR    0x280u
#define GIC_ISACTIVER  0x300u
#define GIC_ICACTIVER  0x380u
#define GIC_IPRIORITYR 0x400u
#define GIC_ICFGR      0xc00u
#define GIC_ICFGR_END  0xd00u

/* Which fields an access touches. */
struct run {
        unsigned reg;   /* the register array's first offset */
        unsigned bits;  /* of one field; 0: no such register */
        unsigned first; /* INTID */
        unsigned count;
};

static struct run run_of(uint64_t offset, unsigned size)
{
        struct run r = {0};

        if (offset >= GIC_IGROUPR && offset < GIC_IPRIORITYR) {
                r.reg = (unsigned)offset & ~0x7fu;
                r.bits = 1;
        } else if (offset >= GIC_IPRIORITYR && offset < 0x800) {
                r.reg = GIC_IPRIORITYR;
                r.bits = 8;
        } else if (offset >= GIC_ICFGR && offset < GIC_ICFGR_END) {
                r.reg = GIC_ICFGR;
                r.bits = 2;
        } else {
                return r;
        }
        r.first = ((unsigned)offset - r.reg) * 8 / r.bits;
        r.count = size * 8 / r.bits;
        return r;
}

static uint64_t field_read(struct vgic *vgic, unsigned vcpu, unsigned reg, unsigned intid)
{
        const struct vgic_irq *irq = vgic_irq(vgic, vcpu, intid);

        switch (reg) {
        case GIC_IGROUPR:
                return irq->group1;
        case GIC_ISENABLER:
        case GIC_ICENABLER:
                return irq->enabled;
        case GIC_ISPENDR:
        case GIC_ICPENDR:
                return vgic_irq_read_pending(vgic, vcpu, intid);
        case GIC_ISACTIVER:
        case GIC_ICACTIVER:
                return vgic_irq_read_active(vgic, vcpu, intid);
        case GIC_IPRIORITYR:
                return irq->priority;
        default: /* GIC_ICFGR */
                return irq->edge ? 2 : 0;
        }
}

static void bit_write(struct vgic *vgic, unsigned vcpu, unsigned reg, unsigned intid)
{
        switch (reg) {
        case GIC_ISENABLER:
                vgic_irq_enable(vgic, vcpu, intid, true);
                break;
        case GIC_ICENABLER:
                vgic_irq_enable(vgic, vcpu, intid, false);
                break;
        case GIC_ISPENDR:
                vgic_irq_set_pending(vgic, vcpu, intid);
                break;
        case GIC_ICPENDR:
                vgic_irq_clear_pending(vgic, vcpu, intid);
                break;
        case GIC_ISACTIVER:
                vgic_irq_set_active(vgic, vcpu, intid);
                break;
        default: /* GIC_ICACTIVER */
                vgic_irq_clear_active(vgic, vcpu, intid);
                break;
        }
}

static void field_write(struct vgic *vgic, unsigned vcpu, unsigned reg, unsigned intid,
                        uint64_t value)
{
        struct vgic_irq *irq = vgic_irq(vgic, vcpu, intid);

        switch (reg) {
        case GIC_IGROUPR:
                irq->group1 = value;
                vgic_changed(vgic, vcpu, intid);
                break;
        case GIC_IPRIORITYR:
                irq->priority = (uint8_t)(value & VGIC_PRIORITY_MASK);
                vgic_changed(vgic, vcpu, intid);
                break;
        case GIC_ICFGR:
                vgic_irq_set_edge(vgic, vcpu, intid, value & 2);
                break;
        default: /* set and clear registers: zeros have no effect */
                if (value)
                        bit_write(vgic, vcpu, reg, intid);
                break;
        }
}

static bool is_state(unsigned reg)
{
        return reg >= GIC_ISPENDR && reg <= GIC_ICACTIVER;
}

/*
 * What another core's LR holds is known when that core has folded it after the read began: until
 * then the guest repeats its instruction, and takes its interrupts meanwhile. false: not yet.
 */
static bool is_known(struct vgic *vgic, unsigned self, const struct vgic_irq *irq)
{
        if (!irq->lr || vgic->cpu[irq->owner].folds != vgic->cpu[self].seen_folds[irq->owner])
                return true;
        vgic_mark_stale(vgic, irq->owner);
        return false;
}

/* The first attempt of this read notes where all cores stand. */
static void begin_read(struct vgic *vgic, unsigned self, uint32_t access)
{
        struct vgic_cpu *cpu = &vgic->cpu[self];

        if (cpu->waits && cpu->waits_for == access)
                return;
        cpu->waits = true;
        cpu->waits_for = access;
        for (unsigned i = 0; i < vgic->cpu_count; i++)
                cpu->seen_folds[i] = vgic->cpu[i].folds;
}

enum mmio_result vgic_fields_read(struct vgic *vgic, unsigned self, unsigned vcpu, unsigned first,
                                  unsigned end, uint64_t offset, unsigned size, uint64_t *value)
{
        struct run r = run_of(offset, size);
        bool known = true;

        *value = 0;
        if (!r.bits)
                return MMIO_REFUSED;
        if (is_state(r.reg))
                begin_read(vgic, self, vcpu << 24 | first << 16 | (uint32_t)offset);
        for (unsigned i = 0; i < r.count; i++) {
                unsigned intid = r.first + i;
                if (intid < first || intid >= end)
                        continue;
                *value |= field_read(vgic, vcpu, r.reg, intid) << (i * r.bits);
                if (is_state(r.reg))
                        known &= is_known(vgic, self, vgic_irq(vgic, vcpu, intid));
        }
        if (!known)
                return MMIO_AGAIN;
        vgic->cpu[self].waits = false;
        return MMIO_DONE;
}

void vgic_fields_write(struct vgic *vgic, unsigned vcpu, unsigned first, unsigned end,
                       uint64_t offset, unsigned size, uint64_t value)
{
        struct run r = run_of(offset, size);
        uint64_t mask = (1ull << r.bits) - 1;

        if (!r.bits)
                return;
        for (unsigned i = 0; i < r.count; i++) {
                unsigned intid = r.first + i;
                if (intid >= first && intid < end)
                        field_write(vgic, vcpu, r.reg, intid, value >> (i * r.bits) & mask);
        }
}
