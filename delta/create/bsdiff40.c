/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/create/bsdiff40.h"

#include <bzlib.h>
#include <stdlib.h>

#include "delta/create/bytes.h"
#include "delta/create/match.h"

#define MAGIC       "BSDIFF40"
#define HEADER_SIZE 32u
#define BZIP2_LEVEL 9

enum { CONTROL, DIFFERENCE, EXTRA, STREAMS };

static void tell_sink(const struct dl_sink *sink, const char *phase, uint64_t done, uint64_t total)
{
        if (sink->progress)
                sink->progress(sink->ctx, phase, done, total);
}

static void tell_match(void *ctx, uint64_t done, uint64_t total)
{
        tell_sink(ctx, "match", done, total);
}

/* bsdiff writes the magnitude in 63 bits and the sign in the top one. */
static void add_number(struct bytes *b, int64_t v)
{
        uint8_t n[8];

        dl_put64(n, v < 0 ? (uint64_t)-v | 1ull << 63 : (uint64_t)v);
        bytes_add(b, n, sizeof(n));
}

static int64_t number(const uint8_t *p)
{
        uint64_t v = dl_get64(p);
        int64_t magnitude = (int64_t)(v & ~(1ull << 63));

        return v >> 63 ? -magnitude : magnitude;
}

static void squeeze(struct bytes *to, const struct bytes *raw)
{
        char none = 0, *data = raw->size > 0 ? (char *)raw->data : &none;
        unsigned int size = (unsigned int)(raw->size + raw->size / 100 + 600);
        char *out = malloc(size);

        to->failed |= !out || raw->failed ||
                      BZ2_bzBuffToBuffCompress(out, &size, data, (unsigned int)raw->size,
                                               BZIP2_LEVEL, 0, 0) != BZ_OK;
        if (!to->failed)
                bytes_add(to, out, size);
        free(out);
}

/* Each triple: bytes to add to old ones, bytes to insert, how far to move in the old file then. */
static void add_triples(struct bytes raw[STREAMS], const struct dl_image *from,
                        const struct dl_image *to, const struct copies *copies)
{
        struct dl_copy c = {0, 0, 0};

        for (uint32_t i = 0; i <= copies->count && to->size > 0; i++) {
                struct dl_copy next = {(uint32_t)to->size, c.from + c.length, 0};
                if (i < copies->count)
                        next = copies->list[i];
                uint32_t extra = next.to - c.to - c.length;
                add_number(&raw[CONTROL], c.length);
                add_number(&raw[CONTROL], extra);
                add_number(&raw[CONTROL], (int64_t)next.from - c.from - c.length);
                for (uint32_t k = 0; k < c.length; k++)
                        bytes_byte(&raw[DIFFERENCE],
                                   (uint8_t)(to->data[c.to + k] - from->data[c.from + k]));
                bytes_add(&raw[EXTRA], to->data + c.to + c.length, extra);
                c = next;
        }
}

static sg_err write_patch(const struct bytes raw[STREAMS], size_t to_size,
                          const struct dl_sink *sink)
{
        struct bytes out[STREAMS] = {0}, header = {0};
        bool failed = false;

        for (int i = 0; i < STREAMS; i++) {
                squeeze(&out[i], &raw[i]);
                failed |= out[i].failed;
                tell_sink(sink, "encode", (uint64_t)i + 1, STREAMS);
        }
        bytes_add(&header, MAGIC, 8);
        add_number(&header, (int64_t)out[CONTROL].size);
        add_number(&header, (int64_t)out[DIFFERENCE].size);
        add_number(&header, (int64_t)to_size);
        sg_err err = failed || header.failed ? SG_E_NO_MEMORY : SG_OK;
        if (!err)
                err = sink->write(sink->ctx, header.data, header.size);
        for (int i = 0; i < STREAMS; i++) {
                if (!err)
                        err = sink->write(sink->ctx, out[i].data, out[i].size);
                bytes_free(&out[i]);
        }
        bytes_free(&header);
        return err;
}

sg_err bsdiff40_create(const struct dl_image *from, const struct dl_image *to,
                       const struct dl_sink *sink)
{
        struct bytes raw[STREAMS] = {0};
        struct match_job job = {.from = from->data, .from_size = (uint32_t)from->size};
        struct copies copies = {0};

        job.to = to->data;
        job.to_size = (uint32_t)to->size;
        job.tell = tell_match;
        job.ctx = (void *)(uintptr_t)sink;
        sg_err err = match(&job, &copies);
        if (!err) {
                add_triples(raw, from, to, &copies);
                err = write_patch(raw, to->size, sink);
        }
        for (int i = 0; i < STREAMS; i++)
                bytes_free(&raw[i]);
        copies_free(&copies);
        return err;
}

bool bsdiff40_is(const uint8_t *patch, size_t size)
{
        return size >= HEADER_SIZE && memcmp(patch, MAGIC, 8) == 0;
}

struct reader {
        bz_stream z;
        bool open, ended;
};

