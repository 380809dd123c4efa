/* SPDX-License-Identifier: Apache-2.0 */
/* The modes: how each kind of reference moves. One row each. */
#include "delta/models/frames.h"

/* Where a mode finds and puts one value: `bytes`, at `from` and `to` from the programs' bases. */
struct place {
        uint8_t *bytes;
        uint32_t from, to;
};

static bool move(const struct dl_refs *r, const struct dl_part *p, uint32_t *offset)
{
        return dl_refs_move(r, p->window->copy, p->from, p->to, offset);
}

static void move_prel32(const struct dl_refs *r, const struct dl_part *part, struct place p)
{
        uint32_t target = p.from + dl_get32(p.bytes);

        if (move(r, part, &target))
                dl_put32(p.bytes, target - p.to);
}

static void move_abs64(const struct dl_refs *r, const struct dl_part *part, struct place p)
{
        uint64_t offset = dl_get64(p.bytes) - r->programs[part->from->program].from_va;
        uint32_t target = (uint32_t)offset;

        if (offset <= DL_MEMORY_MAX && move(r, part, &target))
                dl_put64(p.bytes, r->programs[part->to->program].to_va + target);
}

static void move_off32(const struct dl_refs *r, const struct dl_part *part, struct place p)
{
        uint32_t target = part->from->from.offset + dl_get32(p.bytes);

        if (move(r, part, &target))
                dl_put32(p.bytes, target - part->to->to.offset);
}

/* What stands at *offset from the start of a table of either program: where it is now. */
static bool move_within(const struct dl_refs *r, const struct dl_part *part, uint32_t row,
                        uint32_t *offset)
{
        if (row == DL_NO_ROW)
                return false;
        uint32_t target = r->rows[row].from.offset + *offset;
        if (!move(r, part, &target))
                return false;
        *offset = target - r->rows[row].to.offset;
        return true;
}

/* A symbol's value, and its length: that ends behind where its last byte went. */
static void move_extent(const struct dl_refs *r, const struct dl_part *part, uint8_t *symbol)
{
        uint64_t value = dl_get64(symbol + SYMBOL_VALUE) - r->programs[part->from->program].from_va;
        uint64_t length = dl_get64(symbol + SYMBOL_LENGTH);
        uint32_t begin = (uint32_t)value, last = (uint32_t)(value + length - 1);

        if (value > DL_MEMORY_MAX || !move(r, part, &begin))
                return;
        dl_put64(symbol + SYMBOL_VALUE, r->programs[part->to->program].to_va + begin);
        if (length != 0 && length <= DL_MEMORY_MAX && move(r, part, &last) && last >= begin &&
            (last - begin + 1) / 4 <= length)
                dl_put64(symbol + SYMBOL_LENGTH, last - begin + 1);
}

static void move_symbol(const struct dl_refs *r, const struct dl_part *part, struct place p)
{
        uint32_t name = dl_get32(p.bytes + SYMBOL_NAME);

        if (name != 0 && move_within(r, part, r->programs[part->from->program].strings, &name))
                dl_put32(p.bytes + SYMBOL_NAME, name);
        move_extent(r, part, p.bytes);
}

/* The number of a symbol. */
static void move_number(const struct dl_refs *r, const struct dl_part *part, struct place p)
{
        uint32_t symbol = dl_get32(p.bytes), offset = symbol * SYMBOL_SIZE;

        if (symbol != 0 && symbol < DL_MEMORY_MAX / SYMBOL_SIZE &&
            move_within(r, part, r->programs[part->from->program].symbols, &offset))
                dl_put32(p.bytes, offset / SYMBOL_SIZE);
}

static void move_rela(const struct dl_refs *r, const struct dl_part *part, struct place p)
{
        move_number(r, part, (struct place){.bytes = p.bytes + RELA_SYMBOL});
        move_abs64(r, part, p);
        p.bytes += RELA_ADDEND;
        move_abs64(r, part, p);
}

typedef void mover(const struct dl_refs *r, const struct dl_part *part, struct place p);

/* Values of `size` bytes at multiples of it, counted from these offsets. */
static void move_values_from(const struct dl_refs *r, const struct dl_part *part, uint32_t size,
                             uint32_t old_start, uint32_t new_start, uint32_t low, uint32_t high,
                             mover *one)
{
        uint32_t phase = (part->old_at - old_start + low) % size;
        uint8_t *bytes = part->window->bytes, value[RECORD_SIZE];

        if ((part->new_at - new_start + low) % size != phase)
                return;
        uint32_t first = low - part->start >= phase ? low - phase : low - phase + size;
        for (uint32_t at = first; at < high && size <= part->end - at; at += size) {
                struct place p = {value, part->old_at + at, part->new_at + at};
                memcpy(value, bytes + at, size);
                one(r, part, p);
                for (uint32_t i = 0; i < size; i++) {
                        if (at + i >= low && at + i < high)
                                bytes[at + i] = value[i];
                }
        }
}

