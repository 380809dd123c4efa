/* SPDX-License-Identifier: Apache-2.0 */
/* dl_create(): from two images to a patch. */
#include "delta/create/encoder.h"

#include <stdlib.h>
#include <zlib.h>

#include "delta/create/bsdiff40.h"

void tell(const struct encoder *e, const char *phase, uint64_t done, uint64_t total)
{
        if (e->sink->progress)
                e->sink->progress(e->sink->ctx, phase, done, total);
}

static void tell_match(void *ctx, uint64_t done, uint64_t total)
{
        tell(ctx, "match", done, total);
}

struct section *encoder_section(struct encoder *e, enum dl_section_id id, uint32_t count)
{
        uint32_t i = 0;

        while (i < e->section_count && e->sections[i].id != id)
                i++;
        if (i == e->section_count)
                e->sections[e->section_count++].id = id;
        e->sections[i].count = count;
        return &e->sections[i];
}

void encode_map(struct encoder *e)
{
        struct section *s = encoder_section(e, DL_S_MAP, e->copies.count);
        struct dl_copy last = {0, 0, 0};

        for (uint32_t i = 0; i < e->copies.count; i++) {
                const struct dl_copy *c = &e->copies.list[i];
                bytes_varint(&s->raw, c->to - last.to - last.length);
                last = *c;
        }
        for (uint32_t i = 0; i < e->copies.count; i++)
                bytes_varint(&s->raw, e->copies.list[i].length);
        last = (struct dl_copy){0, 0, 0};
        for (uint32_t i = 0; i < e->copies.count; i++) {
                const struct dl_copy *c = &e->copies.list[i];
                bytes_varint(&s->raw, dl_zigzag((int32_t)(c->from - last.from - last.length)));
                last = *c;
        }
}

static void free_encoder(struct encoder *e)
{
        for (uint32_t i = 0; i < e->section_count; i++)
                bytes_free(&e->sections[i].raw);
        for (uint32_t i = 0; e->chunks && i < e->header.segment_count; i++)
                bytes_free(&e->chunks[i]);
        free(e->chunks);
        copies_free(&e->copies);
        mirror_close(e);
}

static void start_header(struct encoder *e)
{
        struct dl_header *h = &e->header;

        h->from_size = e->from->size;
        h->to_size = e->to->size;
        memcpy(h->from_digest, e->from->digest, DL_DIGEST_SIZE);
        memcpy(h->to_digest, e->to->digest, DL_DIGEST_SIZE);
        h->codec = DL_CODEC_ZLIB;
        h->segment_count = (uint32_t)((h->to_size + DL_SEGMENT_SIZE - 1u) / DL_SEGMENT_SIZE);
}

/* Memory of the decoder beside its copies, with all streams. */
static uint64_t plain_arena(const struct encoder *e)
{
        struct dl_arena plan = {NULL, 0};
        struct dl measure = {0};

        measure.header = e->header;
        measure.header.table_size = e->header.segment_count * DL_T_SIZE;
        dl_arena_plan(&measure, &plan);
        return plan.used;
}

static sg_err create(struct encoder *e)
{
        struct match_progress progress = {tell_match, e};
        uint64_t limit = e->options->ram_max ? e->options->ram_max : DL_RAM_DEFAULT;
        sg_err err;

        start_header(e);
        if (plain_arena(e) > limit)
                return SG_E_DELTA_RAM;
        err = match(e->from->data, (uint32_t)e->from->size, e->to->data, (uint32_t)e->to->size,
                    &progress, &e->copies);
        if (err)
                return err;
        e->resident = plain_arena(e) + (uint64_t)e->copies.count * DL_COPY_MEMORY <= limit;
        e->header.flags = e->resident ? DL_F_RESIDENT : 0;
        if (e->resident)
                encode_map(e);
        err = mirror_open(e);
        if (!err)
                err = encode_segments(e);
        return err ? err : encode_patch(e);
}

sg_err dl_create(const struct dl_image *from, const struct dl_image *to,
                 const struct dl_create_options *options, const struct dl_sink *sink)
{
        struct encoder e = {.from = from, .to = to, .options = options, .sink = sink};

        if (from->size > DL_IMAGE_MAX || to->size > DL_IMAGE_MAX)
                return SG_E_DELTA_TOO_LARGE;
        if (options->format == DL_FORMAT_BSDIFF40)
                return bsdiff40_create(from, to, sink);
        if (options->codec != 0 && options->codec != DL_CODEC_ZLIB)
                return SG_E_DELTA_CODEC;
        sg_err err = create(&e);
        free_encoder(&e);
        return err;
}
