/* SPDX-License-Identifier: Apache-2.0 */
/* The encoder of Segue's delta format, and bsdiff's own format beside it. Host only: it allocates.
 */
#ifndef SEGUE_DELTA_CREATE_H
#define SEGUE_DELTA_CREATE_H

#include "delta/delta.h"

enum dl_format {
        DL_FORMAT_SEGUE,
        DL_FORMAT_BSDIFF40, /* a classic patch that Debian's bspatch applies */
};

struct dl_create_options {
        uint32_t threads; /* 0: as many as there are processors; the patch does not depend on it */
        uint64_t ram_max; /* arena of the decoder; 0: DL_RAM_DEFAULT, or DL_RAM_KERNEL with its
                             models */
        enum dl_codec codec; /* 0: DL_CODEC_ZLIB */
        enum dl_format format;
};

/* An image in memory with its SHA-256, which the caller has computed. */
struct dl_image {
        const uint8_t *data;
        size_t size;
        uint8_t digest[DL_DIGEST_SIZE];
};

struct dl_sink {
        void *ctx;
        /* The patch, front to back. */
        sg_err (*write)(void *ctx, const void *buf, size_t len);
        /* May be NULL. Called often, from the calling thread; `done` of `total` in any unit. */
        void (*progress)(void *ctx, const char *phase, uint64_t done, uint64_t total);
        /*
         * May be NULL. Neither image is read for a while, from the calling thread at least, and
         * much memory may be taken now: let go what holds them, and free memory.
         */
        void (*let_go)(void *ctx);
};

/*
 * Make a patch from `from` to `to`. Errors: SG_E_NO_MEMORY, SG_E_DELTA_TOO_LARGE (an image above
 * DL_IMAGE_MAX), SG_E_DELTA_RAM (ram_max below DL_RAM_MIN), those of the sink.
 */
sg_err dl_create(const struct dl_image *from, const struct dl_image *to,
                 const struct dl_create_options *options, const struct dl_sink *sink);

/* True for the first bytes of a patch in bsdiff's format. */
bool bsdiff40_is(const uint8_t *patch, size_t size);

/*
 * Apply a patch of Debian's bsdiff. *to is allocated with malloc() and becomes the caller's.
 * Errors: SG_E_DELTA_BSDIFF (damaged), SG_E_DELTA_TOO_LARGE, SG_E_NO_MEMORY.
 */
sg_err bsdiff40_apply(const uint8_t *from, size_t from_size, const uint8_t *patch, size_t size,
                      uint8_t **to, size_t *to_size);

#endif
