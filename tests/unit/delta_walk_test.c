/* SPDX-License-Identifier: Apache-2.0 */
/* Sorted blocks made by hand: what is told of them, against what they hold. */
#include "tests/unit/delta_tamper.h"

/* A block whose last column has other bytes than were counted, or a walk that ends elsewhere. */
struct block {
        const char *what;
        const char *counted, *column;
        uint32_t end;
        sg_err expected;
        const char *text; /* that is read of it; where it is shorter the block has more */
};

static void put(struct patch_part *s, uint32_t byte)
{
        s->bytes[s->size++] = (uint8_t)byte;
}

/* By ranks. */
static void put_column(struct patch_part *s, const char *column)
{
        uint8_t ranks[256];

        for (uint32_t i = 0; i < 256; i++)
                ranks[i] = (uint8_t)i;
        put(s, (uint32_t)strlen(column));
        for (; *column; column++) {
                uint32_t rank = 0;
                while (ranks[rank] != (uint8_t)*column)
                        rank++;
                put(s, rank);
                memmove(ranks + 1, ranks, rank);
                ranks[0] = (uint8_t)*column;
        }
}

#define COUNTS 1u /* behind the size of all blocks */

/* As tests/fuzz/patch_sorted.h tells it. */
static void put_block(struct patch_part *s, const struct block *b)
{
        memset(s->bytes, 0, COUNTS + 256);
        s->bytes[0] = (uint8_t)strlen(b->counted);
        for (const char *c = b->counted; *c; c++)
                s->bytes[COUNTS + (uint8_t)*c]++;
        s->size = COUNTS + 256;
        put(s, b->end);
        put_column(s, b->column);
}

static struct patch_parts parts;

/* A patch with one sorted stream, from nothing. */
static void read_base(void)
{
        struct buffer from = {.data = malloc(1)}, to = {0};

        for (uint32_t i = 0; i < 5000; i++) {
                uint32_t v = 0x65740000u + i * 7;
                rig_append(&to, &v, sizeof(v));
        }
        struct buffer patch = rig_plain(&from, &to);
        assert_true(patch_parts_read(&parts, patch.data, patch.size));
        assert_int_equal(part_of(&parts, DL_S_BLOCKS)->bytes[0], DL_LITERALS);
        free(patch.data);
        free(to.data);
        free(from.data);
}

static sg_err outcome(const char *text)
{
        uint8_t bytes[8192], output[64], nothing;
        struct rig r = {.from = {.data = &nothing}, .patch = {.data = bytes}};

        r.to = (struct buffer){.data = output, .size = strlen(text)};
        dl_put64(parts.header + DL_H_TO_SIZE, r.to.size);
        r.patch.size = patch_parts_write(&parts, bytes, sizeof(bytes));
        assert_true(r.patch.size > 0);
        sg_err e = rig_apply(&r);
        if (!e)
                assert_memory_equal(output, text, r.to.size);
        return e;
}

static void blocks_by_hand(void **state)
{
        static const struct block rows[] = {
                {"one byte", "a", "a", 1, SG_OK, "a"},
                {"a run", "aaaaaaaa", "aaaaaaaa", 8, SG_OK, "aaaaaaaa"},
                {"a walk of one cycle", "abb", "bba", 3, SG_OK, "bab"},
                {"the same column, another walk", "abb", "bba", 1, SG_OK, "bba"},
                {"a byte more often than counted", "abb", "aba", 3, SG_E_DELTA_SEGMENT, "abb"},
                {"a run more often than counted", "aab", "abb", 2, SG_E_DELTA_SEGMENT, "aba"},
                {"the same before the last byte", "aaab", "abba", 2, SG_E_DELTA_SEGMENT, "abaa"},
                {"a walk of two cycles", "ab", "ab", 1, SG_E_DELTA_SEGMENT, "ab"},
                {"a walk without an end", "abb", "bba", 0, SG_E_DELTA_SEGMENT, "bba"},
                {"a walk that ends behind the column", "abb", "bab", 4, SG_E_DELTA_SEGMENT, "bbb"},
                {"no block", "", "", 0, SG_E_DELTA_STREAM, "a"},
                {"a block longer than what is read", "abb", "bba", 3, SG_E_DELTA_SEGMENT, "ba"},
        };
        size_t wrong = 0;

        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                put_block(&parts.stream[0][DL_LITERALS], &rows[i]);
                sg_err e = outcome(rows[i].text);
                if (e != rows[i].expected) {
                        print_error("%s: %d\n", rows[i].what, (int)e);
                        wrong++;
                }
        }
        assert_int_equal(wrong, 0);
}

/* Counts whose sum is 1 when it wraps. */
static void counts_that_wrap(void **state)
{
        static const struct block one = {.counted = "aa", .column = "a", .end = 1};
        struct patch_part *s = &parts.stream[0][DL_LITERALS];

        (void)state;
        put_block(s, &one);
        put_varint_at(s, COUNTS, 'b', UINT32_MAX);
        assert_int_equal(outcome("a"), SG_E_DELTA_SEGMENT);
}

static void an_empty_block(void **state)
{
        static const struct block empty = {.counted = "", .column = "", .end = 0};
        struct patch_part *s = &parts.stream[0][DL_LITERALS];

        (void)state;
        for (uint8_t end = 0; end < 2; end++) {
                put_block(s, &empty);
                s->bytes[0] = 1;
                put_varint_at(s, COUNTS, 256, end);
                assert_int_equal(outcome("a"), SG_E_DELTA_SEGMENT);
        }
}

static int set_up(void **state)
{
        (void)state;
        read_base();
        return 0;
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(blocks_by_hand),
                cmocka_unit_test(counts_that_wrap),
                cmocka_unit_test(an_empty_block),
        };

        return cmocka_run_group_tests(tests, set_up, NULL);
}
