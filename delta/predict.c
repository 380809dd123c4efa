/* SPDX-License-Identifier: Apache-2.0 */
/* The prediction of copied bytes, and the sections that steer it. */
#include "delta/decoder.h"

void dl_program_plan(struct dl *dl, struct dl_arena *arena)
{
        struct dl_refs *r = &dl->refs;

        r->pin_count = dl_count(dl, DL_S_PINS, 0);
        r->region_count = dl_count(dl, DL_S_REGIONS, 0);
        r->map = &dl->map;
        dl->old_bytes = dl_take(arena, DL_WINDOW_MAX);
        r->words = dl_take_array(arena, DL_WINDOW_WORDS, sizeof(*r->words));
        r->order = dl_take_array(arena, dl->map.count, sizeof(*r->order));
        r->pins = dl_take_array(arena, r->pin_count, sizeof(*r->pins));
        r->regions = dl_take_array(arena, r->region_count, sizeof(*r->regions));
}

static sg_err read_program(struct dl *dl)
{
        struct dl_refs *r = &dl->refs;
        uint8_t b[DL_P_SIZE];
        sg_err e = dl_section_start(dl, DL_S_PROGRAM);

        if (!e)
                e = dl_stream_read(&dl->streams[0], b, sizeof(b));
        if (!e)
                e = dl_stream_finish(&dl->streams[0]);
        if (e)
                return e;
        r->from_base = dl_get32(b + DL_P_FROM_BASE);
        r->to_base = dl_get32(b + DL_P_TO_BASE);
        r->from_limit = dl_get32(b + DL_P_FROM_LIMIT);
        r->to_limit = dl_get32(b + DL_P_TO_LIMIT);
        r->from_va = dl_get64(b + DL_P_FROM_VA);
        r->to_va = dl_get64(b + DL_P_TO_VA);
        bool sane = r->from_base <= r->from_limit && r->from_limit <= DL_IMAGE_MAX &&
                    r->to_base <= r->to_limit && r->to_limit <= DL_IMAGE_MAX;
        return sane ? SG_OK : SG_E_DELTA_MODEL;
}

/* Column by column: distances from the region before, then modes. */
static sg_err read_regions(struct dl *dl)
{
        struct dl_refs *r = &dl->refs;
        struct dl_stream *s = &dl->streams[0];
        uint64_t from = 0;
        uint32_t v;
        sg_err e = r->region_count ? dl_section_start(dl, DL_S_REGIONS) : SG_OK;

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
        return e || r->region_count == 0 ? e : dl_stream_finish(s);
}

/* Column by column: distances from the pin before, lengths, moves relative to the pin before. */
static sg_err read_pins(struct dl *dl)
{
        struct dl_refs *r = &dl->refs;
        struct dl_stream *s = &dl->streams[0];
        uint64_t from = 0;
        int64_t move = 0;
        sg_err e = r->pin_count ? dl_section_start(dl, DL_S_PINS) : SG_OK;

        for (uint32_t i = 0; !e && i < r->pin_count; i++)
                e = dl_stream_varint(s, &r->pins[i].from);
        for (uint32_t i = 0; !e && i < r->pin_count; i++)
                e = dl_stream_varint(s, &r->pins[i].length);
        for (uint32_t i = 0; !e && i < r->pin_count; i++) {
                struct dl_pin *p = &r->pins[i];
                uint32_t v;
                e = dl_stream_varint(s, &v);
                from += p->from;
                move += dl_unzigzag(v);
                int64_t to = (int64_t)from + move;
                if (!e && (p->length == 0 || from + p->length > DL_IMAGE_MAX || to < 0 ||
                           to > DL_IMAGE_MAX))
                        e = SG_E_DELTA_MODEL;
                p->from = (uint32_t)from;
                p->to = (uint32_t)to;
                from += p->length;
        }
        return e || r->pin_count == 0 ? e : dl_stream_finish(s);
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
                e = read_pins(dl);
        if (!e)
                dl_refs_sort(&dl->refs);
        return e;
}

sg_err dl_predict(struct dl *dl, uint8_t *out, uint32_t to, uint32_t from, uint32_t n)
{
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
