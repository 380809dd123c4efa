/* SPDX-License-Identifier: Apache-2.0 */
/* Finding the copies: match, predict, and match again on what the prediction left. */
#include "delta/create/encoder.h"

#include <stdlib.h>

#include "delta/create/objects.h"

static void tell_match(void *ctx, uint64_t done, uint64_t total)
{
        tell(ctx, "match", done, total);
}

/* Match on images whose references are canonical: by content, then by the copies found. */
#define PASSES 3u

static sg_err canonical_by_content(const struct program *p, bool old, uint8_t *out)
{
        uint8_t *plain = malloc((size_t)(old ? p->from.size : p->to.size) + 1);
        sg_err err = SG_E_NO_MEMORY;

        if (plain)
                err = program_canonical(p, old, NAME_NOTHING, NULL, plain);
        if (!err)
                err = program_canonical(p, old, NAME_CONTENT, plain, out);
        free(plain);
        return err;
}

static sg_err match_canonical(struct encoder *e, uint8_t *from, uint8_t *to)
{
        struct program *p = &e->program;
        struct match_job job = {.from = from, .to = to, .tell = tell_match, .ctx = e};
        sg_err err = SG_OK;

        job.from_size = p->from.size;
        job.to_size = p->to.size;
        job.holes = e->holes;
        job.hole_count = e->hole_count;
        for (unsigned pass = 0; !err && pass < PASSES; pass++) {
                if (pass == 0) {
                        err = canonical_by_content(p, true, from);
                        if (!err)
                                err = canonical_by_content(p, false, to);
                } else {
                        err = program_canonical(p, true, NAME_PLACE, NULL, from);
                        if (!err)
                                err = program_canonical(p, false, NAME_PLACE, NULL, to);
                }
                copies_free(&e->copies);
                if (!err)
                        err = match(&job, &e->copies);
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

sg_err find_copies(struct encoder *e)
{
        uint8_t *from = malloc(e->from->size + 1), *to = malloc(e->to->size + 1);
        sg_err err =
                from && to ? program_open(&e->program, &e->from_view, &e->to_view) : SG_E_NO_MEMORY;

        if (!err)
                err = match_canonical(e, from, to);
        free(from);
        free(to);
        return err;
}

sg_err find_plain_copies(struct encoder *e)
{
        struct match_job job = {.from = e->from->data, .to = e->to->data, .ctx = e};

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
