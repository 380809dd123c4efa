/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The guest's RAM mapped to itself with caches on, for the time of the check; bootfw's own pages by
 * what they hold, nothing else executable. Turned off by bootfw_enter.
 */
#ifndef BOOTFLOW_BOOTFW_MMU_H
#define BOOTFLOW_BOOTFW_MMU_H

#include <stdbool.h>
#include <stdint.h>

/* RAM base and size are multiples of 2 MiB and end below 512 GiB; bootfw's region is the last
 * 2 MiB. False when they are not. */
bool mmu_on(uint64_t ram_base, uint64_t ram_size);
/* Writes the range back to memory, beyond all caches, and drops it from them. */
void cache_clean(uint64_t address, uint64_t size);

#endif
