/* SPDX-License-Identifier: Apache-2.0 */
/* Canonical images: what matching sees. */
#include "delta/create/program.h"

#include <stdlib.h>

#define CODE_WORDS   65536u /* analysed at a time */
#define ADDRESS_MARK 0x8000000000000000ull

struct canonical {
        const struct program *p;
        const struct view *v;
        bool old;
        enum naming naming;
        const uint8_t *plain;
        uint8_t *out;
        struct a64_word *words;
};

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

/* What stands for the target `at` of this image. */
static uint32_t name_of(const struct canonical *c, uint32_t at)
{
        static const struct dl_copy nowhere = {0, 0, 0};

        switch (c->naming) {
        case NAME_CONTENT:
                return content_name(c, at);
        case NAME_PLACE:
                return c->old ? dl_refs_map(&c->p->refs, &nowhere, at) : at;
        case NAME_NOTHING:
                break;
        }
        return 0;
}

static void do_code(struct canonical *c, uint32_t low, uint32_t high)
{
        low += (c->v->base - low) % 4;
        while (low + 4 <= high) {
                uint32_t count = (high - low) / 4;
                if (count > CODE_WORDS)
                        count = CODE_WORDS;
                a64_analyse(c->v->bytes + low, count, low, c->v->base, c->v->limit, c->words);
                for (uint32_t i = 0; i < count; i++, low += 4) {
                        enum a64_kind kind = (enum a64_kind)c->words[i].kind;
                        if (kind == A64_NONE)
                                continue;
                        uint32_t word = dl_get32(c->v->bytes + low);
                        dl_put32(c->out + low,
                                 a64_canonical(word, kind, name_of(c, c->words[i].target)));
                }
        }
}

static void do_prel32(struct canonical *c, uint32_t low, uint32_t high)
{
        for (low += (c->v->base - low) % 4; low + 4 <= high; low += 4) {
                int64_t at = low + (int64_t)(int32_t)dl_get32(c->v->bytes + low);
                if (at >= c->v->base && at < c->v->limit)
                        dl_put32(c->out + low, name_of(c, (uint32_t)at));
        }
}

static void do_abs64(struct canonical *c, uint32_t low, uint32_t high)
{
        for (low += (c->v->base - low) % 8; low + 8 <= high; low += 8) {
                uint64_t at = dl_get64(c->v->bytes + low) - c->v->va;
                if (c->v->va != 0 && at < c->v->limit - c->v->base)
                        dl_put64(c->out + low,
                                 name_of(c, c->v->base + (uint32_t)at) | ADDRESS_MARK);
        }
}

static void do_off32(struct canonical *c, uint32_t low, uint32_t high)
{
        for (low += (c->v->base - low) % 4; low + 4 <= high; low += 4) {
                uint32_t at = dl_get32(c->v->bytes + low);
                if (at < c->v->limit - c->v->base)
                        dl_put32(c->out + low, name_of(c, c->v->base + at));
        }
}

sg_err program_canonical(const struct program *p, bool old, enum naming naming,
                         const uint8_t *plain, uint8_t *out)
{
        struct canonical c = {p, old ? &p->from : &p->to, old, naming, plain, out, NULL};
        uint32_t units = c.v->size / DL_REGION_UNIT + 1;

        c.words = malloc(CODE_WORDS * sizeof(*c.words));
        if (!c.words)
                return SG_E_NO_MEMORY;
        memcpy(out, c.v->bytes, c.v->size);
        for (uint32_t first = 0, i = 1; i <= units; i++) {
                if (i < units && c.v->modes[i] == c.v->modes[first])
                        continue;
                uint32_t low = first * DL_REGION_UNIT;
                uint32_t high = i * DL_REGION_UNIT < c.v->size ? i * DL_REGION_UNIT : c.v->size;
                switch ((enum dl_mode_id)c.v->modes[first]) {
                case DL_MODE_A64:
                        do_code(&c, low, high);
                        break;
                case DL_MODE_PREL32:
                        do_prel32(&c, low, high);
                        break;
                case DL_MODE_ABS64:
                        do_abs64(&c, low, high);
                        break;
                case DL_MODE_OFF32:
                        do_off32(&c, low, high);
                        break;
                case DL_MODE_RAW:
                case DL_MODES:
                        break;
                }
                first = i;
        }
        free(c.words);
        return SG_OK;
}
