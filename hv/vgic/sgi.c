/* SPDX-License-Identifier: Apache-2.0 */
/* What traps of the CPU interface: generating SGIs, and deactivation while an active interrupt has
 * no LR. */
#include "hv/vgic/internal.h"

/* ICC_SGI1R_EL1 (IHI 0069, 12.2.16). */
#define SGI_TARGETS(v)   ((uint32_t)(v)&0xffff)
#define SGI_INTID(v)     ((unsigned)((v) >> 24 & 0xf))
#define SGI_ALL_BUT_SELF (1ull << 40)
#define SGI_AFFINITY_321 0x00ff00ff00ff0000ull /* Aff3, Aff2, Aff1 */
#define SGI_RANGE        (0xfull << 44)        /* which 16 values of Aff0 */

static uint32_t sgi_targets(const struct vgic *vgic, unsigned vcpu, uint64_t value)
{
        uint32_t all = (1u << vgic->cpu_count) - 1;

        if (value & SGI_ALL_BUT_SELF)
                return all & ~(1u << vcpu);
        /* All vCPUs have Aff3 to Aff1 zero and Aff0 below 16. */
        if (value & (SGI_AFFINITY_321 | SGI_RANGE))
                return 0;
        return SGI_TARGETS(value) & all;
}

void vgic_sgi_write(struct vgic *vgic, unsigned vcpu, uint64_t value, bool group1)
{
        unsigned intid = SGI_INTID(value);

        spin_lock(&vgic->lock);
        for (uint32_t left = sgi_targets(vgic, vcpu, value); left; left &= left - 1) {
                unsigned target = (unsigned)__builtin_ctz(left);
                struct vgic_irq *irq = vgic_irq(vgic, target, intid);
                if (irq->group1 == group1) {
                        irq->latch = true;
                        vgic_changed(vgic, target, intid);
                }
        }
        spin_unlock(&vgic->lock);
}

void vgic_dir_write(struct vgic *vgic, unsigned vcpu, uint64_t value)
{
        unsigned intid = (unsigned)(value & 0xffffff);

        if (intid >= VGIC_INTIDS)
                return;
        spin_lock(&vgic->lock);
        vgic_fold(vgic, vcpu);
        const struct vgic_irq *irq = vgic_irq(vgic, vcpu, intid);
        if (irq->active && vgic_home(vgic, vcpu, intid) == vcpu)
                vgic_irq_clear_active(vgic, vcpu, intid);
        spin_unlock(&vgic->lock);
}
