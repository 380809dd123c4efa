/* SPDX-License-Identifier: Apache-2.0 */
/* Canonical images: what matching sees. */
#include "delta/create/canonical.h"

#include <stdlib.h>

#include "delta/models/frames.h"

#define CONTENT 32u /* bytes at a target that name it */

static uint32_t content_name(const struct canonical *c, uint32_t at)
{
        uint32_t h = 2166136261u;

        if (at >= c->v->size || c->v->size - at < CONTENT)
                return 0;
        for (uint32_t i = 0; i < CONTENT; i += 4)
                h = (h ^ dl_get32(c->plain + at + i)) * 0x9e3779b1u;
        return (h ^ h >> 15) & 0x0ffffffcu;
}

uint32_t canonical_name(const struct canonical *c, uint32_t at)
{
        static const struct dl_copy nowhere = {0, 0, 0};

        if (c->naming == NAME_CONTENT)
                return content_name(c, at);
        if (c->naming == NAME_PLACE)
                return c->old ? dl_refs_map(&c->p->refs, &nowhere, at) : at;
        return 0;
}

/* What stands for the target at `offset` in the program; false when it is not in it. */
static bool name_of(const struct canonical *c, uint32_t offset, uint32_t *name)
{
        uint32_t at;

        if (!view_position(c->v, c->program, offset, &at))
                return false;
        *name = canonical_name(c, at);
        return true;
}

static bool name_of_string(const struct canonical *c, uint32_t offset, uint32_t *name)
{
        const struct dl_span *s = view_table(c->v, c->program, TABLE_STRINGS);

        if (!s || offset >= s->size)
                return false;
        if (c->naming != NAME_CONTENT)
                return name_of(c, s->offset + offset, name);
        *name = (uint32_t)view_string_name(c->v, s->at + offset);
        return true;
}

/* A symbol's content is its name. */
static bool name_of_symbol(const struct canonical *c, uint32_t symbol, uint32_t *name)
{
        const struct dl_span *s = view_table(c->v, c->program, TABLE_SYMBOLS);

        if (!s || symbol >= s->size / SYMBOL_SIZE)
                return false;
        uint32_t offset = symbol * SYMBOL_SIZE;
        if (c->naming != NAME_CONTENT)
                return name_of(c, s->offset + offset, name);
        return name_of_string(c, dl_get32(c->v->bytes + s->at + offset + SYMBOL_NAME), name);
}

static uint32_t offset_of(const struct canonical *c, uint32_t at)
{
        return c->span->offset + (at - c->span->at);
}

static void do_code(struct canonical *c, uint32_t low, uint32_t high)
{
        low += (0u - offset_of(c, low)) % 4;
        while (low + 4 <= high) {
                uint32_t count = (high - low) / 4;
                if (count > CODE_WORDS)
                        count = CODE_WORDS;
                a64_analyse(c->v->bytes + low, count, offset_of(c, low), DL_MEMORY_MAX, c->words);
                for (uint32_t i = 0; i < count; i++, low += 4) {
                        enum a64_kind kind = (enum a64_kind)c->words[i].kind;
                        uint32_t name;
                        if (kind == A64_NONE || !name_of(c, c->words[i].target, &name))
                                continue;
                        uint32_t word = dl_get32(c->v->bytes + low);
                        dl_put32(c->out + low, a64_canonical(word, kind, name));
                }
        }
}

static void do_prel32(struct canonical *c, uint32_t low, uint32_t high)
{
        for (low += (0u - offset_of(c, low)) % 4; low + 4 <= high; low += 4) {
                uint32_t name;
                if (name_of(c, offset_of(c, low) + dl_get32(c->v->bytes + low), &name))
                        dl_put32(c->out + low, name);
        }
}

static void do_abs64(struct canonical *c, uint32_t low, uint32_t high)
{
        uint64_t va = c->v->programs[c->program].va;

        for (low += (0u - offset_of(c, low)) % 8; va != VA_UNKNOWN && low + 8 <= high; low += 8) {
                uint64_t offset = dl_get64(c->v->bytes + low) - va;
                uint32_t name;
                if (offset <= DL_MEMORY_MAX && name_of(c, (uint32_t)offset, &name))
                        dl_put64(c->out + low, name | ADDRESS_MARK);
        }
}

static void do_off32(struct canonical *c, uint32_t low, uint32_t high)
{
        for (low += (0u - offset_of(c, low)) % 4; low + 4 <= high; low += 4) {
                uint32_t name;
                if (name_of(c, c->span->offset + dl_get32(c->v->bytes + low), &name))
                        dl_put32(c->out + low, name);
        }
}

static void do_address(struct canonical *c, uint32_t at)
{
        uint64_t offset = dl_get64(c->v->bytes + at) - c->v->programs[c->program].va;
        uint32_t name;

        if (offset <= DL_MEMORY_MAX && name_of(c, (uint32_t)offset, &name))
                dl_put64(c->out + at, name | ADDRESS_MARK);
}

static uint32_t first_record(const struct canonical *c, uint32_t low)
{
        uint32_t over = (low - c->span->at) % RECORD_SIZE;

        return over > 0 ? low + RECORD_SIZE - over : low;
}

