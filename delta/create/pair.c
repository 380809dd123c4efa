/* SPDX-License-Identifier: Apache-2.0 */
/* Which new program was which old one. */
#include "delta/create/extents.h"
#include "delta/create/program.h"

#include <stdlib.h>

/*
 * Where a program runs, or its other version. Unknown addresses are tried as if it stood at 0; the
 * choice of modes will tell.
 */
static uint64_t known(uint64_t va, uint64_t other)
{
        if (va == VA_UNKNOWN)
                va = other;
        return va == VA_UNKNOWN ? 0 : va;
}

/* The next old span, from k on, that begins as a new one does. */
static uint32_t same_table(const struct view_program *from, uint32_t k, uint8_t table)
{
        while (k < from->spans && from->tables[k] != table)
                k++;
        return k;
}

/* Both programs' spans, as far as they go, become rows. */
static void add_rows(struct program *p, uint32_t old, uint32_t new)
{
        const struct view_program *from = &p->from.programs[old], *to = &p->to.programs[new];
        struct dl_refs *r = &p->refs;
        struct dl_program *added = &r->programs[r->program_count];

        *added = (struct dl_program){known(from->va, to->va),
                                     known(to->va, from->va),
                                     r->row_count,
                                     0,
                                     DL_NO_ROW,
                                     DL_NO_ROW};
        for (uint32_t i = 0, next = 0; i < to->spans; i++) {
                uint32_t k = same_table(from, next, to->tables[i]);
                if (k == from->spans)
                        continue;
                if (to->tables[i] == TABLE_SYMBOLS)
                        added->symbols = r->row_count;
                if (to->tables[i] == TABLE_STRINGS)
                        added->strings = r->row_count;
                r->rows[r->row_count++] = (struct dl_row){
                        p->from.spans[from->span + k],
                        p->to.spans[to->span + i],
                        r->program_count,
                };
                next = k + 1;
        }
        added->rows = r->row_count - added->row;
        r->program_count += added->rows > 0;
}

static bool follow(struct view *v, const struct dl_refs *r, bool old)
{
        struct dl_span spans[DL_PROGRAM_ROWS];
        bool fine = true;

        view_clear(v);
        for (uint32_t i = 0; fine && i < r->program_count; i++) {
                const struct dl_program *p = &r->programs[i];
                struct view_program program = {.spans = p->rows};
                program.va = old ? p->from_va : p->to_va;
                if (p->symbols != DL_NO_ROW)
                        program.tables[p->symbols - p->row] = TABLE_SYMBOLS;
                if (p->strings != DL_NO_ROW)
                        program.tables[p->strings - p->row] = TABLE_STRINGS;
                for (uint32_t k = 0; k < p->rows; k++)
                        spans[k] = old ? r->rows[p->row + k].from : r->rows[p->row + k].to;
                fine = view_add(v, program, spans);
        }
        return fine;
}

sg_err program_follow_rows(struct program *p)
{
        dl_refs_set_tails(&p->refs);
        bool fine = follow(&p->from, &p->refs, true) && follow(&p->to, &p->refs, false);
        return fine ? SG_OK : SG_E_NO_MEMORY;
}

sg_err program_keep(struct program *p, const bool *keep)
{
        struct dl_refs *r = &p->refs;
        uint32_t programs = 0, rows = 0;

        for (uint32_t i = 0; i < r->program_count; i++) {
                struct dl_program kept = r->programs[i];
                if (!keep[i])
                        continue;
                memmove(&r->rows[rows], &r->rows[kept.row], kept.rows * sizeof(*r->rows));
                for (uint32_t k = 0; k < kept.rows; k++)
                        r->rows[rows + k].program = programs;
                kept.symbols -= kept.symbols == DL_NO_ROW ? 0 : kept.row - rows;
                kept.strings -= kept.strings == DL_NO_ROW ? 0 : kept.row - rows;
                kept.row = rows;
                rows += kept.rows;
                r->programs[programs++] = kept;
        }
        r->program_count = programs;
        r->row_count = rows;
        return program_follow_rows(p);
}

/*
 * Where the programs of a view stand; kernels are a pair where models count from them. False
 * without memory.
 */
static bool list_extents(const struct view *v, bool anchored, struct extents *e)
{
        e->pinned = anchored && v->image != NO_IMAGE;
        e->pin = v->image;
        e->list = calloc(v->program_count + 1u, sizeof(*e->list));
        e->count = v->program_count;
        for (uint32_t i = 0; e->list && i < e->count; i++) {
                const struct view_program *p = &v->programs[i];
                const struct dl_span *first = &v->spans[p->span], *last = first + p->spans - 1;
                e->list[i] = (struct extent){first->at, last->at + last->size};
        }
        return e->list != NULL;
}

sg_err program_pair(struct program *p, const struct copies *copies)
{
        uint32_t count = p->to.program_count;
        uint32_t *old = calloc(count + 1u, sizeof(*old));
        struct extents from = {0}, to = {0};
        bool anchored = p->anchors.count > 0;
        sg_err e = SG_E_NO_MEMORY;

        p->refs.rows = calloc(p->to.span_count + 1u, sizeof(*p->refs.rows));
        p->refs.programs = calloc(count + 1u, sizeof(*p->refs.programs));
        if (old && p->refs.rows && p->refs.programs && list_extents(&p->from, anchored, &from) &&
            list_extents(&p->to, anchored, &to))
                e = extents_pair(&from, &to, copies, old);
        for (uint32_t i = 0; !e && i < count; i++) {
                if (old[i] != NO_EXTENT)
                        add_rows(p, old[i], i);
        }
        free(from.list);
        free(to.list);
        free(old);
        return e ? e : program_follow_rows(p);
}
