/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a program runs that does not say so: firmware and hypervisors are flat images, full of
 * pointers to themselves. Those are many values within the image's extent of each other; and at the
 * right base they lead to where functions and strings begin.
 */
#include <stdlib.h>

#include "delta/create/program.h"

#define PAGE      4096u
#define LEAST     64u /* pointers that it takes */
#define FIRST     4096u
#define SAMPLE    2048u /* of them to try a base with */
#define SIGN_BITS 48u   /* addresses have all bits above alike */
#define RET       0xd65f03c0u
#define NOP       0xd503201fu

struct pointers {
        uint64_t *list; /* rising */
        size_t count;
};

static bool plausible(uint64_t v)
{
        return v >= FIRST && (v >> SIGN_BITS == 0 || v >> SIGN_BITS == 0xffff);
}

static int rising(const void *a, const void *b)
{
        uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

        return x < y ? -1 : x > y;
}

/* All values that may be addresses. False without memory. */
static bool collect(const struct view *v, const struct dl_span *s, struct pointers *p)
{
        p->list = malloc((s->size / 8 + 1u) * sizeof(*p->list));
        p->count = 0;
        for (uint32_t i = 0; p->list && s->size - i >= 8; i += 8) {
                uint64_t value = dl_get64(v->bytes + s->at + i);
                if (plausible(value))
                        p->list[p->count++] = value;
        }
        if (p->list && p->count > 0)
                qsort(p->list, p->count, sizeof(*p->list), rising);
        return p->list != NULL;
}

/* Keep the most of them that are within the extent of each other. */
static void keep_densest(struct pointers *p, uint32_t extent)
{
        size_t best = 0, most = 0;

        for (size_t low = 0, high = 0; low < p->count; low++) {
                while (high < p->count && p->list[high] - p->list[low] < extent)
                        high++;
                if (high - low > most) {
                        most = high - low;
                        best = low;
                }
        }
        p->list += best;
        p->count = most;
}

/* Does a function or a string begin here? */
static bool begins(const uint8_t *bytes, uint32_t at)
{
        if (at < 4)
                return false;
        uint32_t before = dl_get32(bytes + at - 4), word = dl_get32(bytes + at);
        if (at % 4 == 0 && word != 0 &&
            (before == RET || before == NOP || before >> 26 == 0x05u)) /* B */
                return true;
        return bytes[at - 1] == 0 && bytes[at] >= ' ' && bytes[at] < 0x7f && bytes[at + 1] >= ' ' &&
               bytes[at + 1] < 0x7f;
}

/* How many of the sample lead to a beginning. */
static uint32_t beginnings(const struct view *v, const struct dl_span *s, const struct pointers *p,
                           uint64_t base)
{
        size_t step = p->count / SAMPLE + 1;
        uint32_t count = 0;

        for (size_t i = 0; i < p->count; i += step) {
                uint64_t offset = p->list[i] - base;
                count += offset < s->size - 4u && begins(v->bytes + s->at, (uint32_t)offset);
        }
        return count;
}

/* Of the bases at which all are in the program that at which most lead to a beginning. */
static uint64_t best_base(const struct view *v, const struct dl_span *s, const struct pointers *p)
{
        uint64_t first = p->list[0] / PAGE * PAGE, last = p->list[p->count - 1], base = VA_UNKNOWN;
        uint32_t most = 0;

        for (uint64_t b = first; last - b < s->memory; b -= PAGE) {
                uint32_t count = beginnings(v, s, p, b);
                if (count > most) {
                        most = count;
                        base = b;
                }
                if (b == 0)
                        break;
        }
        return most >= LEAST / 2 && most >= p->count / (p->count / SAMPLE + 1) / 4 ? base
                                                                                   : VA_UNKNOWN;
}

sg_err view_find_base(const struct view *v, const struct dl_span *s, uint64_t *base)
{
        struct pointers all, p;

        *base = VA_UNKNOWN;
        if (s->size < PAGE)
                return SG_OK;
        if (!collect(v, s, &all))
                return SG_E_NO_MEMORY;
        p = all;
        keep_densest(&p, s->memory);
        if (p.count >= LEAST)
                *base = best_base(v, s, &p);
        free(all.list);
        return SG_OK;
}
