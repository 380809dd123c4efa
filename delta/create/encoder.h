/* SPDX-License-Identifier: Apache-2.0 */
/* The encoder's inside, shared by its own files only. */
#ifndef SEGUE_DELTA_ENCODER_H
#define SEGUE_DELTA_ENCODER_H

#include <pthread.h>

#include "delta/create/bytes.h"
#include "delta/create/create.h"
#include "delta/create/program.h"
#include "delta/create/rela.h"
#include "delta/decoder.h"

struct section {
        enum dl_section_id id;
        uint32_t counts[DL_COUNTS];
        struct bytes raw, packed;
};

struct encoder {
        const struct dl_image *from, *to;
        const struct dl_create_options *options;
        const struct dl_sink *sink; /* to tell the progress to, or NULL */
        uint32_t chunk0_max;        /* bytes of chunk 0 */
        struct bytes patch;         /* the result */
        struct copies copies;
        struct program program;
        struct rela_table from_table, to_table; /* that fill the images' slots */
        struct bytes unfilled;                  /* but for these of the new one */
        uint8_t *from_filled, *to_filled;       /* so filled, or NULL */
        const uint8_t *output;                  /* what copies and literals must produce */
        struct view from_view, to_view;         /* what is matched */
        struct anchors anchors;
        uint32_t without;           /* DL_F_NO_...: models given up */
        uint32_t notes;             /* DL_F_...: why, and what else is told of the encoder's work */
        enum dl_section_id refused; /* after SG_E_DELTA_MODEL: the model tried last, its section */
        struct hole holes[DL_MADE_MAX];
        uint32_t hole_count;
        struct bytes start; /* chunk 0 without a segment table, for the mirror */
        bool plain; /* no models: the copies stand in the segments, and nothing is predicted */
        bool resident;
        struct section sections[DL_SECTIONS_MAX];
        uint32_t section_count;
        struct dl_header header;
        struct bytes *chunks; /* one per segment */
        struct bytes sorted;  /* which stream of each segment is sorted (delta/blocks.h) */
        uint32_t block_room;  /* steps of the largest tree that memory is left for */
        uint32_t block_steps; /* and of the largest one */
        void *arena;
        struct dl *mirror; /* the decoder that the patch will meet, in memory of its own */
};

/* The section `id`, made if there is none yet. */
struct section *encoder_section(struct encoder *e, enum dl_section_id id, uint32_t count);

/* Bytes of the decoder's arena for header and sections. */
uint64_t encoder_arena(const struct encoder *e);

/* What it may be. */
uint64_t encoder_limit(const struct encoder *e);

/* No slot is filled; what is seen are the files. */
void images_clear(struct encoder *e);

/* Fill the slots that the tables name, if any, and see the images so. SG_E_NO_MEMORY. */
sg_err images_fill(struct encoder *e);

/* Give up the memory of filled images, until images_fill(), and of files, until they are read. */
void images_let_go(struct encoder *e);

/* Find the copies and the modes, on images whose references are canonical. */
sg_err find_copies(struct encoder *e);

/* Find the copies between the images as they are. */
sg_err find_plain_copies(struct encoder *e);

/* Add what stands earlier in the new image to copies that will stand in the segments. */
sg_err find_echoes(struct encoder *e);

/* Keep the longest copies only. */
sg_err keep_copies(struct encoder *e, uint32_t count);

/* Append the bits of copies of the output from `start` on. */
void pack_copies(struct bytes *to, const struct copies *copies, uint32_t from_size, uint32_t start);

/* Write the copy list into the section MAP. */
void encode_map(struct encoder *e);

/* Write the programs and regions into their sections. */
void encode_program(struct encoder *e);

/* Drop what the last two wrote. */
void forget_copies(struct encoder *e);

/* Set up e->mirror from header and sections; e->refused when it refuses a model. */
sg_err mirror_open(struct encoder *e);
void mirror_close(struct encoder *e);

/* What a segment is made of, before it is packed. */
struct raw_chunk {
        struct bytes streams[DL_DEFLATED];
        struct bytes joint;   /* gaps and values, one by one */
        struct copies copies; /* but for a resident map */
        uint32_t start;       /* where it begins in the output */
};

/* Pack the streams of the next segment. */
void chunk_pack(struct encoder *e, const struct raw_chunk *raw, struct bytes *chunk);
void raw_chunk_free(struct raw_chunk *raw);

/* Fill e->chunks. */
sg_err encode_segments(struct encoder *e);

/* Chunk 0 from header and sections, with the segment table once the chunks are there. */
sg_err encode_start(struct encoder *e, bool table, struct bytes *out);

/* Leave a range of the output to a model. */
void encoder_hole(struct encoder *e, uint32_t at, uint32_t size);

/* Put e->patch together. */
sg_err encode_patch(struct encoder *e);

/* Add notes to a patch that is together. */
void patch_note(struct bytes *patch, uint32_t notes);

/* The rival: the plain patch, made at the same time when there are threads for it. */
struct rival {
        struct encoder encoder;
        sg_err err;
        pthread_t thread;
        bool wanted, threaded;
};

void rival_init(struct rival *r, const struct encoder *like);

/* It shall be made. */
void rival_start(struct rival *r);

/* Wait until it is made, or make it now, which the sink is told. */
void rival_finish(struct rival *r, const struct dl_sink *sink);

/* From two images to e->patch; `rival` may be NULL. */
sg_err encode(struct encoder *e, struct rival *rival);

/* dl_create() in the format Segue, with chunk 0 of so many bytes at most. */
sg_err create_within(const struct dl_image *from, const struct dl_image *to,
                     const struct dl_create_options *options, const struct dl_sink *sink,
                     uint32_t chunk0_max);

/* Free everything but e->patch. */
void encoder_free(struct encoder *e);

void tell(const struct encoder *e, const char *phase, uint64_t done, uint64_t total);

#endif
