/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/create/rela.h"

#include <stdlib.h>

#include "delta/create/large.h"

#define ENTRIES_MIN 256u
#define VA_ALIGN    (2ull << 20) /* the arm64 boot protocol places an Image at 2 MiB */
#define VA_TRIES    32u

static uint64_t place_of(const struct view *v, struct rela_table t, uint32_t i)
{
        return dl_get64(v->bytes + t.at + (size_t)i * RELA_ENTRY);
}

static uint64_t address_of(const struct view *v, struct rela_table t, uint32_t i)
{
        return dl_get64(v->bytes + t.at + (size_t)i * RELA_ENTRY + 16);
}

/* The Image, which is a single span. */
static const struct dl_span *image_of(const struct view *v)
{
        return &v->spans[v->programs[v->image].span];
}

static struct rela_table longest_run(const struct view *v)
{
        struct rela_table best = {0, 0, 0};
        const struct dl_span *image = image_of(v);
        uint32_t end = image->at + image->size;

        for (uint32_t at = image->at + 8; image->size >= 16 && at <= end - 16;) {
                uint32_t n = 0;
                while (at + n * RELA_ENTRY <= end - 16 &&
                       dl_get64(v->bytes + at + n * RELA_ENTRY) == RELA_KIND &&
                       (n == 0 ||
                        dl_get64(v->bytes + at + n * RELA_ENTRY - 8) >
                                dl_get64(v->bytes + at + n * RELA_ENTRY - 8 - RELA_ENTRY)))
                        n++;
                if (n > best.count)
                        best = (struct rela_table){at - 8, n, 0};
                at += n > 1 ? (n - 1) * RELA_ENTRY : 8;
        }
        return best;
}

/* How many of the table's slots are empty, or hold their address, when the program is at `va`. */
static uint32_t slots_right(const struct view *v, struct rela_table t, uint64_t va)
{
        uint32_t right = 0;

        for (uint32_t i = 0; i < t.count; i++) {
                uint64_t slot = place_of(v, t, i) - va + image_of(v)->at;
                if (slot > v->size - 8)
                        continue;
                uint64_t value = dl_get64(v->bytes + slot);
                right += value == 0 || value == address_of(v, t, i);
        }
        return right;
}

struct rela_table rela_find(const struct view *v)
{
        struct rela_table t = {0, 0, 0};
        uint32_t most = 0;

        if (v->image != NO_IMAGE)
                t = longest_run(v);
        if (t.count < ENTRIES_MIN)
                return (struct rela_table){0, 0, 0};
        uint64_t va = place_of(v, t, 0) & ~(VA_ALIGN - 1);
        for (unsigned i = 0; i < VA_TRIES; i++, va -= VA_ALIGN) {
                uint32_t right = slots_right(v, t, va);
                if (right > most) {
                        most = right;
                        t.va = va;
                }
        }
        return most >= t.count / 10 * 9 ? t : (struct rela_table){0, 0, 0};
}

/* The slot of an entry whose address can stand in it; 0 for none: no program begins with one. */
static uint32_t slot_for(const struct view *v, struct rela_table t, uint32_t i)
{
        const struct dl_span *image = image_of(v);
        uint64_t slot = place_of(v, t, i) - t.va + image->at;
        bool inside = slot >= image->at && slot <= (uint64_t)image->at + image->size - 8 &&
                      address_of(v, t, i) - t.va < image->memory;

        return inside ? (uint32_t)slot : 0;
}

uint8_t *rela_filled(const struct view *v, struct rela_table t, const struct bytes *unfilled)
{
        uint8_t *filled = large_alloc(v->size);

        if (!filled)
                return NULL;
        memcpy(filled, v->bytes, v->size);
        for (uint32_t i = 0; i < t.count; i++) {
                uint32_t slot = slot_for(v, t, i);
                if (slot != 0)
                        dl_put64(filled + slot, address_of(v, t, i));
        }
        for (size_t i = 0; unfilled && i < unfilled->size; i += 4) {
                uint32_t at = dl_get32(unfilled->data + i);
                memcpy(filled + at, v->bytes + at, 8);
        }
        return filled;
}

