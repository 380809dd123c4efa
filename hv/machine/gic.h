/* SPDX-License-Identifier: Apache-2.0 */
/* The machine's GICv3 as hv uses it: EOImode 1, all in group 1. EL2 only. (Proposal by the hv
 * lead.) */
#ifndef HV_MACHINE_GIC_H
#define HV_MACHINE_GIC_H

#include <stdbool.h>
#include <stdint.h>

#include <segue/error.h>

#define GIC_SPURIOUS 1023

struct gic_bases {
        uint64_t gicd, gicd_size;
        uint64_t gicr, gicr_size;
};

/* Boot core, once; the windows are mapped already. */
sg_err gic_init(const struct gic_bases *bases);
/* Every core, once: its redistributor (found by MPIDR), ICC_* and ICH_* registers; enables SGI 0,
 * PPIs 25, 26, 27, 30. */
sg_err gic_init_cpu(void);
/* ICC_IAR1_EL1; GIC_SPURIOUS: none. */
uint32_t gic_acknowledge(void);
/* Priority drop; the interrupt stays active. */
void gic_drop(uint32_t intid);
void gic_deactivate(uint32_t intid);
void gic_enable_spi(uint32_t intid, uint64_t mpidr, bool edge);
void gic_disable_spi(uint32_t intid);
void gic_send_sgi(uint64_t mpidr, uint32_t sgi);
/* Something waits for gic_acknowledge() on this core. */
bool gic_pending(void);

#endif
