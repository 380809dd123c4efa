/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest's GICv3 (Arm IHI 0069): distributor and redistributors are emulated, the CPU interface is
 * the hardware's virtual one, fed through list registers (LRs). Security states are disabled (DS =
 * 1), affinity routing is always on, no LPIs, no 1-of-N.
 *
 * A vCPU has a core of its own, so VMCR, active priorities and LRs stay in that core's registers
 * for ever. Only the vCPU's own core touches them, in vgic_enter(), at guest accesses to the GIC,
 * and in vgic_cpu_start() and vgic_cpu_stop(); every other function only changes the state in
 * memory, marks the vCPU stale, and kicks its core, which then brings its LRs up to date on the way
 * back into the guest.
 *
 * Pure: hardware is reached through struct vgic_ops. A zeroed struct is a good start for
 * vgic_init().
 */
#ifndef HV_VGIC_VGIC_H
#define HV_VGIC_VGIC_H

#include <stdbool.h>
#include <stdint.h>

#include "hv/core/spinlock.h"
#include "hv/vm/mmio.h"

#define VGIC_CPU_MAX 8
#define VGIC_LR_MAX  16
#define VGIC_PRIVATE 32 /* SGIs 0..15 and PPIs 16..31 */
#define VGIC_SPIS    96 /* INTIDs 32..127 */
#define VGIC_INTIDS  (VGIC_PRIVATE + VGIC_SPIS)

/* The guest map's windows: the redistributors are contiguous, one window for all of a VM. */
#define VGIC_DIST_BASE          0x08000000ull
#define VGIC_DIST_SIZE          0x10000ull
#define VGIC_REDIST_BASE        0x080a0000ull
#define VGIC_REDIST_SIZE        0x20000ull /* of each vCPU */

#define VGIC_SPI(n)             (32u + (n))
#define VGIC_PPI_TIMER_PHYSICAL 30u
#define VGIC_PPI_TIMER_VIRTUAL  27u

/*
 * What the hardware does for a vGIC; hv/vgic/hw.c is the real one. `core` is a physical core's
 * index; for physical SPIs it is ignored but in route().
 */
struct vgic_ops {
        /* ICH_* of the calling core. */
        unsigned (*lr_count)(void);
        uint64_t (*read_lr)(unsigned n);
        void (*write_lr)(unsigned n, uint64_t value);
        uint64_t (*read_hcr)(void);
        void (*write_hcr)(uint64_t value);
        /* VMCR and active priorities as after a reset. */
        void (*reset_interface)(void);

        /* The physical interrupt behind a hardware-linked one. */
        void (*enable)(unsigned core, unsigned intid, bool on);
        void (*set_pending)(unsigned core, unsigned intid, bool on);
        void (*set_active)(unsigned core, unsigned intid, bool on);
        bool (*is_pending)(unsigned core, unsigned intid);
        void (*set_edge)(unsigned core, unsigned intid, bool edge);
        void (*route)(unsigned core, unsigned intid);

        /* The core leaves its guest and comes to vgic_enter(). Nothing to do for the calling core:
         * it is out of its guest already. */
        void (*kick)(unsigned core);
};

/*
 * One interrupt. Every bit is under vgic.lock, whichever core holds it. Who sets and clears it:
 *
 * - enabled, group1, edge, priority, route: the guest's writes to their registers; reset.
 * - line: the device (vgic_set_level). A level-sensitive interrupt is pending while it is high.
 * - latch: pending and remembered. Set by an edge, an SGI, ISPENDR, a linked interrupt that was
 *   taken, and by fold when an LR still has it; cleared when it moves into an LR, and by ICPENDR.
 * - lr: 1 + the LR that holds it. Set by load, cleared by fold, both on the owner's core.
 * - lr_latch: with lr: the LR's pending bit came from latch; fold gives it back unless it was
 * taken.
 * - active: set by fold when the guest acknowledged, and by ISACTIVER; cleared by fold when the
 *   guest deactivated, by ICACTIVER, by an EOI without an LR, by a trapped ICC_DIR. While lr is not
 *   0 the LR is newer than this bit.
 * - owner: the vCPU whose LR holds it, or on which it is active; does not change while that is so.
 * - drop_pending, drop_active, raise_active: set by ICPENDR, ICACTIVER and ISACTIVER while another
 *   core's LR holds it; the owner's fold obeys and clears them.
 * - held: linked: the physical interrupt is active until it is deactivated from here. Set when it
 *   is taken, and by ISACTIVER; cleared by fold when the guest deactivated, or by who deactivates
 * it.
 */
