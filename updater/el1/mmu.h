/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The partition's own address space: what is mapped is mapped at its own address, nothing is both
 * writable and executable, and what is not named here is not mapped. 4 KiB granule, 48 bits.
 */
#ifndef UPDATER_EL1_MMU_H
#define UPDATER_EL1_MMU_H

#include <stdint.h>

enum mmu_kind {
        MMU_CODE,   /* read and execute */
        MMU_RODATA, /* read */
        MMU_DATA,   /* read and write, cacheable */
        MMU_DEVICE, /* read and write, Device-nGnRE */
};

/*
 * Maps the image and turns MMU and caches on. Called once, before anything that may use unaligned
 * accesses: dtb is an 8-byte-aligned devicetree, whose own pages are mapped as data, as is the
 * console.
 */
void mmu_start(uintptr_t dtb);

/*
 * Maps what is not mapped yet of base..base + size, rounded outwards to pages; what is mapped
 * already stays as it is. Panics when the pool of tables is used up: the number of regions is
 * bounded by the machine's description.
 */
void mmu_map(uint64_t base, uint64_t size, enum mmu_kind kind);

/* Takes away what mmu_map gave for exactly these pages. */
void mmu_unmap(uint64_t base, uint64_t size);

#endif
