// SPDX-License-Identifier: Apache-2.0
/*
 * What the boot-state journal makes of blocks that were put together by hand: records out of order,
 * cut, read differently twice; and of a flash whose operations fail one by one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bootflow/journal.h"
#include "bootflow/record.h"

enum { BLOCK = 4096, BLOCKS = 3, SETTLED = BF_SEALS, SEALED = 1, UNSEALED = 0, BROKEN = -1 };
enum { V1 = 1, V2 = 2, V7 = 7, ALL = 1 << V1 | 1 << V2 | 1 << V7 };

#define FAILURE SG_E_TRUNCATED /* nobody else's error here */

static struct {
        struct bf_flash flash;
        uint8_t bytes[BLOCKS][BLOCK];
        uint8_t second[BF_ENTRY_SIZE]; /* what the entry at `twice` reads every other time */
        int twice;                     /* in block 0; -1: none */
        bool again;
        uint32_t reads_left, programs_left, erases_left; /* until one fails */
        uint32_t begun;                                  /* erases */
        uint32_t rots_in; /* reads until the first record of block 0 is gone; 0: never */
        bool deaf;        /* programs nothing, and says nothing */
        uint32_t erasing;
} nor;

static sg_err flash_read(void *ctx, uint32_t block, uint32_t offset, void *to, uint32_t length)
{
        (void)ctx;
        if (nor.reads_left-- == 0)
                return FAILURE;
        if (nor.rots_in != 0 && --nor.rots_in == 0)
                nor.bytes[0][10] ^= 1;
        bool odd = block == 0 && nor.twice >= 0 && offset == (uint32_t)nor.twice * BF_ENTRY_SIZE;
        memcpy(to, odd && nor.again ? nor.second : &nor.bytes[block][offset], length);
        nor.again = odd && !nor.again;
        return SG_OK;
}

static sg_err flash_program(void *ctx, uint32_t block, uint32_t offset, const void *from,
                            uint32_t length)
{
        (void)ctx;
        if (nor.programs_left-- == 0) {
                nor.programs_left = 0;
                return FAILURE;
        }
        if (!nor.deaf)
                memcpy(&nor.bytes[block][offset], from, length);
        return SG_OK;
}

static sg_err flash_erase_begin(void *ctx, uint32_t block)
{
        (void)ctx;
        nor.begun++;
        nor.erasing = block;
        return nor.erases_left-- == 0 ? FAILURE : SG_OK;
}

static sg_err flash_erase_step(void *ctx, bool *done)
{
        (void)ctx;
        memset(nor.bytes[nor.erasing], 0xff, BLOCK);
        *done = true;
        return nor.erases_left-- == 0 ? FAILURE : SG_OK;
}

static int setup(void **state)
{
        (void)state;
        memset(&nor, 0, sizeof(nor));
        memset(nor.bytes, 0xff, sizeof(nor.bytes));
        nor.flash = (struct bf_flash){NULL,
                                      BLOCK,
                                      BLOCKS,
                                      32,
                                      flash_read,
                                      flash_program,
                                      flash_erase_begin,
                                      flash_erase_step};
        nor.twice = -1;
        nor.reads_left = nor.programs_left = nor.erases_left = UINT32_MAX;
        return 0;
}

static struct bf_guest guest(uint32_t step)
{
        const struct bf_image_id id = {.counter = step, .digest = {1}};
        struct bf_guest g;

        assert_int_equal(bf_provision(&g, &id, NULL), SG_OK);
        return g;
}

static void encode(uint8_t *entry, uint32_t vm, uint64_t sequence, uint32_t generation,
                   uint32_t guests, int seals)
{
        const struct bf_record r = {.sequence = sequence,
                                    .generation = generation,
                                    .guests = guests,
                                    .vm = vm,
                                    .guest = guest((uint32_t)sequence)};

        bf_record_encode(&r, entry);
        if (seals == BROKEN)
                entry[10] ^= 1;
        for (int i = seals < 0 ? 0 : seals; i < BF_SEALS; i++)
                memset(entry + BF_BODY_SIZE + i * BF_SEAL_SIZE, 0xff, BF_SEAL_SIZE);
}

