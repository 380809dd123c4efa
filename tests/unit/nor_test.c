// SPDX-License-Identifier: Apache-2.0
/* The NOR driver against strict fake chips. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "hv/machine/nor.h"
#include "tests/unit/fake_arch/fake_nor.h"

#define SUSPEND 0x02
#define LOCKED  0x20

static struct nor nor;

static sg_err open_bank(void)
{
        struct nor_bus bus = fake_nor_bus();
        return nor_open(&nor, &bus, FAKE_NOR_SIZE);
}

static int setup(void **state)
{
        (void)state;
        fake_nor_reset();
        assert_int_equal(open_bank(), SG_OK);
        return 0;
}

static sg_err erase_to_end(uint32_t block)
{
        bool done = false;
        sg_err e = nor_erase_begin(&nor, block);

        for (unsigned i = 0; i < 10000000 && e == SG_OK && !done; i++)
                e = nor_erase_step(&nor, &done);
        assert_true(done || e != SG_OK);
        return e;
}

static void geometry_is_what_the_chips_say(void **state)
{
        (void)state;
        for (unsigned chips = 1; chips <= 4; chips *= 2) {
                fake_nor_reset();
                fake_nor.chips = chips;
                assert_int_equal(open_bank(), SG_OK);
                assert_int_equal(nor.size, FAKE_NOR_SIZE);
                assert_int_equal(nor.block_size, FAKE_NOR_BLOCK);
                assert_int_equal(nor.program_us, 512);
                assert_int_equal(nor.erase_us, 2048000);
                assert_true(nor.can_suspend && nor.can_program && !nor.locked);
        }
}

static void what_cannot_be_used_is_refused(void **state)
{
        struct nor_bus bus = fake_nor_bus();

        (void)state;
        fake_nor.mute = true;
        assert_int_equal(open_bank(), SG_E_NOR_ABSENT);
        fake_nor_reset();
        fake_nor.regions = 2;
        assert_int_equal(open_bank(), SG_E_NOR_GEOMETRY);
        fake_nor_reset();
        assert_int_equal(nor_open(&nor, &bus, FAKE_NOR_SIZE / 2), SG_E_NOR_GEOMETRY);
}

static void bytes_come_back_at_any_alignment(void **state)
{
        uint8_t text[32] = "a record of thirty-two bytes ...";
        uint8_t back[40];

        (void)state;
        assert_int_equal(nor_program(&nor, 0x100, text, sizeof(text)), SG_OK);
        for (uint32_t at = 0; at < 8; at++) {
                for (uint32_t size = 0; size <= 24; size++) {
                        memset(back, 0xee, sizeof(back));
                        assert_int_equal(nor_read(&nor, 0x100 + at, back, size), SG_OK);
                        assert_memory_equal(back, text + at, size);
                        assert_int_equal(back[size], 0xee);
                }
        }
}

static void arguments_outside_are_refused(void **state)
{
        uint8_t b[8] = {0};

        (void)state;
        assert_int_equal(nor_read(&nor, FAKE_NOR_SIZE, b, 0), SG_OK);
        assert_int_equal(nor_read(&nor, FAKE_NOR_SIZE, b, 1), SG_E_BAD_ARGUMENT);
        assert_int_equal(nor_read(&nor, 8, b, UINT32_MAX), SG_E_BAD_ARGUMENT);
        assert_int_equal(nor_program(&nor, 2, b, 4), SG_E_BAD_ARGUMENT);
        assert_int_equal(nor_program(&nor, 4, b, 3), SG_E_BAD_ARGUMENT);
        assert_int_equal(nor_program(&nor, FAKE_NOR_SIZE - 4, b, 8), SG_E_BAD_ARGUMENT);
        assert_int_equal(nor_erase_begin(&nor, 4), SG_E_BAD_ARGUMENT);
        assert_int_equal(nor_erase_begin(&nor, FAKE_NOR_SIZE), SG_E_BAD_ARGUMENT);
}

static void a_unit_is_never_programmed_twice(void **state)
{
        uint8_t data[12] = {1, 2, 3, 4, 0xff, 0xff, 0xff, 0xff, 5, 6, 7, 8};

        (void)state;
        assert_int_equal(nor_program(&nor, 64, data, 12), SG_OK);
        assert_int_equal(nor_program(&nor, 56, data, 12), SG_E_STATE_NOT_BLANK);
        assert_int_equal(fake_nor_words()[14], 0xffffffff);      /* nothing was done */
        assert_int_equal(nor_program(&nor, 68, data, 4), SG_OK); /* it was skipped as blank */
}

