// SPDX-License-Identifier: Apache-2.0
#include "hv/mm/pgtable.h"

#include <stddef.h>
#include <string.h>

/*
 * While a change is committed, an entry that was live and will differ keeps its value but for the
 * valid bit, which is all that hardware looks at. So nothing has to be remembered elsewhere: after
 * the flush the second pass finds the table to free or the block to split in the entry itself.
 *
 *   bits 1:0   11 live table or page, 01 live block, 10 broken table or page, 00 broken block or 0
 */

static unsigned level_shift(unsigned level)
{
        return 39 - 9 * level;
}

static uint64_t level_span(unsigned level)
{
        return UINT64_C(1) << level_shift(level);
}

static bool is_table(uint64_t e, unsigned level)
{
        return level < 3 && (e & (PT_VALID | PT_TABLE)) == (PT_VALID | PT_TABLE);
}

static bool is_broken_table(uint64_t e, unsigned level)
{
        return level < 3 && (e & (PT_VALID | PT_TABLE)) == PT_TABLE;
}

static bool is_leaf(uint64_t e, unsigned level)
{
        return (e & PT_VALID) && !is_table(e, level);
}

/* The root may be several tables wide, so it is indexed by all the bits that are left. */
static size_t entry_index(const struct pgtable *pt, unsigned level, uint64_t ia)
{
        uint64_t index = ia >> level_shift(level);

        return (size_t)(level == pt->start_level ? index : index % PT_ENTRIES);
}

static uint64_t *child_of(const struct pgtable *pt, uint64_t e)
{
        return pt->ops->to_va(pt->ctx, e & PT_ADDR);
}

/* The end of the part of [ia, end) that lies under one entry of this level. */
static uint64_t part_end(unsigned level, uint64_t ia, uint64_t end)
{
        uint64_t next = (ia | (level_span(level) - 1)) + 1;

        return next < end ? next : end;
}

static uint64_t leaf_oa(const struct pgtable_change *c, uint64_t ia)
{
        return c->oa + (ia - c->ia);
}

/* Whether the change turns the entry of [ia, end) as a whole into a leaf, or into nothing. */
static bool settles(const struct pgtable_change *c, unsigned level, uint64_t ia, uint64_t end)
{
        if (level == 3)
                return true;
        if (end - ia != level_span(level))
                return false;
        return !c->map || (level == 2 && leaf_oa(c, ia) % PT_BLOCK_SIZE == 0);
}

static uint64_t leaf(uint64_t oa, uint64_t attr, unsigned level)
{
        return oa | attr | PT_VALID | (level == 3 ? PT_TABLE : 0);
}

/* How many tables the change needs below an entry; table is NULL where there is none yet, and then
 * all its entries are like `inherited`: part of a block, or 0. */
static size_t count_tables(const struct pgtable *pt, const struct pgtable_change *c,
                           const uint64_t *table, uint64_t inherited, unsigned level, uint64_t ia,
                           uint64_t end)
{
        size_t n = 0;

        for (uint64_t next; ia < end; ia = next) {
                uint64_t e = table ? table[entry_index(pt, level, ia)] : inherited;

                next = part_end(level, ia, end);
                if (settles(c, level, ia, next))
                        continue;
                if (is_table(e, level))
                        n += count_tables(pt, c, child_of(pt, e), 0, level + 1, ia, next);
                else if (c->map || e != 0)
                        n += 1 + count_tables(pt, c, NULL, e, level + 1, ia, next);
        }
        return n;
}

static void *take(struct pgtable_change *c)
{
        void *page = c->reserve;

        memcpy(&c->reserve, page, sizeof(c->reserve));
        memset(page, 0, sizeof(c->reserve));
        return page;
}

static bool set_aside(struct pgtable *pt, struct pgtable_change *c, size_t pages)
{
        for (; pages > 0; pages--) {
                void *page = pt->ops->alloc(pt->ctx);

                if (!page)
                        return false;
                memcpy(page, &c->reserve, sizeof(c->reserve));
                c->reserve = page;
        }
        return true;
}

void pgtable_abandon(struct pgtable *pt, struct pgtable_change *c)
{
        while (c->reserve)
                pt->ops->free(pt->ctx, take(c));
}

