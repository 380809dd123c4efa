// SPDX-License-Identifier: Apache-2.0
/*
 * The boot-state journal on a NOR flash that forgives nothing: every operation of a long run is cut
 * in every way, and the operations of the mount that follows again; after each cut every guest has
 * its last acknowledged state or the one that was being written, the same at every later mount.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "bootflow/crc32.h"
#include "bootflow/journal.h"
#include "bootflow/record.h"
#include "tests/unit/strict_nor.h"

enum { BLOCK = 4096, GUESTS = 3, PUTS = 45 };
static const uint32_t vms[GUESTS] = {1, 2, 7};

/* A legal state that is different for every (vm, step). */
static struct bf_guest guest_at(uint32_t vm, uint32_t step)
{
        struct bf_image_id id = {.counter = 100 * vm + step};
        struct bf_guest g;

        memset(id.digest, (int)(vm + 1), sizeof(id.digest));
        id.digest[0] = (uint8_t)step;
        assert_int_equal(bf_provision(&g, &id, step & 1 ? &id : NULL), SG_OK);
        return g;
}

static void format(struct nor *n, struct bf_journal *j, uint32_t blocks, uint32_t unit)
{
        struct bf_initial initial[GUESTS];

        for (uint32_t i = 0; i < GUESTS; i++)
                initial[i] = (struct bf_initial){.vm = vms[i], .guest = guest_at(vms[i], 0)};
        nor_init(n, BLOCK, blocks, unit);
        assert_int_equal(bf_journal_format(j, &n->flash, initial, GUESTS), SG_OK);
}

/* What the caller was told: the step of each guest that is durable, and the one being written. */
struct told {
        uint32_t durable[GUESTS];
        uint32_t writing[GUESTS];
};

/* Puts steps from `from` on, with some housekeeping in between, until done or the power is lost. */
static bool run_puts(struct bf_journal *j, struct told *t, uint32_t from)
{
        for (uint32_t step = from; step <= PUTS; step++) {
                uint32_t i = (step * step) % GUESTS;
                struct bf_guest g = guest_at(vms[i], step);
                bool more;
                t->writing[i] = step;
                if (bf_journal_put(j, vms[i], &g))
                        return false;
                t->durable[i] = step;
                if (step % 4 == 0 && bf_journal_housekeep(j, &more))
                        return false;
        }
        return true;
}

/* The step that the journal holds for guest i; it must be one of the two that are allowed. */
static uint32_t held_step(const struct bf_journal *j, const struct told *t, uint32_t i)
{
        struct bf_guest durable = guest_at(vms[i], t->durable[i]);
        struct bf_guest writing = guest_at(vms[i], t->writing[i]);
        const struct bf_guest *g = bf_journal_get(j, vms[i]);

        assert_non_null(g);
        if (bf_guest_equal(g, &durable))
                return t->durable[i];
        assert_true(bf_guest_equal(g, &writing));
        return t->writing[i];
}

static void settle_told(const struct bf_journal *j, struct told *t)
{
        for (uint32_t i = 0; i < GUESTS; i++)
                t->durable[i] = t->writing[i] = held_step(j, t, i);
}

/* From now on nothing may change but by a put: mounted again and again, then run to the end. */
static void expect_stable(struct nor *n, struct told *t, uint64_t seed)
{
        struct bf_journal j;

        nor_power_on(n, seed);
        assert_int_equal(bf_journal_mount(&j, &n->flash), SG_OK);
        settle_told(&j, t);
        for (uint64_t again = 1; again < 3; again++) {
                nor_power_on(n, seed + 1000 * again);
                assert_int_equal(bf_journal_mount(&j, &n->flash), SG_OK);
                for (uint32_t i = 0; i < GUESTS; i++)
                        assert_int_equal(held_step(&j, t, i), t->durable[i]);
        }
        assert_true(run_puts(&j, t, PUTS - 15));
        assert_int_equal(bf_journal_mount(&j, &n->flash), SG_OK);
        for (uint32_t i = 0; i < GUESTS; i++)
                assert_int_equal(held_step(&j, t, i), t->durable[i]);
}

/* Runs the puts, cut at operation `cut`; false when there were fewer operations. */
static bool run_cut(struct nor *n, struct told *t, uint32_t blocks, uint32_t unit, uint64_t cut,
                    enum nor_tear tear)
{
        struct bf_journal j;

