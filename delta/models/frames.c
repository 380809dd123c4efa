/* SPDX-License-Identifier: Apache-2.0 */
/* The records: Linux Standard Base Core 5.0, 10.6; the instructions: DWARF 5, 6.4.2. */
#include "delta/models/frames.h"

#define LENGTH_MIN (FRAME_HEAD - FRAME_CIE)
#define LENGTH_MAX 4096u

static uint32_t length_of(const uint8_t *bytes, uint32_t at)
{
        return dl_get32(bytes + at + FRAME_LENGTH);
}

static uint32_t id_of(const uint8_t *bytes, uint32_t at)
{
        return dl_get32(bytes + at + FRAME_CIE);
}

static bool has_head(uint32_t size, uint32_t at)
{
        return at <= size && size - at >= FRAME_HEAD;
}

static bool is_record(const uint8_t *bytes, uint32_t size, uint32_t at)
{
        if (!has_head(size, at))
                return false;
        uint32_t length = length_of(bytes, at);
        return length >= LENGTH_MIN && length <= LENGTH_MAX && length % 4 == 0;
}

static bool is_entry(const uint8_t *bytes, uint32_t size, uint32_t at)
{
        return is_record(bytes, size, at) && id_of(bytes, at) != 0 && id_of(bytes, at) % 4 == 0;
}

/* Does the record behind this entry lead back to the same CIE? */
static bool is_followed(const uint8_t *bytes, uint32_t size, uint32_t at)
{
        uint32_t step = length_of(bytes, at) + FRAME_CIE;

        return step <= size - at - FRAME_BEGIN &&
               id_of(bytes, at + step) == id_of(bytes, at) + step;
}

bool frame_next(const uint8_t *bytes, uint32_t size, struct frame *f)
{
        bool chained = f->end > f->at;
        uint32_t at = f->end;

        while (chained && is_record(bytes, size, at) && id_of(bytes, at) == 0)
                at += length_of(bytes, at) + FRAME_CIE;
        chained = chained && is_entry(bytes, size, at);
        while (!chained && has_head(size, at) &&
               !(is_entry(bytes, size, at) && is_followed(bytes, size, at)))
                at += 4;
        if (!has_head(size, at))
                return false;
        f->at = at;
        f->end = at + length_of(bytes, at) + FRAME_CIE;
        return true;
}

struct walk {
        const struct dl_refs *r;
        const struct dl_part *p;
        uint8_t *bytes;
        uint32_t low, high;
};

static bool move(const struct walk *w, uint32_t *offset)
{
        return dl_refs_move(w->r, w->p->window->copy, w->p->from, w->p->to, offset);
}

/* The end of something is where its last instruction ends. */
static bool move_end(const struct walk *w, uint32_t *offset)
{
        *offset -= 4;
        bool moved = move(w, offset);
        *offset += 4;
        return moved;
}

static void put(const struct walk *w, uint32_t at, uint32_t size, uint32_t value)
{
        for (uint32_t i = 0; i < size; i++) {
                if (at + i >= w->low && at + i < w->high)
                        w->bytes[at + i] = (uint8_t)(value >> 8 * i);
        }
}

static void move_cie(const struct walk *w, uint32_t at)
{
        uint32_t target = w->p->old_at + at - dl_get32(w->bytes + at);

        if (move(w, &target))
                put(w, at, 4, w->p->new_at + at - target);
}

/* A word that counts from its place; both its targets are told. */
static bool move_relative(const struct walk *w, uint32_t at, uint32_t *from, uint32_t *to)
{
        *from = *to = w->p->old_at + at + dl_get32(w->bytes + at);
        if (!move(w, to))
                return false;
        put(w, at, 4, *to - (w->p->new_at + at));
        return true;
}

#define ADVANCE  0x40u /* and how far, in instructions */
#define ADVANCE1 0x02u /* a byte tells */
#define OFFSET   0x80u
#define TOP_BITS 0xc0u

/* One more than the numbers (LEB128) behind an instruction of the unwinder; 0: not known. */
static unsigned operands(uint8_t op)
{
        static const uint8_t count[64] = {
                [0x00] = 1, [0x05] = 3, [0x06] = 2, [0x07] = 2, [0x08] = 2, [0x09] = 3,
                [0x0a] = 1, [0x0b] = 1, [0x0c] = 3, [0x0d] = 2, [0x0e] = 2, [0x11] = 3,
                [0x12] = 3, [0x13] = 2, [0x14] = 3, [0x15] = 3, [0x2d] = 1, [0x2e] = 2,
        };

        return op & TOP_BITS ? 1u + ((op & TOP_BITS) == OFFSET) : count[op];
}

/* Where the frame changes: `begin` was the function's, `moved` is it now. */
static void move_advances(const struct walk *w, const struct frame *f, uint32_t begin,
                          uint32_t moved)
{
        uint32_t at = f->at + FRAME_HEAD + w->bytes[f->at + FRAME_AUGMENTATION];
        uint32_t end = f->end < w->p->end ? f->end : w->p->end;

        while (at < end) {
                uint8_t op = w->bytes[at++];
                bool byte = op == ADVANCE1;
                if ((op & TOP_BITS) != ADVANCE && !byte) {
                        unsigned n = operands(op);
                        if (n == 0)
                                return;
                        for (; n > 1 && at < end; at++)
                                n -= w->bytes[at] < 0x80;
                        continue;
                }
                if (byte && at == end)
                        return;
                uint32_t now = begin += 4 * (byte ? w->bytes[at] : op - ADVANCE);
                if (!move_end(w, &now))
                        return;
                uint32_t steps = (now - moved) / 4;
                if (steps > 0 && steps < (byte ? 256u : ADVANCE))
                        put(w, byte ? at : at - 1, 1, byte ? steps : ADVANCE | steps);
                moved = now;
                at += byte;
        }
}

static void move_entry(const struct walk *w, const struct frame *f)
{
        uint32_t at = f->at, range = dl_get32(w->bytes + at + FRAME_RANGE), begin, moved, unused;

        move_cie(w, at + FRAME_CIE);
        if (!move_relative(w, at + FRAME_BEGIN, &begin, &moved))
                return;
        uint32_t end = begin + range;
        if (move_end(w, &end) && end > moved && (end - moved) / 4 <= range)
                put(w, at + FRAME_RANGE, 4, end - moved);
        uint32_t table = at + FRAME_HEAD; /* of handlers */
        if (w->bytes[at + FRAME_AUGMENTATION] == 4 && w->p->end - table >= 4 &&
            dl_get32(w->bytes + table) != 0)
                move_relative(w, table, &unused, &unused);
        move_advances(w, f, begin, moved);
}

void dl_frames_predict(const struct dl_refs *r, const struct dl_part *p, uint32_t low,
                       uint32_t high)
{
        struct walk w = {r, p, p->window->bytes, low, high};
        uint32_t start = p->start + (0u - (p->old_at + p->start)) % 4; /* the first whole word */
        struct frame f = {start, start};

        while (f.end < high && frame_next(w.bytes, p->end, &f) && f.at < high) {
                if (f.end > low)
                        move_entry(&w, &f);
        }
}