/* The next entry of a block; its step is its sequence number. */
static void put(uint32_t block, uint32_t vm, uint64_t sequence, int seals)
{
        uint32_t at = 0;

        while (nor.bytes[block][at] != 0xff)
                at += BF_ENTRY_SIZE;
        encode(&nor.bytes[block][at], vm, sequence, block + 1, ALL, seals);
}

/* Block 0, generation 1, holds everybody. */
static void base(void)
{
        setup(NULL);
        put(0, V1, 1, SETTLED);
        put(0, V2, 2, SETTLED);
        put(0, V7, 3, SETTLED);
}

static struct bf_journal journal;

static void expect_step(uint32_t vm, uint32_t step)
{
        const struct bf_guest *g = bf_journal_get(&journal, vm), want = guest(step);

        assert_non_null(g);
        assert_true(bf_guest_equal(g, &want));
}

static sg_err scan(void)
{
        nor.again = false;
        return bf_journal_scan(&journal, &nor.flash);
}

/* ---- What counts ---- */

static void a_record_continues_the_one_before_it(void **state)
{
        static const struct {
                uint64_t sequence;
                uint32_t generation, guests;
                sg_err e;
        } rows[] = {
                {4, 1, ALL, SG_OK},
                {5, 1, ALL, SG_E_STATE_CORRUPT},
                {3, 1, ALL, SG_E_STATE_CORRUPT},
                {4, 2, ALL, SG_E_STATE_CORRUPT},
                {4, 1, ALL & ~(1u << V7), SG_E_STATE_CORRUPT},
        };

        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                base();
                encode(&nor.bytes[0][3 * BF_ENTRY_SIZE], V1, rows[i].sequence, rows[i].generation,
                       rows[i].guests, SETTLED);
                assert_int_equal(scan(), rows[i].e);
        }
}

static void a_last_record_without_its_seals_is_settled_first(void **state)
{
        static const struct {
                int seals;
                bool dirty;
                uint32_t step;
        } rows[] = {
                {SETTLED, false, 4}, {SEALED, true, 4}, {UNSEALED, true, 1}, {BROKEN, false, 1}};

        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                base();
                put(0, V1, 4, rows[i].seals);
                assert_int_equal(scan(), SG_OK);
                assert_int_equal(journal.dirty, rows[i].dirty);
                expect_step(V1, rows[i].step);
        }
}

/* With a right sum: its number is not used. */
static void a_record_of_a_guest_that_cannot_be(void **state)
{
        (void)state;
        base();
        encode(nor.bytes[1], 40, 4, 2, ALL, SETTLED);
        assert_int_equal(scan(), SG_OK);
        assert_false(journal.dirty);
        expect_step(V1, 1);
}

/* Of two readings the weaker counts; broken, where one of them is no record. */
static void an_entry_that_reads_differently(void **state)
{
        static const struct {
                int first, second; /* 9: blank */
                bool dirty;
                uint32_t step;
        } rows[] = {
                {SETTLED, SEALED, true, 4},   {SEALED, SETTLED, true, 4},
                {SETTLED, UNSEALED, true, 1}, {UNSEALED, SETTLED, true, 1},
                {SETTLED, BROKEN, false, 1},  {BROKEN, SETTLED, false, 1},
                {SETTLED, 9, false, 1},       {9, SETTLED, false, 1},
        };

        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                uint8_t *first = &nor.bytes[0][3 * BF_ENTRY_SIZE];

                base();
                nor.twice = 3;
                memset(nor.second, 0xff, sizeof(nor.second));
                if (rows[i].first != 9)
                        encode(first, V1, 4, 1, ALL, rows[i].first);
                if (rows[i].second != 9)
                        encode(nor.second, V1, 4, 1, ALL, rows[i].second);
                assert_int_equal(scan(), SG_OK);
                assert_int_equal(journal.dirty, rows[i].dirty);
                expect_step(V1, rows[i].step);
        }
}