/* Values of `size` bytes at multiples of it. */
static void move_values(const struct dl_refs *r, const struct dl_part *part, uint32_t size,
                        uint32_t low, uint32_t high, mover *one)
{
        move_values_from(r, part, size, 0, 0, low, high, one);
}

/* Records of 24 bytes from the start of the row on. */
static void move_records(const struct dl_refs *r, const struct dl_part *part, uint32_t low,
                         uint32_t high, mover *one)
{
        move_values_from(r, part, RECORD_SIZE, part->from->from.offset, part->to->to.offset, low,
                         high, one);
}

static void predict_raw(const struct dl_refs *r, const struct dl_part *p, uint32_t low,
                        uint32_t high)
{
        (void)r, (void)p, (void)low, (void)high;
}

static void predict_prel32(const struct dl_refs *r, const struct dl_part *p, uint32_t low,
                           uint32_t high)
{
        move_values(r, p, 4, low, high, move_prel32);
}

static void predict_abs64(const struct dl_refs *r, const struct dl_part *p, uint32_t low,
                          uint32_t high)
{
        move_values(r, p, 8, low, high, move_abs64);
}

static void predict_off32(const struct dl_refs *r, const struct dl_part *p, uint32_t low,
                          uint32_t high)
{
        move_values(r, p, 4, low, high, move_off32);
}

static void predict_symbols(const struct dl_refs *r, const struct dl_part *p, uint32_t low,
                            uint32_t high)
{
        move_records(r, p, low, high, move_symbol);
}

static void predict_rela(const struct dl_refs *r, const struct dl_part *p, uint32_t low,
                         uint32_t high)
{
        move_records(r, p, low, high, move_rela);
}

static void predict_numbers(const struct dl_refs *r, const struct dl_part *p, uint32_t low,
                            uint32_t high)
{
        move_values(r, p, 4, low, high, move_number);
}

static void put_word(uint8_t *bytes, uint32_t at, uint32_t low, uint32_t high, uint32_t word)
{
        for (uint32_t i = 0; i < 4; i++) {
                if (at + i >= low && at + i < high)
                        bytes[at + i] = (uint8_t)(word >> 8 * i);
        }
}

static void predict_a64(const struct dl_refs *r, const struct dl_part *p, uint32_t low,
                        uint32_t high)
{
        uint32_t start = p->start + (0u - (p->old_at + p->start)) % 4; /* the first whole word */
        uint32_t end = p->end - high < DL_WINDOW_TAIL ? p->end : high + DL_WINDOW_TAIL;
        uint8_t *bytes = p->window->bytes;

        if ((p->new_at - p->old_at) % 4 != 0 || end < start)
                return;
        if (low > start && low - start > DL_WINDOW_LEAD)
                start += (low - start - DL_WINDOW_LEAD) / 4 * 4;
        uint32_t count = (end - start) / 4;
        a64_analyse(bytes + start, count, p->old_at + start, DL_MEMORY_MAX, r->words);
        for (uint32_t i = 0, at = start; i < count && at < high; i++, at += 4) {
                enum a64_kind kind = (enum a64_kind)r->words[i].kind;
                uint32_t target = r->words[i].target;
                if (kind == A64_NONE || at + 4 <= low || !move(r, p, &target))
                        continue;
                put_word(bytes, at, low, high,
                         a64_retarget(dl_get32(bytes + at), kind, p->new_at + at, target));
        }
}

static void (*const modes[DL_MODES])(const struct dl_refs *r, const struct dl_part *p, uint32_t low,
                                     uint32_t high) = {
        [DL_MODE_RAW] = predict_raw,         [DL_MODE_A64] = predict_a64,
        [DL_MODE_PREL32] = predict_prel32,   [DL_MODE_ABS64] = predict_abs64,
        [DL_MODE_OFF32] = predict_off32,     [DL_MODE_SYMBOLS] = predict_symbols,
        [DL_MODE_RELA] = predict_rela,       [DL_MODE_FRAMES] = dl_frames_predict,
        [DL_MODE_NUMBERS] = predict_numbers,
};

void dl_mode_predict(const struct dl_refs *r, const struct dl_part *p, enum dl_mode_id mode,
                     uint32_t low, uint32_t high)
{
        modes[mode](r, p, low, high);
}
