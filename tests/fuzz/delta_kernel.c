// SPDX-License-Identifier: Apache-2.0
/*
 * The decoder's kernel models: a patch against a real kernel, which is too large to be decoded as a
 * whole each time. The input is one byte and the patch; the byte names the segment to go on with,
 * as after a power cut, and two are decoded.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <segue/bytes.h>
#include <zlib.h>

#include "tests/fuzz/delta_files.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/patch_parts.h"

#define KERNEL   "build/kernels/old/Image"
#define SEGMENTS 2

static const uint8_t *kernel;
static size_t kernel_size;
static uint8_t *output; /* as it comes: what earlier inputs wrote is read back, too */

#define OUTPUT_MAX (32u << 20)

static void load_kernel(void)
{
        int fd = open(KERNEL, O_RDONLY | O_CLOEXEC);
        struct stat s;

        FUZZ_REQUIRE(fd >= 0 && fstat(fd, &s) == 0);
        kernel_size = (size_t)s.st_size;
        void *map = mmap(NULL, kernel_size, PROT_READ, MAP_PRIVATE, fd, 0);
        FUZZ_REQUIRE(map != MAP_FAILED);
        kernel = map;
        (void)close(fd);
        output = calloc(1, OUTPUT_MAX);
}

/* docs/delta.md, "Segments": it is valid in any build. */
static struct dl_checkpoint checkpoint_at(const struct dl_header *h, uint32_t segment)
{
        struct dl_checkpoint c = {0};
        const size_t crc_at = sizeof(c.bytes) - 4;

        memcpy(c.bytes, "SGDLCKP1", 8);
        put_le32(c.bytes + 8, h->crc);
        put_le32(c.bytes + 12, segment);
        put_le32(c.bytes + crc_at, (uint32_t)crc32(0, c.bytes, (uInt)crc_at));
        return c;
}

static void decode(struct files *f, const struct dl_header *h, uint32_t segment)
{
        struct dl_checkpoint c = checkpoint_at(h, segment);
        struct dl_ops ops = files_ops(f);
        bool done = false;
        struct dl_info info;
        struct dl *dl;

        uint8_t *arena = malloc(h->arena_size);
        sg_err e = dl_open(&dl, &ops, h, arena, h->from_size, h->from_digest, &c);
        for (int i = 0; i < SEGMENTS && !e && !done; i++)
                e = dl_step(dl, &done);
        if (dl_info(&ops, h, &info) == SG_OK)
                FUZZ_REQUIRE(info.rows <= DL_INFO_ROWS);
        free(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct dl_header h;

        if (!kernel)
                load_kernel();
        if (size < 1 + DL_HEADER_SIZE || dl_header_parse(data + 1, &h) != SG_OK)
                return 0;
        struct files f = {.patch = data + 1,
                          .patch_size = size - 1,
                          .old = kernel,
                          .old_size = kernel_size,
                          .new = output,
                          .new_size = h.to_size};
        if (h.patch_size == f.patch_size && h.from_size == f.old_size && h.to_size <= OUTPUT_MAX &&
            h.arena_size <= DL_RAM_KERNEL && h.segment_count > 0)
                decode(&f, &h, data[0] % h.segment_count);
        return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
        static struct patch_parts parts;

        if (size < 1 || !patch_parts_read(&parts, data + 1, size - 1))
                return LLVMFuzzerMutate(data, size, max);
        if (seed % FUZZ_RAW_ONE_IN == 0)
                data[0] = (uint8_t)(seed >> 8);
        patch_parts_mutate(&parts, seed / FUZZ_RAW_ONE_IN);
        size_t written = patch_parts_write(&parts, data + 1, max - 1);
        return written ? 1 + written : size;
}
