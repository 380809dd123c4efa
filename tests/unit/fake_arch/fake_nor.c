/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/fake_arch/fake_nor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define READY     0x80u
#define SUSPENDED 0x40u
#define E_ERASE   0x20u
#define E_PROGRAM 0x10u
#define E_LOCKED  0x02u
#define BLOCKS    (FAKE_NOR_SIZE / FAKE_NOR_BLOCK)

struct fake_nor fake_nor;

enum mode { ARRAY, STATUS, CFI };

static struct {
        uint32_t words[FAKE_NOR_SIZE / 4];
        bool unlocked[BLOCKS];
        enum mode mode;
        uint32_t setup; /* a command that waits for its second cycle; 0: none */
        uint32_t errors;
        uint32_t units;     /* to come into the buffer */
        uint32_t buffer_at; /* where the buffer's content is to stand */
        uint32_t buffered;  /* units */
        uint32_t buffer[256];
        bool erasing, suspended;
        uint32_t block;
        uint64_t busy_until;
        uint64_t left; /* of a suspended erase */
} s;

void fake_nor_reset(void)
{
        memset(&s, 0, sizeof(s));
        memset(s.words, 0xff, sizeof(s.words));
        fake_nor = (struct fake_nor){
                .chips = 2,
                .features = 0x02,
                .suspended = 0x01,
                .regions = 1,
                .program_takes = 100,
                .erase_takes = 500000,
        };
}

uint32_t *fake_nor_words(void)
{
        return s.words;
}

static uint32_t every(void)
{
        return fake_nor.chips == 4 ? 0x01010101 : fake_nor.chips == 2 ? 0x00010001 : 1;
}

static bool busy(void)
{
        return fake_nor.now < s.busy_until;
}

static void erase_finish(void)
{
        if (!s.erasing || s.suspended || busy())
                return;
        s.erasing = false;
        if (fake_nor.fail_erase) {
                s.errors |= E_ERASE;
                return;
        }
        memset(&s.words[s.block / 4], 0xff, FAKE_NOR_BLOCK);
        if (fake_nor.bad_erase)
                s.words[(s.block + FAKE_NOR_BLOCK) / 4 - 1] = 0xfffffffe;
}

static uint8_t cfi_byte(uint32_t index)
{
        switch (index) {
        case 0x10:
                return 'Q';
        case 0x11:
                return 'R';
        case 0x12:
                return 'Y';
        case 0x13:
                return 1;
        case 0x15:
                return 0x31;
        case 0x1f:
        case 0x20:
                return 7; /* 128 us */
        case 0x21:
                return 9; /* 512 ms */
        case 0x23:
        case 0x24:
        case 0x25:
                return 2;
        case 0x2a:
                return (uint8_t)fake_nor.buffer_log;
        case 0x27:
                return fake_nor.chips == 4 ? 16 : fake_nor.chips == 2 ? 17 : 18;
        case 0x2c:
                return (uint8_t)fake_nor.regions;
        case 0x2d:
                return BLOCKS - 1;
        case 0x2f:
                return (uint8_t)(FAKE_NOR_BLOCK / fake_nor.chips / 256);
        case 0x30:
                return (uint8_t)(FAKE_NOR_BLOCK / fake_nor.chips / 256 >> 8);
        case 0x31 + 5:
                return fake_nor.features;
        case 0x31 + 9:
                return fake_nor.suspended;
        default:
                return 0;
        }
}

static uint32_t bus_read(void *ctx, uint32_t offset)
{
        (void)ctx;
        assert_true(offset < FAKE_NOR_SIZE && offset % 4 == 0);
        fake_nor.now++;
        erase_finish();
        switch (s.mode) {
        case STATUS:
                return (s.errors | (busy() ? 0 : READY) | (s.suspended ? SUSPENDED : 0)) * every();
        case CFI:
                return fake_nor.mute ? 0 : cfi_byte(offset / 4) * every();
        case ARRAY:
        default:
                assert_false(busy());
                if (s.suspended)
                        assert_int_not_equal(offset / FAKE_NOR_BLOCK, s.block / FAKE_NOR_BLOCK);
                return s.words[offset / 4];
        }
}

static bool refuse_locked(uint32_t offset)
{
        if (!(fake_nor.features & 0x20) || s.unlocked[offset / FAKE_NOR_BLOCK])
                return false;
        s.errors |= E_LOCKED;
        return true;
}

static void program_unit(uint32_t offset, uint32_t value)
{
        if (s.suspended) {
                assert_true(fake_nor.suspended & 1);
                assert_int_not_equal(offset / FAKE_NOR_BLOCK, s.block / FAKE_NOR_BLOCK);
        }
        if (s.words[offset / 4] != 0xffffffff)
                fail_msg("unit %#x is programmed a second time", offset);
        if (fake_nor.fail_program)
                s.errors |= E_PROGRAM;
        else
                s.words[offset / 4] = fake_nor.bad_program ? value & ~0x100u : value;
}

