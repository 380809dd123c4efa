/* SPDX-License-Identifier: Apache-2.0 */
/* New bytes: streams that are sorted block by block, and echoes of the output before. */
#include "delta/create/blocks.h"
#include "tests/fuzz/patch_sorted.h"
#include "tests/unit/delta_faults.h"
#include "tests/unit/delta_tamper.h"

/* Words of one vocabulary in any order: what deflate codes worse than bzip2. */
static struct buffer text(size_t size)
{
        struct buffer b = {0};
        char words[600][8];
        size_t lengths[600];

        for (size_t i = 0; i < 600; i++) {
                lengths[i] = 2 + rig_random() % 6;
                for (size_t k = 0; k < lengths[i]; k++)
                        words[i][k] = "etaoinshrdlu"[rig_random() % 12];
                words[i][lengths[i]] = ' ';
        }
        while (b.size < size) {
                size_t i = rig_random() % 600 * (rig_random() % 600) / 600;
                rig_append(&b, words[i], lengths[i] + 1);
        }
        b.size = size;
        return b;
}

/* Bytes that follow from the one before but for a little: rank after rank. */
static struct buffer slow_noise(size_t size)
{
        struct buffer b = rig_noise(size);

        for (size_t i = 1; i < size; i++)
                b.data[i] = (uint8_t)(b.data[i - 1] + b.data[i] % 5 - 2 + (i % 997 ? 0 : 128));
        return b;
}

static struct buffer nothing(void)
{
        return (struct buffer){.data = malloc(1)};
}

static struct buffer check(const struct buffer *from, const struct buffer *to, uint64_t ram_max)
{
        const struct dl_create_options options = {.ram_max = ram_max};
        struct buffer patch = rig_create(from, to, &options);

        rig_check(&patch, from, to);
        return patch;
}

static void new_text(void **state)
{
        struct buffer from = nothing(), to = text(200000);

        (void)state;
        struct buffer patch = check(&from, &to, 0);
        assert_true(rig_part(&patch, "blocks") > 0);
        assert_true(patch.size < 200000 * 3 / 10);
        free(patch.data);
        free(from.data);
        free(to.data);
}

/* Several blocks in a segment, several segments, sizes beside those of the counted steps. */
static void blocks_of_any_size(void **state)
{
        static const size_t sizes[] = {4096, 4097, 8191, 8192, 20481, 100000, (1u << 20) + 30000};

        (void)state;
        for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
                struct buffer from = nothing(), to = slow_noise(sizes[i]);
                struct buffer patch = check(&from, &to, i % 2 ? 430u << 10 : 0);
                assert_true(rig_part(&patch, "blocks") > 0);
                assert_true(rig_header(&patch).arena_size <= (i % 2 ? 430u << 10 : DL_RAM_DEFAULT));
                free(patch.data);
                free(from.data);
                free(to.data);
        }
}

/* New text in the second segment alone. */
static void one_segment_of_three(void **state)
{
        struct buffer from = rig_noise(2u << 20), words = text(20000), to = {0};

        (void)state;
        rig_append(&to, from.data, (1u << 20) + 1000);
        rig_append(&to, words.data, words.size);
        rig_append(&to, from.data + (1u << 20), 1u << 20);
        to.data[20] ^= 1;
        to.data[to.size - 20] ^= 1;
        struct buffer patch = check(&from, &to, 0);
        assert_true(rig_part(&patch, "blocks") > 0);
        free(patch.data);
        free(words.data);
        free(from.data);
        free(to.data);
}

/* Every third byte has changed, each by something else that is lawful. */
static void dense_changes(void **state)
{
        struct buffer from = rig_noise(400000), to = {0};

        (void)state;
        rig_append(&to, from.data, from.size);
        for (size_t i = 0; i < to.size; i += 3)
                to.data[i] = (uint8_t)(to.data[i] + i / 3 % 251);
        struct buffer patch = check(&from, &to, 0);
        assert_true(patch.size < 4000);
        free(patch.data);
        free(from.data);
        free(to.data);
}

static void echoes(void **state)
{
        static const size_t periods[] = {1, 3, 4097, 50000};

        (void)state;
        for (size_t i = 0; i < sizeof(periods) / sizeof(periods[0]); i++) {
                struct buffer from = rig_noise(1000), to = {0};
                struct buffer period = rig_noise(periods[i]);
                while (to.size < (3u << 20) + 12345)
                        rig_append(&to, period.data, period.size);
                struct buffer patch = check(&from, &to, 0);
                assert_true(patch.size < periods[i] + 1500);
                free(patch.data);
                free(period.data);
                free(from.data);
                free(to.data);
        }
}