static void do_symbols(struct canonical *c, uint32_t low, uint32_t high)
{
        for (low = first_record(c, low); low + RECORD_SIZE <= high; low += RECORD_SIZE) {
                uint32_t name;
                if (name_of_string(c, dl_get32(c->v->bytes + low + SYMBOL_NAME), &name))
                        dl_put32(c->out + low + SYMBOL_NAME, name);
                do_address(c, low + SYMBOL_VALUE);
                dl_put64(c->out + low + SYMBOL_LENGTH, 0);
        }
}

static void do_number(struct canonical *c, uint32_t at)
{
        uint32_t symbol = dl_get32(c->v->bytes + at), name;

        if (symbol != 0 && name_of_symbol(c, symbol, &name))
                dl_put32(c->out + at, name);
}

static void do_numbers(struct canonical *c, uint32_t low, uint32_t high)
{
        for (low += (0u - offset_of(c, low)) % 4; low + 4 <= high; low += 4)
                do_number(c, low);
}

static void do_rela(struct canonical *c, uint32_t low, uint32_t high)
{
        for (low = first_record(c, low); low + RECORD_SIZE <= high; low += RECORD_SIZE) {
                do_number(c, low + RELA_SYMBOL);
                do_address(c, low);
                do_address(c, low + RELA_ADDEND);
        }
}

static void do_frames(struct canonical *c, uint32_t low, uint32_t high)
{
        uint32_t start = low + (0u - offset_of(c, low)) % 4, base = offset_of(c, start), name;
        struct frame f = {0, 0};

        while (start <= high && frame_next(c->v->bytes + start, high - start, &f)) {
                uint32_t cie = start + f.at + FRAME_CIE, begin = start + f.at + FRAME_BEGIN;
                if (name_of(c, base + f.at + FRAME_CIE - dl_get32(c->v->bytes + cie), &name))
                        dl_put32(c->out + cie, name);
                if (name_of(c, base + f.at + FRAME_BEGIN + dl_get32(c->v->bytes + begin), &name))
                        dl_put32(c->out + begin, name);
        }
}

/* What will stand in the slots of the span at work. */
static void do_slots(struct canonical *c)
{
        uint32_t low = 0, high = c->v->slot_count, end = c->span->at + c->span->size;

        while (low < high) {
                uint32_t mid = low + (high - low) / 2;
                if (c->v->slots[mid].at < c->span->at)
                        low = mid + 1;
                else
                        high = mid;
        }
        for (; low < c->v->slot_count && c->v->slots[low].at < end; low++) {
                const struct view_slot *s = &c->v->slots[low];
                uint32_t name;
                if (end - s->at < 8)
                        return;
                if (s->name != 0)
                        dl_put64(c->out + s->at, s->name);
                else if (name_of(c, s->target, &name))
                        dl_put64(c->out + s->at, name | ADDRESS_MARK);
        }
}

/* A run of one mode inside the span at work. */
static void do_run(struct canonical *c, enum dl_mode_id mode, uint32_t low, uint32_t high)
{
        static void (*const todo[DL_MODES])(struct canonical *, uint32_t, uint32_t) = {
                [DL_MODE_A64] = do_code,        [DL_MODE_PREL32] = do_prel32,
                [DL_MODE_ABS64] = do_abs64,     [DL_MODE_OFF32] = do_off32,
                [DL_MODE_SYMBOLS] = do_symbols, [DL_MODE_RELA] = do_rela,
                [DL_MODE_FRAMES] = do_frames,   [DL_MODE_NUMBERS] = do_numbers,
        };

        if (todo[mode])
                todo[mode](c, low, high);
}

static void do_span(struct canonical *c)
{
        uint32_t at = c->span->at, end = at + c->span->size;

        while (at < end) {
                uint32_t unit = at / DL_REGION_UNIT, next = unit + 1;
                while (next * DL_REGION_UNIT < end && c->v->modes[next] == c->v->modes[unit])
                        next++;
                uint32_t stop = next * DL_REGION_UNIT < end ? next * DL_REGION_UNIT : end;
                do_run(c, (enum dl_mode_id)c->v->modes[unit], at, stop);
                at = stop;
        }
        do_slots(c);
}

sg_err program_canonical(const struct program *p, bool old, enum naming naming,
                         const uint8_t *plain, uint8_t *out)
{
        struct canonical c = {.p = p, .v = old ? &p->from : &p->to, .old = old, .naming = naming};

        c.plain = plain;
        c.out = out;
        c.words = malloc(CODE_WORDS * sizeof(*c.words));
        if (!c.words)
                return SG_E_NO_MEMORY;
        memcpy(out, c.v->bytes, c.v->size);
        for (c.program = 0; c.program < c.v->program_count; c.program++) {
                const struct view_program *program = &c.v->programs[c.program];
                for (uint32_t i = 0; i < program->spans; i++) {
                        c.span = &c.v->spans[program->span + i];
                        do_span(&c);
                }
        }
        canonical_objects(&c);
        free(c.words);
        return SG_OK;
}