        memset(t, 0, sizeof(*t));
        format(n, &j, blocks, unit);
        nor_stop(n, cut, tear, true);
        assert_int_equal(bf_journal_mount(&j, &n->flash), SG_OK);
        return !run_puts(&j, t, 1);
}

static uint64_t cut_everywhere(uint32_t blocks, uint32_t unit)
{
        static struct nor n;
        struct told t;
        uint64_t cuts = 0;

        for (unsigned tear = 0; tear < NOR_TEARS; tear++)
                for (uint64_t cut = 1; run_cut(&n, &t, blocks, unit, cut, tear); cut++, cuts++)
                        expect_stable(&n, &t, cut);
        return cuts;
}

static void survives_a_cut_anywhere(void **state)
{
        uint64_t cuts = cut_everywhere(2, 32) + cut_everywhere(3, 32) + cut_everywhere(4, 32);

        (void)state;
        cuts += cut_everywhere(2, 4);
        print_message("%llu cuts\n", (unsigned long long)cuts);
        assert_true(cuts > 4 * NOR_TEARS * PUTS);
}

/* After the first cut, every operation of the mount and the puts that follow is cut, too. */
static uint64_t cut_again(const struct nor *after_cut, const struct told *told, uint64_t first)
{
        static struct nor n;
        uint64_t cuts = 0;

        for (unsigned tear = 0; tear < NOR_TEARS; tear++)
                for (uint64_t cut = 1; cut < 40; cut++, cuts++) {
                        struct told t = *told;
                        struct bf_journal j;
                        n = *after_cut;
                        n.flash.ctx = &n;
                        nor_power_on(&n, first + cut);
                        nor_stop(&n, cut, tear, true);
                        if (!bf_journal_mount(&j, &n.flash)) {
                                settle_told(&j, &t);
                                run_puts(&j, &t, PUTS - 3);
                        }
                        expect_stable(&n, &t, 7 * first + cut);
                }
        return cuts;
}

static void survives_two_cuts(void **state)
{
        static struct nor n;
        struct told t;
        uint64_t cuts = 0;

        (void)state;
        for (uint32_t blocks = 2; blocks < 4; blocks++)
                for (unsigned tear = 0; tear < NOR_TEARS; tear++)
                        for (uint64_t cut = 1; run_cut(&n, &t, blocks, 32, cut, tear); cut += 31)
                                cuts += cut_again(&n, &t, cut);
        print_message("%llu pairs\n", (unsigned long long)cuts);
        assert_true(cuts > 10000);
}

/* Twenty cuts in a row, each in the mount or soon after it, then everything is still there. */
static void survives_many_cuts(void **state)
{
        static struct nor n;
        struct bf_journal j;

        (void)state;
        for (uint64_t seed = 1; seed < 300; seed++) {
                struct told t = {.durable = {0}};
                format(&n, &j, 2 + (uint32_t)(seed % 3), 32);
                for (uint64_t i = 0; i < 20; i++) {
                        nor_power_on(&n, seed * 100 + i);
                        nor_stop(&n, 1 + (seed * 31 + i * 17) % 60, (seed + i) % NOR_TEARS, true);
                        if (bf_journal_mount(&j, &n.flash))
                                continue;
                        settle_told(&j, &t);
                        run_puts(&j, &t, 1 + (uint32_t)i);
                }
                expect_stable(&n, &t, seed);
        }
}

/* An operation that fails, without a loss of power: the put succeeds elsewhere, or the old state
 * stays and the next put settles it. */
static void survives_a_failed_operation(void **state)
{
        static struct nor n;

        (void)state;
        for (unsigned tear = 0; tear < NOR_TEARS; tear++)
                for (uint64_t at = 1; at < 500; at++) {
                        struct told t = {.durable = {0}};
                        struct bf_journal j;
                        format(&n, &j, 2 + (uint32_t)(at % 2), 32);
                        nor_stop(&n, at, tear, false);
                        assert_int_equal(bf_journal_mount(&j, &n.flash), SG_OK);
                        if (!run_puts(&j, &t, 1)) {
                                for (uint32_t i = 0; i < GUESTS; i++)
                                        assert_int_equal(held_step(&j, &t, i), t.durable[i]);
                                memcpy(t.writing, t.durable, sizeof(t.writing));
                                assert_true(run_puts(&j, &t, 10));
                        }
                        expect_stable(&n, &t, at);
                }
}

