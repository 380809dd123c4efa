/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/memory_storage.h"
#include "updater/checkpoint.h"

#include <segue/bytes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include <cmocka.h>

static uint8_t disk[CHECKPOINT_JOURNAL_SIZE];
static struct memory_storage memory;
static struct checkpoint_store store;

static int setup(void **state)
{
        (void)state;
        memset(disk, 0, sizeof(disk));
        memory_storage_init(&memory, disk, sizeof(disk));
        return 0;
}

static struct checkpoint sample(uint32_t segments)
{
        struct checkpoint c;

        memset(&c, 0, sizeof(c));
        c.root_version = 3;
        c.targets_version = 9;
        memset(c.identity, 0x11, sizeof(c.identity));
        c.error = 815;
        c.done = 4;
        c.job.present = true;
        c.job.vm = 2;
        c.job.slot = 1;
        c.job.kind = MANIFEST_IMAGE;
        memset(c.job.digest, 0x22, sizeof(c.job.digest));
        memset(c.job.payload, 0x33, sizeof(c.job.payload));
        c.job.segments = segments;
        c.job.resumes = 7;
        memset(c.job.decoder.bytes, 0x44, sizeof(c.job.decoder.bytes));
        c.job.security_counter = 5;
        c.job.length = 1u << 30;
        memset(c.job.version, 'v', MANIFEST_ID_MAX);
        c.job.consent_until_ms = 1ull << 40;
        c.job.deferrals = 2;
        for (int i = 0; i < CHECKPOINT_HISTORY; i++) {
                memset(c.finished[i].identity, 0x50 + i, sizeof(c.finished[i].identity));
                c.finished[i].outcome = i % 2 == 0 ? PACKAGE_APPLIED : PACKAGE_FAILED;
                c.finished[i].error = (uint32_t)i;
        }
        return c;
}

static void keeps_every_field(void **state)
{
        struct checkpoint in = sample(1), out;

        (void)state;
        assert_int_equal(checkpoint_load(&store, &memory.storage, &out), SG_E_JOURNAL_BLANK);
        assert_int_equal(checkpoint_save(&store, &in), SG_OK);
        assert_int_equal(memory.writes, 1);
        assert_int_equal(memory.flushes, 2); /* one by load */
        assert_int_equal(checkpoint_load(&store, &memory.storage, &out), SG_OK);
        assert_int_equal(memory.flushes, 3); /* a predecessor may have died before its own */
        assert_memory_equal(&in, &out, sizeof(in));
}

/* Two records of known content; the newest is in place 1. */
static void save_two(void)
{
        struct checkpoint c;

        setup(NULL);
        checkpoint_load(&store, &memory.storage, &c);
        c = sample(1);
        assert_int_equal(checkpoint_save(&store, &c), SG_OK);
        c = sample(2);
        assert_int_equal(checkpoint_save(&store, &c), SG_OK);
}

static void the_newest_counts(void **state)
{
        struct checkpoint c;

        (void)state;
        for (uint32_t i = 3; i < 9; i++) {
                save_two();
                for (uint32_t k = 3; k <= i; k++) {
                        c = sample(k);
                        assert_int_equal(checkpoint_save(&store, &c), SG_OK);
                }
                assert_int_equal(checkpoint_load(&store, &memory.storage, &c), SG_OK);
                assert_int_equal(c.job.segments, i);
        }
}

/* Any damage to the newest leaves the one before it; the next save goes over the damaged one. */
static void a_torn_record_leaves_the_one_before(void **state)
{
        struct checkpoint c;

        (void)state;
        for (uint32_t i = 0; i < CHECKPOINT_SIZE; i++) {
                save_two();
                disk[CHECKPOINT_DISTANCE + i] ^= 0x81;
                assert_int_equal(checkpoint_load(&store, &memory.storage, &c), SG_OK);
                assert_int_equal(c.job.segments, 1);
                c = sample(3);
                assert_int_equal(checkpoint_save(&store, &c), SG_OK);
                assert_int_equal(checkpoint_load(&store, &memory.storage, &c), SG_OK);
                assert_int_equal(c.job.segments, 3);
        }
}

/* Found by the fuzzer: after the highest number came 0, and the older record counted. */
static void a_sequence_goes_round(void **state)
{
        struct checkpoint in = sample(1), out;

        (void)state;
        assert_int_equal(checkpoint_load(&store, &memory.storage, &out), SG_E_JOURNAL_BLANK);
        store.sequence = UINT64_MAX - 2;
        for (uint32_t segments = 1; segments <= 4; segments++) {
                in.job.segments = segments;
                assert_int_equal(checkpoint_save(&store, &in), SG_OK);
                assert_int_equal(checkpoint_load(&store, &memory.storage, &out), SG_OK);
                assert_int_equal(out.job.segments, segments);
        }
}

