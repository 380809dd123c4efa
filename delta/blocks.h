/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stream whose bytes were sorted, block by block, by what stands before them (Burrows and
 * Wheeler's transform of the block read backwards), then told by how recently each was seen, runs
 * of the latest by their length. Deflate alone sees 32 KiB back and codes a byte without its
 * context; sorted, its Huffman codes reach what bzip2 reaches on new text. The block is walked
 * forward through its last column, which stands in a tree (delta/tree.h): so a whole segment of
 * text is one block in less than its own size.
 *
 * The codes may be divided among parts, each a deflate stream: by how high the ranks were of late.
 */
#ifndef SEGUE_DELTA_BLOCKS_H
#define SEGUE_DELTA_BLOCKS_H

#include "delta/stream.h"
#include "delta/tree.h"

struct dl;
struct dl_arena;

/* Codes: the digits 1 and 2 of a run's length, lowest first; rank + 1; the last two ranks escaped.
 */
#define BLOCK_DIGITS 2u
#define BLOCK_ESCAPE 255u

#define BLOCK_LEAST  4096u /* bytes of each block but the last of a segment */
#define BLOCK_STEPS  (4u * DL_SEGMENT_SIZE / DL_TREE_STEP) /* no tree needs more */

/* In section 9, for each segment: the stream that is sorted, whether in parts, and whether it is
 * the values with the gaps, each before its value. */
#define BLOCK_STREAM 3u
#define BLOCK_PARTED 4u
#define BLOCK_JOINT  8u
#define BLOCK_SIZES  (4u * (DL_BLOCK_PARTS - 1u)) /* bytes before the parts */

/* The mean height of ranks, of those told last the most, in 1/256 bits. */
static inline uint32_t block_height(uint32_t height, uint32_t rank)
{
        uint32_t bits = 0;

        for (; rank > 0; rank >>= 1)
                bits++;
        return height - height / 16 + bits * 16;
}

/* The part that has the next code. */
static inline uint32_t block_part(uint32_t height, uint32_t parts)
{
        return height / 256 < parts ? height / 256 : parts - 1;
}

struct dl_blocks {
        uint8_t *sorted; /* [segments] */
        struct dl_tree tree;
        struct dl_stream part[DL_BLOCK_PARTS];
        uint32_t parts; /* in use */
        uint32_t height;
        uint32_t size, left; /* bytes of the block, those still to be read */
        uint32_t row, end;   /* where the walk stands, and where it ends */
};

void dl_blocks_plan(struct dl *dl, struct dl_arena *arena);
sg_err dl_blocks_open(struct dl *dl);

/* The stream that is sorted in this segment, or NULL. */
const struct dl_stream *dl_blocks_sorted(const struct dl *dl);

/* Does it have this segment's gaps, too? */
bool dl_blocks_joint(const struct dl *dl);

/* Begin it, in the memory of the stream that it stands for. SG_E_DELTA_SEGMENT. */
sg_err dl_blocks_start(struct dl *dl, uint64_t offset, uint32_t length);

/* Take exactly n bytes of the sorted stream. SG_E_DELTA_STREAM, SG_E_DELTA_SEGMENT. */
sg_err dl_blocks_read(struct dl_blocks *b, uint8_t *to, uint32_t n);

/* A varint of it. SG_E_DELTA_STREAM, SG_E_DELTA_SEGMENT. */
sg_err dl_blocks_varint(struct dl_blocks *b, uint32_t *v);

/* Is there more of it? SG_E_DELTA_STREAM. */
sg_err dl_blocks_more(struct dl_blocks *b, bool *more);

/* Everything was taken, if there was anything. SG_E_DELTA_STREAM, SG_E_DELTA_SEGMENT. */
sg_err dl_blocks_finish(struct dl *dl);

#endif