static sg_err prepare(struct pgtable *pt, struct pgtable_change *c, uint64_t size)
{
        uint64_t ia_size = UINT64_C(1) << pt->ia_bits;
        uint64_t oa_size = UINT64_C(1) << pt->oa_bits;

        if (size == 0 || (c->ia | c->oa | size) % PT_PAGE_SIZE != 0)
                return SG_E_BAD_ARGUMENT;
        if (size > ia_size || c->ia > ia_size - size)
                return SG_E_BAD_ARGUMENT;
        if (c->map && (size > oa_size || c->oa > oa_size - size))
                return SG_E_BAD_ARGUMENT;
        c->end = c->ia + size;
        if (set_aside(pt, c, count_tables(pt, c, pt->root, 0, pt->start_level, c->ia, c->end)))
                return SG_OK;
        pgtable_abandon(pt, c);
        return SG_E_NO_MEMORY;
}

sg_err pgtable_prepare_map(struct pgtable *pt, struct pgtable_change *c, uint64_t ia, uint64_t oa,
                           uint64_t size, uint64_t attr)
{
        *c = (struct pgtable_change){.ia = ia, .oa = oa, .attr = attr & PT_ATTR, .map = true};
        return prepare(pt, c, size);
}

sg_err pgtable_prepare_unmap(struct pgtable *pt, struct pgtable_change *c, uint64_t ia,
                             uint64_t size)
{
        *c = (struct pgtable_change){.ia = ia};
        return prepare(pt, c, size);
}

/* First pass: takes the valid bit off every live entry that will differ. */
static bool break_entries(struct pgtable *pt, const struct pgtable_change *c, uint64_t *table,
                          unsigned level, uint64_t ia, uint64_t end)
{
        bool broken = false;

        for (uint64_t next; ia < end; ia = next) {
                uint64_t *e = &table[entry_index(pt, level, ia)];

                next = part_end(level, ia, end);
                if (!(*e & PT_VALID))
                        continue;
                if (settles(c, level, ia, next) || is_leaf(*e, level)) {
                        pt->ops->write(pt->ctx, e, *e & ~PT_VALID);
                        broken = true;
                } else {
                        broken |= break_entries(pt, c, child_of(pt, *e), level + 1, ia, next);
                }
        }
        return broken;
}

static void free_tables(struct pgtable *pt, uint64_t *table, unsigned level)
{
        if (level < 3)
                for (size_t i = 0; i < PT_ENTRIES; i++)
                        if (is_table(table[i], level))
                                free_tables(pt, child_of(pt, table[i]), level + 1);
        pt->ops->free(pt->ctx, table);
}

static void make_entries(struct pgtable *pt, struct pgtable_change *c, uint64_t *table,
                         unsigned level, uint64_t ia, uint64_t end);

/* A table in the place of a broken block (which it first repeats in smaller leaves) or of nothing.
 */
static void make_table(struct pgtable *pt, struct pgtable_change *c, uint64_t *entry,
                       unsigned level, uint64_t ia, uint64_t end)
{
        uint64_t *table = take(c);

        if (*entry != 0) {
                uint64_t oa = *entry & PT_ADDR;

                for (size_t i = 0; i < PT_ENTRIES; i++, oa += level_span(level + 1))
                        table[i] = leaf(oa, *entry & PT_ATTR, level + 1);
                /* Not live yet: nothing can have been cached, so there is nothing to flush. */
                break_entries(pt, c, table, level + 1, ia, end);
        }
        make_entries(pt, c, table, level + 1, ia, end);
        pt->ops->publish(pt->ctx);
        pt->ops->write(pt->ctx, entry, pt->ops->to_pa(pt->ctx, table) | PT_VALID | PT_TABLE);
}

/* Second pass, behind the flush: frees what was cut off and writes the new entries. */
static void make_entries(struct pgtable *pt, struct pgtable_change *c, uint64_t *table,
                         unsigned level, uint64_t ia, uint64_t end)
{
        for (uint64_t next; ia < end; ia = next) {
                uint64_t *e = &table[entry_index(pt, level, ia)];

                next = part_end(level, ia, end);
                if (settles(c, level, ia, next)) {
                        if (is_broken_table(*e, level))
                                free_tables(pt, child_of(pt, *e), level + 1);
                        pt->ops->write(pt->ctx, e,
                                       c->map ? leaf(leaf_oa(c, ia), c->attr, level) : 0);
                } else if (is_table(*e, level)) {
                        make_entries(pt, c, child_of(pt, *e), level + 1, ia, next);
                } else if (c->map || *e != 0) {
                        make_table(pt, c, e, level, ia, next);
                }
        }
}

