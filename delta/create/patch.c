/* SPDX-License-Identifier: Apache-2.0 */
/* The patch file: header, directory, table, sections, chunks. */
#include "delta/create/encoder.h"

#include <stdlib.h>
#include <zlib.h>

static void put_header(const struct encoder *e, uint8_t b[DL_HEADER_SIZE])
{
        const struct dl_header *h = &e->header;

        memset(b, 0, DL_HEADER_SIZE);
        memcpy(b + DL_H_MAGIC, DL_MAGIC, 8);
        dl_put32(b + DL_H_VERSION, DL_VERSION);
        dl_put32(b + DL_H_FLAGS, h->flags);
        dl_put64(b + DL_H_FROM_SIZE, h->from_size);
        dl_put64(b + DL_H_TO_SIZE, h->to_size);
        memcpy(b + DL_H_FROM_DIGEST, h->from_digest, DL_DIGEST_SIZE);
        memcpy(b + DL_H_TO_DIGEST, h->to_digest, DL_DIGEST_SIZE);
        dl_put64(b + DL_H_PATCH_SIZE, h->patch_size);
        dl_put32(b + DL_H_ARENA_SIZE, h->arena_size);
        dl_put32(b + DL_H_SEGMENT_COUNT, h->segment_count);
        dl_put32(b + DL_H_CHUNK0_SIZE, h->chunk0_size);
        dl_put32(b + DL_H_TABLE_SIZE, h->table_size);
        dl_put32(b + DL_H_SECTION_COUNT, h->section_count);
        dl_put32(b + DL_H_CODEC, h->codec);
        dl_put32(b + DL_H_BODY_CRC, h->body_crc);
        dl_put32(b + DL_H_CRC, (uint32_t)crc32(0, b, DL_H_CRC));
}

void patch_note(struct bytes *patch, uint32_t notes)
{
        uint8_t *b = patch->data;

        dl_put32(b + DL_H_FLAGS, dl_get32(b + DL_H_FLAGS) | notes);
        dl_put32(b + DL_H_CRC, (uint32_t)crc32(0, b, DL_H_CRC));
}

static uint32_t crc_of(const struct bytes *b)
{
        return (uint32_t)crc32(0, b->data, (uInt)b->size);
}

/* Pack the sections, once; their directory goes into `body`. */
static void put_directory(struct encoder *e, struct bytes *body)
{
        for (uint32_t i = 0; i < e->section_count; i++) {
                struct section *s = &e->sections[i];
                if (s->packed.size == 0)
                        bytes_deflate_columns(&s->packed, &s->raw);
                bytes_word(body, s->id);
                bytes_word(body, (uint32_t)s->packed.size);
                bytes_word(body, (uint32_t)s->raw.size);
                bytes_word(body, crc_of(&s->packed));
                for (unsigned k = 0; k < DL_COUNTS; k++)
                        bytes_word(body, s->counts[k]);
                body->failed |= s->packed.failed;
        }
}

/* The segment table; none at all when every chunk is empty. */
static void put_table(struct encoder *e, struct bytes *body)
{
        uint64_t end = 0;

        for (uint32_t i = 0; i < e->header.segment_count; i++)
                end += e->chunks[i].size;
        e->header.patch_size = end;
        if (end == 0)
                return;
        e->header.table_size = e->header.segment_count * DL_T_SIZE;
        end = 0;
        for (uint32_t i = 0; i < e->header.segment_count; i++) {
                end += e->chunks[i].size;
                bytes_word(body, (uint32_t)end);
                bytes_word(body, crc_of(&e->chunks[i]));
        }
}

uint64_t encoder_arena(const struct encoder *e)
{
        struct dl_arena plan = {NULL, 0};
        struct dl measure = {0};

        measure.header = e->header;
        for (uint32_t i = 0; i < e->section_count; i++) {
                measure.sections[i].id = e->sections[i].id;
                memcpy(measure.sections[i].counts, e->sections[i].counts,
                       sizeof(e->sections[i].counts));
        }
        dl_arena_plan(&measure, &plan);
        return plan.used;
}

static int by_id(const void *a, const void *b)
{
        const struct section *x = a, *y = b;

        return x->id < y->id ? -1 : x->id > y->id;
}

/* What the segments will add to chunk 0 at most: the table, and which streams are sorted. */
static uint32_t segments_share(const struct encoder *e)
{
        enum { STORED = 16 }; /* more than deflate adds to what it cannot pack */

        return e->header.segment_count * (DL_T_SIZE + 1) + DL_D_SIZE + STORED;
}

sg_err encode_start(struct encoder *e, bool table, struct bytes *out)
{
        struct bytes body = {0};
        uint8_t header[DL_HEADER_SIZE];
        size_t size = DL_HEADER_SIZE;

        qsort(e->sections, e->section_count, sizeof(e->sections[0]), by_id);
        e->header.section_count = e->section_count;
        e->header.patch_size = 0;
        put_directory(e, &body);
        if (table)
                put_table(e, &body);
        for (uint32_t i = 0; i < e->section_count; i++)
                size += e->sections[i].packed.size;
        e->header.chunk0_size = (uint32_t)(body.size + size);
        e->header.patch_size += e->header.chunk0_size;
        e->header.body_crc = crc_of(&body);
        e->header.arena_size = (uint32_t)encoder_arena(e);
        put_header(e, header);
        bytes_add(out, header, sizeof(header));
        bytes_add(out, body.data, body.size);
        for (uint32_t i = 0; i < e->section_count; i++)
                bytes_add(out, e->sections[i].packed.data, e->sections[i].packed.size);
        out->failed |= body.failed;
        bytes_free(&body);
        if (e->header.chunk0_size + (table ? 0 : segments_share(e)) > e->chunk0_max)
                return SG_E_DELTA_MAP; /* no device would take it */
        return out->failed ? SG_E_NO_MEMORY : SG_OK;
}

sg_err encode_patch(struct encoder *e)
{
        sg_err err = encode_start(e, true, &e->patch);

        for (uint32_t i = 0; !err && i < e->header.segment_count; i++)
                bytes_add(&e->patch, e->chunks[i].data, e->chunks[i].size);
        return !err && e->patch.failed ? SG_E_NO_MEMORY : err;
}
