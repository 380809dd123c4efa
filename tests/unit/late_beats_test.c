// SPDX-License-Identifier: Apache-2.0
/* The histogram of late timer interrupts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <segue/hypercall.h>

#include "hv/vm/timer.h"

static void each_beat_falls_into_one_bin(void **state)
{
        static const struct {
                uint64_t late_us;
                enum sg_counter bin;
        } rows[] = {
                {0, SG_CNT_LATE_LT1MS},       {999, SG_CNT_LATE_LT1MS},
                {1000, SG_CNT_LATE_LT10MS},   {9999, SG_CNT_LATE_LT10MS},
                {10000, SG_CNT_LATE_LT50MS},  {49999, SG_CNT_LATE_LT50MS},
                {50000, SG_CNT_LATE_LT250MS}, {249999, SG_CNT_LATE_LT250MS},
                {250000, SG_CNT_LATE_LOST},   {UINT64_MAX, SG_CNT_LATE_LOST},
        };

        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                uint64_t counters[SG_CNT_COUNT] = {0};

                timer_count_beat(counters, rows[i].late_us);
                for (unsigned c = 0; c < SG_CNT_COUNT; c++) {
                        if (c == SG_CNT_TIMER || c == (unsigned)rows[i].bin)
                                assert_int_equal(counters[c], 1);
                        else if (c == SG_CNT_LATE_WORST_US)
                                assert_true(counters[c] == rows[i].late_us);
                        else
                                assert_int_equal(counters[c], 0);
                }
        }
}

static void the_worst_stays(void **state)
{
        uint64_t counters[SG_CNT_COUNT] = {0};

        (void)state;
        timer_count_beat(counters, 70000);
        timer_count_beat(counters, 3);
        assert_int_equal(counters[SG_CNT_LATE_WORST_US], 70000);
        assert_int_equal(counters[SG_CNT_TIMER], 2);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(each_beat_falls_into_one_bin),
                cmocka_unit_test(the_worst_stays),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
