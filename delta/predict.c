/* SPDX-License-Identifier: Apache-2.0 */
/* The prediction of copied bytes, and the sections that steer it. */
#include "delta/decoder.h"

void dl_program_plan(struct dl *dl, struct dl_arena *arena)
{
        struct dl_refs *r = &dl->refs;

        r->from_size = (uint32_t)dl->header.from_size;
        r->to_size = (uint32_t)dl->header.to_size;
        r->row_count = dl_count(dl, DL_S_PROGRAM, 0);
        r->program_count = dl_count(dl, DL_S_PROGRAM, 1);
        r->region_count = dl_count(dl, DL_S_REGIONS, 0);
        r->map = &dl->map;
        dl->old_bytes = dl_take(arena, DL_WINDOW_MAX);
        r->words = dl_take_array(arena, DL_WINDOW_WORDS, sizeof(*r->words));
        r->programs = dl_take_array(arena, r->program_count, sizeof(*r->programs));
        r->rows = dl_take_array(arena, r->row_count, sizeof(*r->rows));
        r->order = dl_take_array(arena, dl->map.count, sizeof(*r->order));
        r->regions = dl_take_array(arena, r->region_count, sizeof(*r->regions));
}

/* A span of a row: distance from the span before in the file, its size, how much more it has in
 * memory, its offset from the program's base. */
static sg_err read_span(struct dl_stream *s, struct dl_span *span, uint64_t limit, uint64_t *at,
                        uint64_t *memory)
{
        uint32_t gap, more;
        sg_err e = dl_stream_varint(s, &gap);

        if (!e)
                e = dl_stream_varint(s, &span->size);
        if (!e)
                e = dl_stream_varint(s, &more);
        if (!e)
                e = dl_stream_varint(s, &span->offset);
        if (e)
                return e;
        *at += gap;
        span->at = (uint32_t)*at;
        *at += span->size;
        *memory += more;
        if (span->size == 0 || *at > limit || limit + *memory > UINT32_MAX ||
            (uint64_t)span->offset + span->size + more > DL_MEMORY_MAX)
                return SG_E_DELTA_MODEL;
        span->memory = span->size + more;
        return SG_OK;
}

/* One more than a row's number in its program, or 0 for none. */
static sg_err read_row(struct dl_stream *s, const struct dl_program *p, uint32_t *row)
{
        uint32_t v;
        sg_err e = dl_stream_varint(s, &v);

        if (!e && v > p->rows)
                e = SG_E_DELTA_MODEL;
        *row = !e && v > 0 ? p->row + v - 1 : DL_NO_ROW;
        return e;
}

/* Per program: how many rows, which of them hold its tables, the two addresses of its base. */
static sg_err read_programs(struct dl *dl)
{
        struct dl_refs *r = &dl->refs;
        struct dl_stream *s = &dl->streams[0];
        uint32_t row = 0;
        sg_err e = SG_OK;

        for (uint32_t i = 0; !e && i < r->program_count; i++) {
                struct dl_program *p = &r->programs[i];
                uint8_t b[16];
                e = dl_stream_varint(s, &p->rows);
                if (!e)
                        e = dl_stream_read(s, b, sizeof(b));
                if (!e && (p->rows > DL_PROGRAM_ROWS || p->rows > r->row_count - row))
                        e = SG_E_DELTA_MODEL;
                if (e)
                        return e;
                p->from_va = dl_get64(b);
                p->to_va = dl_get64(b + 8);
                p->row = row;
                e = read_row(s, p, &p->symbols);
                if (!e)
                        e = read_row(s, p, &p->strings);
                for (uint32_t k = 0; k < p->rows; k++)
                        r->rows[row++].program = i;
        }
        return e || row == r->row_count ? e : SG_E_DELTA_MODEL;
}

