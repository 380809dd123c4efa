/* SPDX-License-Identifier: Apache-2.0 */
/*
 * List registers of the calling core. fold() takes their state into memory; load() chooses what
 * goes in. With more candidates than LRs the ones that matter most go in: the most urgent pending,
 * then one active, then further pending, then further active. What stays outside comes in time:
 * pending ones when no LR is pending any more (NPIE), and an active one outside is found when its
 * EOI meets no LR (LRENPIE, EOImode 0: EOIs come in the order of priority) or its ICC_DIR traps
 * (TDIR, EOImode 1).
 */
#include <stddef.h>

#include "hv/vgic/internal.h"

/* The most urgent `max` of the candidates seen, in order. */
struct candidates {
        uint16_t intid[VGIC_LR_MAX];
        uint8_t priority[VGIC_LR_MAX];
        unsigned count; /* in the list */
        unsigned seen;
};

static void candidates_add(struct candidates *c, unsigned max, unsigned intid, uint8_t priority)
{
        unsigned at = c->count;

        c->seen++;
        while (at > 0 && c->priority[at - 1] > priority)
                at--;
        if (at == max)
                return;
        if (c->count < max)
                c->count++;
        for (unsigned i = c->count - 1; i > at; i--) {
                c->intid[i] = c->intid[i - 1];
                c->priority[i] = c->priority[i - 1];
        }
        c->intid[at] = (uint16_t)intid;
        c->priority[at] = priority;
}

struct selection {
        struct candidates pending; /* and not active */
        struct candidates active;
};

/* false: there is nothing about it that an LR would ever be needed for. */
static bool consider(struct vgic *vgic, unsigned vcpu, unsigned intid, struct selection *s)
{
        const struct vgic_irq *irq = vgic_irq(vgic, vcpu, intid);
        unsigned max = vgic->cpu[vcpu].lr_count;

        if (irq->lr) /* another vCPU's */
                return true;
        if (!irq->active && !vgic_irq_pending(irq))
                return false;
        if (vgic_home(vgic, vcpu, intid) != vcpu)
                return true;
        if (irq->active)
                candidates_add(&s->active, max, intid, irq->priority);
        else if (vgic_deliverable(vgic, irq))
                candidates_add(&s->pending, max, intid, irq->priority);
        return true;
}

static void consider_word(struct vgic *vgic, unsigned vcpu, uint32_t *busy, unsigned first,
                          struct selection *s)
{
        for (uint32_t left = *busy; left; left &= left - 1) {
                unsigned bit = (unsigned)__builtin_ctz(left);
                if (!consider(vgic, vcpu, first + bit, s))
                        *busy &= ~(1u << bit);
        }
}

static void select_candidates(struct vgic *vgic, unsigned vcpu, struct selection *s)
{
        s->pending.count = s->pending.seen = 0;
        s->active.count = s->active.seen = 0;
        consider_word(vgic, vcpu, &vgic->cpu[vcpu].busy, 0, s);
        for (unsigned i = 0; i < VGIC_SPIS / 32; i++)
                consider_word(vgic, vcpu, &vgic->spi_busy[i], VGIC_PRIVATE + 32 * i, s);
}

/* Moves the interrupt's state into an LR value. */
static uint64_t lr_make(struct vgic *vgic, unsigned vcpu, struct vgic_irq *irq, unsigned intid)
{
        uint64_t lr = intid | (uint64_t)irq->priority << LR_PRIORITY_SHIFT;
        bool pending = vgic_deliverable(vgic, irq);

        if (irq->group1)
                lr |= LR_GROUP1;
        if (irq->active)
                lr |= LR_ACTIVE;
        if (irq->held) {
                /* Such an LR is never pending and active at once; the latch waits. */
                lr |= LR_HW | (uint64_t)irq->hw << LR_HW_SHIFT;
                pending &= !irq->active;
        } else if (pending && irq->active && intid >= VGIC_PRIVATE &&
                   vgic_route(vgic, irq) != vcpu) {
                /* Once this vCPU is done with it the next one goes elsewhere. */
                pending = false;
                lr |= LR_EOI;
        } else if (!irq->edge && irq->line) {
                /* If the line is still high when the guest is done, it is pending again. */
                lr |= LR_EOI;
        }
        if (pending) {
                lr |= LR_PENDING;
                irq->lr_latch = irq->latch;
                irq->latch = false;
        }
        return lr;
}

static void load_list(struct vgic *vgic, unsigned vcpu, const struct candidates *c, unsigned count)
{
        struct vgic_cpu *cpu = &vgic->cpu[vcpu];

        for (unsigned i = 0; i < count; i++) {
                unsigned intid = c->intid[i];
                struct vgic_irq *irq = vgic_irq(vgic, vcpu, intid);
                uint64_t lr = lr_make(vgic, vcpu, irq, intid);

                irq->owner = (uint8_t)vcpu;
                cpu->loaded[cpu->lr_used] = (uint16_t)intid;
                vgic->ops->write_lr(cpu->lr_used, lr);
                irq->lr = ++cpu->lr_used;
        }
}

