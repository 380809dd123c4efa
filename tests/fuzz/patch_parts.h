/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A patch (docs/delta.md) taken apart into what stands behind compression and CRCs, and put
 * together again with every size and CRC right: so that a mutation reaches the models.
 */
#ifndef TESTS_FUZZ_PATCH_PARTS_H
#define TESTS_FUZZ_PATCH_PARTS_H

#include <stdbool.h>

#include "delta/blocks.h"

#define PARTS_SEGMENTS_MAX 32u
#define PARTS_ROOM         (24u << 20) /* unpacked bytes in all */
#define PARTS_GROWTH       64u         /* by which a part may grow */

struct patch_part {
        uint8_t *bytes; /* followed by PARTS_GROWTH spare ones */
        size_t size;
        bool stored; /* packed as they are, so that their places in the patch are known */
};

struct patch_parts {
        uint8_t header[DL_HEADER_SIZE];
        uint8_t directory[DL_SECTIONS_MAX * DL_D_SIZE];
        uint32_t sections, segments, streams; /* streams of each segment */
        /* Copies stand here as they are told (patch_copies.h). */
        struct patch_part section[DL_SECTIONS_MAX];
        struct patch_part stream[PARTS_SEGMENTS_MAX][DL_STREAMS];
        /* The stream that is sorted: it stands here as it is told (patch_sorted.h). 0: none is. */
        uint8_t sorted[PARTS_SEGMENTS_MAX];
        size_t used;
        uint8_t room[PARTS_ROOM];
};

/* false: not a whole patch, or too large a one. */
bool patch_parts_read(struct patch_parts *p, const uint8_t *patch, size_t size);
/* Returns the patch's size; 0: it does not fit. */
size_t patch_parts_write(const struct patch_parts *p, uint8_t *patch, size_t max);

/* Put a section's unpacked size into the directory. */
void patch_parts_put_size(struct patch_parts *p, uint32_t i);

/* One mutation of one part: a section's or a stream's bytes, or the numbers that size things. */
void patch_parts_mutate(struct patch_parts *p, unsigned seed);

#endif