static sg_err reader_open(struct reader *r, const uint8_t *data, size_t size)
{
        r->open = BZ2_bzDecompressInit(&r->z, 0, 0) == BZ_OK;
        r->z.next_in = (char *)(uintptr_t)data; /* bzip2 does not write there */
        r->z.avail_in = (unsigned int)size;
        return r->open ? SG_OK : SG_E_NO_MEMORY;
}

static sg_err reader_take(struct reader *r, uint8_t *to, size_t n)
{
        bool good = true;

        r->z.next_out = (char *)to;
        r->z.avail_out = (unsigned int)n;
        while (good && r->z.avail_out > 0 && !r->ended) {
                unsigned int before = r->z.avail_out;
                int result = BZ2_bzDecompress(&r->z);

                r->ended = result == BZ_STREAM_END;
                good = r->ended ||
                       (result == BZ_OK && (r->z.avail_in > 0 || r->z.avail_out < before));
        }
        r->z.next_out = NULL; /* the caller's place: not kept beyond this call */
        return good && r->z.avail_out == 0 ? SG_OK : SG_E_DELTA_BSDIFF;
}

/* Nothing may be left in the stream, nor behind it. */
static sg_err reader_finish(struct reader *r)
{
        uint8_t none;
        sg_err err = reader_take(r, &none, 1);

        return err && r->ended && r->z.avail_in == 0 ? SG_OK : SG_E_DELTA_BSDIFF;
}

struct bspatch {
        const uint8_t *from;
        size_t from_size;
        uint8_t *to;
        size_t to_size;
        struct reader in[STREAMS];
};

/* One control triple. bsdiff never leaves the old file, though bspatch would follow it there. */
static sg_err apply_triple(struct bspatch *b, size_t *at, int64_t *old)
{
        uint8_t c[24];
        sg_err err = reader_take(&b->in[CONTROL], c, sizeof(c));

        if (err)
                return err;
        int64_t add = number(c), insert = number(c + 8), seek = number(c + 16);
        int64_t left = (int64_t)(b->to_size - *at), size = (int64_t)b->from_size;
        if (add < 0 || insert < 0 || add > left || insert > left - add || add > size - *old)
                return SG_E_DELTA_BSDIFF;
        err = reader_take(&b->in[DIFFERENCE], b->to + *at, (size_t)add);
        if (err)
                return err;
        for (int64_t i = 0; i < add; i++)
                b->to[*at + (size_t)i] = (uint8_t)(b->to[*at + (size_t)i] + b->from[*old + i]);
        *at += (size_t)add;
        err = reader_take(&b->in[EXTRA], b->to + *at, (size_t)insert);
        *at += (size_t)insert;
        *old += add;
        if (seek < -*old || seek > size - *old)
                return SG_E_DELTA_BSDIFF;
        *old += seek;
        return err;
}

static sg_err open_readers(struct bspatch *b, const uint8_t *patch, size_t size)
{
        int64_t control = number(patch + 8), difference = number(patch + 16);
        int64_t body = (int64_t)(size - HEADER_SIZE);

        if (control < 0 || difference < 0 || control > body || difference > body - control)
                return SG_E_DELTA_BSDIFF;
        patch += HEADER_SIZE;
        sg_err err = reader_open(&b->in[CONTROL], patch, (size_t)control);
        if (!err)
                err = reader_open(&b->in[DIFFERENCE], patch + control, (size_t)difference);
        if (!err)
                err = reader_open(&b->in[EXTRA], patch + control + difference,
                                  (size_t)(body - control - difference));
        return err;
}

sg_err bsdiff40_apply(const uint8_t *from, size_t from_size, const uint8_t *patch, size_t size,
                      uint8_t **to, size_t *to_size)
{
        struct bspatch b = {.from = from, .from_size = from_size};
        size_t at = 0;
        int64_t old = 0;

        if (!bsdiff40_is(patch, size) || size > DL_IMAGE_MAX || number(patch + 24) < 0)
                return SG_E_DELTA_BSDIFF;
        if (number(patch + 24) > DL_IMAGE_MAX || from_size > DL_IMAGE_MAX)
                return SG_E_DELTA_TOO_LARGE;
        b.to_size = (size_t)number(patch + 24);
        b.to = malloc(b.to_size + 1);
        sg_err err = b.to ? open_readers(&b, patch, size) : SG_E_NO_MEMORY;
        /* Some make nothing; but bsdiff moves on in the new file before each one that it adds. */
        for (size_t triples = 0; !err && at < b.to_size; triples++)
                err = triples < b.to_size ? apply_triple(&b, &at, &old) : SG_E_DELTA_BSDIFF;
        for (int i = 0; i < STREAMS; i++) {
                if (!err)
                        err = reader_finish(&b.in[i]);
                if (b.in[i].open)
                        BZ2_bzDecompressEnd(&b.in[i].z);
        }
        if (err) {
                free(b.to);
                return err;
        }
        *to = b.to;
        *to_size = b.to_size;
        return SG_OK;
}