/* An unacknowledged state is taken back by the next put, even by one that changes nothing. */
static void settles_a_failed_put(void **state)
{
        static struct nor n;
        struct bf_journal j;
        struct bf_guest now = guest_at(1, 0), next = guest_at(1, 1);

        (void)state;
        for (uint64_t at = 1; at <= BF_ENTRY_SIZE / 32; at++) {
                format(&n, &j, 2, 32);
                nor_stop(&n, at, NOR_ALL, true);
                assert_int_not_equal(bf_journal_put(&j, 1, &next), SG_OK);
                nor_power_on(&n, at);
                assert_int_equal(bf_journal_put(&j, 1, &now), SG_OK);
                assert_int_equal(bf_journal_mount(&j, &n.flash), SG_OK);
                assert_true(bf_guest_equal(bf_journal_get(&j, 1), &now));
        }
}

static void blank_is_not_corrupt(void **state)
{
        static struct nor n;
        struct bf_journal j;

        (void)state;
        nor_init(&n, BLOCK, 4, 32);
        assert_int_equal(bf_journal_mount(&j, &n.flash), SG_E_STATE_BLANK);
        n.bytes[BLOCK] = 0;
        assert_int_equal(bf_journal_mount(&j, &n.flash), SG_E_STATE_CORRUPT);
}

/* A format that was cut is blank or corrupt or done, never a journal of fewer guests. */
static void a_cut_format_is_no_journal(void **state)
{
        static struct nor n;
        struct bf_journal j;
        struct bf_initial initial[GUESTS];

        (void)state;
        for (uint32_t i = 0; i < GUESTS; i++)
                initial[i] = (struct bf_initial){.vm = vms[i], .guest = guest_at(vms[i], 0)};
        for (unsigned tear = 0; tear < NOR_TEARS; tear++)
                for (uint64_t cut = 1; cut < 40; cut++) {
                        nor_init(&n, BLOCK, 3, 32);
                        nor_stop(&n, cut, tear, true);
                        bool done = !bf_journal_format(&j, &n.flash, initial, GUESTS);
                        nor_power_on(&n, cut);
                        sg_err e = bf_journal_mount(&j, &n.flash);
                        assert_true(e == SG_OK ||
                                    (!done && (e == SG_E_STATE_BLANK || e == SG_E_STATE_CORRUPT)));
                        assert_true(e || j.guests == 0x86);
                }
}

static void bit_rot_is_never_an_older_state(void **state)
{
        static struct nor good, n;
        struct bf_journal j;
        struct bf_guest g = guest_at(2, 9);

        (void)state;
        format(&good, &j, 2, 32);
        assert_int_equal(bf_journal_put(&j, 2, &g), SG_OK);
        g = guest_at(7, 9);
        assert_int_equal(bf_journal_put(&j, 7, &g), SG_OK);
        assert_int_equal(j.entry, GUESTS + 2);
        for (uint32_t i = 0; i < (GUESTS + 1) * BF_ENTRY_SIZE; i++) {
                n = good;
                n.flash.ctx = &n;
                n.bytes[i] ^= (uint8_t)(1u << (i % 8));
                bool in_second_seal = i % BF_ENTRY_SIZE >= BF_BODY_SIZE + BF_SEAL_SIZE;
                assert_int_equal(bf_journal_mount(&j, &n.flash),
                                 in_second_seal ? SG_OK : SG_E_STATE_CORRUPT);
                assert_true(!in_second_seal || bf_guest_equal(bf_journal_get(&j, 7), &g));
        }
}

/* A block that was to follow, half erased again: its first record is gone, a later one is not. That
 * is no loss, unless the block had once been complete. */
