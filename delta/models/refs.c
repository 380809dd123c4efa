/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/models/refs.h"

#define OVERLAPPING 16u /* copies before the nearest one that may still cover a position */

void dl_refs_set_tails(struct dl_refs *r)
{
        uint32_t from = r->from_size, to = r->to_size;

        for (uint32_t i = 0; i < r->row_count; i++) {
                r->rows[i].from.tail = from;
                r->rows[i].to.tail = to;
                from += r->rows[i].from.memory - r->rows[i].from.size;
                to += r->rows[i].to.memory - r->rows[i].to.size;
        }
}

static bool before(const struct dl_refs *r, uint32_t a, uint32_t b)
{
        uint32_t from_a = r->map->copies[a].from, from_b = r->map->copies[b].from;

        return from_a != from_b ? from_a < from_b : a < b;
}

static void sift(const struct dl_refs *r, uint32_t root, uint32_t count)
{
        uint32_t *heap = r->order;

        for (uint32_t child; (child = 2 * root + 1) < count; root = child) {
                if (child + 1 < count && before(r, heap[child], heap[child + 1]))
                        child++;
                if (!before(r, heap[root], heap[child]))
                        return;
                uint32_t swap = heap[root];
                heap[root] = heap[child];
                heap[child] = swap;
        }
}

/* A copy of old bytes inside those of another one is never the longest that covers them. */
static void leave_out_nested(struct dl_refs *r)
{
        const struct dl_copy *copies = r->map->copies;
        uint32_t end = 0;

        r->ordered = 0;
        for (uint32_t i = 0; i < r->map->count; i++) {
                const struct dl_copy *c = &copies[r->order[i]];
                if (c->from + c->length <= end)
                        continue;
                if (r->ordered > 0 && copies[r->order[r->ordered - 1]].from == c->from)
                        r->ordered--;
                r->order[r->ordered++] = r->order[i];
                end = c->from + c->length;
        }
}

void dl_refs_sort(struct dl_refs *r)
{
        uint32_t count = r->map->count;

        for (uint32_t i = 0; i < count; i++)
                r->order[i] = i;
        for (uint32_t i = count / 2; i-- > 0;)
                sift(r, i, count);
        for (uint32_t i = count; i-- > 1;) {
                uint32_t last = r->order[i];
                r->order[i] = r->order[0];
                r->order[0] = last;
                sift(r, 0, i);
        }
        leave_out_nested(r);
}

static bool covers(uint32_t start, uint32_t length, uint32_t at)
{
        return at - start < length; /* it wraps below the start */
}

/* How many copies, by old position, start at or below `from`. */
static uint32_t count_below(const struct dl_refs *r, uint32_t from)
{
        uint32_t low = 0, high = r->ordered;

        while (low < high) {
                uint32_t mid = low + (high - low) / 2;
                if (r->map->copies[r->order[mid]].from <= from)
                        low = mid + 1;
                else
                        high = mid;
        }
        return low;
}

/* The longest copy that covers `from`, else the nearest one; NULL when there are none. */
static const struct dl_copy *copy_for(const struct dl_refs *r, uint32_t from)
{
        const struct dl_copy *copies = r->map->copies, *best = NULL;
        uint32_t below = count_below(r, from);

        for (uint32_t i = 0; i < OVERLAPPING && i < below; i++) {
                const struct dl_copy *c = &copies[r->order[below - 1 - i]];
                if (covers(c->from, c->length, from) && (!best || c->length > best->length))
                        best = c;
        }
        if (best || r->ordered == 0)
                return best;
        if (below == 0)
                return &copies[r->order[0]];
        best = &copies[r->order[below - 1]];
        if (below < r->ordered) {
                const struct dl_copy *above = &copies[r->order[below]];
                if (above->from - from < from - (best->from + best->length - 1))
                        return above;
        }
        return best;
}

/* How many rows start at or below a position in the old, or the new, image. */
static uint32_t rows_below(const struct dl_refs *r, bool old, uint32_t position)
{
        uint32_t low = 0, high = r->row_count;

        while (low < high) {
                uint32_t mid = low + (high - low) / 2;
                if ((old ? r->rows[mid].from.at : r->rows[mid].to.at) <= position)
                        low = mid + 1;
                else
                        high = mid;
        }
        return low;
}

const struct dl_row *dl_refs_from_row(const struct dl_refs *r, uint32_t position)
{
        uint32_t below = rows_below(r, true, position);
        const struct dl_row *row = below > 0 ? &r->rows[below - 1] : NULL;

        return row && covers(row->from.at, row->from.size, position) ? row : NULL;
}

const struct dl_row *dl_refs_to_row(const struct dl_refs *r, uint32_t position)
{
        uint32_t below = rows_below(r, false, position);
        const struct dl_row *row = below > 0 ? &r->rows[below - 1] : NULL;

        return row && covers(row->to.at, row->to.size, position) ? row : NULL;
}

