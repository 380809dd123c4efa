/* SPDX-License-Identifier: Apache-2.0 */
/* The segments: what the predictions missed, found by making the very predictions of the decoder.
 */
#include "delta/create/encoder.h"

#include <stdlib.h>

static sg_err read_from(void *ctx, uint64_t off, void *buf, size_t len)
{
        const struct encoder *e = ctx;

        memcpy(buf, e->from->data + off, len);
        return SG_OK;
}

sg_err mirror_open(struct encoder *e)
{
        struct dl_arena plan = {NULL, 0};
        struct dl measure = {0};

        e->header.section_count = e->section_count;
        measure.header = e->header;
        for (uint32_t i = 0; i < e->section_count; i++) {
                measure.sections[i].id = e->sections[i].id;
                measure.sections[i].count = e->sections[i].count;
        }
        measure.ops = (struct dl_ops){.ctx = e, .old_read = read_from};
        dl_arena_plan(&measure, &plan);
        e->header.arena_size = (uint32_t)plan.used;
        e->mirror = aligned_alloc(DL_ARENA_ALIGN, plan.used);
        if (!e->mirror)
                return SG_E_NO_MEMORY;
        *e->mirror = measure;
        e->mirror->header = e->header;
        plan = (struct dl_arena){(uint8_t *)e->mirror, 0};
        dl_arena_plan(e->mirror, &plan);
        if (e->mirror->map.count > 0)
                memcpy(e->mirror->map.copies, e->copies.list,
                       (size_t)e->copies.count * sizeof(*e->copies.list));
        return SG_OK;
}

void mirror_close(struct encoder *e)
{
        free(e->mirror);
        e->mirror = NULL;
}

struct segment {
        struct bytes streams[DL_STREAMS];
        uint32_t gap;      /* right bytes since the last wrong one */
        uint32_t to, from; /* where the last copy ended */
};

static sg_err add_predicted(struct encoder *e, struct segment *s, uint32_t to, uint32_t from,
                            uint32_t n)
{
        uint8_t piece[DL_PIECE];

        while (n > 0) {
                uint32_t part = DL_PIECE - to % DL_PIECE;
                if (part > n)
                        part = n;
                sg_err err = dl_predict(e->mirror, piece, to, from, part);
                if (err)
                        return err;
                for (uint32_t i = 0; i < part; i++) {
                        uint8_t value = (uint8_t)(e->to->data[to + i] - piece[i]);
                        if (value == 0) {
                                s->gap++;
                                continue;
                        }
                        bytes_varint(&s->streams[DL_GAPS], s->gap);
                        bytes_byte(&s->streams[DL_VALUES], value);
                        s->gap = 0;
                }
                to += part;
                from += part;
                n -= part;
        }
        return SG_OK;
}

/* The part of a copy that lies in this segment, after the literals before it. */
static sg_err add_copy(struct encoder *e, struct segment *s, const struct dl_copy *c, uint32_t end)
{
        uint32_t cut = c->to < s->to ? s->to - c->to : 0;
        uint32_t to = c->to + cut, from = c->from + cut, length = c->length - cut;

        if (length > end - to)
                length = end - to;
        bytes_add(&s->streams[DL_LITERALS], e->to->data + s->to, to - s->to);
        if (!e->resident) {
                bytes_varint(&s->streams[DL_SKIPS], to - s->to);
                bytes_varint(&s->streams[DL_LENGTHS], length);
                bytes_varint(&s->streams[DL_SEEKS], dl_zigzag((int32_t)(from - s->from)));
        }
        s->to = to + length;
        s->from = from + length;
        return add_predicted(e, s, to, from, length);
}

static void pack_chunk(struct encoder *e, struct segment *s, struct bytes *chunk)
{
        uint32_t count = e->resident ? DL_RESIDENT_STREAMS : DL_STREAMS;
        struct bytes packed[DL_STREAMS] = {0};
        size_t total = 0;

        for (uint32_t i = 0; i < count; i++) {
                bytes_deflate(&packed[i], &s->streams[i]);
                total += packed[i].size;
                chunk->failed |= packed[i].failed;
        }
        for (uint32_t i = 0; i < count && total > 0; i++)
                bytes_varint(chunk, (uint32_t)packed[i].size);
        for (uint32_t i = 0; i < count; i++) {
                bytes_add(chunk, packed[i].data, packed[i].size);
                bytes_free(&packed[i]);
        }
}

static sg_err encode_segment(struct encoder *e, uint32_t index, struct bytes *chunk)
{
        uint32_t start = index * DL_SEGMENT_SIZE;
        uint32_t left = (uint32_t)e->to->size - start;
        uint32_t end = start + (left < DL_SEGMENT_SIZE ? left : DL_SEGMENT_SIZE);
        struct segment s = {.to = start};
        struct dl_map map = {e->copies.list, e->copies.count};
        sg_err err = SG_OK;

        for (uint32_t i = dl_map_find(&map, start); !err && i < map.count; i++) {
                if (map.copies[i].to >= end)
                        break;
                err = add_copy(e, &s, &map.copies[i], end);
        }
        if (!err)
                bytes_add(&s.streams[DL_LITERALS], e->to->data + s.to, end - s.to);
        if (!err)
                pack_chunk(e, &s, chunk);
        for (uint32_t i = 0; i < DL_STREAMS; i++)
                bytes_free(&s.streams[i]);
        return chunk->failed ? SG_E_NO_MEMORY : err;
}

sg_err encode_segments(struct encoder *e)
{
        uint32_t count = e->header.segment_count;
        sg_err err = SG_OK;

        e->chunks = calloc(count ? count : 1, sizeof(*e->chunks));
        if (!e->chunks)
                return SG_E_NO_MEMORY;
        for (uint32_t i = 0; !err && i < count; i++) {
                err = encode_segment(e, i, &e->chunks[i]);
                tell(e, "encode", i + 1u, count);
        }
        return err;
}
