/* SPDX-License-Identifier: Apache-2.0 */
/* Which mode predicts best where. */
#include "delta/create/program.h"

#include <stdlib.h>

/* Wrong bytes that a change of mode must save. */
#define SWITCH 3u

/* More than any unit can have: a mode for a table elsewhere. */
#define ELSEWHERE 4096u

typedef uint16_t unit_cost[DL_MODES];

/* Modes for tables of ELF programs are tried only where there is one. */
static bool is_possible(const struct program *p, int mode, uint32_t from, uint32_t n)
{
        uint32_t first = from / DL_REGION_UNIT, last = (from + n - 1) / DL_REGION_UNIT;

        return mode <= DL_MODE_OFF32 || memchr(p->from.known + first, mode, last - first + 1);
}

/* The known modes' cost before any copy is looked at: what nothing is copied from keeps them. */
static void price_known(const struct program *p, unit_cost *costs, uint32_t units)
{
        for (uint32_t i = 0; i < units; i++) {
                uint8_t known = p->from.known[i];
                for (int mode = 0; mode < DL_MODES; mode++) {
                        costs[i][mode] = known != DL_MODE_RAW && mode != known;
                        if (mode > DL_MODE_OFF32 && mode != known)
                                costs[i][mode] = ELSEWHERE;
                }
        }
}

/* Wrong bytes of one piece of a copy, by mode, added to the units of the old image. */
static void price_piece(const struct program *p, const struct dl_copy *c, uint32_t to,
                        uint32_t from, uint32_t n, unit_cost *costs)
{
        uint32_t lead = from < DL_WINDOW_LEAD ? from : DL_WINDOW_LEAD;
        uint32_t left = p->from.size - from - n;
        uint8_t bytes[DL_WINDOW_MAX];
        struct dl_window w = {bytes, 0, from - lead, (int64_t)to - from, c};

        w.size = lead + n + (left < DL_WINDOW_TAIL ? left : DL_WINDOW_TAIL);
        for (int mode = 0; mode < DL_MODES; mode++) {
                if (!is_possible(p, mode, from, n))
                        continue;
                memcpy(bytes, p->from.bytes + w.from, w.size);
                dl_refs_predict_mode(&p->refs, &w, (enum dl_mode_id)mode, lead, lead + n);
                for (uint32_t i = 0; i < n; i++) {
                        uint16_t *cost = &costs[(from + i) / DL_REGION_UNIT][mode];
                        if (bytes[lead + i] != p->to.bytes[to + i] && *cost < UINT16_MAX)
                                ++*cost;
                }
        }
}

static void price_copies(const struct program *p, unit_cost *costs, uint32_t units)
{
        price_known(p, costs, units);
        for (uint32_t i = 0; i < p->map.count; i++) {
                const struct dl_copy *c = &p->map.copies[i];
                for (uint32_t at = 0; at < c->length;) {
                        uint32_t n = DL_PIECE - (c->to + at) % DL_PIECE;
                        if (n > c->length - at)
                                n = c->length - at;
                        price_piece(p, c, c->to + at, c->from + at, n, costs);
                        at += n;
                }
        }
}

/* The cheapest sequence of modes when each change costs SWITCH (Viterbi's way). */
static sg_err cheapest(const unit_cost *costs, uint32_t count, uint8_t *modes)
{
        uint8_t(*back)[DL_MODES] = malloc((size_t)count * sizeof(*back));
        uint32_t sum[DL_MODES] = {0};

        if (!back)
                return SG_E_NO_MEMORY;
        for (uint32_t i = 0; i < count; i++) {
                int best = 0;
                for (int m = 1; m < DL_MODES; m++)
                        best = sum[m] < sum[best] ? m : best;
                uint32_t change = sum[best] + SWITCH;
                for (int m = 0; m < DL_MODES; m++) {
                        back[i][m] = (uint8_t)(sum[m] <= change ? m : best);
                        sum[m] = (sum[m] <= change ? sum[m] : change) + costs[i][m];
                }
        }
        int mode = 0;
        for (int m = 1; m < DL_MODES; m++)
                mode = sum[m] < sum[mode] ? m : mode;
        for (uint32_t i = count; i-- > 0;) {
                modes[i] = (uint8_t)mode;
                mode = back[i][mode];
        }
        free(back);
        return SG_OK;
}

/* The new units take the modes of what they are copied from; the rest that of their neighbour. */
static void carry_modes(struct program *p)
{
        uint8_t mode = DL_MODE_RAW;
        uint32_t unit = 0, units = p->to.size / DL_REGION_UNIT + 1;

        for (uint32_t i = 0; i < p->map.count; i++) {
                const struct dl_copy *c = &p->map.copies[i];
                for (; unit * DL_REGION_UNIT < c->to && unit < units; unit++)
                        p->to.modes[unit] = mode;
                for (; unit * DL_REGION_UNIT < c->to + c->length && unit < units; unit++) {
                        uint32_t at = unit * DL_REGION_UNIT - c->to + c->from;
                        mode = p->from.modes[at / DL_REGION_UNIT];
                        p->to.modes[unit] = mode;
                }
        }
        for (; unit < units; unit++)
                p->to.modes[unit] = mode;
}

