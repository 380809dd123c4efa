/* SPDX-License-Identifier: Apache-2.0 */
/* A compressed stream of the patch, read front to back in bounded memory. */
#ifndef SEGUE_DELTA_STREAM_H
#define SEGUE_DELTA_STREAM_H

#include <zlib.h>

#include "delta/wire.h"

struct dl_stream {
        const struct dl_ops *ops;
        z_stream z;
        uint8_t *memory; /* for inflate */
        uint32_t used;
        uint8_t *in, *out;   /* `buffer` bytes each */
        uint32_t buffer;     /* DL_STREAM_BUFFER, or fewer, so that more reads are tried */
        uint32_t at, filled; /* unpacked bytes in `out`, taken and there */
        uint64_t unpacked;   /* bytes, since the start */
        uint64_t pos, end;   /* packed bytes still to read from the patch */
        bool ready;          /* inflate's state exists */
        bool ended;          /* inflate has seen the last block */
};

/* `memory` has DL_STREAM_MEMORY bytes and is aligned to DL_ARENA_ALIGN. */
void dl_stream_init(struct dl_stream *s, const struct dl_ops *ops, uint8_t *memory);

/* Begin with `length` packed bytes at `offset`; none means an empty stream. */
sg_err dl_stream_start(struct dl_stream *s, uint64_t offset, uint32_t length);

/* Take exactly n bytes; SG_E_DELTA_STREAM when there are fewer or they are damaged. */
sg_err dl_stream_read(struct dl_stream *s, uint8_t *to, uint32_t n);
sg_err dl_stream_byte(struct dl_stream *s, uint8_t *to);
sg_err dl_stream_varint(struct dl_stream *s, uint32_t *to);

/*
 * Take `count` varints to v[0], v[stride] and so on: the first bytes of all, then the second bytes
 * of those that have one, up to the fifth.
 */
sg_err dl_stream_column(struct dl_stream *s, uint32_t *v, uint32_t count, uint32_t stride);

/* *more: there is at least one byte left. */
sg_err dl_stream_more(struct dl_stream *s, bool *more);

/* SG_E_DELTA_STREAM unless everything was taken, packed and unpacked. */
sg_err dl_stream_finish(struct dl_stream *s);

#endif
