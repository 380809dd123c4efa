/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The virtual GICv3 of one VM (proposal by the hv lead; the vGIC's owner shapes the inside). Pure:
 * list registers are written to the hardware by vgic_enter()'s caller through struct vgic_cpu's
 * shadow.
 */
#ifndef HV_VGIC_VGIC_H
#define HV_VGIC_VGIC_H

#include <stdbool.h>
#include <stdint.h>

#include "hv/core/spinlock.h"
#include "hv/vm/mmio.h"

#define VGIC_CPUS_MAX 8
#define VGIC_SPIS     96 /* INTID 32 .. 127 */
#define VGIC_LRS_MAX  16

/* What the vGIC asks of its surroundings. */
struct vgic_ops {
        void (*kick)(void *context, unsigned vcpu);         /* look at your interrupts */
        void (*deactivate)(void *context, uint32_t pintid); /* physical, hardware-linked */
        void (*enable_physical)(void *context, uint32_t pintid, unsigned vcpu, bool on);
        void *context;
};

struct vgic {
        struct spinlock lock;
        unsigned cpus;
        struct vgic_ops ops;
};

void vgic_init(struct vgic *gic, unsigned cpus, unsigned list_registers,
               const struct vgic_ops *ops);

/* All vCPUs are parked: back to the state after init; hardware-linked interrupts are deactivated.
 */
void vgic_reset(struct vgic *gic);

/* Fixed at creation: a physical SPI stands behind virtual SPI (INTIDs). */
void vgic_link_physical(struct vgic *gic, uint32_t vintid, uint32_t pintid);

/* Registers GICD at 0x08000000 and GICR at 0x080A0000. */
bool vgic_add_mmio(struct vgic *gic, struct mmio_map *map);

/* On the vCPU's core. After an exit: list registers to state. Before an entry: state to list
 * registers. */
void vgic_exit(struct vgic *gic, unsigned vcpu);
void vgic_enter(struct vgic *gic, unsigned vcpu);

/* On the vCPU's core: a physical interrupt that belongs to the guest was acknowledged (priority
 * dropped, still active): timers' PPIs 27 and 30, linked SPIs. */
void vgic_physical(struct vgic *gic, unsigned vcpu, uint32_t pintid);

/* Any core: the level of an emulated device's interrupt. */
void vgic_set_level(struct vgic *gic, uint32_t intid, bool level);

/* A write of ICC_SGI1R_EL1 by the guest. */
void vgic_sgi(struct vgic *gic, unsigned vcpu, uint64_t sgi1r);

/* Anything to take for this vCPU? For WFI and CPU_SUSPEND. */
bool vgic_pending(struct vgic *gic, unsigned vcpu);

#endif
