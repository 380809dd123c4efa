/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/decoder.h"

#define SLOT 8u

void dl_rela_plan(struct dl *dl, struct dl_arena *arena)
{
        struct dl_rela *r = &dl->rela;

        r->from_count = dl_count(dl, DL_S_RELA, 0);
        r->to_count = dl_count(dl, DL_S_RELA, 1);
        r->odd_count = dl_count(dl, DL_S_RELA, 2);
        r->samples = dl_take_array(arena, (uint64_t)r->from_count / RELA_STRIDE + 1, 4);
        r->starts = dl_take_array(arena, (uint64_t)dl->header.segment_count + 1, 4);
        r->odds = dl_take_array(arena, r->odd_count, sizeof(*r->odds));
        r->buffer = dl_take(arena, (uint64_t)RELA_BUFFER * RELA_ENTRY);
}

static sg_err old_entries(struct dl *dl, uint32_t index, uint8_t *to, uint32_t count)
{
        return dl_old_read(dl, dl->rela.from + (uint64_t)index * RELA_ENTRY, to,
                           count * RELA_ENTRY);
}

/* The old slot of an entry, as a file position; beyond every image when it is not in the program.
 */
static uint32_t slot_of(const struct dl_rela *r, const uint8_t *entry)
{
        uint64_t offset = dl_get64(entry) - r->from_va;

        bool inside = offset < r->row->from.size && r->row->from.size - offset >= SLOT;
        return inside ? r->row->from.at + (uint32_t)offset : UINT32_MAX;
}

static sg_err sample_old(struct dl *dl)
{
        struct dl_rela *r = &dl->rela;
        uint32_t least = 0;

        for (uint32_t i = 0; i < r->from_count; i += RELA_STRIDE) {
                uint8_t entry[RELA_ENTRY];
                sg_err e = old_entries(dl, i, entry, 1);
                if (e)
                        return e;
                uint32_t slot = slot_of(&dl->rela, entry);
                if (slot < least)
                        return SG_E_DELTA_MODEL;
                r->samples[i / RELA_STRIDE] = slot;
                least = slot + (slot < UINT32_MAX);
        }
        return SG_OK;
}

/* Columns: entries per segment, places of the odd slots, their kinds, sent addresses. */
static sg_err read_columns(struct dl *dl)
{
        struct dl_rela *r = &dl->rela;
        struct dl_stream *s = &dl->streams[0];
        uint64_t sum = 0;
        uint32_t v;
        sg_err e = SG_OK;

        for (uint32_t i = 0; !e && i < dl->header.segment_count; i++) {
                r->starts[i] = (uint32_t)sum;
                e = dl_stream_varint(s, &v);
                sum += v;
        }
        if (!e && sum != r->to_count)
                e = SG_E_DELTA_MODEL;
        r->starts[dl->header.segment_count] = r->to_count;
        sum = 0;
        for (uint32_t i = 0; !e && i < r->odd_count; i++) {
                e = dl_stream_varint(s, &v);
                sum += (uint64_t)v * SLOT;
                if (!e && (sum > DL_IMAGE_MAX || (i > 0 && v == 0)))
                        e = SG_E_DELTA_MODEL;
                r->odds[i].at = (uint32_t)sum + r->row->to.at;
        }
        for (uint32_t i = 0; !e && i < r->odd_count; i++) {
                uint8_t kind;
                e = dl_stream_byte(s, &kind);
                if (!e && kind >= RELA_EXCEPTIONS)
                        e = SG_E_DELTA_MODEL;
                r->odds[i].kind = kind;
        }
        for (uint32_t i = 0; !e && i < r->odd_count; i++) {
                uint8_t address[8];
                if (r->odds[i].kind != RELA_SENT)
                        continue;
                e = dl_stream_read(s, address, sizeof(address));
                r->odds[i].low = dl_get32(address);
                r->odds[i].high = dl_get32(address + 4);
        }
        return e ? e : dl_section_finish(dl, DL_S_RELA);
}

sg_err dl_rela_open(struct dl *dl)
{
        struct dl_rela *r = &dl->rela;
        uint8_t places[8];
        sg_err e = dl_section_start(dl, DL_S_RELA);

        if (!e)
                e = dl_stream_read(&dl->streams[0], places, sizeof(places));
        if (e)
                return e;
        r->from = dl_get32(places);
        r->to = dl_get32(places + 4);
        r->row = dl_refs_from_row(&dl->refs, r->from);
        if (!r->row || (r->to - r->row->to.at) % SLOT != 0 ||
            r->from + (uint64_t)r->from_count * RELA_ENTRY > dl->header.from_size)
                return SG_E_DELTA_MODEL;
        r->from_va = dl->refs.programs[r->row->program].from_va + r->row->from.offset;
        r->to_va = dl->refs.programs[r->row->program].to_va + r->row->to.offset;
        e = read_columns(dl);
        if (!e)
                e = sample_old(dl);
        r->on = !e;
        return e ? e : dl_made_add(dl, r->to, (uint64_t)r->to_count * RELA_ENTRY, NULL);
}

/* The first entry that may have its slot at or above `pos`. */
static uint32_t entry_before(const struct dl_rela *r, uint64_t pos)
{
        uint32_t low = 0, high = (r->from_count + RELA_STRIDE - 1) / RELA_STRIDE;

        while (low < high) {
                uint32_t mid = low + (high - low) / 2;
                if ((uint64_t)r->samples[mid] + SLOT <= pos)
                        low = mid + 1;
                else
                        high = mid;
        }
        return low > 0 ? (low - 1) * RELA_STRIDE : 0;
}

