/* SPDX-License-Identifier: Apache-2.0 */
/* The disk, taken from its driver and aimed at any address. */
#ifndef TESTS_QEMU_AIM_H
#define TESTS_QEMU_AIM_H

#include <stdbool.h>
#include <stdint.h>

#include "updater/el1/platform.h"

#define AIM_SECTOR 512u

enum aim_direction { DISK_TO_MEMORY = 0, MEMORY_TO_DISK = 1 };

/* The driver's own requests fail from the first aim_begin() on. */
bool aim_find_disk(const struct platform *platform);

/* Starts one transfer of `length` bytes; the disk is reset before. */
void aim_begin(enum aim_direction type, uint64_t sector, uint64_t address, uint32_t length);

/* Waits for its end, but not for long: one that was stopped may be given back, or never. */
void aim_finish(void);

/* Accesses of the disk that were stopped so far. */
uint64_t aim_faults(void);

#endif
