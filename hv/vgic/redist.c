/* SPDX-License-Identifier: Apache-2.0 */
/* The redistributors: for each vCPU a frame of control and a frame of its private interrupts. */
#include "hv/vgic/internal.h"

#define GICR_CTLR          0x0000u
#define GICR_IIDR          0x0004u
#define GICR_TYPER         0x0008u /* 64 bits */
#define GICR_WAKER         0x0014u
#define GICR_SGI_FRAME     0x10000u

#define CTLR_RWP           (1u << 3)
#define TYPER_LAST         (1u << 4)
#define TYPER_NUMBER_SHIFT 8
#define TYPER_AFF0_SHIFT   32
#define WAKER_SLEEP        (1u << 1)
#define WAKER_CHILDREN     (1u << 2)

static uint64_t typer(const struct vgic *vgic, unsigned target)
{
        uint64_t value = (uint64_t)target << TYPER_AFF0_SHIFT | target << TYPER_NUMBER_SHIFT;
        return target + 1 == vgic->cpu_count ? value | TYPER_LAST : value;
}

static uint64_t read_control(struct vgic *vgic, unsigned self, unsigned target, unsigned offset)
{
        const struct vgic_cpu *cpu = &vgic->cpu[target];

        switch (offset & ~7u) {
        case GICR_CTLR: { /* and IIDR in the upper half */
                bool busy = target != self && vgic_is_behind(cpu);
                return (busy ? CTLR_RWP : 0) | (uint64_t)VGIC_IIDR << 32;
        }
        case GICR_TYPER:
                return typer(vgic, target);
        case GICR_WAKER & ~7u:
                return (uint64_t)(cpu->asleep ? WAKER_SLEEP | WAKER_CHILDREN : 0) << 32;
        default:
                return offset >= VGIC_ID ? vgic_id(offset & ~7u) : 0;
        }
}

static enum mmio_result redist_read(void *dev, unsigned vcpu, uint64_t offset, unsigned size,
                                    uint64_t *value)
{
        struct vgic *vgic = dev;
        unsigned target = (unsigned)(offset / VGIC_REDIST_SIZE);
        unsigned reg = (unsigned)(offset % VGIC_REDIST_SIZE);
        enum mmio_result result = MMIO_DONE;

        if (target >= vgic->cpu_count)
                return MMIO_REFUSED;
        spin_lock(&vgic->lock);
        vgic_fold(vgic, vcpu);
        if (reg < GICR_SGI_FRAME)
                *value = vgic_part_read(read_control(vgic, vcpu, target, reg), reg, size);
        else
                result = vgic_fields_read(vgic, vcpu, target, 0, VGIC_PRIVATE, reg - GICR_SGI_FRAME,
                                          size, value);
        spin_unlock(&vgic->lock);
        return result == MMIO_AGAIN ? MMIO_AGAIN : MMIO_DONE; /* unknown ones read as zero */
}

static bool redist_write(void *dev, unsigned vcpu, uint64_t offset, unsigned size, uint64_t value)
{
        struct vgic *vgic = dev;
        unsigned target = (unsigned)(offset / VGIC_REDIST_SIZE);
        unsigned reg = (unsigned)(offset % VGIC_REDIST_SIZE);

        if (target >= vgic->cpu_count)
                return false;
        spin_lock(&vgic->lock);
        vgic_fold(vgic, vcpu);
        if (reg >= GICR_SGI_FRAME)
                vgic_fields_write(vgic, target, 0, VGIC_PRIVATE, reg - GICR_SGI_FRAME, size, value);
        else if (reg == GICR_WAKER)
                vgic->cpu[target].asleep = value & WAKER_SLEEP;
        spin_unlock(&vgic->lock);
        return true;
}

const struct mmio_ops vgic_redist_mmio = {.read = redist_read, .write = redist_write};