static sg_err list_regions(struct program *p)
{
        uint32_t units = p->from.size / DL_REGION_UNIT + 1, count = 1;

        for (uint32_t i = 1; i < units; i++)
                count += p->from.modes[i] != p->from.modes[i - 1];
        free(p->refs.regions);
        p->refs.regions = malloc(count * sizeof(*p->refs.regions));
        if (!p->refs.regions)
                return SG_E_NO_MEMORY;
        p->refs.region_count = 0;
        for (uint32_t i = 0; i < units; i++) {
                if (i == 0 || p->from.modes[i] != p->from.modes[i - 1])
                        p->refs.regions[p->refs.region_count++] =
                                (struct dl_region){i * DL_REGION_UNIT, p->from.modes[i]};
        }
        return SG_OK;
}

/* What the objects save, for the choice of those that are worth their memory. */
static sg_err price_objects(struct program *p, const unit_cost *costs)
{
        const struct dl_objects *all = &p->refs.objects;

        free(p->saved);
        p->saved = calloc(all->count + 1u, sizeof(*p->saved));
        for (uint32_t i = 0; p->saved && i < all->count; i++) {
                const struct object *o = &all->list[i];
                uint32_t last = (o->from_end - 1) / DL_REGION_UNIT;
                for (uint32_t u = o->from / DL_REGION_UNIT; u <= last; u++) {
                        if (p->from.modes[u] == DL_MODE_OBJECTS &&
                            costs[u][DL_MODE_RAW] > costs[u][DL_MODE_OBJECTS])
                                p->saved[i] +=
                                        (uint32_t)costs[u][DL_MODE_RAW] - costs[u][DL_MODE_OBJECTS];
                }
        }
        return p->saved ? SG_OK : SG_E_NO_MEMORY;
}

/* Wrong bytes that a program's rows must save. */
#define PROGRAM_COST 32

/* What a unit's mode saves, if it needs a program. */
static int32_t saving(const struct program *p, const unit_cost *costs, uint32_t unit)
{
        uint8_t mode = p->from.modes[unit];

        return mode == DL_MODE_OBJECTS ? 0 : costs[unit][DL_MODE_RAW] - costs[unit][mode];
}

static bool is_needed(const struct program *p, const struct dl_program *program)
{
        for (uint32_t i = 0; i < p->anchors.count; i++) {
                for (uint32_t k = program->row; k < program->row + program->rows; k++) {
                        const struct dl_span *s = &p->refs.rows[k].from;
                        if (p->anchors.list[i] - s->at < s->size) /* it wraps before the row */
                                return true;
                }
        }
        return false;
}

/* Programs whose modes save little are programs no more, unless models count from them. */
static sg_err drop_idle(struct program *p, const unit_cost *costs)
{
        bool *keep = calloc(p->refs.program_count + 1u, sizeof(*keep));

        if (!keep)
                return SG_E_NO_MEMORY;
        for (uint32_t i = 0; i < p->refs.program_count; i++) {
                const struct dl_program *program = &p->refs.programs[i];
                const struct dl_row *first = &p->refs.rows[program->row];
                const struct dl_span *end = &first[program->rows - 1].from;
                uint32_t unit = first->from.at / DL_REGION_UNIT;
                uint32_t stop = (end->at + end->size - 1) / DL_REGION_UNIT + 1;
                int64_t saved = 0;
                for (uint32_t u = unit; u < stop; u++)
                        saved += saving(p, costs, u);
                keep[i] = saved >= PROGRAM_COST || is_needed(p, program);
                for (uint32_t u = unit; !keep[i] && u < stop; u++) {
                        if (p->from.modes[u] != DL_MODE_OBJECTS)
                                p->from.modes[u] = DL_MODE_RAW;
                }
        }
        sg_err e = program_keep(p, keep);
        free(keep);
        return e;
}

sg_err program_choose_modes(struct program *p, bool last)
{
        uint32_t units = p->from.size / DL_REGION_UNIT + 1;
        unit_cost *costs = calloc(units, sizeof(*costs));

        if (!costs)
                return SG_E_NO_MEMORY;
        price_copies(p, costs, units);
        sg_err err = cheapest((const unit_cost *)costs, units, p->from.modes);
        if (!err && last)
                err = drop_idle(p, (const unit_cost *)costs);
        if (!err && last)
                err = price_objects(p, (const unit_cost *)costs);
        free(costs);
        if (err)
                return err;
        carry_modes(p);
        return list_regions(p);
}
