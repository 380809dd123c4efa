// SPDX-License-Identifier: Apache-2.0
/* What the SMMU reads from memory, bit by bit as Arm IHI 0070 has it, and its queues. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "hv/machine/smmu_queue.h"
#include "hv/machine/smmu_tables.h"

/* A field by its bit numbers in the whole structure, as chapter 5 counts them. */
static uint64_t field(const uint64_t *word, unsigned high, unsigned low)
{
        unsigned width = high - low + 1;
        uint64_t v = word[low / 64] >> (low % 64);

        return width < 64 ? v & ((UINT64_C(1) << width) - 1) : v;
}

static void aborting_entry_is_valid_and_nothing_else(void **state)
{
        struct smmu_ste ste = smmu_ste_abort();

        (void)state;
        assert_int_equal(field(ste.word, 0, 0), 1);
        assert_int_equal(field(ste.word, 3, 1), 0); /* Config: abort */
        for (unsigned i = 1; i < 8; i++)
                assert_int_equal(ste.word[i], 0);
}

static void translating_entry(void **state)
{
        struct smmu_ste ste = smmu_ste_stage1(0x12345678c0);

        (void)state;
        assert_int_equal(field(ste.word, 0, 0), 1);
        assert_int_equal(field(ste.word, 3, 1), 5); /* stage 1 alone */
        assert_int_equal(field(ste.word, 5, 4), 0);
        assert_int_equal(field(ste.word, 51, 6) << 6, 0x12345678c0);
        assert_int_equal(field(ste.word, 63, 59), 0); /* S1CDMax: one descriptor */
        assert_int_equal(field(ste.word, 67, 66), 1);
        assert_int_equal(field(ste.word, 69, 68), 1);
        assert_int_equal(field(ste.word, 71, 70), 3);
        assert_int_equal(field(ste.word, 91, 91), 0);   /* S1STALLD */
        assert_int_equal(field(ste.word, 93, 92), 0);   /* EATS: no ATS */
        assert_int_equal(field(ste.word, 95, 94), 0);   /* STRW: NS-EL1 */
        assert_int_equal(field(ste.word, 109, 108), 1); /* SHCFG: as it comes */
}

static void context_descriptor(void **state)
{
        struct smmu_cd cd = smmu_cd_make(0x40801000, 44, 0x17);

        (void)state;
        assert_int_equal(field(cd.word, 5, 0), 25); /* T0SZ: 39 bits */
        assert_int_equal(field(cd.word, 7, 6), 0);  /* TG0: 4 KiB */
        assert_int_equal(field(cd.word, 9, 8), 1);
        assert_int_equal(field(cd.word, 11, 10), 1);
        assert_int_equal(field(cd.word, 13, 12), 3);
        assert_int_equal(field(cd.word, 14, 14), 0); /* EPD0 */
        assert_int_equal(field(cd.word, 15, 15), 0); /* little-endian */
        assert_int_equal(field(cd.word, 30, 30), 1); /* EPD1 */
        assert_int_equal(field(cd.word, 31, 31), 1); /* V */
        assert_int_equal(field(cd.word, 34, 32), 4); /* IPS: 44 bits */
        assert_int_equal(field(cd.word, 41, 41), 1); /* AA64 */
        assert_int_equal(field(cd.word, 44, 44), 0); /* S: no stalls */
        assert_int_equal(field(cd.word, 45, 45), 1); /* R: faults are recorded */
        assert_int_equal(field(cd.word, 46, 46), 1); /* A: they abort */
        assert_int_equal(field(cd.word, 63, 48), 0x17);
        assert_int_equal(field(cd.word, 115, 68) << 4, 0x40801000);
        assert_int_equal(field(cd.word, 199, 192), 0xff); /* MAIR0, attribute 0 */
}

static void sizes(void **state)
{
        static const unsigned bits[] = {32, 36, 40, 42, 44, 48, 48, 48};

        (void)state;
        for (uint32_t oas = 0; oas < 8; oas++) {
                struct smmu_cd cd = smmu_cd_make(0, bits[oas], 1);

                assert_int_equal(smmu_oa_bits(0xfff8 | oas), bits[oas]);
                assert_int_equal(field(cd.word, 34, 32), oas < 5 ? oas : 5);
        }
        assert_int_equal(smmu_table_log2(1), 0);
        assert_int_equal(smmu_table_log2(256), 8);
        assert_int_equal(smmu_table_log2(257), 9);
        assert_int_equal(smmu_table_log2(0x10000), 16);
}

