// SPDX-License-Identifier: Apache-2.0
/* Stage-2 attributes and register values, from the Arm ARM's tables. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "hv/mm/stage2.h"
#include "tests/unit/fake_arch/fake_mmu.h"

static struct stage2 s2;

static void make(void)
{
        fake_mmu_reset(FAKE_PAGES);
        assert_int_equal(stage2_init(&s2, 3, 44, &fake_mmu_ops), SG_OK);
}

static uint64_t attributes_of(enum stage2_kind kind)
{
        uint64_t oa;
        uint64_t attr;

        make();
        assert_int_equal(stage2_map(&s2, ipa_make(0), pa_make(0), SIZE_4K, kind), SG_OK);
        assert_true(fake_mmu_access(&s2.pt, 0, &oa, &attr));
        return attr;
}

static void attributes_by_kind(void **state)
{
        const uint64_t af = 1 << 10, inner = 3 << 8, rw = 3 << 6, ro = 1 << 6;
        const uint64_t wb = 0xf << 2, device_re = 1 << 2, xn = UINT64_C(1) << 54;

        (void)state;
        assert_int_equal(attributes_of(STAGE2_RAM), af | inner | rw | wb);
        assert_int_equal(attributes_of(STAGE2_DATA), af | inner | rw | wb | xn);
        assert_int_equal(attributes_of(STAGE2_RODATA), af | inner | ro | wb | xn);
        assert_int_equal(attributes_of(STAGE2_DEVICE), af | rw | device_re | xn);
}

static void registers(void **state)
{
        (void)state;
        assert_int_equal(stage2_pa_bits(0), 32);
        assert_int_equal(stage2_pa_bits(0x1124), 44); /* cortex-a57 */
        assert_int_equal(stage2_pa_bits(5), 48);
        assert_int_equal(stage2_pa_bits(6), 48); /* max: 52 bits are not for our granule */
        assert_int_equal(stage2_ipa_bits(36), 36);
        assert_int_equal(stage2_ipa_bits(48), 39);
        /* RES1, PS, inner shareable, write-back, start at level 1, T0SZ */
        assert_int_equal(stage2_vtcr(44), 0x80043559);
        assert_int_equal(stage2_vtcr(48), 0x80053559);
        assert_int_equal(stage2_vtcr(36), 0x8001355c);
        make();
        assert_int_equal(stage2_vttbr(&s2), UINT64_C(3) << 48 | 0x7f00000000);
}

static void no_memory_for_the_root(void **state)
{
        (void)state;
        fake_mmu_reset(0);
        assert_int_equal(stage2_init(&s2, 3, 44, &fake_mmu_ops), SG_E_NO_MEMORY);
}

static void lend_and_withdraw(void **state)
{
        const struct ipaddr window = ipa_make(0x6000000000);
        const struct paddr ram = pa_make(0x48000000);
        struct pgtable_change c;
        struct paddr pa;

        (void)state;
        make();
        assert_int_equal(stage2_prepare_map(&s2, &c, window, ram, 24 * SIZE_2M, STAGE2_DATA),
                         SG_OK);
        assert_false(stage2_translate(&s2, window, &pa));
        stage2_commit(&s2, &c);
        assert_true(stage2_translate(&s2, ipa_add(window, 12345), &pa));
        assert_int_equal(pa.pa, ram.pa + 12345);

        assert_int_equal(stage2_prepare_unmap(&s2, &c, window, 24 * SIZE_2M), SG_OK);
        stage2_abandon(&s2, &c);
        assert_true(stage2_translate(&s2, window, &pa));
        assert_int_equal(stage2_prepare_unmap(&s2, &c, window, 24 * SIZE_2M), SG_OK);
        stage2_commit(&s2, &c);
        assert_int_equal(fake_mmu.flushes, 1);
        assert_false(stage2_translate(&s2, window, &pa));
        assert_false(stage2_translate(&s2, ipa_make(UINT64_C(1) << 40), &pa));
}

static char printed[4][100];
static unsigned printed_lines;

static void __attribute__((format(printf, 1, 2))) print(const char *fmt, ...)
{
        va_list args;

        va_start(args, fmt);
        vsnprintf(printed[printed_lines++], sizeof(printed[0]), fmt, args);
        va_end(args);
}

static void dump(void **state)
{
        (void)state;
        make();
        stage2_map(&s2, ipa_make(0x40000000), pa_make(0x50000000), 4 * SIZE_2M, STAGE2_RAM);
        stage2_map(&s2, ipa_make(0x9000000), pa_make(0x9000000), SIZE_4K, STAGE2_DEVICE);
        stage2_map(&s2, ipa_make(0x6000000000), pa_make(0x60000000), SIZE_4K, STAGE2_RODATA);
        printed_lines = 0;
        stage2_dump(&s2, 2, print);
        assert_int_equal(printed_lines, 3);
        assert_string_equal(printed[0], "  0009000000..0009000fff -> 0009000000 rw- device");
        assert_string_equal(printed[1],
                            "  0040000000..00407fffff -> 0050000000 rwx memory, blocks");
        assert_string_equal(printed[2], "  ... more");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(attributes_by_kind),
                cmocka_unit_test(registers),
                cmocka_unit_test(no_memory_for_the_root),
                cmocka_unit_test(lend_and_withdraw),
                cmocka_unit_test(dump),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
