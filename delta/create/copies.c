/* SPDX-License-Identifier: Apache-2.0 */
/* Finding the copies: match, predict, and match again on what the prediction left. */
#include "delta/create/encoder.h"

#include <stdlib.h>

#include "delta/create/large.h"
#include "delta/create/objects.h"

static void tell_match(void *ctx, uint64_t done, uint64_t total)
{
        tell(ctx, "match", done, total);
}

/* Match on images whose references are canonical: by content, then by the copies found. */
#define PASSES 3u

static sg_err canonical_by_content(const struct program *p, bool old, uint8_t *out)
{
        uint32_t size = old ? p->from.size : p->to.size;
        uint8_t *plain = large_alloc(size);
        sg_err err = SG_E_NO_MEMORY;

        if (plain)
                err = program_canonical(p, old, NAME_NOTHING, NULL, plain);
        if (!err)
                err = program_canonical(p, old, NAME_CONTENT, plain, out);
        large_free(plain, size);
        return err;
}

/* NULL without memory. */
static uint8_t *canonical(const struct program *p, bool old, unsigned pass)
{
        uint32_t size = old ? p->from.size : p->to.size;
        uint8_t *out = large_alloc(size);
        sg_err err = SG_OK;

        if (out && pass == 0)
                err = canonical_by_content(p, old, out);
        else if (out)
                err = program_canonical(p, old, NAME_PLACE, NULL, out);
        if (!err)
                return out;
        large_free(out, size);
        return NULL;
}

/*
 * What models make is not matched: the same image, which is given up, with holes there that take no
 * memory, as nothing touches them.
 */
static uint8_t *cut_holes(const struct encoder *e, uint8_t *to)
{
        uint8_t *cut = to && e->hole_count > 0 ? large_alloc_sparse(e->to->size) : NULL;
        uint32_t at = 0;

        if (!cut)
                return to;
        for (uint32_t i = 0; i < e->hole_count; i++) {
                const struct hole *h = &e->holes[i];
                if (at < h->at)
                        memcpy(cut + at, to + at, h->at - at);
                at = h->at + h->size;
        }
        memcpy(cut + at, to + at, e->to->size - at);
        large_free(to, e->to->size);
        return cut;
}

static sg_err match_images(struct encoder *e, const uint8_t *from, const uint8_t *to)
{
        struct match_job job = {.from = from, .to = to, .tell = tell_match, .ctx = e};

        job.from_size = (uint32_t)e->from->size;
        job.to_size = (uint32_t)e->to->size;
        job.holes = e->holes;
        job.hole_count = e->hole_count;
        return match(&job, &e->copies);
}

/* The suffix array takes the most memory of all: no other image shall be there then. */
static sg_err match_canonical(struct encoder *e, unsigned pass)
{
        uint8_t *to = cut_holes(e, canonical(&e->program, false, pass));
        uint8_t *from = to ? canonical(&e->program, true, pass) : NULL;
        sg_err err = SG_E_NO_MEMORY;

        copies_free(&e->copies);
        images_let_go(e);
        if (from)
                err = match_images(e, from, to);
        large_free(from, e->from->size);
        large_free(to, e->to->size);
        return err ? err : images_fill(e);
}

sg_err find_copies(struct encoder *e)
{
        struct program *p = &e->program;
        sg_err err = program_open(p, &e->from_view, &e->to_view, &e->anchors);

        for (unsigned pass = 0; !err && pass < PASSES; pass++) {
                err = match_canonical(e, pass);
                if (!err)
                        err = program_map(p, &e->copies);
                if (!err && pass == 0)
                        err = program_pair(p, &e->copies);
                if (!err && pass == 0)
                        err = objects_pair(p, &e->copies);
                if (!err)
                        err = program_choose_modes(p, pass + 1 == PASSES);
        }
        return err;
}

sg_err find_plain_copies(struct encoder *e)
{
        struct match_job job = {
                .from = e->from->data, .to = e->to->data, .tell = tell_match, .ctx = e};

        job.from_size = (uint32_t)e->from->size;
        job.to_size = (uint32_t)e->to->size;
        return match(&job, &e->copies);
}

static int by_length(const void *a, const void *b)
{
        uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

        return x < y ? -1 : x > y;
}

/* Give up the shortest copies; of equal ones the last. */
sg_err keep_copies(struct encoder *e, uint32_t count)
{
        struct copies *c = &e->copies;
        uint32_t *lengths = malloc(((size_t)c->count + 1) * sizeof(*lengths)), kept = 0, spare;

        if (!lengths)
                return SG_E_NO_MEMORY;
        for (uint32_t i = 0; i < c->count; i++)
                lengths[i] = c->list[i].length;
        qsort(lengths, c->count, sizeof(*lengths), by_length);
        uint32_t least = count == 0 ? UINT32_MAX : lengths[c->count - count];
        free(lengths);
        spare = count;
        for (uint32_t i = 0; i < c->count; i++)
                spare -= c->list[i].length > least;
        for (uint32_t i = 0; i < c->count; i++) {
                bool keep = c->list[i].length > least;
                if (!keep && c->list[i].length == least && spare > 0) {
                        keep = true;
                        spare--;
                }
                if (keep)
                        c->list[kept++] = c->list[i];
        }
        c->count = kept;
        sg_err err = program_map(&e->program, c);
        return err ? err : program_choose_modes(&e->program, true);
}
