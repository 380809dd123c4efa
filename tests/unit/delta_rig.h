/* SPDX-License-Identifier: Apache-2.0 */
/* Deltas in memory: made, taken to the decoder in an arena between guard pages, looked into. */
#ifndef TESTS_UNIT_DELTA_RIG_H
#define TESTS_UNIT_DELTA_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "delta/create/create.h"

struct buffer {
        uint8_t *data;
        size_t size, room;
};

/* For all tests here: the rig computes no SHA-256. */
extern const uint8_t rig_from_digest[DL_DIGEST_SIZE], rig_to_digest[DL_DIGEST_SIZE];

/* The context is a struct buffer: a sink's write. */
sg_err rig_append(void *ctx, const void *buf, size_t len);

/* Pseudo-random numbers, the same on every run. */
void rig_seed(uint64_t seed);
uint32_t rig_random(void);
struct buffer rig_noise(size_t size);
/* `from` with pieces moved, changed, dropped and inserted. */
struct buffer rig_edited(const struct buffer *from, unsigned edits);
/* With wrong bytes each of which tells where the next one is: a patch sorts them with their gaps.
 */
struct buffer rig_linked(const struct buffer *from);

struct dl_image rig_image(const struct buffer *b, const uint8_t digest[DL_DIGEST_SIZE]);

/* dl_create() as it comes back, and as it must be SG_OK. */
sg_err rig_try_create(const struct buffer *from, const struct buffer *to,
                      const struct dl_create_options *options, struct buffer *patch);
struct buffer rig_create(const struct buffer *from, const struct buffer *to,
                         const struct dl_create_options *options);
/* One of the encoder's two ways alone, on one thread, with chunk 0 of so many bytes at most. */
sg_err rig_try_encode(const struct buffer *from, const struct buffer *to, bool without_models,
                      uint32_t chunk0_max, struct buffer *patch);
/* With nothing asked for. */
struct buffer rig_plain(const struct buffer *from, const struct buffer *to);

/* A decoder's files, and how it is run. */
struct rig {
        struct buffer patch, from, to;
        size_t writes;
        bool cuts;        /* a power cut after each segment */
        bool front;       /* the arena begins at a guard page; else it ends at one */
        uint64_t ram_max; /* 0: DL_RAM_KERNEL */
};
struct dl_ops rig_ops(struct rig *r);
/* As a device does it: sizes and memory are checked first. */
sg_err rig_apply(struct rig *r);

/* Memory between two pages that fault, flush with the first (`front`) or with the second. */
struct guarded {
        uint8_t *map, *memory;
        size_t mapped;
};
struct guarded guarded_take(size_t size, bool front);
void guarded_free(struct guarded *g);

/* The patch leads from one to the other, with and without power cuts, at both guard pages. */
void rig_check(const struct buffer *patch, const struct buffer *from, const struct buffer *to);

struct dl_header rig_header(const struct buffer *patch);
struct dl_info rig_info(const struct buffer *patch);
/* Bytes of the part with this name; -1 when there is none. */
int64_t rig_part(const struct buffer *patch, const char *name);
/* A note that says `text`. */
bool rig_notes(const struct buffer *patch, const char *text);

#endif
