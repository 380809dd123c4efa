// SPDX-License-Identifier: Apache-2.0
/*
 * Two rules carry this file; docs/boot-state.md argues for them at length.
 *
 * 1. The block of highest generation that holds a sealed record of every guest is the base: its
 * newest sealed records are the boot state. Nothing else counts.
 * 2. Only a block that was erased since power-on is programmed. What a cut left behind, even where
 * it reads as blank, is never programmed on top of.
 */
#include "bootflow/journal.h"

#include <string.h>

#include "bootflow/record.h"

/* What a scan found in one block. */
struct view {
        bool blank;        /* its first entry is */
        bool known;        /* a record was readable: generation and guests are its */
        bool unsettled;    /* the last record was cut before it was acknowledged */
        bool hole;         /* a sealed record stands behind something else */
        bool was_complete; /* a settled record stands where the last guest's, or a later one, did */
        bool later;        /* a record of a later format */
        uint32_t generation; /* of its records */
        uint32_t guests;     /* that it should hold */
        uint32_t seen;       /* guests whose records it holds */
        uint32_t cut;        /* the guest of the last record, when that is whole but not sealed */
        uint32_t entries;    /* sealed records from its beginning on */
        uint64_t sequence;   /* of the last of them */
};

static uint32_t entries_per_block(const struct bf_flash *f)
{
        return f->erase_size / BF_ENTRY_SIZE;
}

static bool is_power_of_two(uint32_t n)
{
        return n != 0 && (n & (n - 1)) == 0;
}

static sg_err check_geometry(const struct bf_flash *f)
{
        bool good = is_power_of_two(f->erase_size) && f->erase_size >= 4096 && f->blocks >= 2 &&
                    f->blocks <= BF_BLOCKS_MAX && is_power_of_two(f->unit) &&
                    f->unit <= BF_SEAL_SIZE;

        return good ? SG_OK : SG_E_STATE_GEOMETRY;
}

/* Of two readings of an entry, what can be relied on: the weaker. */
static enum bf_entry weaker(enum bf_entry a, enum bf_entry b)
{
        if (a != b && (a < BF_ENTRY_UNSEALED || b < BF_ENTRY_UNSEALED))
                return BF_ENTRY_BROKEN;
        return a < b ? a : b;
}

/* Bits that a cut left between 0 and 1 may read differently each time. */
static sg_err read_entry(const struct bf_flash *f, uint32_t block, uint32_t index,
                         struct bf_record *r, enum bf_entry *kind)
{
        uint8_t first[BF_ENTRY_SIZE], second[BF_ENTRY_SIZE];
        uint32_t offset = index * BF_ENTRY_SIZE;

        sg_err e = f->read(f->ctx, block, offset, first, sizeof(first));
        if (!e)
                e = f->read(f->ctx, block, offset, second, sizeof(second));
        if (e)
                return e;
        *kind = weaker(bf_record_decode(second, r), bf_record_decode(first, r));
        if (memcmp(first, second, BF_BODY_SIZE) != 0)
                *kind = BF_ENTRY_BROKEN;
        return SG_OK;
}

/* Does the record continue what the block held so far? */
static bool continues(const struct view *v, const struct bf_record *r)
{
        if (v->entries == 0)
                return true;
        return r->generation == v->generation && r->guests == v->guests &&
               r->sequence == v->sequence + 1;
}

static uint32_t count_bits(uint32_t mask)
{
        uint32_t n = 0;

        for (; mask; mask &= mask - 1)
                n++;
        return n;
}

static void view_sealed(struct view *v, enum bf_entry kind, const struct bf_record *r,
                        uint32_t index)
{
        if (kind == BF_ENTRY_SETTLED && index + 1 >= count_bits(r->guests))
                v->was_complete = true;
        if (index != v->entries || !continues(v, r)) {
                v->hole = true;
                return;
        }
        v->seen |= 1u << r->vm;
        v->sequence = r->sequence;
        v->entries++;
}

