/* SPDX-License-Identifier: Apache-2.0 */
/* A disk of which only both ends are there, as the target `gpt` and its seeds have it. */
#ifndef TESTS_FUZZ_DISK_WINDOW_H
#define TESTS_FUZZ_DISK_WINDOW_H

#include <stddef.h>
#include <stdint.h>

#define DISK_BYTES (4u << 20)
#define DISK_HEAD  4u /* sectors: MBR, header, up to two of entries */
#define DISK_TAIL  3u /* up to two of entries, header */

/* Where a sector stands in the window; DISK_HEAD + DISK_TAIL or more: nowhere. */
uint32_t disk_window_index(uint64_t sectors, uint64_t sector);

/* Puts the right CRCs of entries and header into both tables. */
void disk_window_mend(uint8_t *window, size_t size, uint32_t sector_size);

#endif
