/* SPDX-License-Identifier: Apache-2.0 */
/* The distributor's frame. Unknown registers read as zero and ignore writes. */
#include <stddef.h>

#include "hv/vgic/internal.h"

#define GICD_CTLR        0x0000u
#define GICD_IIDR        0x0008u
#define GICD_IROUTER     0x6000u
#define GICD_IROUTER_END 0x8000u

#define TYPER_LINES(n)   ((n) / 32 - 1ull)
#define TYPER_IDBITS     (9ull << 19) /* ten bits of INTID */
#define TYPER_NO_1OFN    (1ull << 25)

#define ROUTER_AFF3(v)   ((uint32_t)((v) >> 32 & 0xff))
#define ROUTER_AFF210(v) ((uint32_t)(v)&0xffffff)

/* Disabling is done for good when no core's LRs can hold what was disabled. */
static uint32_t write_pending(const struct vgic *vgic, unsigned self)
{
        for (unsigned i = 0; i < vgic->cpu_count; i++) {
                if (i != self && vgic_is_behind(&vgic->cpu[i]))
                        return GICD_CTLR_RWP;
        }
        return 0;
}

static void write_ctlr(struct vgic *vgic, uint32_t value)
{
        uint32_t groups = value & (GICD_CTLR_GRP0 | GICD_CTLR_GRP1);

        if (vgic->ctlr == groups)
                return;
        vgic->ctlr = groups;
        for (unsigned i = 0; i < vgic->cpu_count; i++)
                vgic_mark_stale(vgic, i);
}

uint64_t vgic_id(unsigned offset)
{
        /* As Arm's own GICv3 parts: JEP106 code of Arm, architecture revision 3 in PIDR2. One byte
         * in each word: PIDR4..7, PIDR0..3, CIDR0..3. */
        static const uint8_t id[] = {0x44, 0, 0, 0, 0x92, 0xb4, 0x3b, 0, 0x0d, 0xf0, 0x05, 0xb1};
        unsigned at = (offset - VGIC_ID) / 4;
        return id[at] | (uint64_t)id[at + 1] << 32;
}

/* The registers at `offset` and, in the upper half, behind it. */
static uint64_t read_pair(struct vgic *vgic, unsigned self, unsigned offset)
{
        switch (offset) {
        case GICD_CTLR:
                return vgic->ctlr | GICD_CTLR_ARE | GICD_CTLR_DS | write_pending(vgic, self) |
                       (TYPER_LINES(VGIC_INTIDS) | TYPER_IDBITS | TYPER_NO_1OFN) << 32;
        case GICD_IIDR:
                return VGIC_IIDR;
        default:
                return offset >= VGIC_ID ? vgic_id(offset) : 0;
        }
}

/* IROUTER<n> stands at 0x6000 + 8n, n from 32 on; NULL: an INTID that is not there. */
static struct vgic_irq *routed(struct vgic *vgic, uint64_t offset, unsigned *intid)
{
        if (offset < GICD_IROUTER || offset >= GICD_IROUTER_END)
                return NULL;
        *intid = (unsigned)(offset - GICD_IROUTER) / 8;
        if (*intid < VGIC_PRIVATE || *intid >= VGIC_INTIDS)
                return NULL;
        return vgic_irq(vgic, 0, *intid);
}

static uint64_t router_value(const struct vgic_irq *irq)
{
        return (irq->route & 0xffffff) | (uint64_t)(irq->route >> 24) << 32;
}

static void write_router(struct vgic *vgic, struct vgic_irq *irq, unsigned intid, uint64_t value)
{
        uint32_t route = ROUTER_AFF3(value) << 24 | ROUTER_AFF210(value);

        if (irq->route == route)
                return;
        irq->route = route;
        /* Whoever gets it, or whose LR has to give it up. */
        vgic_changed(vgic, 0, intid);
        if (irq->hw && route < vgic->cpu_count)
                vgic->ops->route(vgic->cpu[route].core, irq->hw);
}

static enum mmio_result dist_read(void *dev, unsigned vcpu, uint64_t offset, unsigned size,
                                  uint64_t *value)
{
        struct vgic *vgic = dev;
        enum mmio_result result = MMIO_DONE;
        unsigned intid;

        spin_lock(&vgic->lock);
        vgic_fold(vgic, vcpu);
        const struct vgic_irq *irq = routed(vgic, offset, &intid);
        if (irq)
                *value = vgic_part_read(router_value(irq), offset, size);
        else
                result = vgic_fields_read(vgic, vcpu, 0, VGIC_PRIVATE, VGIC_INTIDS, offset, size,
                                          value);
        if (result == MMIO_REFUSED) {
                *value =
                        vgic_part_read(read_pair(vgic, vcpu, (unsigned)offset & ~7u), offset, size);
                result = MMIO_DONE;
        }
        spin_unlock(&vgic->lock);
        return result;
}

static bool dist_write(void *dev, unsigned vcpu, uint64_t offset, unsigned size, uint64_t value)
{
        struct vgic *vgic = dev;
        unsigned intid;

        spin_lock(&vgic->lock);
        vgic_fold(vgic, vcpu);
        struct vgic_irq *irq = routed(vgic, offset, &intid);
        if (irq)
                write_router(vgic, irq, intid,
                             vgic_part_write(router_value(irq), offset, size, value));
        else if (offset == GICD_CTLR)
                write_ctlr(vgic, (uint32_t)value);
        else
                vgic_fields_write(vgic, vcpu, VGIC_PRIVATE, VGIC_INTIDS, offset, size, value);
        spin_unlock(&vgic->lock);
        return true;
}

const struct mmio_ops vgic_dist_mmio = {.read = dist_read, .write = dist_write};
