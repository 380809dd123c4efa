/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hv's own address space: an identity map of its image (text executable, rodata read-only, the rest
 * writable and never executable, nothing both), of the devices that it drives, and of what it was
 * told to read. Guest RAM is not in it but for the moment of use, through a window of each core
 * (hv/mm/window.h).
 */
#ifndef HV_MM_STAGE1_H
#define HV_MM_STAGE1_H

#include <stdint.h>

#include <segue/error.h>

#include "hv/machine/board.h"
#include "hv/mm/addr.h"

enum stage1_kind {
        STAGE1_TEXT,
        STAGE1_RODATA,
        STAGE1_DATA,
        STAGE1_DEVICE, /* nGnRE */
};

/* Boot core, once: the image, with all stacks' guard pages left out. */
sg_err stage1_init(void);

/* Boot core: leaves the boot map. */
void stage1_enable(void);

/* Identity; whole pages around [base, base + size). */
sg_err stage1_map_identity(struct range range, enum stage1_kind kind);

/* Any core. One block of 2 MiB at a window's address; `pa` is 2 MiB-aligned. */
void stage1_map_block(struct vaddr va, struct paddr pa);
void stage1_unmap_block(struct vaddr va);
/* Makes the tables for it, so that the two above cannot fail. */
sg_err stage1_reserve_block(struct vaddr va);

/* Crash path: the entries that lead to an address. */
void stage1_print_walk(struct vaddr va);

#endif