/* The sorted stream, and the numbers told in it: of all bytes, of each, the end's row, of ranks. */
static struct patch_part *told(struct patch_parts *p)
{
        return &p->stream[0][DL_LITERALS];
}

enum { TOLD_SIZE, TOLD_COUNTS, TOLD_END = TOLD_COUNTS + 256, TOLD_RANKS };

static uint32_t number(struct patch_parts *p, uint32_t i)
{
        return varint_at(told(p), 0, i);
}

static void put_number(struct patch_parts *p, uint32_t i, uint32_t value)
{
        put_varint_at(told(p), 0, i, value);
}

static void add_to_byte(struct patch_parts *p, uint8_t byte, uint32_t n)
{
        put_number(p, TOLD_COUNTS + byte, number(p, TOLD_COUNTS + byte) + n);
}

static void tree_beyond_its_memory(struct patch_parts *p)
{
        add_to_byte(p, 'e', DL_SEGMENT_SIZE / 2);
        add_to_byte(p, 't', DL_SEGMENT_SIZE / 4);
}

static void block_beyond_a_segment(struct patch_parts *p)
{
        add_to_byte(p, 'e', DL_SEGMENT_SIZE);
}

/* Of bytes that do not stand in it: in 32 bits they add nothing, and a larger tree has room. */
static void counts_that_wrap(struct patch_parts *p)
{
        add_to_count(p, DL_S_BLOCKS, 0, count_of(p, DL_S_BLOCKS, 0));
        add_to_byte(p, 0, 1u << 31);
        add_to_byte(p, 1, 1u << 31);
}

static void block_beyond_the_stream(struct patch_parts *p)
{
        put_number(p, TOLD_SIZE, number(p, TOLD_SIZE) - 1);
}

static void stream_that_is_not_all_taken(struct patch_parts *p)
{
        put_number(p, TOLD_SIZE, number(p, TOLD_SIZE) + BLOCK_LEAST);
}

static void stream_too_short(struct patch_parts *p)
{
        put_number(p, TOLD_SIZE, 0);
}

static void empty_block(struct patch_parts *p)
{
        for (uint32_t i = 0; i < 256; i++)
                put_number(p, TOLD_COUNTS + i, 0);
}

static void byte_more_often_than_told(struct patch_parts *p)
{
        add_to_byte(p, 'e', 1);
        add_to_byte(p, 't', 0u - 1);
}

static void byte_that_was_not_told(struct patch_parts *p)
{
        add_to_byte(p, 'e', number(p, TOLD_COUNTS + 't'));
        put_number(p, TOLD_COUNTS + 't', 0);
}

/* "aaa", then another block. */
static void short_block_before_another(struct patch_parts *p)
{
        empty_block(p);
        put_number(p, TOLD_COUNTS + 'a', 3);
        put_number(p, TOLD_END, 1);
}

static void walk_that_ends_elsewhere(struct patch_parts *p)
{
        put_number(p, TOLD_END, number(p, TOLD_END) - 1);
}

static void walk_without_an_end(struct patch_parts *p)
{
        put_number(p, TOLD_END, 0);
}

static void walk_that_ends_behind_the_block(struct patch_parts *p)
{
        put_number(p, TOLD_END, DL_SEGMENT_SIZE);
}

static void run_of_one_byte(struct patch_parts *p)
{
        memset(told(p)->bytes + told(p)->size - 4000, 0, 4000);
}

static void column_cut_short(struct patch_parts *p)
{
        told(p)->size -= 1000;
}

static void block_with_bytes_to_spare(struct patch_parts *p)
{
        memset(told(p)->bytes + told(p)->size, 77, 40);
        told(p)->size += 40;
}

static void nothing_told(struct patch_parts *p)
{
        p->sorted[0] = 0;
        told(p)->size = 0;
}

static void unknown_stream(struct patch_parts *p)
{
        part_of(p, DL_S_BLOCKS)->bytes[0] = DL_COPIES;
}

static void unknown_bit(struct patch_parts *p)
{
        part_of(p, DL_S_BLOCKS)->bytes[0] |= 8u;
}

static void no_memory_for_blocks(struct patch_parts *p)
{
        add_to_count(p, DL_S_BLOCKS, 0, 0u - count_of(p, DL_S_BLOCKS, 0));
}

static void list_with_bytes_to_spare(struct patch_parts *p)
{
        struct patch_part *s = part_of(p, DL_S_BLOCKS);

        s->bytes[s->size++] = 0;
}