/* It is not the end of the block: what stands behind it was acknowledged, and is lost. */
static void an_entry_that_reads_blank_once_is_no_end(void **state)
{
        (void)state;
        for (int blank = 0; blank < 2; blank++) {
                base();
                put(0, V1, 4, SETTLED);
                put(0, V2, 5, SETTLED);
                nor.twice = 3;
                memcpy(nor.second, &nor.bytes[0][3 * BF_ENTRY_SIZE], BF_ENTRY_SIZE);
                memset(blank ? nor.second : &nor.bytes[0][3 * BF_ENTRY_SIZE], 0xff, BF_ENTRY_SIZE);
                assert_int_equal(scan(), SG_E_STATE_CORRUPT);
        }
}

/* An interrupted erase left its body blank, and its seal not quite. */
static void a_seal_that_reads_blank_once_is_no_end(void **state)
{
        (void)state;
        for (int blank = 0; blank < 2; blank++) {
                uint8_t *first = &nor.bytes[0][3 * BF_ENTRY_SIZE];

                base();
                encode(first + BF_ENTRY_SIZE, V1, 4, 1, ALL, SETTLED);
                nor.twice = 3;
                memset(nor.second, 0xff, sizeof(nor.second));
                (blank ? first : nor.second)[BF_BODY_SIZE] = 0xfe;
                assert_int_equal(scan(), SG_E_STATE_CORRUPT);
        }
}

/* Whenever a record is lost, it is either told or was not needed any more. */
static void a_record_that_rots_meanwhile_is_told(void **state)
{
        (void)state;
        base();
        assert_int_equal(scan(), SG_OK);
        uint32_t reads = UINT32_MAX - nor.reads_left;
        for (uint32_t n = 1; n <= reads; n++) {
                base();
                nor.rots_in = n;
                if (scan() == SG_OK)
                        expect_step(V1, 1);
        }
}

/* ---- The last block that is left ---- */

/* Its last seal became unreadable while its predecessor was being erased. */
static void a_block_that_lacks_a_seal_alone_is_the_base(void **state)
{
        (void)state;
        setup(NULL);
        put(1, V1, 4, SETTLED);
        put(1, V2, 5, SETTLED);
        put(1, V7, 6, UNSEALED);
        assert_int_equal(scan(), SG_OK);
        assert_int_equal(journal.block, 1);
        assert_int_equal(journal.entry, 3);
        assert_true(journal.dirty);
        expect_step(V2, 5);
        expect_step(V7, 6);
}

static void a_block_that_lacks_more_is_no_base(void **state)
{
        (void)state;
        setup(NULL); /* a guest */
        put(1, V1, 4, SETTLED);
        put(1, V2, 5, UNSEALED);
        assert_int_equal(scan(), SG_E_STATE_CORRUPT);
        setup(NULL); /* the body */
        put(1, V1, 4, SETTLED);
        put(1, V2, 5, SETTLED);
        put(1, V7, 6, BROKEN);
        assert_int_equal(scan(), SG_E_STATE_CORRUPT);
        setup(NULL); /* a record in between */
        put(1, V1, 4, SETTLED);
        put(1, V2, 5, BROKEN);
        put(1, V7, 6, UNSEALED);
        assert_int_equal(scan(), SG_E_STATE_CORRUPT);
        setup(NULL); /* a record in between, though the numbers go on */
        encode(&nor.bytes[1][0], V1, 4, 2, 1 << V1 | 1 << V7, SETTLED);
        encode(&nor.bytes[1][BF_ENTRY_SIZE], V1, 5, 2, 1 << V1 | 1 << V7, BROKEN);
        encode(&nor.bytes[1][2 * BF_ENTRY_SIZE], V7, 5, 2, 1 << V1 | 1 << V7, UNSEALED);
        assert_int_equal(scan(), SG_E_STATE_CORRUPT);
        setup(NULL); /* it does not continue */
        put(1, V1, 4, SETTLED);
        put(1, V2, 5, SETTLED);
        put(1, V7, 9, UNSEALED);
        assert_int_equal(scan(), SG_E_STATE_CORRUPT);
}

