/* SPDX-License-Identifier: Apache-2.0 */
/* The decoder's inside, shared by its own files only. */
#ifndef SEGUE_DELTA_DECODER_H
#define SEGUE_DELTA_DECODER_H

#include <assert.h>

#include "delta/blocks.h"
#include "delta/map.h"
#include "delta/models/btf.h"
#include "delta/models/kallsyms.h"
#include "delta/models/refs.h"
#include "delta/models/rela.h"

struct dl_section {
        uint32_t id, packed, raw, crc;
        uint32_t counts[DL_COUNTS];
        uint64_t offset; /* in the patch */
};

struct dl_cache_line {
        uint64_t start;
        uint32_t length; /* 0: empty */
        uint8_t *bytes;  /* DL_CACHE_LINE */
};

struct dl;

/* Output that no copy predicts but a model makes. */
struct dl_made {
        uint32_t to, length;
        /* Bytes [at, at + n) of it; n <= DL_PIECE, and from call to call `at` rises. NULL: written
         * elsewhere, skipped here. */
        sg_err (*make)(struct dl *dl, uint32_t at, uint8_t *out, uint32_t n);
};
#define DL_MADE_MAX 10u

struct dl {
        struct dl_ops ops;
        struct dl_header header;
        struct dl_section sections[DL_SECTIONS_MAX];
        struct dl_map map;
        struct dl_refs refs;
        uint8_t *old_bytes; /* DL_WINDOW_MAX: the old bytes around a piece */
        bool program;       /* references are predicted */
        struct dl_btf btf;
        struct dl_rela rela;
        struct dl_kallsyms kallsyms;
        struct dl_blocks blocks;
        struct dl_made made[DL_MADE_MAX]; /* in output order, without overlap */
        uint32_t made_count;
        struct dl_stream streams[DL_DEFLATED];
        struct copy_reader *reader;
        struct dl_cache_line cache[DL_CACHE_LINES];
        uint8_t *table;             /* the segment table */
        uint8_t *window;            /* DL_OUTPUT_WINDOW: output on its way */
        uint32_t window_at;         /* and where it goes: output before can be read back */
        uint32_t evict;             /* cache line to reuse next */
        enum dl_section_id opening; /* dl_open() came to its model: if it failed, by this one */
        uint32_t segment;           /* to decode next */
        sg_err failed;              /* sticky */
        struct dl_copy copy;        /* where the output stands: in or before this copy */
        uint32_t next;              /* resident: index of the copy after it */
        bool copying;               /* there is such a copy */
        bool correcting;            /* corrections are left in this segment */
        uint32_t gap;               /* predicted bytes before the next one */
};

static_assert(sizeof(struct dl) <= DL_CORE_MEMORY, "the format's share for struct dl");

static_assert(sizeof(struct copy_reader) <= DL_COPIES_MEMORY &&
                      DL_COPIES_MEMORY <= DL_DEFLATED * DL_STREAM_MEMORY,
              "the format's share, and that of the map in the memory of the streams");
static_assert(sizeof(struct kallsyms_tokens) <= KALLSYMS_TOKENS_MEMORY, "the format's share");
/* What docs/delta.md ("Memory") counts of each. */
static_assert(sizeof(struct dl_copy) == DL_COPY_MEMORY, "per copy");
static_assert(sizeof(struct dl_program) == 32, "per program");
static_assert(sizeof(struct dl_row) == 44, "per row");
static_assert(sizeof(struct dl_region) == 8, "per region");
static_assert(sizeof(struct a64_word) == 8, "of a window's words");
static_assert(sizeof(struct rela_odd) == 16, "per odd slot");
static_assert(sizeof(struct kallsyms_run) == 12, "per run");

/* The order of the arena's parts; the same for the decoder and for the encoder that states its
 * size. */
struct dl_arena {
        uint8_t *base; /* NULL: measure only */
        uint64_t used;
};

/* Read and check the section directory. SG_E_DELTA_HEADER. */
sg_err dl_directory_read(const struct dl_ops *ops, const struct dl_header *h,
                         struct dl_section sections[DL_SECTIONS_MAX]);

/* The checksums of directory, table and sections. SG_E_DELTA_HEADER, SG_E_DELTA_MAP. */
sg_err dl_chunk0_check(struct dl *dl);

/* The streams of each segment. */
uint32_t dl_stream_count(const struct dl_header *h);

/*
 * The lengths at the start of a segment's chunk: the packed size of each stream, and how many bytes
 * they take themselves. SG_E_DELTA_SEGMENT unless lengths and streams together fill the chunk.
 */
sg_err dl_chunk_head(const struct dl_ops *ops, const struct dl_header *h, uint64_t offset,
                     uint32_t length, uint32_t sizes[DL_STREAMS], uint32_t *head_size);

/* The CRC-32 of a range of the patch, read through the output window. */
sg_err dl_range_crc(struct dl *dl, uint64_t offset, uint32_t length, uint32_t *crc);

/* The section with this id, or NULL. */
const struct dl_section *dl_section(const struct dl *dl, enum dl_section_id id);

/* Hand the arena's parts out to `dl`; arena->used is what they need. */
void dl_arena_plan(struct dl *dl, struct dl_arena *arena);

/* Take `n` bytes, or `count` values of `size` bytes, from the arena; NULL when measuring. */
uint8_t *dl_take(struct dl_arena *arena, uint64_t n);
void *dl_take_array(struct dl_arena *arena, uint64_t count, uint64_t size);

/* One of a section's counts; 0 without the section. */
uint32_t dl_count(const struct dl *dl, enum dl_section_id id, unsigned which);

/* Begin to read a section by the first stream. */
sg_err dl_section_start(struct dl *dl, enum dl_section_id id);

/* The section read last is used up, and of the size that the directory states. */
sg_err dl_section_finish(struct dl *dl, enum dl_section_id id);

/* Add to dl->made. SG_E_DELTA_MODEL when it leaves the output or overlaps. */
sg_err dl_made_add(struct dl *dl, uint32_t to, uint64_t length,
                   sg_err (*make)(struct dl *, uint32_t, uint8_t *, uint32_t));

/* The made range that covers `to` or is the next one; NULL. */
const struct dl_made *dl_made_at(const struct dl *dl, uint32_t to);

/* Read the old image through the cache. The range must be inside. */
sg_err dl_old_read(struct dl *dl, uint64_t pos, uint8_t *to, uint32_t n);

/* The same with the addresses in the slots that relocations fill. */
sg_err dl_source_read(struct dl *dl, uint64_t pos, uint8_t *to, uint32_t n);

/* Begin the segment's copies, take the next one: resident or from the segment's streams. */
sg_err dl_copies_start(struct dl *dl, uint32_t to);
sg_err dl_copies_next(struct dl *dl);

/* The references' memory and sections. SG_E_DELTA_MODEL. */
void dl_program_plan(struct dl *dl, struct dl_arena *arena);
sg_err dl_program_open(struct dl *dl);

/* Predict n output bytes at `to` from the old bytes at `from`; n <= DL_PIECE. */
sg_err dl_predict(struct dl *dl, uint8_t *out, uint32_t to, uint32_t from, uint32_t n);

#endif