struct vgic_irq {
        uint32_t route; /* SPIs: Aff3..Aff0 as in MPIDR, packed into 32 bits */
        uint16_t hw;    /* physical INTID linked to it, 0: none */
        uint8_t priority;
        uint8_t owner;
        uint8_t lr;
        bool enabled : 1;
        bool group1 : 1;
        bool edge : 1;
        bool line : 1;
        bool latch : 1;
        bool active : 1;
        bool lr_latch : 1;
        bool drop_pending : 1;
        bool drop_active : 1;
        bool raise_active : 1;
        bool held : 1;
};

struct vgic_cpu {
        struct vgic_irq irq[VGIC_PRIVATE];
        uint32_t busy;                /* private interrupts that may be pending or active */
        uint16_t loaded[VGIC_LR_MAX]; /* INTID in each LR; meaningful below lr_used */
        uint8_t lr_used;              /* LRs 0..lr_used-1 were written by the last load */
        bool folded;                  /* their state is in memory: load before the next entry */
        uint8_t lr_count;
        uint8_t core;   /* the physical core that it owns */
        bool started;   /* between vgic_cpu_start() and vgic_cpu_stop() */
        bool asleep;    /* GICR_WAKER.ProcessorSleep */
        uint32_t folds; /* how often its LRs were read back */
        /* A read by this vCPU of what others' LRs hold, which waits for their folds: */
        bool waits;
        uint32_t waits_for;                /* which access it is */
        uint32_t seen_folds[VGIC_CPU_MAX]; /* of all, when it began */
        uint8_t stale;                     /* atomic: what the LRs hold is not what they should */
};

struct vgic {
        struct spinlock lock; /* guards everything but the LRs themselves and stale */
        const struct vgic_ops *ops;
        unsigned cpu_count;
        uint32_t ctlr; /* GICD_CTLR's group enables */
        struct vgic_irq spi[VGIC_SPIS];
        uint32_t spi_busy[VGIC_SPIS / 32];
        struct vgic_cpu cpu[VGIC_CPU_MAX];
};

/* Once, at the VM's creation. core[i] is vCPU i's physical core. */
void vgic_init(struct vgic *vgic, const struct vgic_ops *ops, unsigned cpu_count,
               const uint8_t *core);

/* Links SPI or PPI `intid` to the physical one of the same kind (PPI: on every vCPU's core), which
 * from then on is enabled, routed and deactivated as the guest wants it. Before the first start. */
void vgic_link(struct vgic *vgic, unsigned intid, unsigned physical);

/* Any core, no vCPU started: every register as after power-on; linked physical interrupts are
 * disabled, not pending, not active. Links and lines of devices stay. */
void vgic_reset(struct vgic *vgic);

/* Own core, before a vCPU's first entry and after each power-on; and when it is powered off or
 * parked. In between its private state is kept, and it collects interrupts. */
void vgic_cpu_start(struct vgic *vgic, unsigned vcpu);
void vgic_cpu_stop(struct vgic *vgic, unsigned vcpu);

/* Own core, interrupts masked, last thing before each guest entry: LRs up to date. Cheap when
 * nothing changed. */
void vgic_enter(struct vgic *vgic, unsigned vcpu);

/* Own core, the maintenance interrupt (INTID 25) was taken. Stays asserted until vgic_enter(). */
void vgic_maintenance(struct vgic *vgic, unsigned vcpu);

/* Own core: would the vCPU take an interrupt if it ran? Does not look at PSTATE, PMR or running
 * priority: what wakes a WFI or CPU_SUSPEND. */
bool vgic_pending(struct vgic *vgic, unsigned vcpu);

/* Any core. A device's line to SPI `intid` (VGIC_SPI(n)). A rising edge pends an edge-triggered
 * one. */
void vgic_set_level(struct vgic *vgic, unsigned intid, bool level);

/* Own core: a linked PPI was taken; any core: a linked SPI was. Its priority was dropped, it is not
 * deactivated: the guest does that. */
void vgic_take_ppi(struct vgic *vgic, unsigned vcpu, unsigned physical);
/* false: no interrupt of this VM is linked to it. */
bool vgic_take_spi(struct vgic *vgic, unsigned physical);

/* Own core: trapped writes to ICC_SGI1R_EL1 (and, DS = 1, ICC_SGI0R_EL1 and ICC_ASGI1R_EL1, which
 * pend nothing of a group that the target's configuration does not say), and ICC_DIR_EL1. */
void vgic_sgi_write(struct vgic *vgic, unsigned vcpu, uint64_t value, bool group1);
void vgic_dir_write(struct vgic *vgic, unsigned vcpu, uint64_t value);

/* Windows for mmio_add(); dev is the struct vgic. */
extern const struct mmio_ops vgic_dist_mmio;
extern const struct mmio_ops vgic_redist_mmio;

/* The real hardware (hv/vgic/hw.c). */
extern const struct vgic_ops vgic_hw_ops;

#endif
