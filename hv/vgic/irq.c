/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One interrupt's state. The rules that make linked interrupts right stand here: a physical one is
 * enabled exactly when the guest has it enabled, and stays active only while somebody here is going
 * to deactivate it; so disabling an interrupt never orphans it.
 *
 * While another core's LR holds the interrupt, that LR is the truth: then a change is left as a
 * request (drop_*, raise_active) for the fold on that core, which is kicked.
 */
#include "hv/vgic/internal.h"

/* The physical core to ask for a linked interrupt's state. */
static unsigned physical_core(const struct vgic *vgic, unsigned vcpu, unsigned intid)
{
        unsigned home = vgic_home(vgic, vcpu, intid);
        return vgic->cpu[home == VGIC_NO_CPU ? 0 : home].core;
}

void vgic_irq_return(struct vgic *vgic, unsigned vcpu, unsigned intid)
{
        struct vgic_irq *irq = vgic_irq(vgic, vcpu, intid);
        if (!irq->hw || !irq->held || irq->active)
                return;
        unsigned core = physical_core(vgic, vcpu, intid);
        irq->latch = false;
        irq->held = false;
        /* A level is still there; an edge would be forgotten. */
        if (irq->edge)
                vgic->ops->set_pending(core, irq->hw, true);
        vgic->ops->set_active(core, irq->hw, false);
}

void vgic_irq_deactivated(struct vgic *vgic, unsigned vcpu, unsigned intid)
{
        struct vgic_irq *irq = vgic_irq(vgic, vcpu, intid);
        unsigned core = physical_core(vgic, vcpu, intid);
        irq->active = false;
        if (irq->held && !irq->latch) {
                irq->held = false;
                vgic->ops->set_active(core, irq->hw, false);
        }
}

void vgic_irq_enable(struct vgic *vgic, unsigned vcpu, unsigned intid, bool on)
{
        struct vgic_irq *irq = vgic_irq(vgic, vcpu, intid);
        if (irq->enabled == on)
                return;
        irq->enabled = on;
        if (irq->hw) {
                vgic->ops->enable(physical_core(vgic, vcpu, intid), irq->hw, on);
                if (!on && !irq->lr)
                        vgic_irq_return(vgic, vcpu, intid);
        }
        vgic_changed(vgic, vcpu, intid);
}

void vgic_irq_set_pending(struct vgic *vgic, unsigned vcpu, unsigned intid)
{
        struct vgic_irq *irq = vgic_irq(vgic, vcpu, intid);
        if (irq->hw) {
                vgic->ops->set_pending(physical_core(vgic, vcpu, intid), irq->hw, true);
                return;
        }
        irq->latch = true;
        vgic_changed(vgic, vcpu, intid);
}

void vgic_irq_clear_pending(struct vgic *vgic, unsigned vcpu, unsigned intid)
{
        struct vgic_irq *irq = vgic_irq(vgic, vcpu, intid);
        if (irq->hw)
                vgic->ops->set_pending(physical_core(vgic, vcpu, intid), irq->hw, false);
        if (irq->lr)
                irq->drop_pending = true;
        /* A linked one that was taken anew while its LR is not folded yet has to be delivered: the
         * fold could not tell it from the old one. */
        if (irq->latch && !(irq->hw && irq->lr)) {
                irq->latch = false;
                if (!irq->active && !irq->lr)
                        vgic_irq_deactivated(vgic, vcpu, intid);
        }
        vgic_changed(vgic, vcpu, intid);
}

void vgic_irq_set_active(struct vgic *vgic, unsigned vcpu, unsigned intid)
{
        struct vgic_irq *irq = vgic_irq(vgic, vcpu, intid);
        if (irq->lr) {
                irq->raise_active = true;
        } else if (!irq->active) {
                unsigned home = vgic_home(vgic, vcpu, intid);
                irq->owner = (uint8_t)(home == VGIC_NO_CPU ? 0 : home);
                irq->active = true;
                if (irq->hw) {
                        irq->held = true;
                        vgic->ops->set_active(vgic->cpu[irq->owner].core, irq->hw, true);
                }
        }
        vgic_changed(vgic, vcpu, intid);
}

void vgic_irq_clear_active(struct vgic *vgic, unsigned vcpu, unsigned intid)
{
        struct vgic_irq *irq = vgic_irq(vgic, vcpu, intid);
        /* Before it is inactive: afterwards an SPI's home is where its route leads. */
        vgic_changed(vgic, vcpu, intid);
        if (irq->lr)
                irq->drop_active = true;
        else if (irq->active)
                vgic_irq_deactivated(vgic, vcpu, intid);
        vgic_changed(vgic, vcpu, intid);
}

void vgic_irq_set_edge(struct vgic *vgic, unsigned vcpu, unsigned intid, bool edge)
{
        struct vgic_irq *irq = vgic_irq(vgic, vcpu, intid);
        /* SGIs are edges by definition; a linked PPI is what the machine made it. */
        if (intid < 16 || irq->edge == edge || (irq->hw && intid < VGIC_PRIVATE))
                return;
        irq->edge = edge;
        if (irq->hw)
                vgic->ops->set_edge(physical_core(vgic, vcpu, intid), irq->hw, edge);
        vgic_changed(vgic, vcpu, intid);
}

bool vgic_irq_read_pending(struct vgic *vgic, unsigned vcpu, unsigned intid)
{
        const struct vgic_irq *irq = vgic_irq(vgic, vcpu, intid);
        if (vgic_irq_pending(irq) || (irq->lr_latch && !irq->drop_pending))
                return true;
        return irq->hw && vgic->ops->is_pending(physical_core(vgic, vcpu, intid), irq->hw);
}

bool vgic_irq_read_active(struct vgic *vgic, unsigned vcpu, unsigned intid)
{
        const struct vgic_irq *irq = vgic_irq(vgic, vcpu, intid);
        return (irq->active && !irq->drop_active) || irq->raise_active;
}