void vgic_load(struct vgic *vgic, unsigned vcpu)
{
        struct vgic_cpu *cpu = &vgic->cpu[vcpu];
        struct selection s;
        unsigned before = cpu->lr_used;
        unsigned total = cpu->lr_count;

        select_candidates(vgic, vcpu, &s);
        unsigned pending = s.pending.count;
        if (pending == total && s.active.count && total > 1)
                pending--; /* the one that runs now: its EOI is near */
        unsigned active = s.active.count < total - pending ? s.active.count : total - pending;

        cpu->lr_used = 0;
        load_list(vgic, vcpu, &s.pending, pending);
        load_list(vgic, vcpu, &s.active, active);
        for (unsigned i = cpu->lr_used; i < before; i++)
                vgic->ops->write_lr(i, 0);

        uint64_t hcr = HCR_EN;
        if (s.pending.seen > pending)
                hcr |= HCR_NPIE;
        if (s.active.seen > active)
                hcr |= HCR_LRENPIE | HCR_TDIR;
        vgic->ops->write_hcr(hcr);
        cpu->folded = false;
}

/* The most urgent interrupt that is active on this vCPU outside its LRs; VGIC_INTIDS: none. */
static unsigned active_outside(struct vgic *vgic, unsigned vcpu)
{
        unsigned best = VGIC_INTIDS;
        unsigned best_priority = 0x100;

        for (unsigned intid = 0; intid < VGIC_INTIDS; intid++) {
                const struct vgic_irq *irq = vgic_irq(vgic, vcpu, intid);
                if (irq->active && !irq->lr && vgic_home(vgic, vcpu, intid) == vcpu &&
                    irq->priority < best_priority) {
                        best = intid;
                        best_priority = irq->priority;
                }
        }
        return best;
}

static void fold_eois(struct vgic *vgic, unsigned vcpu)
{
        uint64_t count = vgic->ops->read_hcr() >> HCR_EOICOUNT_SHIFT & 0x1f;

        for (; count; count--) {
                unsigned intid = active_outside(vgic, vcpu);
                if (intid == VGIC_INTIDS)
                        return;
                vgic_irq_deactivated(vgic, vcpu, intid);
                vgic_changed(vgic, vcpu, intid);
        }
}

static void fold_one(struct vgic *vgic, unsigned vcpu, unsigned intid, uint64_t lr)
{
        struct vgic_irq *irq = vgic_irq(vgic, vcpu, intid);
        bool pending = lr & LR_PENDING;
        bool active = lr & LR_ACTIVE;

        /* The guest was done with it, and the hardware with the physical one, which is active again
         * only if it was taken anew since. */
        if ((lr & LR_HW) && !pending && !active && !irq->latch)
                irq->held = false;

        irq->latch |= irq->lr_latch && pending && !irq->drop_pending;
        irq->active = active || irq->raise_active;
        irq->lr_latch = false;
        irq->lr = 0;
        if (irq->drop_active && active && !irq->raise_active)
                irq->active = false;
        irq->drop_pending = irq->drop_active = irq->raise_active = false;

        if (irq->active)
                return;
        if (!irq->latch) /* neither pending nor active: a request took it away */
                vgic_irq_deactivated(vgic, vcpu, intid);
        else if (!irq->enabled)
                vgic_irq_return(vgic, vcpu, intid);
        /* Its route may lead elsewhere by now. */
        if (vgic_home(vgic, vcpu, intid) != vcpu)
                vgic_changed(vgic, vcpu, intid);
}

void vgic_fold(struct vgic *vgic, unsigned vcpu)
{
        struct vgic_cpu *cpu = &vgic->cpu[vcpu];

        if (cpu->folded)
                return;
        cpu->folded = true;
        cpu->folds++;
        __atomic_store_n(&cpu->stale, 1, __ATOMIC_RELEASE);
        /* First, while irq->lr still tells who had an LR when the EOIs came. */
        fold_eois(vgic, vcpu);
        for (unsigned i = 0; i < cpu->lr_used; i++)
                fold_one(vgic, vcpu, cpu->loaded[i], vgic->ops->read_lr(i));
}

void vgic_enter(struct vgic *vgic, unsigned vcpu)
{
        struct vgic_cpu *cpu = &vgic->cpu[vcpu];

        if (!__atomic_load_n(&cpu->stale, __ATOMIC_ACQUIRE))
                return;
        spin_lock(&vgic->lock);
        if (cpu->started) {
                vgic_fold(vgic, vcpu);
                vgic_load(vgic, vcpu);
                /* Last: what was marked on the way here, by this core, is in the LRs; other cores
                 * mark under the lock. */
                __atomic_store_n(&cpu->stale, 0, __ATOMIC_RELEASE);
        }
        spin_unlock(&vgic->lock);
}

void vgic_maintenance(struct vgic *vgic, unsigned vcpu)
{
        __atomic_store_n(&vgic->cpu[vcpu].stale, 1, __ATOMIC_RELEASE);
}

bool vgic_pending(struct vgic *vgic, unsigned vcpu)
{
        struct vgic_cpu *cpu = &vgic->cpu[vcpu];
        struct selection s = {0};

        spin_lock(&vgic->lock);
        if (cpu->started) {
                vgic_fold(vgic, vcpu);
                select_candidates(vgic, vcpu, &s);
        }
        spin_unlock(&vgic->lock);
        return s.pending.seen > 0;
}
