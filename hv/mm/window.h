/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guest RAM, seen by hv for the moment of use. Each core has one window of 2 MiB, far above the
 * identity map; it is mapped while a callback runs on one piece, and unmapped with TLB maintenance
 * before the next.
 */
#ifndef HV_MM_WINDOW_H
#define HV_MM_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

#include <segue/error.h>

#include "hv/mm/addr.h"

/* Boot core, once. */
sg_err window_init(unsigned cpus);

/*
 * Runs piece(ctx, p, offset, size) on [base, base + size) in ascending pieces that do not cross a 2
 * MiB boundary. After each piece, with nothing mapped, `between` (may be NULL) may do other bounded
 * work; false ends the run early, and then window_each() returns false.
 */
bool window_each(struct paddr base, uint64_t size,
                 void (*piece)(void *ctx, uint8_t *p, uint64_t offset, uint64_t size),
                 bool (*between)(void *ctx), void *ctx);

/* Copies into guest RAM and cleans it to the point of coherency. */
void window_write(struct paddr to, const void *from, uint64_t size);

#endif