struct odd_slots {
        struct bytes places, kinds, addresses;
        uint32_t last, count;
};

static void add_odd(struct odd_slots *o, uint32_t at, enum rela_exception kind, uint64_t address)
{
        uint8_t b[8];

        bytes_varint(&o->places, (at - o->last) / 8);
        bytes_byte(&o->kinds, (uint8_t)kind);
        dl_put64(b, address);
        if (kind == RELA_SENT)
                bytes_add(&o->addresses, b, sizeof(b));
        o->last = at;
        o->count++;
}

struct walk {
        const struct view *to;
        struct rela_table table;
        uint8_t *filled; /* `to`, and kept so that it holds what the decoder will */
        struct bytes *unfilled;
        const struct hole *holes;
        uint32_t hole_count, hole;
        uint32_t entry;
        struct odd_slots odds;
};

static bool in_hole(struct walk *w, uint32_t at)
{
        while (w->hole < w->hole_count && at >= w->holes[w->hole].at + w->holes[w->hole].size)
                w->hole++;
        return w->hole < w->hole_count && at >= w->holes[w->hole].at;
}

/* The decoder has one window of the output at a time. */
static bool across_windows(uint32_t at)
{
        return at / DL_OUTPUT_WINDOW != (at + 7) / DL_OUTPUT_WINDOW;
}

/* One possible slot: does what the decoder will see there tell what the table says? */
static void visit(struct walk *w, uint32_t at)
{
        const struct view *v = w->to;
        uint64_t file = dl_get64(v->bytes + at), seen = dl_get64(w->filled + at), address = 0;
        const struct dl_span *image = image_of(v);
        uint64_t place = w->table.va + at - image->at;
        bool hidden = in_hole(w, at) || across_windows(at);
        bool entry = w->entry < w->table.count && place_of(v, w->table, w->entry) == place;

        if (entry)
                address = address_of(v, w->table, w->entry++);
        bool inside = seen - w->table.va < image->memory;
        if (entry && !hidden && inside && seen == address && file == 0)
                return;
        if (entry && !hidden && seen == address && file == address) {
                add_odd(&w->odds, at, RELA_FULL, 0);
                return;
        }
        if (!entry && (hidden || !inside))
                return;
        dl_put64(w->filled + at, file);
        bytes_word(w->unfilled, at);
        add_odd(&w->odds, at, entry ? RELA_SENT : RELA_NO_ENTRY, address);
}

sg_err rela_encode(const struct view *to, struct rela_table from_table, struct rela_table table,
                   const struct hole *holes, uint32_t hole_count, struct bytes *raw,
                   uint32_t *odd_count, struct bytes *unfilled)
{
        struct walk w = {.to = to, .table = table, .holes = holes};
        uint32_t at = image_of(to)->at, end = at + image_of(to)->size, before = 0;

        w.filled = rela_filled(to, table, NULL);
        if (!w.filled)
                return SG_E_NO_MEMORY;
        w.unfilled = unfilled;
        w.hole_count = hole_count;
        w.odds.last = at;
        bytes_word(raw, from_table.at);
        bytes_word(raw, table.at);
        for (uint32_t segment = 0; segment * DL_SEGMENT_SIZE < to->size; segment++) {
                uint64_t stop = ((uint64_t)segment + 1) * DL_SEGMENT_SIZE;
                for (; at < stop && at + 8 <= end; at += 8)
                        visit(&w, at);
                bytes_varint(raw, w.entry - before);
                before = w.entry;
        }
        large_free(w.filled, to->size);
        raw->failed |= unfilled->failed;
        raw->failed |= w.odds.places.failed || w.odds.kinds.failed || w.odds.addresses.failed;
        bytes_add(raw, w.odds.places.data, w.odds.places.size);
        bytes_add(raw, w.odds.kinds.data, w.odds.kinds.size);
        bytes_add(raw, w.odds.addresses.data, w.odds.addresses.size);
        bytes_free(&w.odds.places);
        bytes_free(&w.odds.kinds);
        bytes_free(&w.odds.addresses);
        *odd_count = w.odds.count;
        return raw->failed ? SG_E_NO_MEMORY : w.entry == table.count ? SG_OK : SG_E_DELTA_MODEL;
}
