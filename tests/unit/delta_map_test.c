/* SPDX-License-Identifier: Apache-2.0 */
/* Copies: the one that holds a place. */
#include "delta/map.h"
#include "tests/unit/delta_rig.h"

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
                cmocka_unit_test(copies_are_found),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
