// SPDX-License-Identifier: Apache-2.0
/* hv's small pure parts: the life of a VM, RAM, heap, device windows, ID registers, formats, the
 * PRF. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "hv/core/log.h"
#include "hv/core/panic.h"
#include "hv/core/random.h"
#include "hv/mm/heap.h"
#include "hv/mm/memory.h"
#include "hv/vm/id_registers.h"
#include "hv/vm/life.h"
#include "hv/vm/mmio.h"

/* ---- life ---- */

static void life_goes_its_way(void **state)
{
        struct life life = {.state = SG_VM_CREATED};
        static const enum sg_vm_state way[] = {
                SG_VM_STOPPED, SG_VM_LOADING, SG_VM_VERIFYING, SG_VM_TRIAL,  SG_VM_RUNNING,
                SG_VM_STOPPED, SG_VM_LOADING, SG_VM_STOPPED,   SG_VM_FAILED, SG_VM_STOPPED};

        (void)state;
        for (size_t i = 0; i < sizeof(way) / sizeof(way[0]); i++) {
                assert_true(life_move(&life, way[i], SG_CAUSE_RESET, 100 + i));
                assert_int_equal(life.state, way[i]);
                assert_int_equal(life.changed_at, 100 + i);
        }
        /* It left RUNNING once; LOADING does not count. */
        assert_int_equal(life.restarts, 1);
        life.state = SG_VM_TRIAL;
        assert_true(life_move(&life, SG_VM_STOPPED, SG_CAUSE_FAULT, 0));
        assert_int_equal(life.restarts, 2);
}

static void refused_move_changes_nothing(void **state)
{
        static const enum sg_vm_state bad[][2] = {
                {SG_VM_CREATED, SG_VM_RUNNING},        {SG_VM_STOPPED, SG_VM_TRIAL},
                {SG_VM_STOPPED, SG_VM_VERIFYING},      {SG_VM_LOADING, SG_VM_RUNNING},
                {SG_VM_LOADING, SG_VM_TRIAL},          {SG_VM_RUNNING, SG_VM_TRIAL},
                {SG_VM_RUNNING, SG_VM_LOADING},        {SG_VM_FAILED, SG_VM_RUNNING},
                {SG_VM_TRIAL, SG_VM_FAILED},           {SG_VM_RUNNING, (enum sg_vm_state)99},
                {(enum sg_vm_state)99, SG_VM_STOPPED},
        };

        (void)state;
        for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
                struct life life = {.state = bad[i][0], .cause = SG_CAUSE_OFF, .changed_at = 7};

                assert_false(life_move(&life, bad[i][1], SG_CAUSE_FAULT, 8));
                assert_int_equal(life.state, bad[i][0]);
                assert_int_equal(life.cause, SG_CAUSE_OFF);
                assert_int_equal(life.changed_at, 7);
        }
        struct life ran = {.state = SG_VM_RUNNING, .changed_at = 1000};
        assert_false(life_was_calm(&ran, 1599, 600));
        assert_true(life_was_calm(&ran, 1600, 600));
        ran.state = SG_VM_TRIAL; /* nothing is forgiven before it is confirmed */
        assert_false(life_was_calm(&ran, 1600, 600));
        assert_string_equal(life_state_name(SG_VM_TRIAL), "trial");
        assert_string_equal(life_state_name((enum sg_vm_state)99), "?");
        assert_string_equal(life_cause_name(SG_CAUSE_DEADLINE), "deadline");
        assert_string_equal(life_cause_name((enum sg_cause)99), "?");
}

/* ---- RAM ---- */

static void add(struct memory *m, uint64_t base, uint64_t size)
{
        assert_true(memory_add(m, (struct range){.base = base, .size = size}));
}

static void reserve(struct memory *m, uint64_t base, uint64_t size)
{
        assert_true(memory_reserve(m, (struct range){.base = base, .size = size}));
}

