/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers sorted where they stand, in some 2 n log2 n comparisons at most. */
#ifndef SEGUE_DELTA_HEAP_H
#define SEGUE_DELTA_HEAP_H

#include <stdbool.h>
#include <stdint.h>

/* A strict order. */
typedef bool dl_before(void *ctx, uint32_t a, uint32_t b);

void dl_heap_sort(uint32_t *numbers, uint32_t count, dl_before *before, void *ctx);

#endif
