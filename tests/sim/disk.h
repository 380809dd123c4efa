/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A disk with a volatile write cache. What was written is seen by reads at once and is on the
 * medium after a flush. A power cut keeps of what was not flushed: nothing, everything, all but one
 * sector, one sector alone, or a subset by the seed; and the last sector of a write in flight may
 * be torn: half new, or unreadable garbage over its whole physical sector. A sector written twice
 * counts twice: its first contents may be what stays. When the sender of a write dies the write may
 * land later, overtaken by some requests of the successor's, but never by a flush.
 */
#ifndef TESTS_SIM_DISK_H
#define TESTS_SIM_DISK_H

#include <stdbool.h>

#include "updater/partition.h"

struct disk;

/* sector and physical: 512 or 4096, sector <= physical. */
struct disk *disk_new(uint32_t sector, uint32_t physical, uint64_t bytes);
void disk_free(struct disk *d);
const struct sector_device *disk_device(struct disk *d);

/* As a reader sees it; changes here are on the medium at once (provisioning, bit rot). */
uint8_t *disk_bytes(struct disk *d);
/* The factory is done: what was written directly is on the medium. */
void disk_settle(struct disk *d);
/* Everything that is not on the medium, cut short in way `way` of disk_ways(). */
void disk_cut(struct disk *d, uint32_t way, uint64_t seed);
uint32_t disk_ways(const struct disk *d);
/* Writes that touch these bytes fail from now on. */
void disk_set_read_only(struct disk *d, uint64_t first, uint64_t last);
/* Flushes are not counted while that is on; and do nothing, if they are ignored. */
void disk_set_aside(struct disk *d, bool on, bool ignored);
/* Flush number n since then (1 is the next) is left out. 0: none. */
void disk_drop_flush(struct disk *d, uint64_t n);
uint64_t disk_flushes(const struct disk *d);
/* The one that was left out was not made up for by a later one yet. */
bool disk_lies(const struct disk *d);

#endif
