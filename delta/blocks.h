/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stream whose bytes were sorted, block by block, by what stands before them (Burrows and
 * Wheeler's transform of the block read backwards), then told by how recently each was seen
 * (delta/ranks.h). Deflate sees 32 KiB back and codes a byte without its context; sorted, the ranks
 * take less than bzip2's. The block is walked forward through its last column, which stands in a
 * tree (delta/tree.h): so a whole segment of text is one block in less than its own size.
 */
#ifndef SEGUE_DELTA_BLOCKS_H
#define SEGUE_DELTA_BLOCKS_H

#include "delta/bits.h"
#include "delta/ranks.h"
#include "delta/stream.h"
#include "delta/tree.h"

struct dl;
struct dl_arena;

#define BLOCK_LEAST 4096u /* bytes of each block but the last of a segment */
#define BLOCK_STEPS (4u * DL_SEGMENT_SIZE / DL_TREE_STEP) /* no tree needs more */

/* In section 9, for each segment: the stream that is sorted, and whether it is the values with the
 * gaps, each before its value. */
#define BLOCK_STREAM 3u
#define BLOCK_JOINT  4u

/* How a sorted stream is read; in the memory of the stream. */
struct block_codes {
        struct ranks ranks;
        struct dl_bits bits;
};

struct dl_blocks {
        uint8_t *sorted; /* [segments] */
        struct dl_tree tree;
        struct block_codes *codes;
        uint32_t left;          /* bytes of the stream that were not taken */
        uint32_t size, waiting; /* bytes of the block, those still to be read */
        uint32_t row, end;      /* where the walk stands, and where it ends */
};

void dl_blocks_plan(struct dl *dl, struct dl_arena *arena);
sg_err dl_blocks_open(struct dl *dl);

/* The stream that is sorted in this segment, or NULL. */
const struct dl_stream *dl_blocks_sorted(const struct dl *dl);

/* Does it have this segment's gaps, too? */
bool dl_blocks_joint(const struct dl *dl);

/* Begin it, in the memory of the stream that it stands for. */
void dl_blocks_start(struct dl *dl, uint64_t offset, uint32_t length);

/* Take exactly n bytes of the sorted stream. SG_E_DELTA_STREAM, SG_E_DELTA_SEGMENT. */
sg_err dl_blocks_read(struct dl_blocks *b, uint8_t *to, uint32_t n);

/* A varint of it. SG_E_DELTA_STREAM, SG_E_DELTA_SEGMENT. */
sg_err dl_blocks_varint(struct dl_blocks *b, uint32_t *v);

/* Is there more of it? */
bool dl_blocks_more(const struct dl_blocks *b);

/* Everything was taken, if there was anything. SG_E_DELTA_STREAM, SG_E_DELTA_SEGMENT. */
sg_err dl_blocks_finish(struct dl *dl);

#endif