static void put_slot(const struct dl *dl, const uint8_t *entry, uint64_t pos, uint8_t *bytes,
                     uint32_t n)
{
        uint64_t slot = slot_of(&dl->rela, entry);
        bool relative = dl_get64(entry + 8) == RELA_KIND;

        if (!relative || dl_get64(entry + 16) - dl->rela.from_va >= dl->rela.row->from.memory)
                return;
        for (uint32_t i = 0; i < SLOT; i++) {
                if (slot + i >= pos && slot + i < pos + n)
                        bytes[slot + i - pos] = entry[16 + i];
        }
}

sg_err dl_rela_fill(struct dl *dl, uint64_t pos, uint8_t *bytes, uint32_t n)
{
        const struct dl_rela *r = &dl->rela;
        uint32_t index = entry_before(r, pos);

        while (index < r->from_count) {
                uint8_t entries[8 * RELA_ENTRY];
                uint32_t count = r->from_count - index < 8 ? r->from_count - index : 8;
                sg_err e = old_entries(dl, index, entries, count);
                if (e)
                        return e;
                for (uint32_t i = 0; i < count; i++) {
                        const uint8_t *entry = entries + (size_t)i * RELA_ENTRY;
                        if (slot_of(&dl->rela, entry) >= pos + n)
                                return SG_OK;
                        put_slot(dl, entry, pos, bytes, n);
                }
                index += count;
        }
        return SG_OK;
}

void dl_rela_begin(struct dl *dl, uint32_t to)
{
        struct dl_rela *r = &dl->rela;
        uint32_t low = 0, high = r->odd_count;

        while (low < high) {
                uint32_t mid = low + (high - low) / 2;
                if (r->odds[mid].at < to)
                        low = mid + 1;
                else
                        high = mid;
        }
        r->next_odd = low;
        r->index = r->starts[dl->segment];
        r->buffered = 0;
}

static sg_err flush(struct dl *dl)
{
        struct dl_rela *r = &dl->rela;
        uint64_t at = r->to + (uint64_t)(r->index - r->buffered) * RELA_ENTRY;
        sg_err e = SG_OK;

        if (r->buffered > 0)
                e = dl->ops.new_write(dl->ops.ctx, at, r->buffer, r->buffered * RELA_ENTRY);
        r->buffered = 0;
        return e;
}

static sg_err add_entry(struct dl *dl, uint32_t slot, uint64_t address)
{
        struct dl_rela *r = &dl->rela;
        uint8_t *entry = r->buffer + (size_t)r->buffered * RELA_ENTRY;

        if (r->index == r->starts[dl->segment + 1])
                return SG_E_DELTA_SEGMENT;
        dl_put64(entry, r->to_va + slot - r->row->to.at);
        dl_put64(entry + 8, RELA_KIND);
        dl_put64(entry + 16, address);
        r->index++;
        return ++r->buffered == RELA_BUFFER ? flush(dl) : SG_OK;
}

/* The odd slots below `end`. */
static sg_err skip_odds(struct dl *dl, uint32_t end)
{
        struct dl_rela *r = &dl->rela;
        sg_err e = SG_OK;

        for (; !e && r->next_odd < r->odd_count && r->odds[r->next_odd].at < end; r->next_odd++) {
                const struct rela_odd *odd = &r->odds[r->next_odd];
                if (odd->kind == RELA_SENT)
                        e = add_entry(dl, odd->at, odd->low | (uint64_t)odd->high << 32);
        }
        return e;
}

static sg_err empty_slot(struct dl *dl, uint32_t at, uint8_t *slot)
{
        struct dl_rela *r = &dl->rela;
        uint64_t address = dl_get64(slot);
        bool inside = address - r->to_va < r->row->to.memory;
        sg_err e = skip_odds(dl, at);

        if (e)
                return e;
        if (r->next_odd < r->odd_count && r->odds[r->next_odd].at == at) {
                if (r->odds[r->next_odd].kind == RELA_FULL)
                        e = add_entry(dl, at, address);
                else
                        return skip_odds(dl, at + 1);
                r->next_odd++;
                return e;
        }
        if (!inside)
                return SG_OK;
        memset(slot, 0, SLOT);
        return add_entry(dl, at, address);
}

/* The next slot's place, counted from the row. */
static uint32_t aligned(const struct dl_span *row, uint32_t at)
{
        return at + (row->at - at) % SLOT;
}

sg_err dl_rela_empty(struct dl *dl, uint32_t to, uint8_t *bytes, uint32_t n)
{
        const struct dl_span *span = &dl->rela.row->to;
        uint32_t at = to > span->at ? aligned(span, to) : span->at, limit = span->at + span->size;
        uint32_t end = to + n < limit ? to + n : limit;

        while (at < end && end - at >= SLOT) {
                const struct dl_made *made = dl_made_at(dl, at);
                if (made && at >= made->to) {
                        at = aligned(span, made->to + made->length);
                        continue;
                }
                sg_err e = empty_slot(dl, at, bytes + (at - to));
                if (e)
                        return e;
                at += SLOT;
        }
        return skip_odds(dl, to + n);
}

sg_err dl_rela_end(struct dl *dl)
{
        if (dl->rela.index != dl->rela.starts[dl->segment + 1])
                return SG_E_DELTA_SEGMENT;
        return flush(dl);
}
