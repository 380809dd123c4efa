/* SPDX-License-Identifier: Apache-2.0 */
/* An emulated PL011 (ARM DDI 0183): console or agent channel. Pure. (Proposal by the hv lead.) */
#ifndef HV_VDEV_VPL011_H
#define HV_VDEV_VPL011_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hv/core/spinlock.h"
#include "hv/vm/mmio.h"

#define VPL011_SIZE 0x1000

struct vpl011_ops {
        void (*output)(void *context, uint8_t byte); /* never waits */
        void (*irq)(void *context, bool level);
        void *context;
};

struct vpl011 {
        struct spinlock lock;
        struct vpl011_ops ops;
};

void vpl011_init(struct vpl011 *uart, const struct vpl011_ops *ops);
void vpl011_reset(struct vpl011 *uart);
bool vpl011_add_mmio(struct vpl011 *uart, struct mmio_map *map, uint64_t base);

/* Bytes towards the guest; returns how many its FIFO took. Any core. */
size_t vpl011_input(struct vpl011 *uart, const uint8_t *bytes, size_t size);

#endif
