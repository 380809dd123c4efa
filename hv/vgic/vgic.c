/* SPDX-License-Identifier: Apache-2.0 */
/* Making, starting, stopping and resetting a virtual GIC, and what devices and hv tell it. */
#include "hv/vgic/internal.h"

struct vgic_irq *vgic_irq(struct vgic *vgic, unsigned vcpu, unsigned intid)
{
        if (intid < VGIC_PRIVATE)
                return &vgic->cpu[vcpu].irq[intid];
        return &vgic->spi[intid - VGIC_PRIVATE];
}

/* vCPU n's affinity is n: Aff0 alone, and there are fewer than 16. */
unsigned vgic_route(const struct vgic *vgic, const struct vgic_irq *irq)
{
        return irq->route < vgic->cpu_count ? irq->route : VGIC_NO_CPU;
}

unsigned vgic_home(const struct vgic *vgic, unsigned vcpu, unsigned intid)
{
        if (intid < VGIC_PRIVATE)
                return vcpu;
        const struct vgic_irq *irq = &vgic->spi[intid - VGIC_PRIVATE];
        if (irq->active || irq->lr)
                return irq->owner;
        return vgic_route(vgic, irq);
}

void vgic_mark_stale(struct vgic *vgic, unsigned vcpu)
{
        struct vgic_cpu *cpu = &vgic->cpu[vcpu];
        /* Seen by the kicked core: it leaves its guest after this store. */
        bool was = __atomic_exchange_n(&cpu->stale, 1, __ATOMIC_SEQ_CST);
        /* One that has folded may be asleep (vcpu_wait()) without coming to vgic_enter(). */
        if ((!was || cpu->folded) && cpu->started)
                vgic->ops->kick(cpu->core);
}

void vgic_changed(struct vgic *vgic, unsigned vcpu, unsigned intid)
{
        if (intid < VGIC_PRIVATE)
                vgic->cpu[vcpu].busy |= 1u << intid;
        else
                vgic->spi_busy[intid / 32 - 1] |= 1u << (intid % 32);

        unsigned home = vgic_home(vgic, vcpu, intid);
        if (home != VGIC_NO_CPU)
                vgic_mark_stale(vgic, home);
}

static void irq_reset(struct vgic_irq *irq, bool edge)
{
        *irq = (struct vgic_irq){.hw = irq->hw, .line = irq->line, .edge = edge};
}

/* As the guest will believe it to be: disabled, idle, an SPI level-sensitive. */
static void release_physical(struct vgic *vgic, const struct vgic_irq *irq, unsigned core)
{
        if (!irq->hw)
                return;
        vgic->ops->enable(core, irq->hw, false);
        if (irq->hw >= VGIC_PRIVATE)
                vgic->ops->set_edge(core, irq->hw, false);
        vgic->ops->set_pending(core, irq->hw, false);
        vgic->ops->set_active(core, irq->hw, false);
}

static void cpu_reset(struct vgic *vgic, struct vgic_cpu *cpu)
{
        for (unsigned i = 0; i < VGIC_PRIVATE; i++) {
                release_physical(vgic, &cpu->irq[i], cpu->core);
                irq_reset(&cpu->irq[i], i < 16);
        }
        cpu->busy = 0;
        cpu->asleep = true;
}

static void reset_locked(struct vgic *vgic)
{
        vgic->ctlr = 0;
        for (unsigned i = 0; i < vgic->cpu_count; i++)
                cpu_reset(vgic, &vgic->cpu[i]);
        for (unsigned i = 0; i < VGIC_SPIS; i++) {
                struct vgic_irq *irq = &vgic->spi[i];
                release_physical(vgic, irq, vgic->cpu[0].core);
                irq_reset(irq, false);
                if (irq->hw)
                        vgic->ops->route(vgic->cpu[0].core, irq->hw);
        }
        /* A device's line may be high: the interrupts have to be looked at. */
        for (unsigned i = 0; i < VGIC_SPIS / 32; i++)
                vgic->spi_busy[i] = ~0u;
}

