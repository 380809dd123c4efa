/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/models/refs.h"

#define NESTED 16u /* copies before the nearest one that may still cover a position */

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
}

static bool covers(uint32_t start, uint32_t length, uint32_t at)
{
        return at >= start && at - start < length;
}

static const struct dl_pin *pin_at(const struct dl_refs *r, uint32_t from)
{
        uint32_t low = 0, high = r->pin_count;

        while (low < high) {
                uint32_t mid = low + (high - low) / 2;
                if (r->pins[mid].from + r->pins[mid].length > from)
                        high = mid;
                else
                        low = mid + 1;
        }
        bool found = low < r->pin_count && covers(r->pins[low].from, r->pins[low].length, from);
        return found ? &r->pins[low] : NULL;
}

/* How many copies, by old position, start at or below `from`. */
static uint32_t count_below(const struct dl_refs *r, uint32_t from)
{
        uint32_t low = 0, high = r->map->count;

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

        for (uint32_t i = 0; i < NESTED && i < below; i++) {
                const struct dl_copy *c = &copies[r->order[below - 1 - i]];
                if (covers(c->from, c->length, from) && (!best || c->length > best->length))
                        best = c;
        }
        if (best || r->map->count == 0)
                return best;
        if (below == 0)
                return &copies[r->order[0]];
        best = &copies[r->order[below - 1]];
        if (below < r->map->count) {
                const struct dl_copy *above = &copies[r->order[below]];
                if (above->from - from < from - (best->from + best->length - 1))
                        return above;
        }
        return best;
}

uint32_t dl_refs_map(const struct dl_refs *r, const struct dl_copy *copy, uint32_t from)
{
        if (covers(copy->from, copy->length, from))
                return from - copy->from + copy->to;
        const struct dl_pin *pin = pin_at(r, from);
        if (pin)
                return from - pin->from + pin->to;
        const struct dl_copy *c = copy_for(r, from);
        return c ? from - c->from + c->to : from;
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
