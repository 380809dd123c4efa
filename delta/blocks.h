/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stream whose bytes were sorted, block by block, by what stands before them (Burrows and
 * Wheeler's transform of the block read backwards), then told by how recently each was seen, runs
 * of the latest by their length. Deflate alone sees 32 KiB back and codes a byte without its
 * context; sorted, its Huffman codes reach what bzip2 reaches on new text. The block is walked
 * forward through its last column, in little more memory than its bytes take.
 */
#ifndef SEGUE_DELTA_BLOCKS_H
#define SEGUE_DELTA_BLOCKS_H

#include "delta/stream.h"

struct dl;
struct dl_arena;

/* Codes: the digits 1 and 2 of a run's length, lowest first; rank + 1; the last two ranks escaped.
 */
#define BLOCK_DIGITS 2u
#define BLOCK_ESCAPE 255u

struct dl_blocks {
        uint32_t room;   /* bytes of the longest block */
        uint8_t *sorted; /* [segments] the sorted stream's id, or 0 */
        uint8_t *last;   /* [room] the last column */
        /* To which row the next entry of each byte leads, before every DL_BLOCK_STEPth entry. */
        uint32_t (*counts)[256];
        struct dl_stream *stream; /* of this segment, or NULL */
        uint32_t size, left;      /* bytes of the block, those still to be read */
        uint32_t row, end;        /* where the walk stands, and where it ends */
};

void dl_blocks_plan(struct dl *dl, struct dl_arena *arena);
sg_err dl_blocks_open(struct dl *dl);

/* Begin the segment whose streams are started. */
void dl_blocks_begin(struct dl *dl);

/* Take exactly n bytes of the sorted stream. SG_E_DELTA_STREAM, SG_E_DELTA_SEGMENT. */
sg_err dl_blocks_read(struct dl_blocks *b, uint8_t *to, uint32_t n);

#endif
