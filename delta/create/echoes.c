/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Echoes: output that stands earlier in the output and nowhere in the old image, as runs of zeros
 * and text that repeats beyond the codec's window.
 */
#include "delta/create/encoder.h"

#include <stdlib.h>

#define WINDOW     32u         /* bytes that must agree to be looked at */
#define EVERY      16u         /* positions that are remembered */
#define NEAR       (32u << 10) /* the codec sees as far itself */
#define LEAST_NEAR 512u        /* bytes of a match that near, and of one beyond, that make a copy */
#define LEAST_FAR  40u

struct echoes {
        const uint8_t *to;
        uint32_t size, shift;
        uint32_t *places;
        struct copies found;
        uint32_t from_size;
};

static uint32_t hash(const struct echoes *s, uint32_t at)
{
        uint64_t h = 0;

        for (uint32_t i = 0; i < WINDOW; i += 8) {
                h = (h ^ dl_get64(s->to + at + i)) * 0x9e3779b97f4a7c15ull;
                h ^= h >> 29;
        }
        return (uint32_t)(h * 0x9e3779b97f4a7c15ull >> s->shift);
}

/* The match of `at` with an earlier place, within [low, high); false when it is no good copy. */
static bool match_at(const struct echoes *s, uint32_t low, uint32_t at, uint32_t high,
                     uint32_t place, struct dl_copy *c)
{
        uint32_t n = 0, back = 0;

        while (at + n < high && s->to[place + n] == s->to[at + n])
                n++;
        *c = (struct dl_copy){at, s->from_size + place, n};
        if (n < WINDOW)
                return false;
        while (back < at - low && back < place && s->to[place - back - 1] == s->to[at - back - 1])
                back++;
        *c = (struct dl_copy){at - back, s->from_size + place - back, n + back};
        return c->length >= (at - place > NEAR ? LEAST_FAR : LEAST_NEAR);
}

/* Find the echoes in [low, high), and remember its places. */
static sg_err search(struct echoes *s, uint32_t low, uint32_t high, bool find)
{
        uint32_t end = s->size < WINDOW ? 0 : s->size - WINDOW + 1;
        sg_err err = SG_OK;

        end = high < end ? high : end;
        for (uint32_t at = low, resume = low; !err && at < end; at++) {
                bool remember = at % EVERY == 0, look = find && at >= resume;
                if (!remember && !look)
                        continue;
                uint32_t *place = &s->places[hash(s, at)];
                struct dl_copy c;
                if (look && *place != UINT32_MAX) {
                        bool good = match_at(s, low, at, high, *place, &c);
                        resume = c.to + c.length;
                        if (good) {
                                err = copies_add(&s->found, c.to, c.from, c.length);
                                low = resume;
                        }
                }
                if (remember)
                        *place = at;
        }
        return err;
}

static sg_err between_copies(struct echoes *s, const struct copies *copies)
{
        uint32_t at = 0;
        sg_err err = SG_OK;

        for (uint32_t i = 0; !err && i < copies->count; i++) {
                const struct dl_copy *c = &copies->list[i];
                err = search(s, at, c->to, true);
                if (!err)
                        err = copies_add(&s->found, c->to, c->from, c->length);
                at = c->to + c->length;
                if (!err)
                        err = search(s, c->to, at, false);
        }
        return err ? err : search(s, at, s->size, true);
}

sg_err find_echoes(struct encoder *e)
{
        struct echoes s = {.to = e->to->data, .size = (uint32_t)e->to->size, .shift = 64 - 10};

        s.from_size = (uint32_t)e->from->size;
        while (s.shift > 64 - 28 && s.size >> (64 - s.shift) > EVERY)
                s.shift--;
        size_t room = (size_t)1 << (64 - s.shift);
        s.places = malloc(room * sizeof(*s.places));
        if (!s.places)
                return SG_E_NO_MEMORY;
        memset(s.places, 0xff, room * sizeof(*s.places));
        sg_err err = between_copies(&s, &e->copies);
        free(s.places);
        copies_free(err ? &s.found : &e->copies);
        if (!err)
                e->copies = s.found;
        return err;
}
