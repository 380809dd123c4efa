/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/create/program.h"

#include <stdlib.h>

/* The arm64 boot protocol's image header (Linux, Documentation/arm64/booting). */
#define IMAGE_MAGIC_AT 56u
#define IMAGE_SIZE_AT  16u
#define IMAGE_HEADER   64u

#define GUESS_WINDOW   1024u
#define FAR_AWAY       65536 /* smaller numbers are more often counts than distances */

void view_detect(struct view *v)
{
        v->base = 0;
        v->limit = v->size;
        for (uint32_t at = 0; v->size >= IMAGE_HEADER && at <= v->size - IMAGE_HEADER; at++) {
                const uint8_t *first = v->bytes + at + IMAGE_MAGIC_AT;
                const uint8_t *hit = memchr(first, 'A', v->size - IMAGE_HEADER - at + 1);
                if (!hit)
                        return;
                at += (uint32_t)(hit - first);
                if (memcmp(hit, "ARM\x64", 4) != 0)
                        continue;
                uint64_t size = dl_get64(v->bytes + at + IMAGE_SIZE_AT);
                if (size < 65536 || size > DL_IMAGE_MAX - at)
                        continue;
                v->base = at;
                v->limit = at + (uint32_t)size;
                return;
        }
}

/* Is this the top byte of a common instruction? */
static bool common_top(uint8_t top)
{
        static const uint8_t tops[] = {
                0x0a, 0x0b, 0x11, 0x12, 0x13, 0x14, 0x17, 0x1a, 0x1b, 0x2a, 0x32, 0x34, 0x35,
                0x36, 0x37, 0x38, 0x39, 0x4b, 0x52, 0x53, 0x54, 0x6b, 0x71, 0x72, 0x78, 0x79,
                0x7a, 0x88, 0x8a, 0x8b, 0x90, 0x91, 0x92, 0x93, 0x94, 0x97, 0x9a, 0x9b, 0xa8,
                0xa9, 0xaa, 0xb0, 0xb2, 0xb4, 0xb5, 0xb8, 0xb9, 0xc8, 0xcb, 0xd0, 0xd2, 0xd3,
                0xd4, 0xd5, 0xd6, 0xea, 0xeb, 0xf0, 0xf1, 0xf2, 0xf8, 0xf9, 0xfa,
        };

        return memchr(tops, top, sizeof(tops)) != NULL;
}

/* Does this word, far from small, lead from its place to another one in the program? */
static bool leads_far(const struct view *v, uint32_t at)
{
        int32_t distance = (int32_t)dl_get32(v->bytes + at);
        int64_t target = at + (int64_t)distance;

        return (distance > FAR_AWAY || distance < -FAR_AWAY) && target >= v->base &&
               target < v->limit;
}

static enum dl_mode_id guess(const struct view *v, const bool common[256], uint32_t at, uint32_t n)
{
        uint32_t code = 0, relative = 0, words = 0;

        for (uint32_t i = (v->base - at) % 4; i + 4 <= n; i += 4, words++) {
                code += common[v->bytes[at + i + 3]];
                relative += leads_far(v, at + i);
        }
        if (words > 0 && code * 100 >= words * 75)
                return DL_MODE_A64;
        return relative * 100 >= words * 30 ? DL_MODE_PREL32 : DL_MODE_ABS64;
}

void view_guess_modes(struct view *v)
{
        bool common[256];

        for (unsigned i = 0; i < 256; i++)
                common[i] = common_top((uint8_t)i);
        for (uint32_t at = 0; at < v->size; at += GUESS_WINDOW) {
                uint32_t n = v->size - at < GUESS_WINDOW ? v->size - at : GUESS_WINDOW;
                memset(v->modes + at / DL_REGION_UNIT, guess(v, common, at, n),
                       (n + DL_REGION_UNIT - 1) / DL_REGION_UNIT);
        }
}

static uint32_t units(uint32_t size)
{
        return size / DL_REGION_UNIT + 1;
}

sg_err program_open(struct program *p, const struct view *from, const struct view *to)
{
        memset(p, 0, sizeof(*p));
        p->from = *from;
        p->to = *to;
        p->from.modes = calloc(units(from->size), 1);
        p->to.modes = calloc(units(to->size), 1);
        p->refs.words = calloc(DL_WINDOW_WORDS, sizeof(*p->refs.words));
        p->refs.map = &p->map;
        p->refs.from_base = from->base;
        p->refs.to_base = to->base;
        p->refs.from_limit = from->limit;
        p->refs.to_limit = to->limit;
        p->refs.from_va = from->va;
        p->refs.to_va = to->va;
        if (!p->from.modes || !p->to.modes || !p->refs.words)
                return SG_E_NO_MEMORY;
        view_guess_modes(&p->from);
        view_guess_modes(&p->to);
        return SG_OK;
}

void program_close(struct program *p)
{
        free(p->from.modes);
        free(p->to.modes);
        free(p->refs.words);
        free(p->refs.order);
        free(p->refs.pins);
        free(p->refs.regions);
}

sg_err program_map(struct program *p, const struct copies *copies)
{
        p->map = (struct dl_map){copies->list, copies->count};
        free(p->refs.order);
        free(p->refs.pins);
        p->refs.pins = NULL;
        p->refs.pin_count = 0;
        p->refs.order = malloc(((size_t)copies->count + 1) * sizeof(*p->refs.order));
        if (!p->refs.order)
                return SG_E_NO_MEMORY;
        dl_refs_sort(&p->refs);
        return SG_OK;
}