static void memory_is_taken_lowest_first(void **state)
{
        struct memory m = {0};
        struct paddr a, b, c;

        (void)state;
        add(&m, 0x80000000, 0x1000000);
        add(&m, 0x40000000, 0x800000);
        reserve(&m, 0x40200000, 0x1000);
        assert_true(memory_take(&m, SIZE_2M, SIZE_2M, &a));
        assert_true(memory_take(&m, 2 * SIZE_2M, SIZE_2M, &b));
        assert_true(memory_take(&m, 2 * SIZE_2M, SIZE_2M, &c));
        assert_int_equal(a.pa, 0x40000000);
        assert_int_equal(b.pa, 0x40400000);
        assert_int_equal(c.pa, 0x80000000);
        assert_false(memory_take(&m, SIZE_1G, SIZE_2M, &a));
        /* What alignment skipped is still there. */
        assert_int_equal(memory_free(&m), 0x1000000 + 0x800000 - 0x1000 - 5 * SIZE_2M);
        assert_true(memory_take(&m, SIZE_4K, SIZE_4K, &a));
        assert_int_equal(a.pa, 0x40201000);
}

static void reserving_cuts_what_is_free(void **state)
{
        struct memory m = {0};

        (void)state;
        add(&m, 0x1000, 0x9000);
        reserve(&m, 0x0, 0x1800);      /* the front, rounded up to a page */
        reserve(&m, 0x9fff, 0x10000);  /* the end */
        reserve(&m, 0x5000, 0x1);      /* the middle */
        reserve(&m, 0x100000, 0x1000); /* nothing */
        assert_int_equal(m.count, 2);
        assert_int_equal(m.free[0].base, 0x2000);
        assert_int_equal(m.free[0].size, 0x3000);
        assert_int_equal(m.free[1].base, 0x6000);
        assert_int_equal(m.free[1].size, 0x3000);
        reserve(&m, 0, 0x100000);
        assert_int_equal(m.count, 0);
}

/* ---- device windows ---- */

static void windows_are_found_or_not(void **state)
{
        static const struct mmio_ops ops;
        struct mmio_map map = {0};

        (void)state;
        assert_true(mmio_add(&map, 0x9000000, 0x1000, &ops, &map));
        assert_true(mmio_add(&map, 0x8000000, 0x10000, &ops, NULL));
        assert_false(mmio_add(&map, 0x9000ff8, 0x1000, &ops, NULL));
        assert_ptr_equal(mmio_find(&map, 0x9000ffc, 4), &map.region[0]);
        assert_null(mmio_find(&map, 0x9000ffc, 8)); /* unaligned and across the end */
        assert_null(mmio_find(&map, 0x9000002, 4));
        assert_null(mmio_find(&map, 0x9001000, 1));
        assert_null(mmio_find(&map, 0x8fffff8, 8));
}

/* ---- ID registers ---- */

static uint64_t field(uint64_t value, unsigned shift)
{
        return value >> shift & 0xf;
}

static void id_registers_hide_what_is_not_switched(void **state)
{
        const uint64_t all = ~0ull;
        uint64_t pfr0 = id_register_value(4, 0, all, 5), pfr1 = id_register_value(4, 1, all, 5);
        uint64_t dfr0 = id_register_value(5, 0, all, 5), isar1 = id_register_value(6, 1, all, 5);

        (void)state;
        assert_int_equal(field(pfr0, 8), 0);  /* EL2 */
        assert_int_equal(field(pfr0, 12), 0); /* EL3 */
        assert_int_equal(field(pfr0, 32), 0); /* SVE */
        assert_int_equal(field(pfr0, 44), 0); /* AMU */
        assert_int_equal(field(pfr0, 28), 0); /* RAS */
        assert_int_equal(field(pfr0, 4), 1);  /* EL1 in AArch64 only */
        assert_int_equal(field(pfr0, 16), 0xf);
        assert_int_equal(field(pfr1, 8), 0);  /* MTE */
        assert_int_equal(field(pfr1, 24), 0); /* SME */
        assert_int_equal(field(dfr0, 8), 0);  /* PMU */
        assert_int_equal(field(dfr0, 32), 0); /* SPE */
        assert_int_equal(field(isar1, 4), 0); /* PAuth */
        assert_int_equal(field(isar1, 8), 0);
        assert_int_equal(id_register_value(4, 4, all, 5), 0); /* ZFR0 */
        assert_int_equal(id_register_value(4, 7, all, 5), 0); /* not allocated */
        assert_int_equal(field(id_register_value(7, 0, 6, 5), 0), 5);
        assert_int_equal(field(id_register_value(7, 0, 4, 5), 0), 4);
}

