// SPDX-License-Identifier: Apache-2.0
#include "hv/vm/mmio.h"

#include <stddef.h>

static bool overlap(const struct mmio_region *r, uint64_t base, uint64_t size)
{
        return base < r->base + r->size && r->base < base + size;
}

bool mmio_add(struct mmio_map *map, uint64_t base, uint64_t size, const struct mmio_ops *ops,
              void *dev)
{
        if (map->count == MMIO_REGIONS_MAX)
                return false;
        for (unsigned i = 0; i < map->count; i++)
                if (overlap(&map->region[i], base, size))
                        return false;
        map->region[map->count++] =
                (struct mmio_region){.base = base, .size = size, .ops = ops, .dev = dev};
        return true;
}

const struct mmio_region *mmio_find(const struct mmio_map *map, uint64_t ipa, unsigned size)
{
        if (ipa % size != 0)
                return NULL;
        for (unsigned i = 0; i < map->count; i++) {
                const struct mmio_region *r = &map->region[i];

                if (ipa >= r->base && ipa - r->base <= r->size - size)
                        return r;
        }
        return NULL;
}