void vgic_init(struct vgic *vgic, const struct vgic_ops *ops, unsigned cpu_count,
               const uint8_t *core)
{
        vgic->ops = ops;
        vgic->cpu_count = cpu_count;
        for (unsigned i = 0; i < cpu_count; i++)
                vgic->cpu[i].core = core[i];
        reset_locked(vgic);
}

void vgic_link(struct vgic *vgic, unsigned intid, unsigned physical)
{
        spin_lock(&vgic->lock);
        if (intid >= VGIC_PRIVATE) {
                struct vgic_irq *irq = vgic_irq(vgic, 0, intid);
                irq->hw = (uint16_t)physical;
                release_physical(vgic, irq, vgic->cpu[0].core);
                vgic->ops->route(vgic->cpu[0].core, physical);
        } else {
                for (unsigned i = 0; i < vgic->cpu_count; i++) {
                        vgic->cpu[i].irq[intid].hw = (uint16_t)physical;
                        release_physical(vgic, &vgic->cpu[i].irq[intid], vgic->cpu[i].core);
                }
        }
        spin_unlock(&vgic->lock);
}

void vgic_reset(struct vgic *vgic)
{
        spin_lock(&vgic->lock);
        reset_locked(vgic);
        spin_unlock(&vgic->lock);
}

static void clear_list_registers(struct vgic *vgic, struct vgic_cpu *cpu)
{
        for (unsigned i = 0; i < cpu->lr_count; i++)
                vgic->ops->write_lr(i, 0);
        cpu->lr_used = 0;
        cpu->folded = true;
}

void vgic_cpu_start(struct vgic *vgic, unsigned vcpu)
{
        struct vgic_cpu *cpu = &vgic->cpu[vcpu];
        unsigned count = vgic->ops->lr_count();

        spin_lock(&vgic->lock);
        cpu->lr_count = (uint8_t)(count < VGIC_LR_MAX ? count : VGIC_LR_MAX);
        clear_list_registers(vgic, cpu);
        vgic->ops->reset_interface();
        vgic->ops->write_hcr(HCR_EN);
        cpu->started = true;
        __atomic_store_n(&cpu->stale, 1, __ATOMIC_SEQ_CST);
        spin_unlock(&vgic->lock);
}

void vgic_cpu_stop(struct vgic *vgic, unsigned vcpu)
{
        struct vgic_cpu *cpu = &vgic->cpu[vcpu];

        spin_lock(&vgic->lock);
        if (cpu->started) {
                vgic_fold(vgic, vcpu);
                clear_list_registers(vgic, cpu);
                vgic->ops->write_hcr(0);
                cpu->started = false;
        }
        spin_unlock(&vgic->lock);
}

void vgic_set_level(struct vgic *vgic, unsigned intid, bool level)
{
        spin_lock(&vgic->lock);
        struct vgic_irq *irq = vgic_irq(vgic, 0, intid);
        if (irq->line != level) {
                irq->line = level;
                irq->latch |= irq->edge && level;
                if (level || !irq->edge)
                        vgic_changed(vgic, 0, intid);
        }
        spin_unlock(&vgic->lock);
}

static bool take(struct vgic *vgic, unsigned vcpu, unsigned first, unsigned end, unsigned physical)
{
        for (unsigned intid = first; intid < end; intid++) {
                struct vgic_irq *irq = vgic_irq(vgic, vcpu, intid);
                if (irq->hw != physical)
                        continue;
                irq->latch = true;
                irq->held = true;
                /* The guest may have disabled it while it was on its way here. */
                if (!irq->enabled && !irq->lr)
                        vgic_irq_return(vgic, vcpu, intid);
                vgic_changed(vgic, vcpu, intid);
                return true;
        }
        return false;
}

void vgic_take_ppi(struct vgic *vgic, unsigned vcpu, unsigned physical)
{
        spin_lock(&vgic->lock);
        take(vgic, vcpu, 16, VGIC_PRIVATE, physical);
        spin_unlock(&vgic->lock);
}

bool vgic_take_spi(struct vgic *vgic, unsigned physical)
{
        spin_lock(&vgic->lock);
        bool taken = take(vgic, 0, VGIC_PRIVATE, VGIC_INTIDS, physical);
        spin_unlock(&vgic->lock);
        return taken;
}