void pgtable_commit(struct pgtable *pt, struct pgtable_change *c)
{
        if (break_entries(pt, c, pt->root, pt->start_level, c->ia, c->end))
                pt->ops->flush(pt->ctx, c->ia, c->end - c->ia);
        make_entries(pt, c, pt->root, pt->start_level, c->ia, c->end);
        pt->ops->publish(pt->ctx);
        pgtable_abandon(pt, c);
}

void pgtable_init(struct pgtable *pt, uint64_t *root, unsigned start_level, unsigned ia_bits,
                  unsigned oa_bits, const struct pgtable_ops *ops, void *ctx)
{
        pt->root = root;
        pt->start_level = start_level;
        pt->ia_bits = ia_bits;
        pt->oa_bits = oa_bits;
        pt->ops = ops;
        pt->ctx = ctx;
}

static size_t root_entries(unsigned start_level, unsigned ia_bits)
{
        unsigned shift = level_shift(start_level);

        return ia_bits > shift ? (size_t)1 << (ia_bits - shift) : 1;
}

unsigned pgtable_root_pages(unsigned start_level, unsigned ia_bits)
{
        return (unsigned)((root_entries(start_level, ia_bits) + PT_ENTRIES - 1) / PT_ENTRIES);
}

void pgtable_clear(struct pgtable *pt)
{
        size_t entries = root_entries(pt->start_level, pt->ia_bits);

        for (size_t i = 0; i < entries; i++) {
                if (is_table(pt->root[i], pt->start_level))
                        free_tables(pt, child_of(pt, pt->root[i]), pt->start_level + 1);
                pt->ops->write(pt->ctx, &pt->root[i], 0);
        }
        pt->ops->publish(pt->ctx);
}

bool pgtable_lookup(const struct pgtable *pt, uint64_t ia, struct pgtable_run *run)
{
        const uint64_t *table = pt->root;

        if (ia >> pt->ia_bits)
                return false;
        for (unsigned level = pt->start_level; level <= 3; level++) {
                uint64_t e = table[entry_index(pt, level, ia)];

                if (is_leaf(e, level)) {
                        *run = (struct pgtable_run){.ia = ia & ~(level_span(level) - 1),
                                                    .oa = e & PT_ADDR,
                                                    .size = level_span(level),
                                                    .attr = e & PT_ATTR,
                                                    .block = level < 3};
                        return true;
                }
                if (!is_table(e, level))
                        return false;
                table = child_of(pt, e);
        }
        return false;
}

struct walk {
        bool (*visit)(void *ctx, const struct pgtable_run *run);
        void *ctx;
        struct pgtable_run run; /* not yet handed out; size 0 when there is none */
};

static bool walk_leaf(struct walk *w, uint64_t ia, uint64_t e, unsigned level)
{
        struct pgtable_run *r = &w->run;
        struct pgtable_run done = *r;

        if (r->size != 0 && ia == r->ia + r->size && (e & PT_ADDR) == r->oa + r->size &&
            (e & PT_ATTR) == r->attr && (level < 3) == r->block) {
                r->size += level_span(level);
                return true;
        }
        *r = (struct pgtable_run){.ia = ia,
                                  .oa = e & PT_ADDR,
                                  .size = level_span(level),
                                  .attr = e & PT_ATTR,
                                  .block = level < 3};
        return done.size == 0 || w->visit(w->ctx, &done);
}

static bool walk_table(const struct pgtable *pt, struct walk *w, const uint64_t *table,
                       size_t entries, unsigned level, uint64_t ia)
{
        for (size_t i = 0; i < entries; i++, ia += level_span(level)) {
                uint64_t e = table[i];

                if (is_table(e, level)) {
                        if (!walk_table(pt, w, child_of(pt, e), PT_ENTRIES, level + 1, ia))
                                return false;
                } else if (is_leaf(e, level)) {
                        if (!walk_leaf(w, ia, e, level))
                                return false;
                }
        }
        return true;
}

void pgtable_walk(const struct pgtable *pt, bool (*visit)(void *ctx, const struct pgtable_run *run),
                  void *ctx)
{
        struct walk w = {.visit = visit, .ctx = ctx};
        size_t entries = root_entries(pt->start_level, pt->ia_bits);

        if (walk_table(pt, &w, pt->root, entries, pt->start_level, 0) && w.run.size != 0)
                visit(ctx, &w.run);
}
