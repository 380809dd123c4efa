/* SPDX-License-Identifier: Apache-2.0 */
/* Relocations put into slots and taken out of them again, in a row made by hand. */
#include "delta/decoder.h"
#include "tests/unit/delta_rig.h"

#define OLD_SIZE 4096u
#define NEW_SIZE 8192u
#define ENTRIES  100u
#define OLD_VA   0x10100ull
#define NEW_VA   0x20200ull
#define TABLE    1024u /* of the new image */
#define SLOTS    12u   /* whole ones of the new row */

static struct world {
        struct dl dl;
        struct rig rig;
        uint8_t old[OLD_SIZE], new[NEW_SIZE];
        uint8_t lines[DL_CACHE_LINES][DL_CACHE_LINE];
        uint32_t samples[ENTRIES / RELA_STRIDE + 1], starts[2];
        struct rela_odd odds[8];
        uint8_t buffer[RELA_BUFFER * RELA_ENTRY];
} world;

/* Old slots from 64 on, new ones from 32; either row ends within a slot. */
static const struct dl_row row = {
        .from = {.at = 64, .size = 8 * ENTRIES + 4, .memory = 4096, .offset = 0x100},
        .to = {.at = 32, .size = 8 * SLOTS + 4, .memory = 4096, .offset = 0x200},
};

static struct dl *make_world(void)
{
        struct world *w = &world;
        struct dl *dl = &w->dl;

        memset(w, 0, sizeof(*w));
        w->rig.from = (struct buffer){.data = w->old, .size = OLD_SIZE};
        w->rig.to = (struct buffer){.data = w->new, .size = NEW_SIZE};
        dl->ops = rig_ops(&w->rig);
        dl->header.from_size = OLD_SIZE;
        dl->header.to_size = NEW_SIZE;
        for (uint32_t i = 0; i < DL_CACHE_LINES; i++)
                dl->cache[i].bytes = w->lines[i];
        dl->rela = (struct dl_rela){.on = true,
                                    .from = OLD_SIZE - ENTRIES * RELA_ENTRY,
                                    .from_count = ENTRIES,
                                    .to = TABLE,
                                    .row = &row,
                                    .from_va = OLD_VA,
                                    .to_va = NEW_VA,
                                    .samples = w->samples,
                                    .starts = w->starts,
                                    .odds = w->odds,
                                    .buffer = w->buffer};
        return dl;
}

/* ---- The old table ---- */

static void put_entry(uint32_t i, uint64_t place, uint64_t kind, uint64_t address)
{
        uint8_t *entry = world.old + world.dl.rela.from + (size_t)i * RELA_ENTRY;

        dl_put64(entry, place);
        dl_put64(entry + 8, kind);
        dl_put64(entry + 16, address);
}

/* One for each slot; some are none for the decoder, nor is the last one: half of it is outside. */
static void put_table(uint8_t filled[OLD_SIZE])
{
        for (uint32_t i = 0; i < ENTRIES; i++) {
                uint32_t slot = i + 1 < ENTRIES ? i : ENTRIES;
                uint64_t kind = i % 7 == 3 ? RELA_KIND - 1 : RELA_KIND;
                uint64_t address = OLD_VA + i * 40 + (i % 9 == 5 ? 4096 : 0);
                put_entry(i, OLD_VA + 8ull * slot, kind, address);
                if (i % RELA_STRIDE == 0)
                        world.samples[i / RELA_STRIDE] = row.from.at + 8 * slot;
                if (kind == RELA_KIND && address < OLD_VA + 4096 && slot < ENTRIES)
                        dl_put64(filled + row.from.at + (size_t)8 * slot, address);
        }
}

static void slots_are_filled(void **state)
{
        static const uint32_t sizes[] = {1, 3, 8, 24, 100, 1500};
        struct dl *dl = make_world();
        uint8_t filled[OLD_SIZE] = {0}, piece[1508];

        (void)state;
        put_table(filled);
        for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
                for (uint32_t at = 0; at + sizes[i] <= OLD_SIZE; at++) {
                        if (at + sizes[i] > dl->rela.from) /* the table stands there */
                                break;
                        memset(piece, 0, sizeof(piece));
                        assert_int_equal(dl_rela_fill(dl, at, piece, sizes[i]), SG_OK);
                        assert_memory_equal(piece, filled + at, sizes[i]);
                        assert_int_equal(dl_get64(piece + sizes[i]), 0);
                }
        }
}

