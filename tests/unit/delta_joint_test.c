/* SPDX-License-Identifier: Apache-2.0 */
/* Values that are sorted with their gaps. */
#include "delta/create/blocks.h"
#include "tests/fuzz/patch_sorted.h"
#include "tests/unit/delta_faults.h"
#include "tests/unit/delta_tamper.h"

#define SIZE 30000u

static struct buffer from, to, patch;
static struct patch_parts parts;

/* Before a value: all bytes but the last one are right. */
#define ALL_BUT_ONE (uint8_t)((SIZE - 1) | 128), (uint8_t)((SIZE - 1) >> 7 | 128), (SIZE - 1) >> 14

/* A table of addresses, half of whose targets have moved. */
static struct buffer addresses(uint32_t count, bool moved)
{
        struct buffer b = {0};

        rig_seed(9);
        for (uint32_t i = 0; i < count; i++) {
                uint64_t v[2] = {UINT64_C(0xffff800008000000) + rig_random() % count * 16, i & 7};
                if (moved && v[0] % (count * 16) > count * 8)
                        v[0] += 64;
                rig_append(&b, v, sizeof(v));
        }
        return b;
}

static void the_carry_follows_from_the_gap(void **state)
{
        struct buffer old = addresses(80000, false), new = addresses(80000, true);
        (void)state;
        struct buffer p = rig_plain(&old, &new);
        rig_check(&p, &old, &new);
        assert_true(patch_parts_read(&parts, p.data, p.size));
        for (uint32_t i = 0; i < parts.segments; i++) {
                assert_int_equal(part_of(&parts, DL_S_BLOCKS)->bytes[i], DL_VALUES | BLOCK_JOINT);
                assert_int_equal(parts.stream[i][DL_GAPS].size, 0);
        }
        free(p.data);
        free(old.data);
        free(new.data);
}

/* A gap is not there, too, when its block cannot be read. */
static void reads_that_fail(void **state)
{
        struct buffer old = addresses(20000, false), new = addresses(20000, true);

        (void)state;
        struct buffer p = rig_plain(&old, &new);
        assert_true(p.size > 2 * DL_STREAM_BUFFER);
        assert_true(patch_parts_read(&parts, p.data, p.size));
        assert_int_equal(part_of(&parts, DL_S_BLOCKS)->bytes[0], DL_VALUES | BLOCK_JOINT);
        expect_errors_end_it(&p, &old, &new, PATCH, 1);
        free(p.data);
        free(old.data);
        free(new.data);
}

/* ---- What stands in them ---- */

/* All that the patch's one segment says of wrong bytes is now this. */
static void say(struct patch_parts *p, const uint8_t *bytes, size_t size)
{
        struct patch_part *values = &p->stream[0][DL_VALUES];
        struct bytes raw = {0}, packed = {0}, told = {0};

        bytes_add(&raw, bytes, size);
        blocks_sort(&packed, &raw, BLOCK_STEPS);
        assert_true(patch_sorted_read(&told, packed.data, packed.size));
        assert_true(told.size <= values->size);
        memcpy(values->bytes, told.data, told.size);
        values->size = told.size;
        bytes_free(&told);
        bytes_free(&packed);
        bytes_free(&raw);
}

static void nothing_wrong(struct patch_parts *p)
{
        say(p, (const uint8_t[]){0}, 0);
}

static void gaps_of_their_own_too(struct patch_parts *p)
{
        p->stream[0][DL_GAPS].bytes[p->stream[0][DL_GAPS].size++] = 0;
}

static void gap_without_its_value(struct patch_parts *p)
{
        say(p, (const uint8_t[]){3}, 1);
}

static void gap_cut_short(struct patch_parts *p)
{
        say(p, (const uint8_t[]){3, 1, 0x80}, 3);
}

static void gap_of_six_bytes(struct patch_parts *p)
{
        say(p, (const uint8_t[]){0x80, 0x80, 0x80, 0x80, 0x80, 0, 1}, 7);
}

