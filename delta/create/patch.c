/* SPDX-License-Identifier: Apache-2.0 */
/* The patch file: header, directory, table, sections, chunks. */
#include "delta/create/encoder.h"

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

static uint32_t crc_of(const struct bytes *b)
{
        return (uint32_t)crc32(0, b->data, (uInt)b->size);
}

/* Pack the sections; their directory goes into `body`. */
static void put_sections(struct encoder *e, struct bytes *body, struct bytes *packed)
{
        for (uint32_t i = 0; i < e->section_count; i++) {
                struct section *s = &e->sections[i];
                struct bytes one = {0};
                bytes_deflate(&one, &s->raw);
                bytes_word(body, s->id);
                bytes_word(body, (uint32_t)one.size);
                bytes_word(body, (uint32_t)s->raw.size);
                bytes_word(body, s->count);
                bytes_word(body, crc_of(&one));
                bytes_add(packed, one.data, one.size);
                packed->failed |= one.failed;
                bytes_free(&one);
        }
}

/* The segment table; its entries are the same length for every segment, or there is none at all. */
static void put_table(struct encoder *e, struct bytes *body)
{
        uint64_t end = 0;

        for (uint32_t i = 0; i < e->header.segment_count; i++)
                end += e->chunks[i].size;
        e->header.table_size = end == 0 ? 0 : e->header.segment_count * DL_T_SIZE;
        e->header.patch_size = end;
        end = 0;
        for (uint32_t i = 0; i * DL_T_SIZE < e->header.table_size; i++) {
                end += e->chunks[i].size;
                bytes_word(body, (uint32_t)end);
                bytes_word(body, crc_of(&e->chunks[i]));
        }
}

/* The decoder holds the table in its arena. */
static void state_arena(struct encoder *e)
{
        struct dl_arena plan = {NULL, 0};

        e->mirror->header = e->header;
        dl_arena_plan(e->mirror, &plan);
        e->header.arena_size = (uint32_t)plan.used;
}

sg_err encode_patch(struct encoder *e)
{
        struct bytes body = {0}, packed = {0};
        uint8_t header[DL_HEADER_SIZE];

        e->header.section_count = e->section_count;
        put_sections(e, &body, &packed);
        put_table(e, &body);
        e->header.chunk0_size = (uint32_t)(DL_HEADER_SIZE + body.size + packed.size);
        e->header.patch_size += e->header.chunk0_size;
        e->header.body_crc = crc_of(&body);
        state_arena(e);
        put_header(e, header);
        sg_err err = body.failed || packed.failed ? SG_E_NO_MEMORY : SG_OK;
        if (!err)
                err = e->sink->write(e->sink->ctx, header, sizeof(header));
        if (!err)
                err = e->sink->write(e->sink->ctx, body.data, body.size);
        if (!err)
                err = e->sink->write(e->sink->ctx, packed.data, packed.size);
        for (uint32_t i = 0; !err && i < e->header.segment_count; i++)
                err = e->sink->write(e->sink->ctx, e->chunks[i].data, e->chunks[i].size);
        bytes_free(&body);
        bytes_free(&packed);
        return err;
}