static void a_buffer_takes_many_units_at_once(void **state)
{
        uint8_t data[300];
        uint8_t back[300];

        (void)state;
        for (unsigned i = 0; i < sizeof(data); i++)
                data[i] = (uint8_t)(i + 1);
        memset(data + 100, 0xff, 64);
        fake_nor.buffer_log = 5; /* two chips: 64 bytes */
        assert_int_equal(open_bank(), SG_OK);
        assert_int_equal(nor.buffer, 64);
        assert_int_equal(nor_program(&nor, 20, data, 300), SG_OK);
        assert_int_equal(fake_nor.programs, 5); /* 44 bytes and four times 64 */
        assert_int_equal(nor_read(&nor, 20, back, 300), SG_OK);
        assert_memory_equal(back, data, 300);
        assert_int_equal(nor_program(&nor, 20, data, 4), SG_E_STATE_NOT_BLANK);
        fake_nor.fail_program = true;
        assert_int_equal(nor_program(&nor, 1024, data, 300), SG_E_NOR_PROGRAM);
        fake_nor.buffer_log = 20;
        assert_int_equal(open_bank(), SG_E_NOR_GEOMETRY);
}

static void failures_of_the_chips_are_seen(void **state)
{
        uint8_t data[8] = {1, 2, 3, 4, 5, 6, 7, 8};
        uint8_t back[4];

        (void)state;
        fake_nor.fail_program = true;
        assert_int_equal(nor_program(&nor, 0, data, 8), SG_E_NOR_PROGRAM);
        assert_int_equal(fake_nor_words()[1], 0xffffffff); /* it stopped at the first */
        fake_nor.fail_program = false;
        assert_int_equal(nor_program(&nor, 0, data, 8), SG_OK); /* and is usable again */
        data[1] = 0xff;
        fake_nor.bad_program = true;
        assert_int_equal(nor_program(&nor, 16, data, 4), SG_E_NOR_PROGRAM);
        fake_nor.bad_program = false;
        fake_nor.program_takes = 1000000;
        assert_int_equal(nor_program(&nor, 32, data, 4), SG_E_NOR_PROGRAM);
        fake_nor.now += 1000000;
        fake_nor.program_takes = 100;

        assert_int_equal(open_bank(), SG_OK);
        fake_nor.fail_erase = true;
        assert_int_equal(erase_to_end(0), SG_E_NOR_ERASE);
        fake_nor.fail_erase = false;
        fake_nor.bad_erase = true; /* only reading finds it */
        assert_int_equal(erase_to_end(0), SG_E_NOR_ERASE);
        fake_nor.bad_erase = false;
        assert_int_equal(erase_to_end(0), SG_OK);
        assert_int_equal(nor_read(&nor, 0, back, 4), SG_OK);
        assert_memory_equal(back, "\xff\xff\xff\xff", 4);

        fake_nor.erase_takes = 5000000; /* beyond its worst time */
        assert_int_equal(erase_to_end(0), SG_E_NOR_ERASE);
}

static void an_erase_takes_steps_and_stands_still_for_others(void **state)
{
        uint8_t data[4] = {9, 9, 9, 9};
        uint8_t back[4];
        bool done;
        unsigned steps = 0;

        (void)state;
        memset(fake_nor_words(), 0, FAKE_NOR_BLOCK);
        assert_int_equal(nor_erase_begin(&nor, 0), SG_OK);
        assert_int_equal(nor_program(&nor, FAKE_NOR_BLOCK, data, 4), SG_OK);
        assert_int_equal(nor_read(&nor, FAKE_NOR_BLOCK, back, 4), SG_OK);
        assert_memory_equal(back, data, 4);
        assert_int_equal(fake_nor.suspends, 2);
        do {
                uint64_t before = fake_nor.now;
                assert_int_equal(nor_erase_step(&nor, &done), SG_OK);
                assert_true(fake_nor.now - before < 3 * NOR_STEP_WORDS);
                steps++;
        } while (!done);
        assert_true(steps > FAKE_NOR_BLOCK / 4 / NOR_STEP_WORDS);
        assert_int_equal(fake_nor.erases, 1);
        assert_int_equal(nor_erase_step(&nor, &done), SG_E_NOR_ERASE); /* none under way */
        assert_int_equal(nor_read(&nor, FAKE_NOR_BLOCK, back, 4), SG_OK);
        assert_memory_equal(back, data, 4);
}

