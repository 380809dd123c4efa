/* SPDX-License-Identifier: Apache-2.0 */
/* A virtual GIC against a strict model of the hardware that it drives, for the tests of it. */
#ifndef TESTS_UNIT_VGIC_RIG_H
#define TESTS_UNIT_VGIC_RIG_H

#include <stdbool.h>
#include <stdint.h>

#include "hv/vgic/vgic.h"
#include "tests/unit/fake_arch/fake_gic.h"

#define CTLR       0x0000
#define TYPER      0x0004
#define IGROUPR    0x0080
#define ISENABLER  0x0100
#define ICENABLER  0x0180
#define ISPENDR    0x0200
#define ICPENDR    0x0280
#define ISACTIVER  0x0300
#define ICACTIVER  0x0380
#define IPRIORITYR 0x0400
#define ICFGR      0x0c00
#define IROUTER    0x6000
#define PIDR2      0xffe8
#define GICR_TYPER 0x0008
#define GICR_WAKER 0x0014
#define SGI_FRAME  0x10000
#define RWP        (1u << 31)

#define TIMER      27
#define DISK       VGIC_SPI(3)
#define UART       VGIC_SPI(1)

extern struct vgic vgic;

/* All groups enabled, everything in group 1 at priority 0xa0. */
void boot(unsigned cpus, unsigned lrs);

/* Back into the guest on core fake_self, as the exit loop does it: everything that is due is
 * taken first. */
void enter(void);

/* Every kicked core goes once through its exit loop. */
void settle(void);

/* A guest's accesses to the distributor from core fake_self, on which vCPU fake_self runs. While
 * the answer hangs on others' LRs the instruction is repeated. */
uint64_t get(uint64_t offset, unsigned size);
void put(uint64_t offset, unsigned size, uint64_t v);

/* To the redistributor of a vCPU. */
uint64_t get_r(unsigned vcpu, uint64_t offset, unsigned size);
void put_r(unsigned vcpu, uint64_t offset, unsigned size, uint64_t v);

/* One bit of a set or clear register, for a private interrupt of fake_self or an SPI. */
void put_bit(unsigned reg, unsigned intid);
bool get_bit(unsigned reg, unsigned intid);

void set_priority(unsigned intid, uint8_t priority);
void set_edge(unsigned intid);

/* What the guest on fake_self does with ICC_IAR1 and ICC_EOIR1. */
unsigned ack(void);
void eoi(unsigned intid);

void pulse(unsigned intid);

#endif
