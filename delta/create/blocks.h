/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEGUE_DELTA_CREATE_BLOCKS_H
#define SEGUE_DELTA_CREATE_BLOCKS_H

#include "delta/blocks.h"
#include "delta/create/bytes.h"

/*
 * Append `raw`, sorted in blocks as long as `room` steps of memory allow (delta/blocks.h). Returns
 * the steps of memory for the largest tree.
 */
uint32_t blocks_sort(struct bytes *to, const struct bytes *raw, uint32_t room);

/* The steps of a tree whose arena fits into `memory` bytes; 0 for none. */
uint32_t blocks_room(uint64_t memory, uint32_t segments);

#endif