static void view_entry(struct view *v, enum bf_entry kind, const struct bf_record *r,
                       uint32_t index)
{
        v->cut = 0;
        if (kind >= BF_ENTRY_SEALED)
                view_sealed(v, kind, r, index);
        if (kind == BF_ENTRY_UNSEALED && index == v->entries && continues(v, r))
                v->cut = 1u << r->vm;
        if (kind == BF_ENTRY_LATER)
                v->later = true;
        v->unsettled = kind == BF_ENTRY_UNSEALED || kind == BF_ENTRY_SEALED;
        if (kind >= BF_ENTRY_UNSEALED && !v->known) {
                v->known = true;
                v->generation = r->generation;
                v->guests = r->guests;
        }
}

static sg_err view_block(const struct bf_flash *f, uint32_t block, struct view *v)
{
        struct bf_record r;
        enum bf_entry kind;

        *v = (struct view){.blank = false};
        for (uint32_t i = 0; i < entries_per_block(f); i++) {
                sg_err e = read_entry(f, block, i, &r, &kind);
                if (e)
                        return e;
                if (kind == BF_ENTRY_BLANK) {
                        v->blank = i == 0;
                        return SG_OK;
                }
                view_entry(v, kind, &r, i);
        }
        return SG_OK;
}

static const struct view *newest(const struct view *views, uint32_t blocks,
                                 bool (*fits)(const struct view *v))
{
        const struct view *best = NULL;

        for (uint32_t b = 0; b < blocks; b++)
                if (fits(&views[b]) && (!best || views[b].generation > best->generation))
                        best = &views[b];
        return best;
}

static bool is_complete(const struct view *v)
{
        return v->known && !v->hole && v->seen == v->guests;
}

/* A block that a mount took for complete by a seal in doubt, so that its predecessor was being
 * erased when the power went, and whose seal is now unreadable: it is all there is, and its last
 * body is whole, or its seal would not have been begun. */
static bool is_complete_but_for_a_seal(const struct view *v)
{
        return v->known && !v->hole && v->cut && (v->seen | v->cut) == v->guests;
}

/* A block that was complete is not erased before a newer one is. So a hole in one that is not
 * older than the base is no interrupted erase: an acknowledged record was lost. */
static bool is_damaged(const struct view *v, const struct view *base)
{
        return v->hole && v->was_complete && (!base || v->generation > base->generation);
}

/* The base, or why there is none that can be trusted. */
static sg_err choose_base(const struct view *views, uint32_t blocks, const struct view **base)
{
        const struct view *best = newest(views, blocks, is_complete);
        bool blank = true, damaged = false;

        for (uint32_t b = 0; b < blocks; b++) {
                const struct view *v = &views[b];
                if (v->later)
                        return SG_E_STATE_FORMAT;
                blank = blank && v->blank;
                damaged = damaged || is_damaged(v, best);
        }
        if (!best && blank)
                return SG_E_STATE_BLANK;
        if (!best)
                best = newest(views, blocks, is_complete_but_for_a_seal);
        if (!best || damaged)
                return SG_E_STATE_CORRUPT;
        *base = best;
        return SG_OK;
}

/* Could a later scan read what a cut left in another way? Only where a seal was begun, in the base
 * itself or in a block that was to follow it. */
static bool is_unsettled(const struct view *views, uint32_t blocks, const struct view *base)
{
        for (uint32_t b = 0; b < blocks; b++)
                if (views[b].known && views[b].generation > base->generation)
                        return true;
        return base->unsettled;
}

static uint32_t newest_generation(const struct view *views, uint32_t blocks)
{
        uint32_t newest = 0;

        for (uint32_t b = 0; b < blocks; b++)
                if (views[b].known && views[b].generation > newest)
                        newest = views[b].generation;
        return newest;
}

/* Reads the base's records once more, for their contents. A seal in doubt may now be unreadable;
 * that it was begun proves that the body is whole. */
static sg_err load_base(struct bf_journal *j)
{
        struct bf_record r;
        enum bf_entry kind;

        for (uint32_t i = 0; i < j->entry; i++) {
                sg_err e = read_entry(j->flash, j->block, i, &r, &kind);
                if (e)
                        return e;
                if (kind < BF_ENTRY_UNSEALED)
                        return SG_E_STATE_CORRUPT;
                j->guest[r.vm] = r.guest;
        }
        return SG_OK;
}