/* In memory alone: the same distance from the file's end of the row. */
static uint32_t map_tail(const struct dl_refs *r, uint32_t from)
{
        uint32_t low = 0, high = r->row_count;

        while (low < high) {
                uint32_t mid = low + (high - low) / 2;
                if (r->rows[mid].from.tail <= from)
                        low = mid + 1;
                else
                        high = mid;
        }
        return low > 0 ? from - r->rows[low - 1].from.tail + r->rows[low - 1].to.tail : from;
}

uint32_t dl_refs_map(const struct dl_refs *r, const struct dl_copy *copy, uint32_t from)
{
        if (covers(copy->from, copy->length, from))
                return from - copy->from + copy->to;
        if (from >= r->from_size)
                return map_tail(r, from);
        const struct dl_copy *c = copy_for(r, from);
        return c ? from - c->from + c->to : from;
}

static bool position_of(const struct dl_refs *r, uint32_t program, uint32_t offset,
                        uint32_t *position)
{
        const struct dl_program *p = &r->programs[program];

        for (uint32_t i = p->row; i < p->row + p->rows; i++) {
                const struct dl_span *s = &r->rows[i].from;
                if (!covers(s->offset, s->memory, offset))
                        continue;
                uint32_t in = offset - s->offset;
                *position = in < s->size ? s->at + in : s->tail + (in - s->size);
                return true;
        }
        return false;
}

static bool offset_of(const struct dl_refs *r, uint32_t program, uint32_t position,
                      uint32_t *offset)
{
        const struct dl_program *p = &r->programs[program];

        for (uint32_t i = p->row; i < p->row + p->rows; i++) {
                const struct dl_span *s = &r->rows[i].to;
                bool file = covers(s->at, s->size, position);
                if (!file && !covers(s->tail, s->memory - s->size, position))
                        continue;
                *offset = s->offset + (file ? position - s->at : position - s->tail + s->size);
                return true;
        }
        return false;
}

bool dl_refs_move(const struct dl_refs *r, const struct dl_copy *copy, const struct dl_row *from,
                  const struct dl_row *to, uint32_t *offset)
{
        uint32_t position;

        return position_of(r, from->program, *offset, &position) &&
               offset_of(r, to->program, dl_refs_map(r, copy, position), offset);
}

static uint32_t region_at(const struct dl_refs *r, uint32_t from)
{
        uint32_t low = 0, high = r->region_count;

        while (low < high) {
                uint32_t mid = low + (high - low) / 2;
                if (r->regions[mid].from <= from)
                        low = mid + 1;
                else
                        high = mid;
        }
        return low; /* the region after it */
}

/*
 * The part of the window at `at`, cut to its rows; its end, in the window, is *end. False where
 * either image has no row there.
 */
static bool part_at(const struct dl_refs *r, const struct dl_window *w, uint32_t at,
                    struct dl_part *p, uint32_t *end)
{
        uint32_t from = w->from + at, to = (uint32_t)(from + w->shift);
        uint32_t old_next = rows_below(r, true, from), new_next = rows_below(r, false, to);
        uint32_t left = UINT32_MAX;

        p->window = w;
        p->from = dl_refs_from_row(r, from);
        p->to = dl_refs_to_row(r, to);
        if (p->from)
                left = p->from->from.at + p->from->from.size - from;
        else if (old_next < r->row_count)
                left = r->rows[old_next].from.at - from;
        uint32_t right = UINT32_MAX;
        if (p->to)
                right = p->to->to.at + p->to->to.size - to;
        else if (new_next < r->row_count)
                right = r->rows[new_next].to.at - to;
        left = right < left ? right : left;
        *end = left < *end - at ? at + left : *end;
        if (!p->from || !p->to)
                return false;
        const struct dl_span *f = &p->from->from, *t = &p->to->to;
        p->start = f->at > w->from ? f->at - w->from : 0;
        p->end = f->at + f->size - w->from < w->size ? f->at + f->size - w->from : w->size;
        p->old_at = f->offset + (w->from - f->at);
        p->new_at = t->offset + (to - t->at) - at;
        return true;
}

void dl_refs_predict_mode(const struct dl_refs *r, const struct dl_window *w, enum dl_mode_id mode,
                          uint32_t low, uint32_t high)
{
        if (mode == DL_MODE_OBJECTS) {
                dl_objects_predict(r, w, low, high);
                return;
        }
        while (low < high) {
                struct dl_part p;
                uint32_t end = high;
                if (part_at(r, w, low, &p, &end))
                        dl_mode_predict(r, &p, mode, low, end);
                low = end;
        }
}

void dl_refs_predict(const struct dl_refs *r, const struct dl_window *w, uint32_t low,
                     uint32_t high)
{
        uint32_t next = region_at(r, w->from + low);

        while (low < high) {
                enum dl_mode_id mode = DL_MODE_RAW;
                uint32_t end = high;
                if (next > 0)
                        mode = (enum dl_mode_id)r->regions[next - 1].mode;
                if (next < r->region_count && r->regions[next].from - w->from < end)
                        end = r->regions[next].from - w->from;
                dl_refs_predict_mode(r, w, mode, low, end);
                low = end;
                next++;
        }
}
