/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The machine's RAM: handed out at boot, lowest address first, and never given back. Pure.
 */
#ifndef HV_MM_MEMORY_H
#define HV_MM_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

#include "hv/machine/board.h"
#include "hv/mm/addr.h"

#define MEMORY_RANGES_MAX 32

struct memory {
        struct range free[MEMORY_RANGES_MAX]; /* ascending, apart */
        unsigned count;
};

/* false: too many ranges. */
bool memory_add(struct memory *m, struct range range);

/* Takes out what is in use; parts that are not free do not matter. */
bool memory_reserve(struct memory *m, struct range range);

/* align: a power of two. false: no free range is large enough. */
bool memory_take(struct memory *m, uint64_t size, uint64_t align, struct paddr *out);

/* Bytes that are free. */
uint64_t memory_free(const struct memory *m);

#endif