static void choose_spare(struct bf_journal *j)
{
        j->spare = (j->block + 1) % j->flash->blocks;
        j->spare_state = BF_SPARE_USED;
}

sg_err bf_journal_scan(struct bf_journal *j, const struct bf_flash *flash)
{
        struct view views[BF_BLOCKS_MAX];
        const struct view *base = NULL;

        *j = (struct bf_journal){.flash = flash};
        sg_err e = check_geometry(flash);
        for (uint32_t b = 0; !e && b < flash->blocks; b++)
                e = view_block(flash, b, &views[b]);
        if (!e)
                e = choose_base(views, flash->blocks, &base);
        if (e)
                return e;
        j->block = (uint32_t)(base - views);
        j->entry = base->entries + (is_complete(base) ? 0 : 1);
        j->guests = base->guests;
        j->sequence = base->sequence;
        j->generation = newest_generation(views, flash->blocks);
        j->dirty = is_unsettled(views, flash->blocks, base);
        choose_spare(j);
        return load_base(j);
}

/* Programs one record in its three steps, and reads it back. */
static sg_err write_record(struct bf_journal *j, uint32_t block, uint32_t index,
                           const struct bf_record *r)
{
        const struct bf_flash *f = j->flash;
        uint8_t entry[BF_ENTRY_SIZE], back[BF_ENTRY_SIZE];
        uint32_t offset = index * BF_ENTRY_SIZE;

        bf_record_encode(r, entry);
        sg_err e = f->program(f->ctx, block, offset, entry, BF_BODY_SIZE);
        for (uint32_t at = BF_BODY_SIZE; !e && at < BF_ENTRY_SIZE; at += BF_SEAL_SIZE)
                e = f->program(f->ctx, block, offset + at, entry + at, BF_SEAL_SIZE);
        if (!e)
                e = f->read(f->ctx, block, offset, back, sizeof(back));
        if (e)
                return e;
        return memcmp(entry, back, sizeof(entry)) == 0 ? SG_OK : SG_E_IO;
}

static sg_err append(struct bf_journal *j, uint32_t block, uint32_t index, uint32_t vm,
                     const struct bf_guest *g)
{
        const struct bf_record r = {
                .sequence = j->sequence + 1,
                .generation = j->generation,
                .guests = j->guests,
                .vm = vm,
                .guest = *g,
        };
        sg_err e = write_record(j, block, index, &r);

        if (!e)
                j->sequence++;
        return e;
}

/* Every guest's state into the block just erased. That of `vm` comes last: until its seal is
 * there the block is not complete, and the old base counts with the old state. */
static sg_err write_all(struct bf_journal *j, uint32_t block, uint32_t vm, const struct bf_guest *g,
                        uint32_t *entries)
{
        uint32_t index = 0;

        j->generation++;
        for (uint32_t i = 0; i < BF_GUESTS_MAX; i++) {
                if (i == vm || !bf_journal_get(j, i))
                        continue;
                sg_err e = append(j, block, index++, i, &j->guest[i]);
                if (e)
                        return e;
        }
        *entries = index + 1;
        return append(j, block, index, vm, g);
}

static sg_err housekeep_step(struct bf_journal *j)
{
        const struct bf_flash *f = j->flash;
        bool done = false;
        sg_err e = SG_OK;

        if (j->spare_state == BF_SPARE_USED) {
                e = f->erase_begin(f->ctx, j->spare);
                if (!e)
                        j->spare_state = BF_SPARE_ERASING;
                return e;
        }
        if (j->spare_state == BF_SPARE_ERASING) {
                e = f->erase_step(f->ctx, &done);
                if (e)
                        j->spare_state = BF_SPARE_USED;
                else if (done)
                        j->spare_state = BF_SPARE_READY;
        }
        return e;
}

static sg_err switch_to_spare(struct bf_journal *j, uint32_t vm, const struct bf_guest *g)
{
        uint32_t entries = 0;

        while (j->spare_state != BF_SPARE_READY) {
                sg_err e = housekeep_step(j);
                if (e)
                        return e;
        }
        j->spare_state = BF_SPARE_USED;
        sg_err e = write_all(j, j->spare, vm, g, &entries);
        if (e)
                return e;
        j->block = j->spare;
        j->entry = entries;
        j->writable = true;
        j->dirty = false;
        choose_spare(j);
        return SG_OK;
}

