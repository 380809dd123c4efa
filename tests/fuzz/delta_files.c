// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/delta_files.h"

#include <string.h>

#include "tests/fuzz/fuzz.h"

static sg_err take(const uint8_t *bytes, size_t size, uint64_t off, void *to, size_t length)
{
        if (off > size || length > size - off)
                return SG_E_IO;
        if (length > 0)
                memcpy(to, bytes + off, length);
        return SG_OK;
}

static sg_err patch_read(void *ctx, uint64_t off, void *to, size_t length)
{
        const struct files *f = ctx;

        return take(f->patch, f->patch_size, off, to, length);
}

/* Models may look for what is not there, but not beyond the image. */
static sg_err old_read(void *ctx, uint64_t off, void *to, size_t length)
{
        const struct files *f = ctx;

        return take(f->old, f->old_size, off, to, length);
}

static sg_err new_read(void *ctx, uint64_t off, void *to, size_t length)
{
        const struct files *f = ctx;

        return take(f->new, f->new_size, off, to, length);
}

static sg_err new_write(void *ctx, uint64_t off, const void *from, size_t length)
{
        struct files *f = ctx;

        FUZZ_REQUIRE(off <= f->new_size && length <= f->new_size - off);
        if (length > 0)
                memcpy(f->new + off, from, length);
        return SG_OK;
}

struct dl_ops files_ops(struct files *f)
{
        return (struct dl_ops){f, patch_read, old_read, new_read, new_write};
}
