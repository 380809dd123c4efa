/* SPDX-License-Identifier: Apache-2.0 */
/* Which new program was which old one. */
#include "delta/create/program.h"

#include <stdlib.h>

#define NONE UINT32_MAX

struct pairing {
        const struct view *from, *to;
        uint32_t *old;    /* [new programs] the old program most of it is copied from, or NONE */
        uint64_t *bytes;  /* how much that is */
        uint64_t *chain;  /* the most bytes of a rising chain of pairs that ends here */
        uint32_t *before; /* the pair before in that chain, or NONE */
        uint64_t *votes;  /* [old programs] scratch */
};

static uint32_t start_of(const struct view *v, uint32_t program)
{
        return v->spans[v->programs[program].span].at;
}

static uint32_t end_of(const struct view *v, uint32_t program)
{
        const struct view_program *p = &v->programs[program];
        const struct dl_span *last = &v->spans[p->span + p->spans - 1];

        return last->at + last->size;
}

/* The first program that ends above a position. */
static uint32_t program_at(const struct view *v, uint32_t position)
{
        uint32_t low = 0, high = v->program_count;

        while (low < high) {
                uint32_t mid = low + (high - low) / 2;
                if (end_of(v, mid) > position)
                        high = mid;
                else
                        low = mid + 1;
        }
        return low;
}

static void vote(struct pairing *p, uint32_t program, const struct copies *copies, uint32_t *next)
{
        uint32_t start = start_of(p->to, program), end = end_of(p->to, program);

        memset(p->votes, 0, p->from->program_count * sizeof(*p->votes));
        while (*next < copies->count &&
               copies->list[*next].to + copies->list[*next].length <= start)
                ++*next;
        for (uint32_t i = *next; i < copies->count && copies->list[i].to < end; i++) {
                const struct dl_copy *c = &copies->list[i];
                /* Only what it makes of this program: a copy may lead over many. */
                uint32_t first = c->to > start ? c->to : start;
                uint32_t last = c->to + c->length < end ? c->to + c->length : end;
                uint32_t middle = c->from + (first - c->to) + (last - first) / 2;
                uint32_t old = program_at(p->from, middle);
                if (old < p->from->program_count && start_of(p->from, old) <= middle)
                        p->votes[old] += last - first;
        }
        p->old[program] = NONE;
        p->bytes[program] = 0;
        for (uint32_t i = 0; i < p->from->program_count; i++) {
                if (p->votes[i] > p->bytes[program]) {
                        p->bytes[program] = p->votes[i];
                        p->old[program] = i;
                }
        }
}

/* Keep the pairs of the heaviest rising chain. */
static void keep_rising(struct pairing *p)
{
        uint32_t count = p->to->program_count, last = NONE;

        for (uint32_t i = 0; i < count; i++) {
                p->chain[i] = 0;
                p->before[i] = NONE;
                if (p->old[i] == NONE)
                        continue;
                for (uint32_t k = 0; k < i; k++) {
                        if (p->old[k] != NONE && p->old[k] < p->old[i] &&
                            p->chain[k] > p->chain[i]) {
                                p->chain[i] = p->chain[k];
                                p->before[i] = k;
                        }
                }
                p->chain[i] += p->bytes[i];
                if (last == NONE || p->chain[i] > p->chain[last])
                        last = i;
        }
        for (uint32_t i = count; i-- > 0;) {
                if (i != last)
                        p->old[i] = NONE;
                else
                        last = p->before[i];
        }
}

static sg_err find_pairs(struct pairing *p, const struct copies *copies)
{
        uint32_t next = 0;

        for (uint32_t i = 0; i < p->to->program_count; i++)
                vote(p, i, copies, &next);
        if (p->from->program_count == 1 && p->to->program_count == 1)
                p->old[0] = 0;
        keep_rising(p);
        return SG_OK;
}

/* Unknown addresses are tried as if the program stood at 0; the choice of modes will tell. */
static uint64_t known(uint64_t va)
{
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
static void add_rows(struct dl_refs *r, const struct pairing *p, uint32_t program)
{
        const struct view_program *to = &p->to->programs[program];
        const struct view_program *from = &p->from->programs[p->old[program]];
        struct dl_program *added = &r->programs[r->program_count];

        *added = (struct dl_program){known(from->va), known(to->va), r->row_count, 0,
                                     DL_NO_ROW,       DL_NO_ROW};
        for (uint32_t i = 0, next = 0; i < to->spans; i++) {
                uint32_t k = same_table(from, next, to->tables[i]);
                if (k == from->spans)
                        continue;
                if (to->tables[i] == TABLE_SYMBOLS)
                        added->symbols = r->row_count;
                if (to->tables[i] == TABLE_STRINGS)
                        added->strings = r->row_count;
                r->rows[r->row_count++] = (struct dl_row){
                        p->from->spans[from->span + k],
                        p->to->spans[to->span + i],
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

sg_err program_pair(struct program *program, const struct copies *copies)
{
        struct pairing p = {.from = &program->from, .to = &program->to};
        struct dl_refs *r = &program->refs;
        uint32_t old = p.from->program_count, new = p.to->program_count;
        sg_err e = SG_E_NO_MEMORY;

        p.old = calloc(new + 1u, sizeof(*p.old));
        p.bytes = calloc(new + 1u, sizeof(*p.bytes));
        p.chain = calloc(new + 1u, sizeof(*p.chain));
        p.before = calloc(new + 1u, sizeof(*p.before));
        p.votes = calloc(old + 1u, sizeof(*p.votes));
        r->rows = calloc(p.to->span_count + 1u, sizeof(*r->rows));
        r->programs = calloc(new + 1u, sizeof(*r->programs));
        if (p.old && p.bytes && p.chain && p.before && p.votes && r->rows && r->programs)
                e = find_pairs(&p, copies);
        for (uint32_t i = 0; !e && i < new; i++) {
                if (p.old[i] != NONE)
                        add_rows(r, &p, i);
        }
        free(p.old);
        free(p.bytes);
        free(p.chain);
        free(p.before);
        free(p.votes);
        return e ? e : program_follow_rows(program);
}
