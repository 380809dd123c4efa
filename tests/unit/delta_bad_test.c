/* SPDX-License-Identifier: Apache-2.0 */
/* Bad input: each row is refused with its number, whatever checksums say. */
#include <zlib.h>

#include "tests/unit/delta_tamper.h"

static struct pair {
        struct buffer from, to, patch;
} p, q; /* copies in a section; in the segments: of the old image, and an echo */

static int set_up(void **state)
{
        (void)state;
        rig_seed(11);
        p.from = rig_noise((1u << 20) + 50000);
        p.to = rig_edited(&p.from, 60);
        p.patch = rig_plain(&p.from, &p.to);
        q.from = rig_noise(1000);
        rig_append(&q.to, q.from.data, q.from.size);
        struct buffer period = rig_noise(4097);
        while (q.to.size < DL_SEGMENT_SIZE + 50000)
                rig_append(&q.to, period.data, period.size);
        free(period.data);
        q.patch = rig_plain(&q.from, &q.to);
        return 0;
}

static int tear_down(void **state)
{
        (void)state;
        free(p.from.data);
        free(p.to.data);
        free(p.patch.data);
        free(q.from.data);
        free(q.to.data);
        free(q.patch.data);
        return 0;
}

static uint32_t copies(struct patch_parts *parts)
{
        return count_of(parts, DL_S_MAP, 0);
}

/* Of the first one. */
static void put_copy(struct patch_parts *parts, enum copy_field field, uint32_t value)
{
        put_told_at(part_of(parts, DL_S_MAP), 0, field, value);
}

static void skip_beyond_the_output(struct patch_parts *parts)
{
        put_copy(parts, COPY_SKIP, 1u << 30);
}

static void copy_beyond_the_output(struct patch_parts *parts)
{
        put_copy(parts, COPY_LENGTH, 1u << 30);
}

static void lengths_that_overflow(struct patch_parts *parts)
{
        put_copy(parts, COPY_LENGTH, UINT32_MAX);
}

static void copy_of_nothing(struct patch_parts *parts)
{
        put_copy(parts, COPY_LENGTH, 0);
}

static void negative_position(struct patch_parts *parts)
{
        put_copy(parts, COPY_PLACE, dl_zigzag(-16));
}

static void very_negative_position(struct patch_parts *parts)
{
        put_copy(parts, COPY_PLACE, dl_zigzag(-100000000));
}

static void position_beyond_the_old_image(struct patch_parts *parts)
{
        put_copy(parts, COPY_PLACE, dl_zigzag((int32_t)p.from.size));
}

static void position_that_overflows(struct patch_parts *parts)
{
        put_copy(parts, COPY_PLACE, UINT32_MAX - 1);
}

/* How many copies there are. */
static void number_without_an_end(struct patch_parts *parts)
{
        memset(part_of(parts, DL_S_MAP)->bytes, 0xff, 8);
}

static void more_copies_than_there_are(struct patch_parts *parts)
{
        dl_put32(entry_of(parts, DL_S_MAP) + DL_D_COUNTS, copies(parts) + 1);
}

static void map_with_a_copy_to_spare(struct patch_parts *parts)
{
        struct patch_part *part = part_of(parts, DL_S_MAP);

        memcpy(part->bytes + part->size, "\xff\xff\x7f\x01\x00", 5);
        part->size += 5;
}

static void size_that_is_not_the_map_s(struct patch_parts *parts)
{
        uint8_t *raw = entry_of(parts, DL_S_MAP) + DL_D_RAW;

        dl_put32(raw, dl_get32(raw) + 1);
}

static void size_that_is_not_the_regions(struct patch_parts *parts)
{
        uint8_t *raw = entry_of(parts, DL_S_REGIONS) + DL_D_RAW;

        dl_put32(raw, dl_get32(raw) + 1);
}

static void map_cut_short(struct patch_parts *parts)
{
        part_of(parts, DL_S_MAP)->size /= 2;
}

static void echo_in_the_map(struct patch_parts *parts)
{
        struct patch_part *part = part_of(parts, DL_S_MAP);

        put_told_at(part, 1, COPY_PLACE, (uint32_t)p.from.size + 1);
}

/* A megabyte behind the last region, in a thousand packed bytes. */
static void bomb(struct patch_parts *parts)
{
        struct patch_part *part = part_of(parts, DL_S_REGIONS);
        static uint8_t room[2u << 20];

        assert_true(part->size + (1u << 20) < sizeof(room));
        memset(room, 0, sizeof(room));
        memcpy(room, part->bytes, part->size);
        part->bytes = room;
        part->size += 1u << 20;
}

static void sections_out_of_order(struct patch_parts *parts)
{
        dl_put32(entry_of(parts, DL_S_REGIONS), DL_S_MAP);
}