/* ---- What is damage ---- */

static void a_hole_is_damage_in_a_newer_block_only(void **state)
{
        (void)state;
        base();
        put(1, V1, 4, SETTLED);
        put(1, V2, 5, BROKEN);
        put(1, V7, 6, SETTLED);
        assert_int_equal(scan(), SG_E_STATE_CORRUPT);
        put(2, V1, 7, SETTLED);
        put(2, V2, 8, SETTLED);
        put(2, V7, 9, SETTLED);
        assert_int_equal(scan(), SG_OK);
        assert_int_equal(journal.block, 2);
        /* The generation is that of its first record. */
        encode(&nor.bytes[1][3 * BF_ENTRY_SIZE], V1, 7, 9, ALL, SETTLED);
        assert_int_equal(scan(), SG_OK);
        assert_int_equal(journal.block, 2);
}

/* A block was complete only if that was settled. */
static void a_hole_before_a_seal_in_doubt_is_no_damage(void **state)
{
        (void)state;
        base();
        put(1, V1, 4, BROKEN);
        put(1, V2, 5, BROKEN);
        put(1, V7, 6, SEALED);
        assert_int_equal(scan(), SG_OK);
        assert_int_equal(journal.block, 0);
        assert_true(journal.dirty);
}

/* Never complete, so never the boot state: nothing is lost with it. */
static void a_block_with_one_guest_twice_does_not_count(void **state)
{
        (void)state;
        base();
        put(1, V1, 4, SETTLED);
        put(1, V1, 5, SETTLED);
        put(1, V2, 6, SETTLED);
        assert_int_equal(scan(), SG_OK);
        assert_int_equal(journal.block, 0);
}

/* ---- Operations that fail ---- */

static void every_read_error_is_told(void **state)
{
        uint32_t n = 0;
        sg_err e;

        (void)state;
        base();
        do {
                nor.reads_left = n++;
                e = scan();
                assert_true(e == SG_OK || (e == FAILURE && nor.reads_left == UINT32_MAX));
        } while (e != SG_OK);
        assert_true(n > 2 * (4 + 1 + 1 + 3)); /* entries and blank ones; the base once more */
}

static void what_was_not_written_is_not_acknowledged(void **state)
{
        struct bf_guest g = guest(9);

        (void)state;
        base();
        assert_int_equal(bf_journal_mount(&journal, &nor.flash), SG_OK);
        nor.deaf = true;
        assert_int_equal(bf_journal_put(&journal, V1, &g), SG_E_IO);
        expect_step(V1, 1);
        nor.deaf = false;
        nor.programs_left = 0;
        assert_int_equal(bf_journal_put(&journal, V1, &g), FAILURE);
        expect_step(V1, 1);
        nor.programs_left = UINT32_MAX;
        assert_int_equal(bf_journal_put(&journal, V1, &g), SG_OK);
        assert_int_equal(scan(), SG_OK);
        expect_step(V1, 9);
        expect_step(V7, 3);
}

/* However many blocks fail, and however often: the base is not the next one. */
static void the_base_is_never_the_spare(void **state)
{
        uint8_t before[BLOCK];
        struct bf_guest g = guest(9);

        (void)state;
        base();
        memcpy(before, nor.bytes[0], BLOCK);
        assert_int_equal(bf_journal_mount(&journal, &nor.flash), SG_OK);
        nor.programs_left = 0;
        for (int i = 0; i < 4; i++) {
                assert_int_equal(bf_journal_put(&journal, V1, &g), FAILURE);
                assert_memory_equal(nor.bytes[0], before, BLOCK);
                assert_int_not_equal(journal.spare, 0);
        }
        nor.programs_left = UINT32_MAX;
        nor.begun = 0;
        assert_int_equal(bf_journal_put(&journal, V1, &g), SG_OK);
        assert_int_equal(nor.begun, 1);
        assert_int_not_equal(journal.block, 0);
}