static void a_half_erased_block_is_no_damage(void **state)
{
        static struct nor n;
        struct bf_journal j;
        struct bf_record r = {.sequence = 5, .generation = 2, .guests = 0x86, .vm = 2};

        (void)state;
        for (uint32_t index = 1; index < GUESTS; index++) {
                format(&n, &j, 3, 32);
                r.guest = guest_at(2, 1);
                memset(n.bytes + BLOCK, 0x55, BF_ENTRY_SIZE * index);
                bf_record_encode(&r, n.bytes + BLOCK + index * BF_ENTRY_SIZE);
                nor_power_on(&n, index);
                sg_err e = bf_journal_mount(&j, &n.flash);
                assert_int_equal(e, index + 1 < GUESTS ? SG_OK : SG_E_STATE_CORRUPT);
                assert_true(e || j.generation == 3);
        }
}

static void knows_a_later_format(void **state)
{
        static struct nor n;
        struct bf_journal j;

        (void)state;
        format(&n, &j, 2, 32);
        n.bytes[4] = BF_FORMAT + 1;
        uint32_t crc = bf_crc32(n.bytes, 188);
        memcpy(n.bytes + 188, &crc, 4);
        assert_int_equal(bf_journal_mount(&j, &n.flash), SG_E_STATE_FORMAT);
}

static void refuses_a_geometry(void **state)
{
        static const uint32_t bad[][3] = {{2048, 4, 32}, {4096, 1, 32}, {4096, 17, 32},
                                          {4096, 4, 0},  {4096, 4, 24}, {4096, 4, 64},
                                          {6144, 4, 32}, {0, 4, 32}};
        static struct nor n;
        struct bf_journal j;

        (void)state;
        for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
                nor_init(&n, BLOCK, 4, 32);
                n.flash.erase_size = bad[i][0];
                n.flash.blocks = bad[i][1];
                n.flash.unit = bad[i][2];
                assert_int_equal(bf_journal_mount(&j, &n.flash), SG_E_STATE_GEOMETRY);
        }
}

static void refuses_guests(void **state)
{
        static struct nor n;
        struct bf_journal j;
        struct bf_initial initial[BF_GUESTS_MAX + 1];

        (void)state;
        nor_init(&n, BLOCK, 2, 32);
        for (uint32_t i = 0; i <= BF_GUESTS_MAX; i++)
                initial[i] = (struct bf_initial){.vm = i, .guest = guest_at(i, 0)};
        assert_int_equal(bf_journal_format(&j, &n.flash, initial, 0), SG_E_STATE_GUESTS);
        assert_int_equal(bf_journal_format(&j, &n.flash, initial, 9), SG_E_STATE_GUESTS);
        assert_int_equal(bf_journal_format(&j, &n.flash, initial + 8, 1), SG_E_STATE_GUESTS);
        initial[1].vm = 0;
        assert_int_equal(bf_journal_format(&j, &n.flash, initial, 2), SG_E_STATE_GUESTS);
        initial[1].vm = 1;
        initial[1].guest.started = 1;
        assert_int_equal(bf_journal_format(&j, &n.flash, initial, 2), SG_E_STATE_IMPOSSIBLE);
        assert_int_equal(bf_journal_format(&j, &n.flash, initial, 1), SG_OK);
        assert_null(bf_journal_get(&j, 1));
        assert_null(bf_journal_get(&j, 32));
        struct bf_guest g = guest_at(1, 0);
        assert_int_equal(bf_journal_put(&j, 1, &g), SG_E_STATE_NO_GUEST);
        g.started = 1;
        assert_int_equal(bf_journal_put(&j, 0, &g), SG_E_STATE_IMPOSSIBLE);
}

static void an_equal_state_writes_nothing(void **state)
{
        static struct nor n;
        struct bf_journal j;
        struct bf_guest g = guest_at(1, 0);

        (void)state;
        format(&n, &j, 2, 32);
        assert_int_equal(bf_journal_mount(&j, &n.flash), SG_OK);
        uint64_t before = n.operations;
        assert_int_equal(bf_journal_put(&j, 1, &g), SG_OK);
        assert_int_equal(n.operations, before);
}

