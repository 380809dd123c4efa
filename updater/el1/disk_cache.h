/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A read cache in front of a disk. A delta's decoder looks at the old image in many small pieces,
 * and each request to a disk costs far more than its bytes. Lines of 64 KiB, four ways; writes go
 * through, and what was written is read from the disk again after the next flush, so that who
 * checks what he wrote checks the disk. Pure.
 */
#ifndef UPDATER_EL1_DISK_CACHE_H
#define UPDATER_EL1_DISK_CACHE_H

#include <stdbool.h>
#include <stdint.h>

#include "updater/partition.h"

#define DISK_CACHE_LINE   (64u << 10)
#define DISK_CACHE_SETS   64
#define DISK_CACHE_WAYS   4
#define DISK_CACHE_LINES  (DISK_CACHE_SETS * DISK_CACHE_WAYS)
#define DISK_CACHE_MEMORY ((uint64_t)DISK_CACHE_LINES * DISK_CACHE_LINE) /* 16 MiB */

struct disk_cache {
        const struct sector_device *disk;
        uint8_t *memory;
        uint32_t sectors_per_line;
        uint64_t tag[DISK_CACHE_LINES];  /* number of the line that is held + 1; 0: none */
        bool written[DISK_CACHE_LINES];  /* since the last flush */
        uint8_t victim[DISK_CACHE_SETS]; /* the way to give up next */
};

/* *device then reads and writes by way of the cache; cache, disk and memory (DISK_CACHE_MEMORY
 * bytes) outlive it. */
void disk_cache_init(struct disk_cache *cache, const struct sector_device *disk, uint8_t *memory,
                     struct sector_device *device);

#endif
