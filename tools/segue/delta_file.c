/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/segue/delta_file.h"

#include <malloc.h>
#include <string.h>

#include "tools/segue/digest.h"
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

void delta_make(const struct mapped *from, const struct mapped *to,
                const struct dl_create_options *options,
                sg_err (*write)(void *ctx, const void *buf, size_t length), void *ctx,
                const char *what)
{
        struct dl_image old = {.data = from->data, .size = from->size};
        struct dl_image new = {.data = to->data, .size = to->size};
        struct phases phases = {.write = write, .ctx = ctx, .from = from, .to = to};
        const struct dl_sink sink = {
                .ctx = &phases, .write = pass_on, .progress = show_phase, .let_go = let_go};

        digest_of(old.data, old.size, old.digest);
        digest_of(new.data, new.size, new.digest);
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

sg_err mapped_read(const struct mapped *file, uint64_t offset, void *buf, size_t length)
{
        if (offset > file->size || length > file->size - offset) {
                return SG_E_TRUNCATED;
        }
        memcpy(buf, file->data + offset, length);
        return SG_OK;
}
