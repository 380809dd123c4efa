/* SPDX-License-Identifier: Apache-2.0 */
/* Encodings: Arm ARM (DDI 0487), C4.1 "A64 instruction set encoding". */
#include "delta/models/a64.h"

#include <string.h>

#include "delta/wire.h"

#define REGISTERS      32u
#define NO_PAGE        UINT32_MAX /* beyond any limit, as pages outside the program are */
#define CALL_CLOBBERED 19u        /* x0 to x18 do not survive a call (AAPCS64) */

static int64_t sign(uint32_t field, unsigned bits)
{
        uint32_t top = 1u << (bits - 1);

        return (int64_t)((field ^ top) & (top | (top - 1u))) - (int64_t)top;
}

static uint32_t field(uint32_t word, unsigned low, unsigned bits)
{
        return word >> low & ((1u << bits) - 1u);
}

static uint32_t with_field(uint32_t word, unsigned low, unsigned bits, uint32_t value)
{
        uint32_t mask = ((1u << bits) - 1u) << low;

        return (word & ~mask) | (value << low & mask);
}

static uint32_t adr_field(uint32_t word)
{
        return field(word, 5, 19) << 2 | field(word, 29, 2);
}

static uint32_t with_adr_field(uint32_t word, uint32_t value)
{
        return with_field(with_field(word, 5, 19, value >> 2), 29, 2, value);
}

static bool is_add_immediate(uint32_t word)
{
        return (word & 0xffc00000u) == 0x91000000u;
}

static bool is_load_store_immediate(uint32_t word)
{
        return (word & 0x3b000000u) == 0x39000000u;
}

/* log2 of what the 12-bit immediate of a load or store counts. */
static unsigned scale(uint32_t word)
{
        bool vector = word >> 26 & 1u, quad = word >> 23 & 1u;

        return word >> 30 == 0 && vector && quad ? 4 : word >> 30;
}

static enum a64_kind kind_of(uint32_t word)
{
        if ((word & 0x7c000000u) == 0x14000000u)
                return A64_B26;
        if ((word & 0xff000010u) == 0x54000000u || (word & 0x7e000000u) == 0x34000000u ||
            (word & 0x3b000000u) == 0x18000000u)
                return A64_I19;
        if ((word & 0x7e000000u) == 0x36000000u)
                return A64_I14;
        if ((word & 0x9f000000u) == 0x10000000u)
                return A64_ADR;
        if ((word & 0x9f000000u) == 0x90000000u)
                return A64_ADRP;
        if (is_add_immediate(word) || is_load_store_immediate(word))
                return A64_LO12;
        return A64_NONE;
}

/* What the scan knows: which register holds which page, and which ADRP put it there. */
struct scan {
        uint32_t limit;
        uint32_t page[REGISTERS]; /* NO_PAGE */
        uint32_t adrp[REGISTERS]; /* index of the word */
        struct a64_word *words;
};

static void refer(const struct scan *s, uint32_t index, enum a64_kind kind, int64_t target)
{
        if (target < 0 || target >= s->limit)
                return;
        s->words[index].target = (uint32_t)target;
        s->words[index].kind = (uint8_t)kind;
}

static void on_adrp(struct scan *s, uint32_t index, uint32_t word, uint32_t pos)
{
        uint32_t rd = field(word, 0, 5);
        int64_t target = (pos >> 12) + sign(adr_field(word), 21);

        refer(s, index, A64_ADRP, target * 4096);
        s->page[rd] = (uint32_t)target;
        s->adrp[rd] = index;
}

static void on_low_half(struct scan *s, uint32_t index, uint32_t word)
{
        uint32_t rn = field(word, 5, 5);
        uint32_t low = field(word, 10, 12) << (is_add_immediate(word) ? 0 : scale(word));

        if (low > 4095u)
                return;
        int64_t target = (int64_t)s->page[rn] * 4096 + low;
        refer(s, index, A64_LO12, target);
        if (s->adrp[rn] != NO_PAGE && s->words[index].kind == A64_LO12) {
                s->words[s->adrp[rn]].target = (uint32_t)target;
                s->adrp[rn] = NO_PAGE;
        }
}

