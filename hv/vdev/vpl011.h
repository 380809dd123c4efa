/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An emulated PL011 (Arm DDI 0183). What the guest sends goes to a callback at once, so its
 * transmit FIFO is always empty and no write ever waits; what it receives waits in a FIFO that
 * behaves as 16 bytes deep towards the guest and holds more behind. Line control and baud rate are
 * registers without effect; DMA and modem lines are absent.
 */
#ifndef HV_VDEV_VPL011_H
#define HV_VDEV_VPL011_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hv/core/spinlock.h"
#include "hv/vm/mmio.h"

#define VPL011_SIZE         0x1000ull
#define VPL011_RX_SIZE      256u

#define VPL011_CONSOLE_BASE 0x09000000ull
#define VPL011_CONSOLE_SPI  1u
#define VPL011_AGENT_BASE   0x09040000ull
#define VPL011_AGENT_SPI    8u

/* Called with the device's lock held: they take no lock that comes before it, and do not call back.
 */
struct vpl011_ops {
        /* One byte from the guest, on the vCPU's core. */
        void (*transmit)(void *ctx, uint8_t byte);
        /* The interrupt line changed. */
        void (*set_irq)(void *ctx, bool level);
};

struct vpl011 {
        struct spinlock lock; /* all below */
        const struct vpl011_ops *ops;
        void *ctx;
        uint8_t rx[VPL011_RX_SIZE];
        uint32_t rx_head;
        uint32_t rx_count;
        uint32_t ris; /* raw interrupts */
        uint32_t imsc;
        uint32_t cr;
        uint32_t lcr;
        uint32_t ifls;
        uint32_t ibrd;
        uint32_t fbrd;
        uint32_t ilpr;
        bool irq; /* the line, as last told */
};

void vpl011_init(struct vpl011 *uart, const struct vpl011_ops *ops, void *ctx);

/* Registers and FIFOs as after power-on, line low. */
void vpl011_reset(struct vpl011 *uart);

/* Any core. Bytes towards the guest; returns how many there was room for. */
size_t vpl011_receive(struct vpl011 *uart, const uint8_t *bytes, size_t size);

/* For mmio_add(); dev is the struct vpl011. */
extern const struct mmio_ops vpl011_mmio;

#endif
