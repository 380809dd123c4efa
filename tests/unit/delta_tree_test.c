/* SPDX-License-Identifier: Apache-2.0 */
/* Columns in a tree: each entry is what was appended, and stands behind as many. */
#include "delta/tree.h"
#include "tests/unit/delta_rig.h"

static struct dl_tree make_tree(uint32_t entries)
{
        uint32_t steps = 4 * entries / DL_TREE_STEP + 1;
        struct dl_tree t = {.room = steps};

        t.shape = malloc(sizeof(*t.shape));
        t.digits = malloc((size_t)steps * DL_TREE_STEP / 4);
        t.counts = malloc(steps * sizeof(*t.counts));
        t.spans = malloc((steps / (DL_TREE_SPAN / DL_TREE_STEP) + 1) * sizeof(*t.spans));
        assert_true(t.shape && t.digits && t.counts && t.spans);
        return t;
}

static void free_tree(struct dl_tree *t)
{
        free(t->shape);
        free(t->digits);
        free(t->counts);
        free(t->spans);
}

static void append_runs(struct dl_tree *t, const struct buffer *column)
{
        size_t run;

        for (size_t at = 0; at < column->size; at += run) {
                for (run = 1; at + run < column->size; run++) {
                        if (column->data[at + run] != column->data[at])
                                break;
                }
                assert_true(tree_append(t, column->data[at], (uint32_t)run));
        }
}

static void check(const struct buffer *column)
{
        uint32_t counts[256] = {0}, before[256] = {0};
        struct dl_tree t = make_tree((uint32_t)column->size);

        for (size_t i = 0; i < column->size; i++)
                counts[column->data[i]]++;
        for (uint32_t i = 1; i < 256; i++)
                before[i] = before[i - 1] + counts[i - 1];
        assert_true(tree_begin(&t, counts));
        append_runs(&t, column);
        for (uint32_t i = 0; i < 256; i++)
                assert_false(tree_append(&t, (uint8_t)i, 1));
        tree_finish(&t);
        for (uint32_t i = 0; i < column->size; i++) {
                uint32_t place;
                assert_int_equal(tree_entry(&t, i, &place), column->data[i]);
                assert_int_equal(place, before[column->data[i]]++);
        }
        t.room = (t.used - 1) / DL_TREE_STEP;
        assert_true(t.used == 0 || !tree_begin(&t, counts));
        free_tree(&t);
}

/* So many bytes of so many kinds, in runs of up to so many, small ones more often than others. */
static void check_random(size_t size, uint32_t kinds, uint32_t runs)
{
        struct buffer column = {.data = malloc(size), .size = size};

        assert_non_null(column.data);
        for (size_t at = 0; at < size;) {
                uint32_t byte = rig_random() % kinds * (rig_random() % kinds + 1) / kinds;
                for (uint32_t n = rig_random() % runs + 1; n > 0 && at < size; n--)
                        column.data[at++] = (uint8_t)(byte * 255u / kinds);
        }
        check(&column);
        free(column.data);
}

static void columns_of_any_kind(void **state)
{
        static const uint32_t kinds[] = {1, 2, 3, 4, 5, 6, 7, 16, 100, 255, 256};

        (void)state;
        for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
                check_random(1, kinds[i], 1);
                check_random(2 * kinds[i], kinds[i], 1);
                check_random(5000 + i, kinds[i], 3);
                check_random(100000 + i, kinds[i], 700);
        }
}

/* Each twice as often as the one before: the deepest tree. */
static void deep_tree(void **state)
{
        struct buffer column = {.data = malloc(1u << 18), .size = (1u << 18) - 1};

        (void)state;
        assert_non_null(column.data);
        for (size_t i = 0; i < column.size; i++)
                column.data[i] = (uint8_t)__builtin_ctzl(i + 1);
        check(&column);
        free(column.data);
}

/* What the memory of blocks is reckoned by (docs/delta.md): the inner nodes' weights, summed. */
static void digits_of_a_shape(void **state)
{
        static const struct {
                uint32_t counts[8], digits;
        } rows[] = {
                {{0}, 0},
                {{9}, 0},
                {{10, 5}, 15},
                {{5, 3, 2, 1}, 11},
                {{1, 1, 1, 1, 1}, 2 + 5},
                {{1, 3, 1, 1, 5, 1}, 3 + 12},
                {{8, 1, 4, 1, 2, 1, 1}, 4 + 18},
                {{8, 1, 4, 1, 2, 1, 1, 1}, 2 + 5 + 19},
        };
        struct dl_tree t = make_tree(100);

        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                uint32_t counts[256] = {0};
                for (uint32_t k = 0; k < 8; k++)
                        counts[k * 36] = rows[i].counts[k];
                assert_int_equal(tree_plan(t.shape, counts), rows[i].digits);
        }
        free_tree(&t);
}

static int set_up(void **state)
{
        (void)state;
        rig_seed(21);
        return 0;
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(columns_of_any_kind),
                cmocka_unit_test(deep_tree),
                cmocka_unit_test(digits_of_a_shape),
        };

        return cmocka_run_group_tests(tests, set_up, NULL);
}
