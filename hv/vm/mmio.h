/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Emulated devices in a VM's address space. A device registers its windows once, when its VM is
 * created; accesses of 1, 2, 4 or 8 bytes that lie wholly in a window and are naturally aligned
 * reach its callbacks, on the accessing vCPU's core, without a lock held. All others get an
 * external abort injected.
 */
#ifndef HV_VM_MMIO_H
#define HV_VM_MMIO_H

#include <stdbool.h>
#include <stdint.h>

#define MMIO_REGIONS_MAX 16

enum mmio_result {
        MMIO_REFUSED = 0, /* the access aborts in the guest */
        MMIO_DONE = 1,
        MMIO_AGAIN = 2, /* the value is not known yet: the guest executes its instruction again */
};

struct mmio_ops {
        /* *value holds `size` bytes, zero-extended. */
        enum mmio_result (*read)(void *dev, unsigned vcpu, uint64_t offset, unsigned size,
                                 uint64_t *value);
        /* false: refused. */
        bool (*write)(void *dev, unsigned vcpu, uint64_t offset, unsigned size, uint64_t value);
};

struct mmio_region {
        uint64_t base; /* IPA */
        uint64_t size;
        const struct mmio_ops *ops;
        void *dev;
};

struct mmio_map {
        struct mmio_region region[MMIO_REGIONS_MAX];
        unsigned count;
};

/* false: the table is full or the window overlaps another. */
bool mmio_add(struct mmio_map *map, uint64_t base, uint64_t size, const struct mmio_ops *ops,
              void *dev);

/* NULL: no device there, or the access crosses the window's end or is not aligned. */
const struct mmio_region *mmio_find(const struct mmio_map *map, uint64_t ipa, unsigned size);

#endif