/* Goes on to a fresh block; one that fails is passed over for the next. The base is never erased.
 */
static sg_err switch_block(struct bf_journal *j, uint32_t vm, const struct bf_guest *g)
{
        sg_err e = SG_E_IO;

        j->dirty = true;
        for (uint32_t tries = 1; tries < j->flash->blocks; tries++) {
                e = switch_to_spare(j, vm, g);
                if (!e)
                        return SG_OK;
                j->spare_state = BF_SPARE_USED;
                j->spare = (j->spare + 1) % j->flash->blocks;
                if (j->spare == j->block)
                        j->spare = (j->spare + 1) % j->flash->blocks;
        }
        return e;
}

/* Some VM of the journal: a switch that changes nothing still needs a last one. */
static uint32_t first_vm(const struct bf_journal *j)
{
        uint32_t vm = 0;

        while (!(j->guests >> vm & 1))
                vm++;
        return vm;
}

sg_err bf_journal_mount(struct bf_journal *j, const struct bf_flash *flash)
{
        sg_err e = bf_journal_scan(j, flash);

        if (e || !j->dirty)
                return e;
        uint32_t vm = first_vm(j);
        const struct bf_guest same = j->guest[vm];
        return switch_block(j, vm, &same);
}

const struct bf_guest *bf_journal_get(const struct bf_journal *j, uint32_t vm)
{
        return vm < BF_GUESTS_MAX && (j->guests >> vm & 1) ? &j->guest[vm] : NULL;
}

sg_err bf_journal_put(struct bf_journal *j, uint32_t vm, const struct bf_guest *g)
{
        const struct bf_guest *old = bf_journal_get(j, vm);

        if (!old)
                return SG_E_STATE_NO_GUEST;
        sg_err e = bf_guest_check(g);
        if (e || (!j->dirty && bf_guest_equal(old, g)))
                return e;
        bool room = j->writable && !j->dirty && j->entry < entries_per_block(j->flash);
        e = room ? append(j, j->block, j->entry, vm, g) : SG_E_IO;
        if (!e)
                j->entry++;
        else
                e = switch_block(j, vm, g);
        if (!e)
                j->guest[vm] = *g;
        return e;
}

sg_err bf_journal_housekeep(struct bf_journal *j, bool *more)
{
        sg_err e = housekeep_step(j);

        *more = !e && j->spare_state != BF_SPARE_READY;
        return e;
}

static sg_err erase_all(const struct bf_flash *f)
{
        for (uint32_t b = 0; b < f->blocks; b++) {
                bool done = false;
                sg_err e = f->erase_begin(f->ctx, b);
                while (!e && !done)
                        e = f->erase_step(f->ctx, &done);
                if (e)
                        return e;
        }
        return SG_OK;
}

static sg_err check_initial(const struct bf_initial *initial, uint32_t count)
{
        uint32_t seen = 0;

        if (count == 0 || count > BF_GUESTS_MAX)
                return SG_E_STATE_GUESTS;
        for (uint32_t i = 0; i < count; i++) {
                if (initial[i].vm >= BF_GUESTS_MAX || (seen >> initial[i].vm & 1))
                        return SG_E_STATE_GUESTS;
                seen |= 1u << initial[i].vm;
                sg_err e = bf_guest_check(&initial[i].guest);
                if (e)
                        return e;
        }
        return SG_OK;
}

sg_err bf_journal_format(struct bf_journal *j, const struct bf_flash *flash,
                         const struct bf_initial *initial, uint32_t count)
{
        *j = (struct bf_journal){.flash = flash};
        sg_err e = check_geometry(flash);
        if (!e)
                e = check_initial(initial, count);
        if (!e)
                e = erase_all(flash);
        if (e)
                return e;
        for (uint32_t i = 0; i < count; i++) {
                j->guests |= 1u << initial[i].vm;
                j->guest[initial[i].vm] = initial[i].guest;
        }
        uint32_t vm = first_vm(j);
        const struct bf_guest same = j->guest[vm];
        e = write_all(j, 0, vm, &same, &j->entry);
        j->writable = true;
        choose_spare(j);
        return e;
}