static void one_bad_block_is_passed_over(void **state)
{
        uint8_t before[BLOCK];
        struct bf_guest g = guest(9);

        (void)state;
        base();
        memcpy(before, nor.bytes[0], BLOCK);
        assert_int_equal(bf_journal_mount(&journal, &nor.flash), SG_OK);
        nor.erases_left = 0; /* then all others work */
        assert_int_equal(bf_journal_put(&journal, V1, &g), SG_OK);
        assert_memory_equal(nor.bytes[0], before, BLOCK);
        assert_int_equal(journal.block, 2);
}

static void an_erase_that_did_not_begin_is_begun_again(void **state)
{
        bool more = true;

        (void)state;
        base();
        assert_int_equal(bf_journal_mount(&journal, &nor.flash), SG_OK);
        nor.erases_left = 0;
        assert_int_equal(bf_journal_housekeep(&journal, &more), FAILURE);
        assert_false(more);
        assert_int_equal(bf_journal_housekeep(&journal, &more), SG_OK);
        assert_true(more);
        assert_int_equal(nor.begun, 2);
        assert_int_equal(bf_journal_housekeep(&journal, &more), SG_OK);
        assert_false(more);
}

/* ---- Formatting ---- */

static void a_used_flash_is_formatted_anew(void **state)
{
        const struct bf_initial initial = {.vm = V2, .guest = guest(7)};
        const struct bf_initial nobody = {.vm = BF_GUESTS_MAX};

        (void)state;
        base();
        put(2, V1, 7, SETTLED);
        put(2, V2, 8, SETTLED);
        put(2, V7, 9, SETTLED);
        nor.flash.unit = 3;
        assert_int_equal(bf_journal_format(&journal, &nor.flash, &initial, 1), SG_E_STATE_GEOMETRY);
        nor.flash.unit = 32;
        assert_int_equal(bf_journal_format(&journal, &nor.flash, &nobody, 1), SG_E_STATE_GUESTS);
        assert_int_equal(nor.begun, 0);
        for (uint32_t n = 0; n < 2 * BLOCKS; n++) {
                nor.erases_left = n;
                assert_int_equal(bf_journal_format(&journal, &nor.flash, &initial, 1), FAILURE);
        }
        nor.erases_left = UINT32_MAX;
        assert_int_equal(bf_journal_format(&journal, &nor.flash, &initial, 1), SG_OK);
        assert_int_equal(scan(), SG_OK);
        assert_null(bf_journal_get(&journal, V1));
        expect_step(V2, 7);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup(a_record_continues_the_one_before_it, setup),
                cmocka_unit_test_setup(a_last_record_without_its_seals_is_settled_first, setup),
                cmocka_unit_test_setup(a_record_of_a_guest_that_cannot_be, setup),
                cmocka_unit_test_setup(an_entry_that_reads_differently, setup),
                cmocka_unit_test_setup(an_entry_that_reads_blank_once_is_no_end, setup),
                cmocka_unit_test_setup(a_seal_that_reads_blank_once_is_no_end, setup),
                cmocka_unit_test_setup(a_record_that_rots_meanwhile_is_told, setup),
                cmocka_unit_test_setup(a_block_with_one_guest_twice_does_not_count, setup),
                cmocka_unit_test_setup(a_block_that_lacks_a_seal_alone_is_the_base, setup),
                cmocka_unit_test_setup(a_block_that_lacks_more_is_no_base, setup),
                cmocka_unit_test_setup(a_hole_is_damage_in_a_newer_block_only, setup),
                cmocka_unit_test_setup(a_hole_before_a_seal_in_doubt_is_no_damage, setup),
                cmocka_unit_test_setup(every_read_error_is_told, setup),
                cmocka_unit_test_setup(what_was_not_written_is_not_acknowledged, setup),
                cmocka_unit_test_setup(the_base_is_never_the_spare, setup),
                cmocka_unit_test_setup(one_bad_block_is_passed_over, setup),
                cmocka_unit_test_setup(an_erase_that_did_not_begin_is_begun_again, setup),
                cmocka_unit_test_setup(a_used_flash_is_formatted_anew, setup),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
