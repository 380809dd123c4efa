/* SPDX-License-Identifier: Apache-2.0 */
/* Ranks and numbers as bits by odds: written, read again, and the same bytes in every build. */
#include <zlib.h>

#include "delta/bits.h"
#include "delta/create/bits.h"
#include "delta/ranks.h"
#include "tests/unit/delta_packed.h"
#include "tests/unit/delta_rig.h"

#define COUNT 20000u

static struct ranks ranks;

/* Mostly low, in stretches, and each rank somewhere. */
static uint8_t rank_at(uint32_t i)
{
        if (i < 256)
                return (uint8_t)i;
        return (uint8_t)(rig_random() % (1 + i / 500 % 7) * (rig_random() % 50 ? 1 : 40));
}

static const uint32_t numbers[] = {0, 1, 2, 255, 256, 1000000, UINT32_MAX - 1, UINT32_MAX, 0};
#define NUMBERS (sizeof(numbers) / sizeof(numbers[0]))

static void write_all(uint8_t told[COUNT])
{
        struct bits bits;

        rig_seed(3);
        ranks_start(&ranks);
        bits_start(&bits, &packed);
        for (size_t i = 0; i < NUMBERS; i++)
                assert_int_equal(ranks_number(&ranks, &bits.coder, numbers[i]), numbers[i]);
        for (uint32_t i = 0; i < COUNT; i++) {
                if (i % 5000 == 0)
                        ranks_column(&ranks);
                told[i] = rank_at(i);
                assert_int_equal(ranks_code(&ranks, &bits.coder, (uint8_t)(i % 11), told[i]),
                                 told[i]);
        }
        bits_finish(&bits);
}

static struct dl_bits start_reading(uint32_t size)
{
        struct dl_bits bits;

        ranks_start(&ranks);
        dl_bits_start(&bits, &packed_ops, 0, size);
        return bits;
}

static uint32_t read_numbers(struct dl_bits *bits)
{
        uint32_t right = 0;

        for (size_t i = 0; i < NUMBERS; i++)
                right += ranks_number(&ranks, &bits->coder, 0) == numbers[i];
        return right;
}

static uint8_t read_rank(struct dl_bits *bits, uint32_t i)
{
        if (i % 5000 == 0)
                ranks_column(&ranks);
        return ranks_code(&ranks, &bits->coder, (uint8_t)(i % 11), 0);
}

static void what_is_written_is_read(void **state)
{
        static uint8_t told[COUNT];

        (void)state;
        write_all(told);
        struct dl_bits bits = start_reading((uint32_t)packed.size);
        assert_int_equal(read_numbers(&bits), NUMBERS);
        for (uint32_t i = 0; i < COUNT; i++) {
                if (i == COUNT - 100)
                        assert_int_equal(dl_bits_finish(&bits), SG_E_DELTA_STREAM);
                assert_int_equal(read_rank(&bits, i), told[i]);
        }
        assert_int_equal(dl_bits_finish(&bits), SG_OK);
}

static void the_bytes_are_frozen(void **state)
{
        static uint8_t told[COUNT];

        (void)state;
        write_all(told);
        assert_int_equal(packed.size, 0x14a1);
        assert_int_equal(crc32(0, packed.data, (uInt)packed.size), 0xd1f8f21a);
}

/* It goes on over zeros: what they tell is something else, or too much is taken. */
static void a_stream_cut_short(void **state)
{
        static uint8_t told[COUNT];

        (void)state;
        write_all(told);
        for (uint32_t cut = 1; cut < 6; cut++) {
                struct dl_bits bits = start_reading((uint32_t)packed.size - cut);
                uint32_t right = 0;
                read_numbers(&bits);
                for (uint32_t i = 0; i < COUNT; i++)
                        right += read_rank(&bits, i) == told[i];
                assert_true(right < COUNT || dl_bits_finish(&bits) == SG_E_DELTA_STREAM);
        }
}

