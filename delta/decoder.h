/* SPDX-License-Identifier: Apache-2.0 */
/* The decoder's inside, shared by its own files only. */
#ifndef SEGUE_DELTA_DECODER_H
#define SEGUE_DELTA_DECODER_H

#include <assert.h>

#include "delta/map.h"

struct dl_section {
        uint32_t id, packed, raw, count, crc;
        uint64_t offset; /* in the patch */
};

struct dl_cache_line {
        uint64_t start;
        uint32_t length; /* 0: empty */
        uint8_t *bytes;  /* DL_CACHE_LINE */
};

struct dl {
        struct dl_ops ops;
        struct dl_header header;
        struct dl_section sections[DL_SECTIONS_MAX];
        struct dl_map map;
        struct dl_stream streams[DL_STREAMS];
        struct dl_cache_line cache[DL_CACHE_LINES];
        uint8_t *table;      /* the segment table */
        uint8_t *window;     /* DL_OUTPUT_WINDOW: output on its way */
        uint32_t evict;      /* cache line to reuse next */
        uint32_t segment;    /* to decode next */
        sg_err failed;       /* sticky */
        struct dl_copy copy; /* where the output stands: in or before this copy */
        uint32_t next;       /* resident: index of the copy after it */
        bool copying;        /* there is such a copy */
        bool correcting;     /* corrections are left in this segment */
        uint32_t gap;        /* predicted bytes before the next one */
};

static_assert(sizeof(struct dl) <= DL_CORE_MEMORY, "the format's share for struct dl");

/* The order of the arena's parts; the same for the decoder and for the encoder that states its
 * size. */
struct dl_arena {
        uint8_t *base; /* NULL: measure only */
        uint64_t used;
};

/* Read and check the section directory. SG_E_DELTA_HEADER. */
sg_err dl_directory_read(const struct dl_ops *ops, const struct dl_header *h,
                         struct dl_section sections[DL_SECTIONS_MAX]);

/* The CRC-32 of a range of the patch, read through the output window. */
sg_err dl_range_crc(struct dl *dl, uint64_t offset, uint32_t length, uint32_t *crc);

/* The section with this id, or NULL. */
const struct dl_section *dl_section(const struct dl *dl, enum dl_section_id id);

/* Hand the arena's parts out to `dl`; arena->used is what they need. */
void dl_arena_plan(struct dl *dl, struct dl_arena *arena);

/* Read the old image through the cache. The range must be inside. */
sg_err dl_old_read(struct dl *dl, uint64_t pos, uint8_t *to, uint32_t n);

/* Begin the segment's copies, take the next one: resident or from the segment's streams. */
sg_err dl_copies_start(struct dl *dl, uint32_t to);
sg_err dl_copies_next(struct dl *dl);

/* Predict n output bytes at `to` from the old bytes at `from`; n <= DL_PIECE. */
sg_err dl_predict(struct dl *dl, uint8_t *out, uint32_t to, uint32_t from, uint32_t n);

#endif
