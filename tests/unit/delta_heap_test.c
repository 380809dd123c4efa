/* SPDX-License-Identifier: Apache-2.0 */
/* Sorting in place: right, and in few comparisons, whatever the numbers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "delta/models/heap.h"

#define MOST 200000u

static uint32_t numbers[MOST];

static bool counted_less(void *ctx, uint32_t a, uint32_t b)
{
        ++*(uint64_t *)ctx;
        return a < b;
}

static uint32_t rising(uint32_t i, uint32_t n)
{
        (void)n;
        return i;
}

static uint32_t falling(uint32_t i, uint32_t n)
{
        return n - i;
}

static uint32_t all_equal(uint32_t i, uint32_t n)
{
        (void)i;
        return n;
}

static uint32_t few_kinds(uint32_t i, uint32_t n)
{
        return i * 7 % 5 + n;
}

static uint32_t mixed(uint32_t i, uint32_t n)
{
        return (i + n) * 0x9e3779b9u;
}

static uint32_t log2_of(uint32_t n)
{
        uint32_t bits = 0;

        while (n >> bits > 1)
                bits++;
        return bits;
}

static void check(uint32_t n, uint32_t (*make)(uint32_t i, uint32_t n))
{
        uint64_t compared = 0, sum = 0;

        for (uint32_t i = 0; i < n; i++)
                sum += numbers[i] = make(i, n);
        dl_heap_sort(numbers, n, counted_less, &compared);
        for (uint32_t i = 0; i < n; i++) {
                sum -= numbers[i];
                assert_true(i == 0 || numbers[i - 1] <= numbers[i]);
        }
        assert_int_equal(sum, 0);
        assert_true(compared <= 2ull * n * (log2_of(n) + 1));
}

static void sorted_in_few_comparisons(void **state)
{
        (void)state;
        static uint32_t (*const kinds[])(uint32_t, uint32_t) = {rising, falling, all_equal,
                                                                few_kinds, mixed};

        for (size_t kind = 0; kind < sizeof(kinds) / sizeof(kinds[0]); kind++) {
                for (uint32_t n = 0; n < 40; n++)
                        check(n, kinds[kind]);
                check(MOST, kinds[kind]);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {cmocka_unit_test(sorted_in_few_comparisons)};

        return cmocka_run_group_tests(tests, NULL, NULL);
}