static void unknown_section(struct patch_parts *parts)
{
        dl_put32(entry_of(parts, DL_S_REGIONS), 4000);
}

static void gap_beyond_the_segment(struct patch_parts *parts)
{
        put_varint_at(&parts->stream[0][DL_GAPS], 0, 0, 1u << 30);
}

/* The first one, with zeros in front. */
static void gap_of_six_bytes(struct patch_parts *parts)
{
        struct patch_part *gaps = &parts->stream[0][DL_GAPS];

        put_varint_at(gaps, 0, 0, varint_at(gaps, 0, 0) | 1u << 31);
        memmove(gaps->bytes + 6, gaps->bytes + 5, gaps->size++ - 5);
        gaps->bytes[4] = 128;
        gaps->bytes[5] = 0;
}

/* The only one, and no value for it. */
static void correction_beyond_the_segment(struct patch_parts *parts)
{
        struct patch_part *gaps = &parts->stream[0][DL_GAPS];

        memcpy(gaps->bytes, "\x80\x80\x80\x80\x04", 5);
        gaps->size = 5;
        parts->stream[0][DL_VALUES].size = 0;
}

static void too_few_values(struct patch_parts *parts)
{
        parts->stream[0][DL_VALUES].size--;
}

static void too_many_values(struct patch_parts *parts)
{
        parts->stream[0][DL_VALUES].size++;
}

static void too_few_literals(struct patch_parts *parts)
{
        parts->stream[0][DL_LITERALS].size--;
}

static void too_many_literals(struct patch_parts *parts)
{
        parts->stream[0][DL_LITERALS].size += 40;
}

static void smaller_output(struct patch_parts *parts)
{
        dl_put64(parts->header + DL_H_TO_SIZE, p.to.size - 300);
}

static void smaller_old_image(struct patch_parts *parts)
{
        dl_put64(parts->header + DL_H_FROM_SIZE, p.from.size - 1);
}

static void behind_the_checksums(void **state)
{
        static const struct tampering rows[] = {
                {"skip beyond the output", skip_beyond_the_output, SG_E_DELTA_MAP},
                {"copy beyond the output", copy_beyond_the_output, SG_E_DELTA_MAP},
                {"lengths that overflow", lengths_that_overflow, SG_E_DELTA_MAP},
                {"copy of nothing", copy_of_nothing, SG_E_DELTA_MAP},
                {"position -16", negative_position, SG_E_DELTA_MAP},
                {"position -100000000", very_negative_position, SG_E_DELTA_MAP},
                {"position beyond the old image", position_beyond_the_old_image, SG_E_DELTA_MAP},
                {"position that overflows", position_that_overflows, SG_E_DELTA_MAP},
                {"number without an end", number_without_an_end, SG_E_DELTA_MAP},
                {"more copies than there are", more_copies_than_there_are, SG_E_DELTA_MAP},
                {"map with a copy to spare", map_with_a_copy_to_spare, SG_E_DELTA_STREAM},
                {"an echo in the map", echo_in_the_map, SG_E_DELTA_MAP},
                {"a size that is not the map's", size_that_is_not_the_map_s, SG_E_DELTA_HEADER},
                {"nor the regions'", size_that_is_not_the_regions, SG_E_DELTA_HEADER},
                {"map cut short", map_cut_short, SG_E_DELTA_STREAM},
                {"a megabyte of zeros in the regions", bomb, SG_E_DELTA_STREAM},
                {"sections out of order", sections_out_of_order, SG_E_DELTA_HEADER},
                {"unknown section", unknown_section, SG_E_DELTA_HEADER},
                {"gap beyond the segment", gap_beyond_the_segment, SG_E_DELTA_STREAM},
                {"a gap of six bytes", gap_of_six_bytes, SG_E_DELTA_STREAM},
                {"correction beyond", correction_beyond_the_segment, SG_E_DELTA_SEGMENT},
                {"too few values", too_few_values, SG_E_DELTA_STREAM},
                {"too many values", too_many_values, SG_E_DELTA_STREAM},
                {"too few literals", too_few_literals, SG_E_DELTA_STREAM},
                {"too many literals", too_many_literals, SG_E_DELTA_STREAM},
                {"smaller output than promised", smaller_output, SG_E_DELTA_MAP},
                {"another old image", smaller_old_image, SG_E_DELTA_WRONG_BASE},
        };

        (void)state;
        expect_refused(&p.patch, &p.from, p.to.size, rows, sizeof(rows) / sizeof(rows[0]));
}

/* The second copy of the first segment, the only one of the other. */
static void add_to_length(struct patch_parts *parts, uint32_t segment, int32_t n)
{
        struct patch_part *part = &parts->stream[segment][DL_COPIES];
        uint32_t i = segment == 0 ? 1 : 0;

        put_told_at(part, i, COPY_LENGTH, told_at(part, i, COPY_LENGTH) + (uint32_t)n);
}