static void chips_that_cannot_suspend_are_waited_for(void **state)
{
        uint8_t data[4] = {9, 9, 9, 9};
        bool done = false;

        (void)state;
        for (unsigned round = 0; round < 2; round++) {
                fake_nor_reset();
                fake_nor.features = round ? SUSPEND : 0; /* then: suspends, but only to read */
                fake_nor.suspended = 0;
                assert_int_equal(open_bank(), SG_OK);
                assert_int_equal(nor_erase_begin(&nor, 0), SG_OK);
                assert_int_equal(nor_program(&nor, FAKE_NOR_BLOCK, data, 4), SG_OK);
                assert_true(fake_nor.now > 500000);
                assert_int_equal(fake_nor.suspends, 0);
                while (!done)
                        assert_int_equal(nor_erase_step(&nor, &done), SG_OK);
                done = false;
        }
}

static void an_erase_that_fails_while_others_read_is_told(void **state)
{
        uint8_t back[4];
        bool done;

        (void)state;
        fake_nor.features = 0;
        assert_int_equal(open_bank(), SG_OK);
        fake_nor.fail_erase = true;
        assert_int_equal(nor_erase_begin(&nor, 0), SG_OK);
        assert_int_equal(nor_read(&nor, FAKE_NOR_BLOCK, back, 4), SG_OK);
        assert_int_equal(nor_erase_step(&nor, &done), SG_E_NOR_ERASE);
}

static void beginning_anew_ends_the_old_one_first(void **state)
{
        (void)state;
        assert_int_equal(nor_erase_begin(&nor, 0), SG_OK);
        assert_int_equal(erase_to_end(FAKE_NOR_BLOCK), SG_OK);
        assert_int_equal(fake_nor.erases, 2);
        assert_int_equal(fake_nor_words()[0], 0xffffffff);
}

static void locked_blocks_are_unlocked(void **state)
{
        uint8_t data[2 * 8] = {1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8};

        (void)state;
        fake_nor.features = SUSPEND | LOCKED;
        assert_int_equal(open_bank(), SG_OK);
        assert_int_equal(nor_program(&nor, FAKE_NOR_BLOCK - 8, data, 16), SG_OK); /* two blocks */
        assert_int_equal(erase_to_end(2 * FAKE_NOR_BLOCK), SG_OK);
}

static void the_journal_gets_its_blocks(void **state)
{
        struct bf_flash flash;
        struct nor_part part;
        uint8_t data[4] = {1, 2, 3, 4};
        bool done = false;

        (void)state;
        assert_int_equal(nor_flash(&flash, &part, &nor, 3, 2), SG_E_NOR_GEOMETRY);
        assert_int_equal(nor_flash(&flash, &part, &nor, 1, 2), SG_OK);
        assert_int_equal(flash.erase_size, FAKE_NOR_BLOCK);
        assert_int_equal(flash.unit, 4);
        assert_int_equal(flash.program(flash.ctx, 1, 8, data, 4), SG_OK);
        assert_int_equal(fake_nor_words()[(2 * FAKE_NOR_BLOCK + 8) / 4], 0x04030201);
        memset(data, 0, 4);
        assert_int_equal(flash.read(flash.ctx, 1, 9, data, 2), SG_OK);
        assert_int_equal(data[0], 2);
        assert_int_equal(flash.erase_begin(flash.ctx, 1), SG_OK);
        while (!done)
                assert_int_equal(flash.erase_step(flash.ctx, &done), SG_OK);
        assert_int_equal(fake_nor_words()[(2 * FAKE_NOR_BLOCK + 8) / 4], 0xffffffff);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup(geometry_is_what_the_chips_say, setup),
                cmocka_unit_test_setup(what_cannot_be_used_is_refused, setup),
                cmocka_unit_test_setup(bytes_come_back_at_any_alignment, setup),
                cmocka_unit_test_setup(arguments_outside_are_refused, setup),
                cmocka_unit_test_setup(a_unit_is_never_programmed_twice, setup),
                cmocka_unit_test_setup(a_buffer_takes_many_units_at_once, setup),
                cmocka_unit_test_setup(failures_of_the_chips_are_seen, setup),
                cmocka_unit_test_setup(an_erase_takes_steps_and_stands_still_for_others, setup),
                cmocka_unit_test_setup(chips_that_cannot_suspend_are_waited_for, setup),
                cmocka_unit_test_setup(an_erase_that_fails_while_others_read_is_told, setup),
                cmocka_unit_test_setup(beginning_anew_ends_the_old_one_first, setup),
                cmocka_unit_test_setup(locked_blocks_are_unlocked, setup),
                cmocka_unit_test_setup(the_journal_gets_its_blocks, setup),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