static void tree_that_has_no_room(struct patch_parts *p)
{
        add_to_count(p, DL_S_BLOCKS, 0, 0u - 1);
}

static void too_much_memory_for_blocks(struct patch_parts *p)
{
        add_to_count(p, DL_S_BLOCKS, 0, BLOCK_STEPS);
}

static void bad_blocks(void **state)
{
        static const struct tampering rows[] = {
                {"a tree beyond its memory", tree_beyond_its_memory, SG_E_DELTA_SEGMENT},
                {"a block beyond a segment", block_beyond_a_segment, SG_E_DELTA_SEGMENT},
                {"counts that wrap", counts_that_wrap, SG_E_DELTA_SEGMENT},
                {"a tree that has no room", tree_that_has_no_room, SG_E_DELTA_SEGMENT},
                {"a block beyond the stream", block_beyond_the_stream, SG_E_DELTA_SEGMENT},
                {"an empty block", empty_block, SG_E_DELTA_SEGMENT},
                {"a short block before another", short_block_before_another, SG_E_DELTA_SEGMENT},
                {"a stream that is not all taken", stream_that_is_not_all_taken,
                 SG_E_DELTA_SEGMENT},
                {"a stream too short", stream_too_short, SG_E_DELTA_STREAM},
                {"a byte more often than told", byte_more_often_than_told, SG_E_DELTA_SEGMENT},
                {"a byte that was not told", byte_that_was_not_told, SG_E_DELTA_SEGMENT},
                {"a run of one byte", run_of_one_byte, SG_E_DELTA_SEGMENT},
                {"a walk that ends elsewhere", walk_that_ends_elsewhere, SG_E_DELTA_SEGMENT},
                {"a walk without an end", walk_without_an_end, SG_E_DELTA_SEGMENT},
                {"a walk that ends behind it", walk_that_ends_behind_the_block, SG_E_DELTA_SEGMENT},
                {"a column cut short", column_cut_short, SG_E_DELTA_STREAM},
                {"a block with bytes to spare", block_with_bytes_to_spare, SG_E_DELTA_STREAM},
                {"nothing told", nothing_told, SG_E_DELTA_STREAM},
                {"an unknown stream", unknown_stream, SG_E_DELTA_MODEL},
                {"an unknown bit", unknown_bit, SG_E_DELTA_MODEL},
                {"a list with bytes to spare", list_with_bytes_to_spare, SG_E_DELTA_STREAM},
                {"no memory for blocks", no_memory_for_blocks, SG_E_DELTA_MODEL},
                {"too much memory for blocks", too_much_memory_for_blocks, SG_E_DELTA_MODEL},
        };
        struct buffer from = nothing(), to = text(50000), patch = rig_plain(&from, &to);

        (void)state;
        expect_refused(&patch, &from, to.size, rows, sizeof(rows) / sizeof(rows[0]));
        free(patch.data);
        free(from.data);
        free(to.data);
}

/* ---- Where a block ends ---- */

#define TEXT_SIZE 20000u

static struct buffer whole; /* what the stream stands for, and a byte more */

/* A stream of blocks, told: this many bytes, the next ones after `at`. */
static void tell_block(struct bytes *told, uint32_t at, uint32_t size)
{
        struct bytes raw = {0}, packed = {0}, alone = {0};
        size_t head = 0;

        bytes_add(&raw, whole.data + at, size);
        blocks_sort(&packed, &raw, BLOCK_STEPS);
        assert_true(patch_sorted_read(&alone, packed.data, packed.size));
        while (alone.data[head++] > 127) /* its size */
                ;
        bytes_add(told, alone.data + head, alone.size - head);
        bytes_free(&alone);
        bytes_free(&packed);
        bytes_free(&raw);
}

/* The same stream in two blocks, the first one of `first` bytes; `more`: the second one is longer
 * than what is told of the stream. */
static void tell_two(struct patch_parts *p, uint32_t first, uint32_t more)
{
        static uint8_t room[8 * TEXT_SIZE];
        struct bytes all = {0};

        bytes_varint(&all, TEXT_SIZE);
        tell_block(&all, 0, first);
        tell_block(&all, first, TEXT_SIZE - first + more);
        assert_true(!all.failed && all.size <= sizeof(room));
        memcpy(room, all.data, all.size);
        told(p)->bytes = room;
        told(p)->size = all.size;
        bytes_free(&all);
}

static void first_block_of_the_least_size(struct patch_parts *p)
{
        tell_two(p, BLOCK_LEAST, 0);
}

static void first_block_too_short(struct patch_parts *p)
{
        tell_two(p, BLOCK_LEAST - 1, 0);
}