static void echo_beyond_its_segment(struct patch_parts *parts)
{
        add_to_length(parts, 0, 1);
}

static void echo_beyond_the_output(struct patch_parts *parts)
{
        add_to_length(parts, 1, 1);
}

/* It echoes what is 4097 before. */
static void echo_of_what_was_never_there(struct patch_parts *parts)
{
        struct patch_part *part = &parts->stream[0][DL_COPIES];

        put_told_at(part, 1, COPY_PLACE, told_at(part, 1, COPY_PLACE) + 1001);
}

/* It begins in the old image. */
static void echo_across_the_images(struct patch_parts *parts)
{
        put_told_at(&parts->stream[0][DL_COPIES], 1, COPY_PLACE, dl_zigzag(-1));
}

static void add_to_copies(struct patch_parts *parts, uint32_t n)
{
        struct patch_part *part = &parts->stream[0][DL_COPIES];

        put_varint_at(part, 0, 0, varint_at(part, 0, 0) + n);
}

static void too_many_copies(struct patch_parts *parts)
{
        add_to_copies(parts, 1);
}

static void too_few_copies(struct patch_parts *parts)
{
        add_to_copies(parts, UINT32_MAX);
}

static void number_of_33_bits(struct patch_parts *parts)
{
        memcpy(parts->stream[0][DL_COPIES].bytes, "\x80\x80\x80\x80\x10", 5);
}

static void no_copies(struct patch_parts *parts)
{
        parts->stream[0][DL_COPIES].size = 0;
}

static void in_the_segments(void **state)
{
        static const struct tampering rows[] = {
                {"an echo beyond its segment", echo_beyond_its_segment, SG_E_DELTA_MAP},
                {"an echo beyond the output", echo_beyond_the_output, SG_E_DELTA_MAP},
                {"an echo of nothing", echo_of_what_was_never_there, SG_E_DELTA_MAP},
                {"an echo across the images", echo_across_the_images, SG_E_DELTA_MAP},
                {"too many copies", too_many_copies, SG_E_DELTA_STREAM},
                {"too few copies", too_few_copies, SG_E_DELTA_STREAM},
                {"as many as 33 bits say", number_of_33_bits, SG_E_DELTA_MAP},
                {"no copies", no_copies, SG_E_DELTA_STREAM},
        };

        (void)state;
        expect_refused(&q.patch, &q.from, q.to.size, rows, sizeof(rows) / sizeof(rows[0]));
}

/* Any flipped bit of a patch, and any length but its own, is refused: nothing is taken on trust. */
static void every_bit(void **state)
{
        (void)state;
        rig_seed(12);
        struct buffer from = rig_noise(3000), to = rig_edited(&from, 4);
        struct rig r = {.patch = rig_plain(&from, &to), .from = from};

        r.to = (struct buffer){.data = calloc(1, to.size), .size = to.size};
        for (size_t bit = 0; bit < 8 * r.patch.size; bit++) {
                r.patch.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
                if (rig_apply(&r) == SG_OK)
                        fail_msg("bit %zu of byte %zu", bit % 8, bit / 8);
                r.patch.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
        size_t whole = r.patch.size;
        for (r.patch.size = 0; r.patch.size < whole; r.patch.size++)
                assert_int_not_equal(rig_apply(&r), SG_OK);
        assert_int_equal(rig_apply(&r), SG_OK);
        rig_append(&r.patch, "more", 1);
        assert_int_equal(rig_apply(&r), SG_E_DELTA_LENGTH);
        free(r.to.data);
        free(r.patch.data);
        free(from.data);
        free(to.data);
}

/* The arena is what the counts make of it, to the byte. */
static void wrong_arena(void **state)
{
        struct rig r = {.patch = p.patch, .from = p.from, .to = p.to};

        (void)state;
        r.patch.data = malloc(p.patch.size);
        for (int more = -16; more <= 16; more += 32) {
                memcpy(r.patch.data, p.patch.data, p.patch.size);
                uint8_t *arena = r.patch.data + DL_H_ARENA_SIZE;
                dl_put32(arena, dl_get32(arena) + (uint32_t)more);
                dl_put32(r.patch.data + DL_H_CRC, (uint32_t)crc32(0, r.patch.data, DL_H_CRC));
                assert_int_equal(rig_apply(&r), SG_E_DELTA_ARENA);
        }
        assert_int_equal(r.writes, 0);
        free(r.patch.data);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(behind_the_checksums),
                cmocka_unit_test(in_the_segments),
                cmocka_unit_test(every_bit),
                cmocka_unit_test(wrong_arena),
        };

        return cmocka_run_group_tests(tests, set_up, tear_down);
}
