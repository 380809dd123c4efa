// SPDX-License-Identifier: Apache-2.0
#include "images/rt/beats.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void bins_end_where_they_say(void **state)
{
        struct beats b = {0};

        (void)state;
        beats_take(&b, 0);
        beats_take(&b, 999);
        beats_take(&b, 1000);
        beats_take(&b, 9999);
        beats_take(&b, 10000);
        beats_take(&b, 50000);
        beats_take(&b, 249999);
        assert_int_equal(b.late[BEATS_LT1MS], 2);
        assert_int_equal(b.late[BEATS_LT10MS], 2);
        assert_int_equal(b.late[BEATS_LT50MS], 1);
        assert_int_equal(b.late[BEATS_LT250MS], 2);
        assert_int_equal(b.lost, 0);
        assert_int_equal(b.count, 7);
}

static void a_beat_250_ms_late_is_lost_and_counted(void **state)
{
        struct beats b = {0};

        (void)state;
        beats_take(&b, 250000);
        assert_int_equal(b.lost, 1);
        assert_int_equal(b.count, 1);
        assert_int_equal(b.worst_us, 250000);
}

static void the_longest_line_fits(void **state)
{
        struct beats b;
        char line[BEATS_LINE];

        (void)state;
        memset(&b, 0xff, sizeof(b));
        assert_true(beats_line(&b, line) < BEATS_LINE);
        memset(&b, 0, sizeof(b));
        beats_take(&b, 12);
        beats_line(&b, line);
        assert_string_equal(line, "beats 1 0 12 1 0 0 0\n");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(bins_end_where_they_say),
                cmocka_unit_test(a_beat_250_ms_late_is_lost_and_counted),
                cmocka_unit_test(the_longest_line_fits),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