static void housekeeping_erases_ahead(void **state)
{
        static struct nor n;
        struct bf_journal j;
        struct bf_guest g = guest_at(1, 1);
        bool more = true;
        unsigned steps = 0;

        (void)state;
        format(&n, &j, 2, 32);
        assert_int_equal(bf_journal_mount(&j, &n.flash), SG_OK);
        for (; more; steps++)
                assert_int_equal(bf_journal_housekeep(&j, &more), SG_OK);
        assert_int_equal(steps, NOR_ERASE_STEPS + 1);
        uint64_t before = n.operations;
        assert_int_equal(bf_journal_put(&j, 1, &g), SG_OK);
        assert_int_equal(n.operations - before, GUESTS * BF_ENTRY_SIZE / 32);
}

/* The format to the byte: what a later build must still read. */
static void the_format_is_fixed(void **state)
{
        uint8_t entry[BF_ENTRY_SIZE];
        struct bf_record back, r = {.sequence = 0x1122334455667788,
                                    .generation = 0x01020304,
                                    .guests = 0x86,
                                    .vm = 2};
        struct bf_image_id a = {.counter = 5, .digest = {[0] = 0xaa}};
        struct bf_image_id b = {.counter = 6, .digest = {[31] = 0xbb}};
        const struct bf_limits limits = {.tries = 3, .interrupted = 10};

        (void)state;
        bf_provision(&r.guest, &a, NULL);
        bf_open(&r.guest, 0, 1, &b);
        bf_stage(&r.guest, 1, &b, &limits);
        bf_start(&r.guest, 0, 1, &b, 0x0807060504030201);
        bf_record_encode(&r, entry);
        static const uint8_t head[] = {'S',  'G',  'B',  'S',  1,    0,    2,    0, 0x88,
                                       0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11, 4, 3,
                                       2,    1,    0x86, 0,    0,    0,    0xaa};
        static const uint8_t slot_0[] = {5, 0, 0, 0, BF_GOOD, 14, 0, 0};
        static const uint8_t slot_1[] = {0xbb, 6, 0, 0, 0, BF_STAGED, 15, 3, 10};
        static const uint8_t rest[] = {1, 2, 3, 4, 5, 6, 7, 8, 5, 0, 0, 0, 1, 0, 0, 0, 1};
        assert_memory_equal(entry, head, sizeof(head));
        assert_memory_equal(entry + 56, slot_0, sizeof(slot_0));
        assert_memory_equal(entry + 95, slot_1, sizeof(slot_1));
        assert_memory_equal(entry + 136, rest, sizeof(rest));
        for (size_t seal = BF_BODY_SIZE; seal < BF_ENTRY_SIZE; seal += BF_SEAL_SIZE) {
                assert_memory_equal(entry + seal, "SEAL", 4);
                assert_memory_equal(entry + seal + 4, entry + 188, 4);
        }
        assert_int_equal(bf_crc32((const uint8_t *)"123456789", 9), 0xcbf43926);
        assert_int_equal(bf_record_decode(entry, &back), BF_ENTRY_SETTLED);
        assert_true(bf_guest_equal(&back.guest, &r.guest));
        assert_true(back.sequence == r.sequence && back.generation == r.generation);
        entry[255] = 0xff;
        assert_int_equal(bf_record_decode(entry, &back), BF_ENTRY_SEALED);
        entry[223] = 0xff;
        assert_int_equal(bf_record_decode(entry, &back), BF_ENTRY_UNSEALED);
        entry[4]++;
        assert_int_equal(bf_record_decode(entry, &back), BF_ENTRY_BROKEN);
        memset(entry, 0xff, sizeof(entry));
        assert_int_equal(bf_record_decode(entry, &back), BF_ENTRY_BLANK);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_format_is_fixed),
                cmocka_unit_test(blank_is_not_corrupt),
                cmocka_unit_test(refuses_a_geometry),
                cmocka_unit_test(refuses_guests),
                cmocka_unit_test(an_equal_state_writes_nothing),
                cmocka_unit_test(housekeeping_erases_ahead),
                cmocka_unit_test(a_half_erased_block_is_no_damage),
                cmocka_unit_test(knows_a_later_format),
                cmocka_unit_test(bit_rot_is_never_an_older_state),
                cmocka_unit_test(a_cut_format_is_no_journal),
                cmocka_unit_test(settles_a_failed_put),
                cmocka_unit_test(survives_a_failed_operation),
                cmocka_unit_test(survives_a_cut_anywhere),
                cmocka_unit_test(survives_two_cuts),
                cmocka_unit_test(survives_many_cuts),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