/* ---- formats ---- */

static size_t format(char *buf, size_t size, const char *fmt, ...)
{
        va_list args;
        size_t n;

        va_start(args, fmt);
        n = log_format(buf, size, fmt, args);
        va_end(args);
        return n;
}

static void formats(void **state)
{
        char b[32];

        (void)state;
        assert_int_equal(format(b, sizeof(b), "%s|%c|%d|%%", "x", 'y', -5), 8);
        assert_string_equal(b, "x|y|-5|%");
        format(b, sizeof(b), "%016lx", 0xabcul);
        assert_string_equal(b, "0000000000000abc");
        format(b, sizeof(b), "%-4u|%4u|%zu", 7u, 8u, (size_t)9);
        assert_string_equal(b, "7   |   8|9");
        format(b, sizeof(b), "%ld %lu", INT64_MIN, UINT64_MAX);
        assert_string_equal(b, "-9223372036854775808 1844674407");
        assert_int_equal(format(b, 4, "abcdef"), 3);
        assert_string_equal(b, "abc");
}

/* ---- the PRF ---- */

/* The test vector of SipHash's paper, appendix A. */
static void siphash_paper_vector(void **state)
{
        const uint64_t key[2] = {0x0706050403020100ull, 0x0f0e0d0c0b0a0908ull};
        uint8_t message[15];

        (void)state;
        for (size_t i = 0; i < sizeof(message); i++)
                message[i] = (uint8_t)i;
        assert_int_equal(siphash24(key, message, sizeof(message)), 0xa129ca6149be45e5ull);
}

static void seeds_make_the_difference(void **state)
{
        const uint8_t a[4] = {1, 2, 3, 4}, b[4] = {1, 2, 3, 5};
        uint64_t first, second;

        (void)state;
        random_init(a, sizeof(a), 0);
        first = random_u64();
        second = random_u64();
        assert_int_not_equal(first, second);
        random_init(b, sizeof(b), 0);
        assert_int_not_equal(random_u64(), first);
}

/* ---- heap ---- */

void panic(const char *fmt, ...)
{
        fail_msg("panic: %s", fmt);
        abort();
}

/* What the SMMU is given must be aligned to its own size, wherever hv's image lies. */
static void memory_is_aligned_by_its_address(void **state)
{
        (void)state;
        for (size_t align = 16; align <= 1u << 18; align *= 2) {
                heap_alloc(16, 16);
                assert_int_equal((uintptr_t)heap_alloc(align, align) % align, 0);
        }
        assert_int_equal((uintptr_t)page_alloc() % 4096, 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(life_goes_its_way),
                cmocka_unit_test(refused_move_changes_nothing),
                cmocka_unit_test(memory_is_taken_lowest_first),
                cmocka_unit_test(reserving_cuts_what_is_free),
                cmocka_unit_test(windows_are_found_or_not),
                cmocka_unit_test(id_registers_hide_what_is_not_switched),
                cmocka_unit_test(formats),
                cmocka_unit_test(siphash_paper_vector),
                cmocka_unit_test(seeds_make_the_difference),
                cmocka_unit_test(memory_is_aligned_by_its_address),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
