/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEGUE_DELTA_CREATE_BLOCKS_H
#define SEGUE_DELTA_CREATE_BLOCKS_H

#include "delta/blocks.h"
#include "delta/create/bytes.h"

/* A stream, sorted, as a whole and in parts (delta/blocks.h). */
struct sorted {
        struct bytes whole, part[DL_BLOCK_PARTS];
        uint32_t steps; /* of memory for the largest tree */
};

/* Sort `raw` in blocks as long as `room` steps of memory allow, but not longer than `most`. */
void blocks_sort(struct sorted *to, const struct bytes *raw, uint32_t room, uint32_t most);
void sorted_free(struct sorted *s);

/* Append all parts, packed. */
void blocks_pack_parts(struct bytes *to, const struct sorted *sorted);

/* The steps of a tree whose arena fits into `memory` bytes; 0 for none. */
uint32_t blocks_room(uint64_t memory, uint32_t segments);

#endif
