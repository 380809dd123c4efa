/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The machine's GICv3 as hv uses it at EL2: group 1, affinity routing, EOI in two steps, so that a
 * linked interrupt stays active until its guest deactivates it. All interrupts have one priority.
 * `core` is the core's index in hv; PPIs and SGIs need it, SPIs ignore it.
 */
#ifndef HV_MACHINE_GIC_H
#define HV_MACHINE_GIC_H

#include <stdbool.h>
#include <stdint.h>

#include <segue/error.h>

#define GIC_SPURIOUS        1020u /* this and above: nothing to take */
#define GIC_PPI_MAINTENANCE 25u
#define GIC_PPI_HYP_TIMER   26u /* CNTHP */
#define GIC_PPI_VIRT_TIMER  27u
#define GIC_PPI_PHYS_TIMER  30u
#define GIC_REDIST_REGIONS  4

/* Where the GIC is, mapped as device memory; the addresses are hv's own. */
struct gic_location {
        uintptr_t dist;
        struct {
                uintptr_t base;
                uint64_t size;
        } redist[GIC_REDIST_REGIONS];
        unsigned redist_regions;
        uint64_t redist_stride; /* 0: from GICR_TYPER */
};

/* Boot core, once. Every SPI disabled, in group 1, not pending, not active. */
sg_err gic_init(const struct gic_location *location);

/* Each core, itself: finds its redistributor by MPIDR, wakes it, enables the CPU interface, the
 * kick SGI and the maintenance interrupt; opens the system-register interface to EL1. */
sg_err gic_cpu_init(unsigned core);

/* Own core. The INTID taken, or GIC_SPURIOUS and above. */
uint32_t gic_acknowledge(void);
/* Own core. Priority drop only: the interrupt stays active. */
void gic_drop(uint32_t intid);
/* Own core. Drop and deactivate: the end of an interrupt that hv itself served. */
void gic_end(uint32_t intid);

/* Any core. A barrier makes what was written before visible to the core that takes it. */
void gic_send_sgi(unsigned core, unsigned sgi);

/* Any core. Disabling waits (a bounded time) until the GIC says that it is done. */
void gic_enable(unsigned core, unsigned intid, bool on);
void gic_set_pending(unsigned core, unsigned intid, bool on);
void gic_set_active(unsigned core, unsigned intid, bool on);
bool gic_is_pending(unsigned core, unsigned intid);
void gic_set_edge(unsigned core, unsigned intid, bool edge);
/* SPIs: to this core. */
void gic_route(unsigned core, unsigned intid);

#endif