static void gap_beyond_the_segment(struct patch_parts *p)
{
        say(p, (const uint8_t[]){0xff, 0xff, 3, 1}, 4);
}

static void another_gap_behind_the_last_byte(struct patch_parts *p)
{
        say(p, (const uint8_t[]){ALL_BUT_ONE, 1, 0, 1}, 6);
}

static void gaps_of_no_values(struct patch_parts *p)
{
        part_of(p, DL_S_BLOCKS)->bytes[0] = BLOCK_JOINT;
}

static void gaps_of_literals(struct patch_parts *p)
{
        part_of(p, DL_S_BLOCKS)->bytes[0] = DL_LITERALS | BLOCK_JOINT;
}

static void values_said_to_be_alone(struct patch_parts *p)
{
        part_of(p, DL_S_BLOCKS)->bytes[0] = DL_VALUES;
}

static void bad_gaps(void **state)
{
        static const struct tampering rows[] = {
                {"gaps of their own, too", gaps_of_their_own_too, SG_E_DELTA_STREAM},
                {"a gap without its value", gap_without_its_value, SG_E_DELTA_STREAM},
                {"a gap cut short", gap_cut_short, SG_E_DELTA_STREAM},
                {"a gap of six bytes", gap_of_six_bytes, SG_E_DELTA_STREAM},
                {"a gap beyond the segment", gap_beyond_the_segment, SG_E_DELTA_SEGMENT},
                {"another gap behind the last byte", another_gap_behind_the_last_byte,
                 SG_E_DELTA_SEGMENT},
                {"gaps of no values", gaps_of_no_values, SG_E_DELTA_MODEL},
                {"gaps of literals", gaps_of_literals, SG_E_DELTA_MODEL},
                {"values said to be alone", values_said_to_be_alone, SG_E_DELTA_SEGMENT},
        };

        (void)state;
        expect_refused(&patch, &from, to.size, rows, sizeof(rows) / sizeof(rows[0]));
}

/* What the edited patch makes of the old image. */
static void makes(void (*edit)(struct patch_parts *), const struct buffer *expected)
{
        static uint8_t edited[1u << 20];

        assert_true(patch_parts_read(&parts, patch.data, patch.size));
        edit(&parts);
        struct buffer p = {.data = edited,
                           .size = patch_parts_write(&parts, edited, sizeof(edited))};
        rig_check(&p, &from, expected);
}

static void the_last_byte_alone(struct patch_parts *p)
{
        say(p, (const uint8_t[]){ALL_BUT_ONE, 1}, 4);
}

static void gaps_are_read(void **state)
{
        struct buffer expected = {0};

        (void)state;
        rig_append(&expected, from.data, from.size);
        makes(nothing_wrong, &expected);
        expected.data[SIZE - 1]++;
        makes(the_last_byte_alone, &expected);
        free(expected.data);
}

static int set_up(void **state)
{
        (void)state;
        rig_seed(5);
        from = rig_noise(SIZE);
        to = rig_linked(&from);
        if (rig_try_encode(&from, &to, false, DL_CHUNK_MAX, &patch) != SG_OK)
                return -1;
        return patch_parts_read(&parts, patch.data, patch.size) && parts.segments == 1 &&
                               part_of(&parts, DL_S_BLOCKS)->bytes[0] == (DL_VALUES | BLOCK_JOINT)
                       ? 0
                       : -1;
}

static int tear_down(void **state)
{
        (void)state;
        free(patch.data);
        free(from.data);
        free(to.data);
        return 0;
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_carry_follows_from_the_gap),
                cmocka_unit_test(reads_that_fail),
                cmocka_unit_test_setup_teardown(bad_gaps, set_up, tear_down),
                cmocka_unit_test_setup_teardown(gaps_are_read, set_up, tear_down),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
