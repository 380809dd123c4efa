/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the hardware does for a virtual GIC (Arm IHI 0069): list registers with their virtual CPU
 * interface, EOIs, maintenance, and a physical GIC behind linked interrupts. Strict: what the
 * architecture calls unpredictable fails the test.
 */
#ifndef TESTS_FAKE_GIC_H
#define TESTS_FAKE_GIC_H

#include <stdbool.h>
#include <stdint.h>

#include "hv/vgic/vgic.h"

#define FAKE_CORES    4
#define FAKE_SPURIOUS 1023u

struct fake_physical {
        bool enabled, line, pending, active, edge;
        unsigned core; /* where SPIs are routed */
};

struct fake_core {
        uint64_t lr[VGIC_LR_MAX];
        uint64_t hcr;
        unsigned running[32]; /* stack of priorities */
        unsigned depth;
        bool eoi_mode; /* EOIR drops only, DIR deactivates */
        bool kicked;
        unsigned kicks;
        struct fake_physical private[32];
};

extern struct fake_core fake_core[FAKE_CORES];
extern struct fake_physical fake_spi[256]; /* by INTID */
extern unsigned fake_lrs;
extern unsigned fake_self; /* the core that executes */
extern const struct vgic_ops fake_gic_ops;

void fake_gic_reset(unsigned lrs);
struct fake_physical *fake_physical(unsigned core, unsigned intid);

/* The guest on core `fake_self` acknowledges (both groups as one); FAKE_SPURIOUS: nothing. */
unsigned fake_ack(void);
/* It writes EOIR. */
void fake_eoi(unsigned intid);
/* It writes DIR; true: the access traps. */
bool fake_dir(unsigned intid);
bool fake_maintenance(void);
/* A physical interrupt that would be taken on this core now; FAKE_SPURIOUS: none. It becomes
 * active. */
unsigned fake_physical_ack(void);

#endif