/* ---- The new slots ---- */

/* A segment of 256 bytes, in each word an address; so many entries are expected of it. */
static sg_err empty(struct dl *dl, uint8_t bytes[256], uint32_t entries)
{
        for (uint32_t at = 0; at < 256; at += 8)
                dl_put64(bytes + at, NEW_VA + at);
        world.starts[1] = entries;
        dl_rela_begin(dl, 0);
        sg_err e = dl_rela_empty(dl, 0, bytes, 256);
        return e ? e : dl_rela_end(dl);
}

static void expect_entry(uint32_t i, uint32_t at, uint64_t address)
{
        const uint8_t *entry = world.new + TABLE + (size_t)i *RELA_ENTRY;

        assert_int_equal(dl_get64(entry), NEW_VA + at - row.to.at);
        assert_int_equal(dl_get64(entry + 8), RELA_KIND);
        assert_int_equal(dl_get64(entry + 16), address);
}

/* What stands before and behind the row, and in its last half slot, stays. */
static void slots_are_emptied(void **state)
{
        struct dl *dl = make_world();
        uint8_t bytes[256];

        (void)state;
        assert_int_equal(empty(dl, bytes, SLOTS), SG_OK);
        for (uint32_t at = 0; at < 256; at += 8) {
                bool slot = at >= row.to.at && at < row.to.at + 8 * SLOTS;
                assert_int_equal(dl_get64(bytes + at), slot ? 0 : NEW_VA + at);
                if (slot)
                        expect_entry((at - row.to.at) / 8, at, NEW_VA + at);
        }
        assert_int_equal(world.rig.writes, 1);
}

/* The fourth one is not of the list. */
static void odd_slots(void **state)
{
        static const struct rela_odd odds[] = {{40, RELA_NO_ENTRY, 0, 0},
                                               {48, RELA_FULL, 0, 0},
                                               {56, RELA_SENT, 7, 9},
                                               {64, RELA_NO_ENTRY, 0, 0}};
        struct dl *dl = make_world();
        uint8_t bytes[256];

        (void)state;
        memcpy(world.odds, odds, sizeof(odds));
        dl->rela.odd_count = 3;
        assert_int_equal(empty(dl, bytes, SLOTS - 1), SG_OK);
        for (uint32_t at = 40; at <= 56; at += 8)
                assert_int_equal(dl_get64(bytes + at), NEW_VA + at);
        assert_int_equal(dl_get64(bytes + 64), 0);
        expect_entry(0, 32, NEW_VA + 32);
        expect_entry(1, 48, NEW_VA + 48);
        expect_entry(2, 56, 7 | 9ull << 32);
        expect_entry(3, 64, NEW_VA + 64);
}

static void nothing_is_written_of_nothing(void **state)
{
        struct dl *dl = make_world();
        uint8_t bytes[256] = {0};

        (void)state;
        dl_rela_begin(dl, 0);
        assert_int_equal(dl_rela_empty(dl, 0, bytes, 256), SG_OK);
        assert_int_equal(dl_rela_end(dl), SG_OK);
        assert_int_equal(world.rig.writes, 0);
}

/* A slot that a model makes has an entry by itself, for which there is no room. */
static void too_many_entries(void **state)
{
        struct dl *dl = make_world();
        uint8_t bytes[256] = {0};

        (void)state;
        world.odds[0] = (struct rela_odd){40, RELA_SENT, 7, 9};
        dl->rela.odd_count = 1;
        dl->made[0] = (struct dl_made){40, 8, NULL};
        dl->made_count = 1;
        dl_rela_begin(dl, 0);
        assert_int_equal(dl_rela_empty(dl, 0, bytes, 256), SG_E_DELTA_SEGMENT);
        assert_int_equal(empty(dl, bytes, SLOTS - 1), SG_E_DELTA_SEGMENT);
        assert_int_equal(empty(dl, bytes, SLOTS), SG_OK);
        assert_int_equal(empty(dl, bytes, SLOTS + 1), SG_E_DELTA_SEGMENT);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(slots_are_filled), cmocka_unit_test(slots_are_emptied),
                cmocka_unit_test(odd_slots),        cmocka_unit_test(nothing_is_written_of_nothing),
                cmocka_unit_test(too_many_entries),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