static void last_block_of_any_size(struct patch_parts *p)
{
        tell_two(p, TEXT_SIZE - 1, 0);
}

static void last_block_with_a_byte_more(struct patch_parts *p)
{
        tell_two(p, BLOCK_LEAST, 1);
}

static void blocks_in_a_row(void **state)
{
        static const struct tampering rows[] = {
                {"the least size", first_block_of_the_least_size, SG_OK},
                {"a byte less", first_block_too_short, SG_E_DELTA_SEGMENT},
                {"one byte at the end", last_block_of_any_size, SG_OK},
                {"a byte more at the end", last_block_with_a_byte_more, SG_E_DELTA_SEGMENT},
        };
        struct buffer from = nothing();

        (void)state;
        whole = text(TEXT_SIZE + 1);
        struct buffer to = {.data = whole.data, .size = TEXT_SIZE};
        struct buffer patch = rig_plain(&from, &to);
        expect_refused(&patch, &from, to.size, rows, sizeof(rows) / sizeof(rows[0]));
        free(patch.data);
        free(whole.data);
        free(from.data);
}

/* In the middle of a column, too, of which some is there then. */
static void reads_that_fail(void **state)
{
        struct buffer from = nothing(), to = text(30000), patch = rig_plain(&from, &to);

        (void)state;
        assert_true(patch.size > 3 * DL_STREAM_BUFFER);
        expect_errors_end_it(&patch, &from, &to, PATCH, 1);
        free(patch.data);
        free(from.data);
        free(to.data);
}

/* The one copy of the patch begins at 1000 in the output and echoes what is 1000 before. */
static void echo_of_what_was_never_there(struct patch_parts *p)
{
        struct patch_part *part = &p->stream[0][DL_COPIES];

        put_told_at(part, 0, COPY_PLACE, told_at(part, 0, COPY_PLACE) + 1);
}

static void echo_across_the_images(struct patch_parts *p)
{
        put_told_at(&p->stream[0][DL_COPIES], 0, COPY_PLACE, 0);
}

static void bad_echoes(void **state)
{
        static const struct tampering rows[] = {
                {"an echo of what was never there", echo_of_what_was_never_there, SG_E_DELTA_MAP},
                {"an echo across the images", echo_across_the_images, SG_E_DELTA_MAP},
        };
        struct buffer from = rig_noise(100), period = rig_noise(1000), to = {0};

        (void)state;
        for (int i = 0; i < 50; i++)
                rig_append(&to, period.data, period.size);
        struct buffer patch = rig_plain(&from, &to);
        assert_int_equal(rig_header(&patch).flags & DL_F_RESIDENT, 0);
        expect_refused(&patch, &from, to.size, rows, sizeof(rows) / sizeof(rows[0]));
        free(patch.data);
        free(period.data);
        free(from.data);
        free(to.data);
}

/* Section 9 of a resident patch names a fourth stream: that is none for the fuzzer. */
static void a_sorted_stream_that_is_not_there(void **state)
{
        static struct patch_parts parts;
        struct buffer from = rig_noise(12000), to = rig_linked(&from), patch;
        static uint8_t edited[65536];

        (void)state;
        assert_int_equal(rig_try_encode(&from, &to, false, DL_CHUNK_MAX, &patch), SG_OK);
        assert_true(patch_parts_read(&parts, patch.data, patch.size));
        assert_int_equal(parts.streams, DL_DEFLATED);
        assert_int_equal(parts.sorted[0], DL_VALUES);
        part_of(&parts, DL_S_BLOCKS)->bytes[0] = BLOCK_STREAM;
        parts.sorted[0] = 0;
        parts.stream[0][DL_VALUES].size = 0;
        size_t size = patch_parts_write(&parts, edited, sizeof(edited));
        assert_true(size > 0 && patch_parts_read(&parts, edited, size));
        assert_int_equal(parts.sorted[0], 0);
        free(patch.data);
        free(from.data);
        free(to.data);
}

static int set_up(void **state)
{
        (void)state;
        rig_seed(12);
        return 0;
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(new_text),
                cmocka_unit_test(blocks_of_any_size),
                cmocka_unit_test(one_segment_of_three),
                cmocka_unit_test(dense_changes),
                cmocka_unit_test(echoes),
                cmocka_unit_test(bad_blocks),
                cmocka_unit_test(blocks_in_a_row),
                cmocka_unit_test(reads_that_fail),
                cmocka_unit_test(bad_echoes),
                cmocka_unit_test(a_sorted_stream_that_is_not_there),
        };

        return cmocka_run_group_tests(tests, set_up, NULL);
}