static void damage_is_told_from_blank(void **state)
{
        struct checkpoint c;

        (void)state;
        memset(disk, 0xff, sizeof(disk));
        assert_int_equal(checkpoint_load(&store, &memory.storage, &c), SG_E_JOURNAL_BLANK);
        disk[5] = 1;
        assert_int_equal(checkpoint_load(&store, &memory.storage, &c), SG_E_JOURNAL);
        memset(disk, 0x55, sizeof(disk));
        assert_int_equal(checkpoint_load(&store, &memory.storage, &c), SG_E_JOURNAL);
        assert_int_equal(c.root_version, 0);
        c = sample(1);
        assert_int_equal(checkpoint_save(&store, &c), SG_OK);
        assert_int_equal(checkpoint_load(&store, &memory.storage, &c), SG_OK);
        memory.storage.size--;
        assert_int_equal(checkpoint_load(&store, &memory.storage, &c), SG_E_JOURNAL);
        assert_int_equal(checkpoint_save(&store, &c), SG_E_JOURNAL);
}

static void read_errors_are_told(void **state)
{
        struct checkpoint c;

        (void)state;
        memory.read_error = SG_E_IO;
        assert_int_equal(checkpoint_load(&store, &memory.storage, &c), SG_E_IO);
        memory.read_error = SG_OK;
        assert_int_equal(checkpoint_save(&store, &c), SG_E_IO);
        assert_int_equal(memory.writes, 0);
}

static sg_err no_write(void *ctx, uint64_t offset, const void *data, size_t length)
{
        (void)ctx;
        (void)offset;
        (void)data;
        (void)length;
        return SG_E_IO;
}

/* A save that failed does not turn to the place of the newest record. */
static void a_failed_save_keeps_the_newest(void **state)
{
        struct checkpoint c;
        struct storage broken;

        (void)state;
        save_two();
        broken = memory.storage;
        broken.write = no_write;
        store.storage = &broken;
        c = sample(3);
        assert_int_equal(checkpoint_save(&store, &c), SG_E_IO);
        store.storage = &memory.storage;
        assert_int_equal(checkpoint_save(&store, &c), SG_OK);
        disk[0] ^= 1; /* where it went: the place of the older one */
        assert_int_equal(checkpoint_load(&store, &memory.storage, &c), SG_OK);
        assert_int_equal(c.job.segments, 2);
}

static sg_err no_flush(void *ctx)
{
        (void)ctx;
        return SG_E_IO;
}

/* Nothing is believed that may stand in the cache only, and nothing is written over it. */
static void a_disk_that_cannot_flush_is_not_used(void **state)
{
        struct checkpoint c;
        struct storage broken;

        (void)state;
        save_two();
        broken = memory.storage;
        broken.flush = no_flush;
        assert_int_equal(checkpoint_load(&store, &broken, &c), SG_E_IO);
        assert_int_equal(checkpoint_save(&store, &c), SG_E_IO);
        assert_int_equal(checkpoint_load(&store, &memory.storage, &c), SG_OK);
        assert_int_equal(c.job.segments, 2);
}

/* Whole, as far as its sum goes, but of another kind, or another format. */
static void another_magic_or_format_is_no_record(void **state)
{
        static const uint32_t at[] = {0, 4};
        struct checkpoint c;
        uint8_t *record = disk + CHECKPOINT_DISTANCE;

        (void)state;
        for (size_t i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
                save_two();
                record[at[i]] ^= 2;
                put_le32(record + CHECKPOINT_SIZE - 4,
                         (uint32_t)crc32(0, record, CHECKPOINT_SIZE - 4));
                assert_int_equal(checkpoint_load(&store, &memory.storage, &c), SG_OK);
                assert_int_equal(c.job.segments, 1);
        }
}

static void keeps_a_job_or_none(void **state)
{
        struct checkpoint in = sample(1), out;

        (void)state;
        checkpoint_load(&store, &memory.storage, &out);
        in.job.kind = MANIFEST_DELTA;
        assert_int_equal(checkpoint_save(&store, &in), SG_OK);
        assert_int_equal(checkpoint_load(&store, &memory.storage, &out), SG_OK);
        assert_int_equal(out.job.kind, MANIFEST_DELTA);
        in.job.present = false;
        assert_int_equal(checkpoint_save(&store, &in), SG_OK);
        assert_int_equal(checkpoint_load(&store, &memory.storage, &out), SG_OK);
        assert_false(out.job.present);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup(keeps_every_field, setup),
                cmocka_unit_test_setup(the_newest_counts, setup),
                cmocka_unit_test_setup(a_torn_record_leaves_the_one_before, setup),
                cmocka_unit_test_setup(a_sequence_goes_round, setup),
                cmocka_unit_test_setup(damage_is_told_from_blank, setup),
                cmocka_unit_test_setup(read_errors_are_told, setup),
                cmocka_unit_test_setup(another_magic_or_format_is_no_record, setup),
                cmocka_unit_test_setup(keeps_a_job_or_none, setup),
                cmocka_unit_test_setup(a_disk_that_cannot_flush_is_not_used, setup),
                cmocka_unit_test_setup(a_failed_save_keeps_the_newest, setup),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