static void begin_program(void)
{
        s.setup = 0;
        s.mode = STATUS;
        s.busy_until = fake_nor.now + fake_nor.program_takes;
        fake_nor.programs++;
}

static void do_program(uint32_t offset, uint32_t value)
{
        begin_program();
        if (!refuse_locked(offset))
                program_unit(offset, value);
}

/* How many, the units in order, the confirmation. */
static void do_buffer(uint32_t offset, uint32_t value)
{
        uint32_t size = (1u << fake_nor.buffer_log) * fake_nor.chips;

        if (s.setup == 0xe8) {
                s.units = value / every() + 1;
                assert_int_equal(value % every(), 0);
                s.buffer_at = offset;
                s.buffered = 0;
                s.setup = 0xe9;
                assert_true(offset % size + s.units * 4 <= size); /* no wrapping */
        } else if (s.buffered < s.units) {
                assert_int_equal(offset, s.buffer_at + 4 * s.buffered);
                s.buffer[s.buffered++] = value;
        } else {
                assert_int_equal(value, 0xd0 * every());
                begin_program();
                for (uint32_t i = 0; i < s.units && !refuse_locked(s.buffer_at); i++)
                        program_unit(s.buffer_at + 4 * i, s.buffer[i]);
        }
}

static void do_erase(uint32_t offset)
{
        s.setup = 0;
        s.mode = STATUS;
        if (refuse_locked(offset))
                return;
        assert_false(s.erasing);
        fake_nor.erases++;
        s.erasing = true;
        s.block = offset / FAKE_NOR_BLOCK * FAKE_NOR_BLOCK;
        s.busy_until = fake_nor.now + fake_nor.erase_takes;
        s.words[s.block / 4] = 0x5a5a5a5a; /* neither old nor blank meanwhile */
}

static void second_cycle(uint32_t offset, uint32_t value)
{
        switch (s.setup) {
        case 0x40:
                do_program(offset, value);
                break;
        case 0xe8:
        case 0xe9:
                do_buffer(offset, value);
                break;
        case 0x20:
                assert_int_equal(value, 0xd0 * every());
                do_erase(offset);
                break;
        default: /* 0x60 */
                assert_int_equal(value, 0xd0 * every());
                s.setup = 0;
                s.mode = STATUS;
                s.unlocked[offset / FAKE_NOR_BLOCK] = true;
                break;
        }
}

static void do_suspend(void)
{
        assert_true(fake_nor.features & 2);
        fake_nor.suspends++;
        if (!s.erasing)
                return;
        s.left = s.busy_until - fake_nor.now;
        s.suspended = true;
        s.busy_until = fake_nor.now + 30;
}

static void do_resume(void)
{
        assert_true(s.suspended);
        s.suspended = false;
        s.busy_until = fake_nor.now + s.left;
        s.mode = STATUS;
}

static void first_cycle(uint32_t offset, uint32_t command)
{
        if (busy() && (command == 0xff || command == 0x50))
                return; /* not heard */
        if (busy())
                assert_true(command == 0x70 || command == 0xb0);
        switch (command) {
        case 0xff:
                s.mode = ARRAY;
                break;
        case 0x70:
                s.mode = STATUS;
                break;
        case 0x50:
                s.errors = 0;
                break;
        case 0x98:
                assert_int_equal(offset, 0x55 * 4);
                s.mode = CFI;
                break;
        case 0xe8:
                assert_true(fake_nor.buffer_log > 0);
                s.setup = command;
                break;
        case 0x40:
        case 0x20:
        case 0x60:
                s.setup = command;
                break;
        case 0xb0:
                do_suspend();
                break;
        case 0xd0:
                do_resume();
                break;
        default:
                fail_msg("command %#x", command);
        }
}

static void bus_write(void *ctx, uint32_t offset, uint32_t value)
{
        (void)ctx;
        assert_true(offset < FAKE_NOR_SIZE && offset % 4 == 0);
        fake_nor.now++;
        erase_finish();
        if (s.setup)
                second_cycle(offset, value);
        else if (value % every() == 0 && value / every() <= 0xff)
                first_cycle(offset, value / every());
        else /* a query for chips of another width */
                assert_true(s.mode != STATUS);
}

static uint64_t now_us(void *ctx)
{
        (void)ctx;
        return ++fake_nor.now;
}

struct nor_bus fake_nor_bus(void)
{
        return (struct nor_bus){.read = bus_read, .write = bus_write, .now_us = now_us};
}
