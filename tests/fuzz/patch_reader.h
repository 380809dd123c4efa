/* SPDX-License-Identifier: Apache-2.0 */
/* What a decoder reads from a patch in memory. */
#ifndef TESTS_FUZZ_PATCH_READER_H
#define TESTS_FUZZ_PATCH_READER_H

#include <string.h>

#include "delta/delta.h"

struct patch_reader {
        const uint8_t *patch;
        size_t size;
};

static inline sg_err patch_reader_read(void *ctx, uint64_t off, void *to, size_t length)
{
        const struct patch_reader *r = ctx;

        if (off > r->size || length > r->size - off)
                return SG_E_IO;
        memcpy(to, r->patch + off, length);
        return SG_OK;
}

#endif
