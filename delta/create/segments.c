/* SPDX-License-Identifier: Apache-2.0 */
/* The segments: what the predictions missed, found by making the very predictions of the decoder.
 */
#include "delta/create/encoder.h"

#include <stdlib.h>

#include "delta/create/blocks.h"

static sg_err read_from(void *ctx, uint64_t off, void *buf, size_t len)
{
        const struct encoder *e = ctx;

        memcpy(buf, e->from->data + off, len);
        return SG_OK;
}

static sg_err read_output(void *ctx, uint64_t off, void *buf, size_t len)
{
        const struct encoder *e = ctx;

        memcpy(buf, e->output + off, len);
        return SG_OK;
}

static sg_err read_start(void *ctx, uint64_t off, void *buf, size_t len)
{
        const struct encoder *e = ctx;

        if (off > e->start.size || len > e->start.size - off)
                return SG_E_DELTA_LENGTH;
        memcpy(buf, e->start.data + off, len);
        return SG_OK;
}

sg_err mirror_open(struct encoder *e)
{
        struct dl_ops ops = {
                .ctx = e, .patch_read = read_start, .old_read = read_from, .new_read = read_output};
        struct dl_header header;
        sg_err err = encode_start(e, false, &e->start);

        if (!err)
                err = dl_header_parse(e->start.data, &header);
        if (err)
                return err;
        e->arena = aligned_alloc(DL_ARENA_ALIGN, header.arena_size);
        if (!e->arena)
                return SG_E_NO_MEMORY;
        err = dl_open(&e->mirror, &ops, &header, e->arena, header.from_size, header.from_digest,
                      NULL);
        if (!err)
                e->mirror->window_at = DL_IMAGE_MAX; /* all output can be read */
        if (err == SG_E_DELTA_MODEL)
                e->refused = ((const struct dl *)e->arena)->opening;
        return err;
}

void mirror_close(struct encoder *e)
{
        free(e->arena);
        bytes_free(&e->start);
        e->arena = NULL;
        e->mirror = NULL;
}

struct segment {
        struct raw_chunk raw;
        uint32_t at;   /* where the work stands in the output */
        uint32_t copy; /* index of the copy at or after `at` */
        uint32_t gap;  /* right bytes since the last wrong one */
};

/* Note what a prediction of n output bytes at `to` missed. */
static void add_corrections(struct encoder *e, struct segment *s, uint32_t to,
                            const uint8_t *predicted, uint32_t n)
{
        for (uint32_t i = 0; i < n; i++) {
                uint8_t value = (uint8_t)(e->output[to + i] - predicted[i]);
                if (value == 0) {
                        s->gap++;
                        continue;
                }
                bytes_varint(&s->raw.streams[DL_GAPS], s->gap);
                bytes_byte(&s->raw.streams[DL_VALUES], value);
                bytes_varint(&s->raw.joint, s->gap);
                bytes_byte(&s->raw.joint, value);
                s->gap = 0;
        }
}

/* Without a resident map: the copy goes into the segment, when its first byte there is reached. */
static sg_err add_copy(struct encoder *e, struct segment *s, const struct dl_copy *c, uint32_t end)
{
        uint32_t from = c->from + (s->at - c->to);
        uint32_t length = dl_least(c->to + c->length, end) - s->at;

        if (e->resident || (s->at != c->to && s->at != s->raw.start))
                return SG_OK;
        return copies_add(&s->raw.copies, s->at, from, length);
}

static sg_err add_made(struct encoder *e, struct segment *s, const struct dl_made *made,
                       uint32_t run)
{
        uint8_t piece[DL_PIECE];

        if (!made->make)
                return SG_OK;
        sg_err err = made->make(e->mirror, s->at - made->to, piece, run);
        add_corrections(e, s, s->at, piece, run);
        return err;
}

static sg_err add_predicted(struct encoder *e, struct segment *s, const struct dl_copy *c,
                            uint32_t run)
{
        uint8_t piece[DL_PIECE];

        e->mirror->copy = *c;
        sg_err err = dl_predict(e->mirror, piece, s->at, c->from + (s->at - c->to), run);
        add_corrections(e, s, s->at, piece, run);
        return err;
}

/* The run of output at s->at that has one source; the mirror of the decoder's fill_run(). */
static sg_err add_run(struct encoder *e, struct segment *s, uint32_t end)
{
        const struct dl_made *made = dl_made_at(e->mirror, s->at);
        uint32_t run = dl_least(end - s->at, DL_PIECE - s->at % DL_PIECE);
        const struct dl_copy *c = NULL;
        sg_err err = SG_OK;

        while (s->copy < e->copies.count) {
                c = &e->copies.list[s->copy];
                if (s->at < c->to + c->length)
                        break;
                s->copy++;
                c = NULL;
        }
        if (made && s->at >= made->to) {
                run = dl_least(run, made->to + made->length - s->at);
                err = add_made(e, s, made, run);
        } else if (c && s->at >= c->to) {
                run = dl_least(run, c->to + c->length - s->at);
                run = made ? dl_least(run, made->to - s->at) : run;
                err = add_copy(e, s, c, end);
                if (!err)
                        err = add_predicted(e, s, c, run);
        } else {
                run = made ? dl_least(run, made->to - s->at) : run;
                run = c ? dl_least(run, c->to - s->at) : run;
                bytes_add(&s->raw.streams[DL_LITERALS], e->output + s->at, run);
        }
        s->at += run;
        return err;
}

static sg_err encode_segment(struct encoder *e, uint32_t index, struct bytes *chunk)
{
        uint32_t start = index * DL_SEGMENT_SIZE;
        uint32_t left = (uint32_t)e->to->size - start;
        uint32_t end = start + (left < DL_SEGMENT_SIZE ? left : DL_SEGMENT_SIZE);
        struct segment s = {.raw.start = start, .at = start};
        struct dl_map map = {e->copies.list, e->copies.count};
        sg_err err = SG_OK;

        s.copy = dl_map_find(&map, start);
        while (!err && s.at < end)
                err = add_run(e, &s, end);
        if (!err)
                chunk_pack(e, &s.raw, chunk);
        raw_chunk_free(&s.raw);
        return chunk->failed ? SG_E_NO_MEMORY : err;
}

/* Sorting takes what the rest of the arena leaves. */
static void plan_blocks(struct encoder *e)
{
        uint32_t count = e->header.segment_count;
        uint64_t used = encoder_arena(e) + (uint64_t)count * DL_T_SIZE, limit = encoder_limit(e);

        e->block_room = blocks_room(used < limit ? limit - used : 0, count);
}

static void encode_blocks(struct encoder *e)
{
        struct section *s = encoder_section(e, DL_S_BLOCKS, e->block_steps);

        s->raw = e->sorted;
        e->sorted = (struct bytes){0};
}

sg_err encode_segments(struct encoder *e)
{
        uint32_t count = e->header.segment_count;
        sg_err err = SG_OK;

        e->chunks = calloc(count ? count : 1, sizeof(*e->chunks));
        if (!e->chunks)
                return SG_E_NO_MEMORY;
        plan_blocks(e);
        for (uint32_t i = 0; !err && i < count; i++) {
                err = encode_segment(e, i, &e->chunks[i]);
                tell(e, "encode", i + 1u, count);
        }
        if (!err && e->block_steps > 0)
                encode_blocks(e);
        return err;
}