static void leaf_is_memory_of_devices(void **state)
{
        uint64_t leaf = smmu_leaf_memory();

        (void)state;
        assert_int_equal(field(&leaf, 4, 2), 0); /* AttrIndx */
        assert_int_equal(field(&leaf, 7, 6), 1); /* read and write, unprivileged, too */
        assert_int_equal(field(&leaf, 9, 8), 3);
        assert_int_equal(field(&leaf, 11, 10), 3); /* AF, nG */
        assert_int_equal(field(&leaf, 54, 53), 3); /* never executed */
        assert_int_equal(leaf & UINT64_C(0x0000fffffffff003), 0);
}

static void commands(void **state)
{
        struct smmu_command c = smmu_forget_ste(0x1234);

        (void)state;
        assert_int_equal(field(c.word, 7, 0), 0x03);
        assert_int_equal(field(c.word, 63, 32), 0x1234);
        assert_int_equal(field(c.word, 64, 64), 1);
        c = smmu_forget_all_stes();
        assert_int_equal(field(c.word, 7, 0), 0x04);
        assert_int_equal(field(c.word, 68, 64), 31);
        c = smmu_forget_asid(0xabc);
        assert_int_equal(field(c.word, 7, 0), 0x11);
        assert_int_equal(field(c.word, 47, 32), 0); /* VMID */
        assert_int_equal(field(c.word, 63, 48), 0xabc);
        c = smmu_forget_translations();
        assert_int_equal(c.word[0], 0x30);
        c = smmu_sync();
        assert_int_equal(c.word[0], 0x46);
        assert_int_equal(c.word[1], 0);
}

static void indices_wrap(void **state)
{
        uint32_t prod = 0, cons = 0;

        (void)state;
        assert_true(smmu_queue_empty(prod, cons, 2));
        for (unsigned i = 0; i < 4; i++) {
                assert_int_equal(smmu_queue_position(prod, 2), i);
                prod = smmu_queue_next(prod, 2);
                assert_false(smmu_queue_empty(prod, cons, 2));
        }
        assert_int_equal(prod, 4); /* full: the wrap bits differ */
        assert_int_equal(smmu_queue_position(prod, 2), 0);
        for (unsigned i = 0; i < 4; i++) {
                assert_false(smmu_queue_empty(prod, cons, 2));
                cons = smmu_queue_next(cons, 2);
        }
        assert_true(smmu_queue_empty(prod, cons, 2));
        assert_true(smmu_queue_empty(prod | SMMU_EVENTQ_OVERFLOW, cons, 2));
        for (unsigned i = 0; i < 4; i++)
                prod = smmu_queue_next(prod, 2);
        assert_int_equal(prod, 0);
}

static void faults_are_read(void **state)
{
        struct smmu_event event = {.word = {UINT64_C(0x8) << 32 | 0x10, 0, 0x40200000, UINT64_MAX}};
        struct smmu_fault fault = smmu_fault_read(&event);

        (void)state;
        assert_int_equal(fault.kind, 0x10);
        assert_int_equal(fault.stream, 8);
        assert_true(fault.write);
        assert_int_equal(fault.address, 0x40200000);
        assert_string_equal(smmu_fault_name(fault.kind), "translation fault");
        event.word[1] = UINT64_C(1) << 35;
        assert_false(smmu_fault_read(&event).write);
        event.word[0] = UINT64_C(0x777) << 32 | 0x02;
        fault = smmu_fault_read(&event);
        assert_int_equal(fault.stream, 0x777);
        assert_int_equal(fault.address, 0);
        assert_false(fault.write);
        assert_string_equal(smmu_fault_name(0xe0), "fault");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(aborting_entry_is_valid_and_nothing_else),
                cmocka_unit_test(translating_entry),
                cmocka_unit_test(context_descriptor),
                cmocka_unit_test(sizes),
                cmocka_unit_test(leaf_is_memory_of_devices),
                cmocka_unit_test(commands),
                cmocka_unit_test(indices_wrap),
                cmocka_unit_test(faults_are_read),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
