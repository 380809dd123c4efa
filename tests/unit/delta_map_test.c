/* SPDX-License-Identifier: Apache-2.0 */
/* Copies: the next one by its three numbers, and the one that holds a place. */
#include "delta/map.h"
#include "tests/unit/delta_rig.h"

static void copies(void **state)
{
        static const struct {
                struct dl_copy last;
                uint32_t skip, length;
                int32_t seek;
                sg_err expected;
                struct dl_copy next;
        } rows[] = {
                {{0, 0, 0}, 0, 100, 0, SG_OK, {0, 0, 100}},
                {{50, 20, 30}, 5, 15, 25, SG_OK, {85, 75, 15}},
                {{50, 20, 30}, 5, 16, 25, SG_E_DELTA_MAP, {0, 0, 0}}, /* behind the output */
                {{0, 0, 0}, 0, 0, 0, SG_E_DELTA_MAP, {0, 0, 0}},
                {{0, 0, 0}, 0, 50, -1, SG_E_DELTA_MAP, {0, 0, 0}},
                {{0, 30, 10}, 0, 50, -40, SG_OK, {10, 0, 50}},
                {{0, 30, 10}, 0, 50, -41, SG_E_DELTA_MAP, {0, 0, 0}},
                {{0, 0, 0}, 0, 50, 150, SG_OK, {0, 150, 50}},
                {{0, 0, 0}, 0, 50, 151, SG_E_DELTA_MAP, {0, 0, 0}},
        };

        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct dl_copy c = rows[i].last;
                sg_err e = dl_copy_next(&c, rows[i].skip, rows[i].length, dl_zigzag(rows[i].seek),
                                        100, 200);
                if (e != rows[i].expected)
                        fail_msg("row %zu: %d", i, (int)e);
                if (!e)
                        assert_memory_equal(&c, &rows[i].next, sizeof(c));
        }
}

/* The copy that holds a place of the output, or the next one. */
static void copies_are_found(void **state)
{
        struct dl_copy list[] = {{10, 0, 5}, {20, 0, 10}, {30, 0, 1}};
        static const uint32_t places[][2] = {{0, 0},  {10, 0}, {14, 0}, {15, 1}, {19, 1},
                                             {20, 1}, {29, 1}, {30, 2}, {31, 3}};
        const struct dl_map map = {.copies = list, .count = 3};

        (void)state;
        for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
                assert_int_equal(dl_map_find(&map, places[i][0]), places[i][1]);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(copies),
                cmocka_unit_test(copies_are_found),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
