/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files of the virtual GIC. Everything here is called with vgic->lock held. */
#ifndef HV_VGIC_INTERNAL_H
#define HV_VGIC_INTERNAL_H

#include "hv/vgic/vgic.h"

#define VGIC_NO_CPU        0xffu
#define VGIC_PRIORITY_MASK 0xf8u /* five bits, as the hardware's interface has at least */

#define VGIC_IIDR          0x0000043bu /* implementer: Arm's code, as drivers expect of a GICv3 */
#define VGIC_ID            0xffd0u     /* identification registers: both frames end with them */

/* GICD_CTLR, ICH_LR<n>_EL2 and ICH_HCR_EL2. */
#define GICD_CTLR_GRP0     (1u << 0)
#define GICD_CTLR_GRP1     (1u << 1)
#define GICD_CTLR_ARE      (1u << 4)
#define GICD_CTLR_DS       (1u << 6)
#define GICD_CTLR_RWP      (1u << 31)

#define LR_PENDING         (1ull << 62)
#define LR_ACTIVE          (1ull << 63)
#define LR_HW              (1ull << 61)
#define LR_GROUP1          (1ull << 60)
#define LR_EOI             (1ull << 41) /* without LR_HW: maintenance when deactivated */
#define LR_PRIORITY_SHIFT  48
#define LR_HW_SHIFT        32

#define HCR_EN             (1ull << 0)
#define HCR_LRENPIE        (1ull << 2)  /* maintenance: an EOI found no LR */
#define HCR_NPIE           (1ull << 3)  /* maintenance: no LR is pending any more */
#define HCR_TDIR           (1ull << 14) /* ICC_DIR_EL1 traps */
#define HCR_EOICOUNT_SHIFT 27

/* A private interrupt of vCPU `vcpu`, or an SPI. intid < VGIC_INTIDS. */
struct vgic_irq *vgic_irq(struct vgic *vgic, unsigned vcpu, unsigned intid);

/* The vCPU that gets it: its own, the owner, or where its route leads; VGIC_NO_CPU. */
unsigned vgic_home(const struct vgic *vgic, unsigned vcpu, unsigned intid);

/* Where an SPI's route leads: VGIC_NO_CPU when to no vCPU. */
unsigned vgic_route(const struct vgic *vgic, const struct vgic_irq *irq);

/* Its vCPU must look at it: something about it changed. */
void vgic_changed(struct vgic *vgic, unsigned vcpu, unsigned intid);
/* The vCPU must build its LRs anew. */
void vgic_mark_stale(struct vgic *vgic, unsigned vcpu);

/* Pending towards the guest, not counting what an LR holds. */
static inline bool vgic_irq_pending(const struct vgic_irq *irq)
{
        return irq->latch || (!irq->edge && irq->line);
}

static inline bool vgic_deliverable(const struct vgic *vgic, const struct vgic_irq *irq)
{
        uint32_t group = irq->group1 ? GICD_CTLR_GRP1 : GICD_CTLR_GRP0;
        return irq->enabled && (vgic->ctlr & group) && vgic_irq_pending(irq);
}

/* One interrupt's state, as its registers change and show it (irq.c). `self` is the accessing vCPU:
 * its LRs are folded already. */
void vgic_irq_enable(struct vgic *vgic, unsigned vcpu, unsigned intid, bool on);
void vgic_irq_set_pending(struct vgic *vgic, unsigned vcpu, unsigned intid);
void vgic_irq_clear_pending(struct vgic *vgic, unsigned vcpu, unsigned intid);
void vgic_irq_set_active(struct vgic *vgic, unsigned vcpu, unsigned intid);
void vgic_irq_clear_active(struct vgic *vgic, unsigned vcpu, unsigned intid);
void vgic_irq_set_edge(struct vgic *vgic, unsigned vcpu, unsigned intid, bool edge);
bool vgic_irq_read_pending(struct vgic *vgic, unsigned vcpu, unsigned intid);
bool vgic_irq_read_active(struct vgic *vgic, unsigned vcpu, unsigned intid);
/* The physical interrupt goes back to the physical GIC, pending there if it still is: nobody here
 * would take it. Not while an LR holds it. */
void vgic_irq_return(struct vgic *vgic, unsigned vcpu, unsigned intid);
/* It became inactive without the hardware's help: so does the physical one. */
void vgic_irq_deactivated(struct vgic *vgic, unsigned vcpu, unsigned intid);

/* Can its LRs hold what was changed since? Of one that has folded they count as empty, and it comes
 * to vgic_load() before it enters its guest. */
static inline bool vgic_is_behind(const struct vgic_cpu *cpu)
{
        return cpu->started && !cpu->folded && __atomic_load_n(&cpu->stale, __ATOMIC_ACQUIRE);
}

/* The calling core's LRs into memory; they count as empty until vgic_load() (lr.c). */
void vgic_fold(struct vgic *vgic, unsigned vcpu);
void vgic_load(struct vgic *vgic, unsigned vcpu);

/*
 * The registers that come as one field for each interrupt, alike in GICD and in a GICR's SGI frame
 * (regs.c). vcpu: whose private interrupts; self: who asks; [first, end): which INTIDs the frame
 * has. MMIO_REFUSED: there is no such register.
 */
enum mmio_result vgic_fields_read(struct vgic *vgic, unsigned self, unsigned vcpu, unsigned first,
                                  unsigned end, uint64_t offset, unsigned size, uint64_t *value);
void vgic_fields_write(struct vgic *vgic, unsigned vcpu, unsigned first, unsigned end,
                       uint64_t offset, unsigned size, uint64_t value);

/* The two identification registers at `offset`, a multiple of 8 from VGIC_ID to 0xfff8. */
uint64_t vgic_id(unsigned offset);

/* `size` bytes at `offset` of a 64-bit register that stands at an 8-byte boundary. */
static inline uint64_t vgic_part_read(uint64_t reg, uint64_t offset, unsigned size)
{
        reg >>= (offset & 7) * 8;
        return size < 8 ? reg & ((1ull << (size * 8)) - 1) : reg;
}

static inline uint64_t vgic_part_write(uint64_t reg, uint64_t offset, unsigned size, uint64_t value)
{
        uint64_t mask = (size < 8 ? (1ull << (size * 8)) - 1 : ~0ull) << ((offset & 7) * 8);
        return (reg & ~mask) | ((value << ((offset & 7) * 8)) & mask);
}

#endif