static void forget(struct scan *s, uint32_t word, enum a64_kind kind)
{
        bool call = kind == A64_B26 && word >> 31;
        bool writes_none = kind == A64_B26 || kind == A64_I14 ||
                           (kind == A64_I19 && (word & 0x3b000000u) != 0x18000000u);

        if (!writes_none)
                s->page[field(word, 0, 5)] = NO_PAGE;
        for (uint32_t i = 0; call && i < CALL_CLOBBERED; i++)
                s->page[i] = NO_PAGE;
}

void a64_analyse(const uint8_t *bytes, uint32_t count, uint32_t pos, uint32_t limit,
                 struct a64_word *words)
{
        struct scan s = {.limit = limit, .words = words};

        memset(s.page, 0xff, sizeof(s.page));
        memset(s.adrp, 0xff, sizeof(s.adrp));
        for (uint32_t i = 0; i < count; i++, pos += 4) {
                uint32_t word = dl_get32(bytes + 4 * (size_t)i);
                enum a64_kind kind = kind_of(word);
                words[i] = (struct a64_word){0, A64_NONE};
                if (kind == A64_B26)
                        refer(&s, i, kind, pos + 4 * sign(field(word, 0, 26), 26));
                else if (kind == A64_I19)
                        refer(&s, i, kind, pos + 4 * sign(field(word, 5, 19), 19));
                else if (kind == A64_I14)
                        refer(&s, i, kind, pos + 4 * sign(field(word, 5, 14), 14));
                else if (kind == A64_ADR)
                        refer(&s, i, kind, pos + sign(adr_field(word), 21));
                else if (kind == A64_LO12)
                        on_low_half(&s, i, word);
                if (kind == A64_ADRP)
                        on_adrp(&s, i, word, pos);
                else
                        forget(&s, word, kind);
        }
}

static bool fits(int64_t value, unsigned bits)
{
        return value >= -(1ll << (bits - 1)) && value < 1ll << (bits - 1);
}

static uint32_t relative(uint32_t word, unsigned low, unsigned bits, int64_t distance)
{
        if (distance % 4 != 0 || !fits(distance / 4, bits))
                return word;
        return with_field(word, low, bits, (uint32_t)(distance / 4));
}

static uint32_t low_half(uint32_t word, uint32_t low)
{
        unsigned shift = is_add_immediate(word) ? 0 : scale(word);

        return low % (1u << shift) ? word : with_field(word, 10, 12, low >> shift);
}

uint32_t a64_retarget(uint32_t word, enum a64_kind kind, uint32_t pos, uint32_t target)
{
        int64_t distance = (int64_t)target - pos;
        int64_t pages = (int64_t)(target >> 12) - (pos >> 12);

        switch (kind) {
        case A64_B26:
                return relative(word, 0, 26, distance);
        case A64_I19:
                return relative(word, 5, 19, distance);
        case A64_I14:
                return relative(word, 5, 14, distance);
        case A64_ADR:
                return fits(distance, 21) ? with_adr_field(word, (uint32_t)distance) : word;
        case A64_ADRP:
                return with_adr_field(word, (uint32_t)pages); /* all of 4 GiB are in reach */
        case A64_LO12:
                return low_half(word, target & 4095u);
        case A64_NONE:
                break;
        }
        return word;
}

uint32_t a64_canonical(uint32_t word, enum a64_kind kind, uint32_t target)
{
        switch (kind) {
        case A64_B26:
                return with_field(word, 0, 26, target >> 2);
        case A64_ADR:
        case A64_ADRP:
                return with_adr_field(word, target >> 2);
        case A64_LO12:
                return with_field(word, 10, 12, target);
        case A64_I19:
        case A64_I14: /* local: relative is the better key */
        case A64_NONE:
                break;
        }
        return word;
}