static void a_stream_with_a_byte_to_spare(void **state)
{
        static uint8_t told[COUNT];

        (void)state;
        write_all(told);
        bytes_byte(&packed, 0);
        struct dl_bits bits = start_reading((uint32_t)packed.size);
        read_numbers(&bits);
        for (uint32_t i = 0; i < COUNT; i++)
                assert_int_equal(read_rank(&bits, i), told[i]);
        assert_int_equal(dl_bits_finish(&bits), SG_E_DELTA_STREAM);
}

static void a_patch_that_cannot_be_read(void **state)
{
        static uint8_t told[COUNT];

        (void)state;
        write_all(told);
        packed_broken = true;
        struct dl_bits bits = start_reading((uint32_t)packed.size);
        packed_broken = false;
        read_numbers(&bits);
        assert_int_equal(bits.err, SG_E_IO);
        assert_int_equal(dl_bits_finish(&bits), SG_E_IO);
}

static void nothing_at_all(void **state)
{
        (void)state;
        struct dl_bits bits = start_reading(0);
        assert_int_equal(bits.err, SG_E_DELTA_STREAM);
        assert_int_equal(dl_bits_finish(&bits), SG_E_DELTA_STREAM);
}

/* No bit is ever sure, whatever was learned: each can still be written. */
static void nothing_is_sure(void **state)
{
        struct bits bits;

        (void)state;
        ranks_start(&ranks);
        bits_start(&bits, &packed);
        ranks_column(&ranks);
        for (uint32_t i = 0; i < 30000; i++)
                ranks_code(&ranks, &bits.coder, 0, 0);
        size_t zeros = packed.size;
        ranks_code(&ranks, &bits.coder, 0, 255);
        bits_finish(&bits);
        assert_in_range(zeros, 1, 10);
        struct dl_bits read = start_reading((uint32_t)packed.size);
        ranks_column(&ranks);
        for (uint32_t i = 0; i < 30000; i++)
                assert_int_equal(ranks_code(&ranks, &read.coder, 0, 0), 0);
        assert_int_equal(ranks_code(&ranks, &read.coder, 0, 0), 255);
        assert_int_equal(dl_bits_finish(&read), SG_OK);
}

/* After how many wrong bits a weight stays what it is, if they are all alike; and what it is. */
static int32_t heaviest(bool bit, uint32_t *bits)
{
        static struct odds_tables tables;
        struct odds_mixer mixer;
        struct odds context;
        struct odds_bit b = {.tables = &tables, .mixer = &mixer};
        int32_t before;

        odds_tables(&tables);
        odds_clear(&context, 1);
        odds_mixer_clear(&mixer);
        for (uint32_t i = 0; i < ODDS_CONTEXTS; i++) {
                b.contexts[i] = &context;
                b.logarithms[i] = tables.logarithm[ODDS_LOGARITHM - 1];
        }
        b.one = bit ? 1 : 65535;
        *bits = 0;
        do {
                before = mixer.weight[0];
                odds_learn(&b, bit);
                (*bits)++;
        } while (mixer.weight[0] != before && *bits < 10000);
        return before;
}

/* So that what they add up to has one. */
static void weights_have_a_bound(void **state)
{
        uint32_t bits;

        (void)state;
        assert_int_equal(heaviest(true, &bits), 16 * 65536);
        assert_in_range(bits, 100, 1000);
        assert_int_equal(heaviest(false, &bits), -16 * 65536);
        assert_in_range(bits, 100, 1000);
}

static int tear_down(void **state)
{
        (void)state;
        bytes_free(&packed);
        return 0;
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_teardown(what_is_written_is_read, tear_down),
                cmocka_unit_test_teardown(the_bytes_are_frozen, tear_down),
                cmocka_unit_test_teardown(a_stream_cut_short, tear_down),
                cmocka_unit_test_teardown(a_stream_with_a_byte_to_spare, tear_down),
                cmocka_unit_test_teardown(a_patch_that_cannot_be_read, tear_down),
                cmocka_unit_test_teardown(nothing_at_all, tear_down),
                cmocka_unit_test_teardown(nothing_is_sure, tear_down),
                cmocka_unit_test(weights_have_a_bound),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
