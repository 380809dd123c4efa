/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/segue/delta_file.h"

#include <malloc.h>
#include <nettle/sha2.h>
#include <string.h>

#include "tools/segue/report.h"

/* dl_create() counts each phase in units of its own: shown as that share of the new image. */
struct phases {
        struct progress progress;
        const char *phase;
        uint64_t done;
        sg_err (*write)(void *ctx, const void *buf, size_t length);
        void *ctx;
        const struct mapped *from, *to;
};

static sg_err pass_on(void *ctx, const void *buf, size_t length)
{
        struct phases *p = ctx;

        return p->write(p->ctx, buf, length);
}

static void show_phase(void *ctx, const char *phase, uint64_t done, uint64_t total)
{
        struct phases *p = ctx;
        double share = total > 0 ? (double)done / (double)total : 0;

        /* Matching runs more than once: each time has its own rate. */
        if (p->phase == NULL || strcmp(p->phase, phase) != 0 || done < p->done) {
                progress_start(&p->progress, phase, p->to->size);
                p->phase = phase;
        }
        p->done = done;
        progress_update(&p->progress, (uint64_t)(share * (double)p->to->size));
}

static void let_go(void *ctx)
{
        const struct phases *p = ctx;

        file_let_go(p->from);
        file_let_go(p->to);
        malloc_trim(0);
}

void delta_digest(const char *label,
                  sg_err (*read)(void *ctx, uint64_t offset, void *buf, size_t length), void *ctx,
                  uint64_t size, uint8_t digest[32])
{
        static uint8_t buffer[1 << 16];
        struct sha256_ctx sha;
        struct progress progress;

        progress_start(&progress, label, size);
        sha256_init(&sha);
        for (uint64_t at = 0; at < size;) {
                size_t n = size - at < sizeof(buffer) ? (size_t)(size - at) : sizeof(buffer);

                must(read(ctx, at, buffer, n), label);
                sha256_update(&sha, n, buffer);
                at += n;
                progress_update(&progress, at);
        }
        progress_end(&progress);
        sha256_digest(&sha, SHA256_DIGEST_SIZE, digest);
}

void delta_make(const struct mapped *from, const struct mapped *to,
                const struct dl_create_options *options,
                sg_err (*write)(void *ctx, const void *buf, size_t length), void *ctx,
                const char *what)
{
        struct dl_image old = {.data = from->data, .size = from->size};
        struct dl_image new = {.data = to->data, .size = to->size};
        struct mapped old_file = *from, new_file = *to;
        struct phases phases = {.write = write, .ctx = ctx, .from = from, .to = to};
        const struct dl_sink sink = {
                .ctx = &phases, .write = pass_on, .progress = show_phase, .let_go = let_go};

        delta_digest("hash old", mapped_read, &old_file, old.size, old.digest);
        delta_digest("hash new", mapped_read, &new_file, new.size, new.digest);
        must(dl_create(&old, &new, options, &sink), what);
        progress_end(&phases.progress);
}

void delta_header(const struct mapped *patch, struct dl_header *header, const char *path)
{
        if (patch->size < DL_HEADER_SIZE) {
                fail(SG_E_TRUNCATED, "%s", path);
        }
        must(dl_header_parse(patch->data, header), path);
        if (patch->size != header->patch_size) {
                fail(SG_E_DELTA_LENGTH, "%s: %zu bytes, not %llu", path, patch->size,
                     (unsigned long long)header->patch_size);
        }
}

sg_err mapped_read(void *ctx, uint64_t offset, void *buf, size_t length)
{
        const struct mapped *file = ctx;

        if (offset > file->size || length > file->size - offset) {
                return SG_E_TRUNCATED;
        }
        memcpy(buf, file->data + offset, length);
        return SG_OK;
}
