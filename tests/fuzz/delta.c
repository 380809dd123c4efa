// SPDX-License-Identifier: Apache-2.0
/*
 * The delta decoder: the input is the old image's length (32 bits), the old image and the patch.
 * The arena and the output are exactly as large as the header says; nothing may be read or written
 * beside them, and a segment that is repeated after a power cut writes the same bytes.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <segue/bytes.h>

#include "tests/fuzz/delta_files.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/patch_parts.h"

#define OUTPUT_MAX (3u << 20)
#define ARENA_MAX  DL_RAM_KERNEL

static sg_err decode(const struct dl_ops *ops, const struct dl_header *h, void *arena, bool cuts)
{
        struct dl_checkpoint checkpoint;
        bool done = false;
        struct dl *dl;
        sg_err e = dl_open(&dl, ops, h, arena, h->from_size, h->from_digest, NULL);

        while (!e && !done) {
                e = dl_step(dl, &done);
                if (e || done || !cuts)
                        continue;
                dl_checkpoint_save(dl, &checkpoint);
                memset(arena, 0xa5, h->arena_size);
                e = dl_open(&dl, ops, h, arena, h->from_size, h->from_digest, &checkpoint);
                FUZZ_REQUIRE(e == SG_OK);
        }
        return e ? e : dl_finish(dl, h->to_digest);
}

static void apply(struct files *f, const struct dl_header *h)
{
        struct dl_ops ops = files_ops(f);
        uint8_t *arena = malloc(h->arena_size), *first = calloc(1, f->new_size + 1);
        uint8_t *second = calloc(1, f->new_size + 1);
        struct dl_info info;

        f->new = first;
        sg_err e = decode(&ops, h, arena, false);
        f->new = second;
        if (e == SG_OK && h->segment_count > 1) {
                FUZZ_REQUIRE(decode(&ops, h, arena, true) == SG_OK);
                FUZZ_REQUIRE(memcmp(first, second, f->new_size) == 0);
        }
        if (dl_info(&ops, h, &info) == SG_OK)
                FUZZ_REQUIRE(info.rows <= DL_INFO_ROWS);
        free(second);
        free(first);
        free(arena);
}

/* Where the patch begins; 0: the input has no such shape. */
static size_t patch_at(const uint8_t *data, size_t size)
{
        size_t old = size < 4 ? SIZE_MAX : get_le32(data);

        return size < 4 || old > size - 4 ? 0 : 4 + old;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        size_t at = patch_at(data, size);
        struct dl_header h;

        if (at == 0 || size - at < DL_HEADER_SIZE || dl_header_parse(data + at, &h) != SG_OK)
                return 0;
        struct files f = {.patch = data + at,
                          .patch_size = size - at,
                          .old = data + 4,
                          .old_size = at - 4,
                          .new_size = h.to_size};
        if (h.patch_size == f.patch_size && h.from_size == f.old_size && h.to_size <= OUTPUT_MAX &&
            h.arena_size <= ARENA_MAX)
                apply(&f, &h);
        return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
        static struct patch_parts parts;
        size_t at = patch_at(data, size);

        if (at == 0 || seed % FUZZ_RAW_ONE_IN == 0)
                return LLVMFuzzerMutate(data, size, max);
        if (seed % FUZZ_RAW_ONE_IN == 1 && at > 4) {
                (void)LLVMFuzzerMutate(data + 4, at - 4, at - 4);
                return size;
        }
        if (!patch_parts_read(&parts, data + at, size - at))
                return LLVMFuzzerMutate(data, size, max);
        patch_parts_mutate(&parts, seed / FUZZ_RAW_ONE_IN);
        size_t written = patch_parts_write(&parts, data + at, max - at);
        return written ? at + written : size;
}