static sg_err read_program(struct dl *dl)
{
        struct dl_refs *r = &dl->refs;
        struct dl_stream *s = &dl->streams[0];
        uint64_t from = 0, from_memory = 0, to = 0, to_memory = 0;
        sg_err e = dl_section_start(dl, DL_S_PROGRAM);

        if (!e)
                e = read_programs(dl);
        for (uint32_t i = 0; !e && i < r->row_count; i++) {
                e = read_span(s, &r->rows[i].from, r->from_size, &from, &from_memory);
                if (!e)
                        e = read_span(s, &r->rows[i].to, r->to_size, &to, &to_memory);
        }
        if (!e)
                e = dl_section_finish(dl, DL_S_PROGRAM);
        if (!e)
                dl_refs_set_tails(r);
        return e;
}

/* Column by column: distances from the region before, then modes. */
static sg_err read_regions(struct dl *dl)
{
        struct dl_refs *r = &dl->refs;
        struct dl_stream *s = &dl->streams[0];
        uint64_t from = 0;
        uint32_t v;

        if (!dl_section(dl, DL_S_REGIONS))
                return SG_OK;
        sg_err e = dl_section_start(dl, DL_S_REGIONS);
        for (uint32_t i = 0; !e && i < r->region_count; i++) {
                e = dl_stream_varint(s, &v);
                from += (uint64_t)v * DL_REGION_UNIT;
                if (!e && ((i > 0 && v == 0) || from > DL_IMAGE_MAX))
                        e = SG_E_DELTA_MODEL;
                r->regions[i].from = (uint32_t)from;
        }
        for (uint32_t i = 0; !e && i < r->region_count; i++) {
                uint8_t mode;
                e = dl_stream_byte(s, &mode);
                if (!e && mode >= DL_MODES)
                        e = SG_E_DELTA_MODEL;
                r->regions[i].mode = mode;
        }
        return e ? e : dl_section_finish(dl, DL_S_REGIONS);
}

sg_err dl_program_open(struct dl *dl)
{
        dl->program = true;
        if (!(dl->header.flags & DL_F_RESIDENT))
                return SG_E_DELTA_MODEL;
        sg_err e = read_program(dl);
        if (!e)
                e = read_regions(dl);
        if (!e)
                dl_refs_sort(&dl->refs);
        return e;
}

/* Output before, from where it was written or from the window; what it overlaps it repeats. */
static sg_err predict_echo(struct dl *dl, uint8_t *out, uint32_t to, uint32_t at, uint32_t n)
{
        uint32_t distance = to - at, first = distance < n ? distance : n, written = 0;
        sg_err e = SG_OK;

        if (at < dl->window_at)
                written = dl->window_at - at < first ? dl->window_at - at : first;
        if (written > 0)
                e = dl->ops.new_read(dl->ops.ctx, at, out, written);
        if (written < first)
                memcpy(out + written, dl->window + (at + written - dl->window_at), first - written);
        for (uint32_t i = first; i < n; i++)
                out[i] = out[i - distance];
        return e;
}

sg_err dl_predict(struct dl *dl, uint8_t *out, uint32_t to, uint32_t from, uint32_t n)
{
        if (from >= dl->header.from_size)
                return predict_echo(dl, out, to, from - (uint32_t)dl->header.from_size, n);
        if (!dl->program)
                return dl_old_read(dl, from, out, n);
        uint32_t lead = from < DL_WINDOW_LEAD ? from : DL_WINDOW_LEAD;
        uint64_t tail = dl->header.from_size - from - n;
        struct dl_window w = {.bytes = dl->old_bytes, .copy = &dl->copy};

        w.from = from - lead;
        w.shift = (int64_t)to - from;
        w.size = lead + n + (tail < DL_WINDOW_TAIL ? (uint32_t)tail : DL_WINDOW_TAIL);
        sg_err e = dl_source_read(dl, w.from, w.bytes, w.size);
        if (e)
                return e;
        dl_refs_predict(&dl->refs, &w, lead, lead + n);
        memcpy(out, w.bytes + lead, n);
        return SG_OK;
}
