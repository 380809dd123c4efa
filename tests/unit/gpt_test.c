/* SPDX-License-Identifier: Apache-2.0 */
#include "updater/gpt.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <segue/bytes.h>
#include <zlib.h>

#include <cmocka.h>

#define DISK_SIZE    (8u << 20)
#define MOST_ENTRIES 1024u

static uint8_t disk[DISK_SIZE];
static uint8_t scratch[PARTITION_SECTOR_MAX];
static uint32_t flushes;
static uint32_t operations_left = UINT32_MAX; /* until one fails */
static struct sector_device device;
static struct gpt gpt;

static sg_err disk_read(void *ctx, uint64_t sector, void *data, uint32_t count)
{
        const struct sector_device *d = ctx;

        assert_true(count <= 128 && sector + count <= d->sectors);
        if (operations_left-- == 0) {
                return SG_E_IO;
        }
        memcpy(data, disk + sector * d->sector_size, (size_t)count * d->sector_size);
        return SG_OK;
}

static sg_err disk_write(void *ctx, uint64_t sector, const void *data, uint32_t count)
{
        const struct sector_device *d = ctx;

        assert_true(count <= 128 && sector + count <= d->sectors);
        if (operations_left-- == 0) {
                return SG_E_IO;
        }
        memcpy(disk + sector * d->sector_size, data, (size_t)count * d->sector_size);
        return SG_OK;
}

static sg_err disk_flush(void *ctx)
{
        (void)ctx;
        flushes++;
        return operations_left-- == 0 ? SG_E_IO : SG_OK;
}

static void add(const char *name, uint64_t sectors)
{
        struct gpt_partition *p = &gpt.part[gpt.count++];

        snprintf(p->name, sizeof(p->name), "%s", name);
        memcpy(p->type_guid, gpt_type_segue, 16);
        p->unique_guid[0] = (uint8_t)gpt.count;
        p->last_lba = sectors;
}

static void make_disk(uint32_t sector_size)
{
        device = (struct sector_device){&device,   sector_size, DISK_SIZE / sector_size,
                                        disk_read, disk_write,  disk_flush};
        memset(disk, 0, sizeof(disk));
        memset(&gpt, 0, sizeof(gpt));
        gpt.sector_size = sector_size;
        gpt.sectors = device.sectors;
        gpt.disk_guid[3] = 7;
        add("rt_a", 100);
        add("rt_b", 300);
        add("inbox", 1);
        assert_int_equal(gpt_layout(&gpt), SG_OK);
        assert_int_equal(gpt_write(&gpt, &device, scratch), SG_OK);
}

static int setup(void **state)
{
        (void)state;
        operations_left = UINT32_MAX;
        make_disk(512);
        return 0;
}

static void reads_what_it_wrote(void **state)
{
        static const uint32_t sizes[] = {512, 4096};
        struct gpt got;

        (void)state;
        for (int i = 0; i < 2; i++) {
                make_disk(sizes[i]);
                assert_int_equal(gpt_read(&got, &device, scratch), SG_OK);
                assert_memory_equal(&got, &gpt, sizeof(got));
                assert_int_equal(got.part[0].first_lba * sizes[i] % (1u << 20), 0);
                assert_int_equal(gpt_find(&got, "rt_b")->first_lba * sizes[i], 2u << 20);
                assert_null(gpt_find(&got, "rt_c"));
        }
}

static void falls_back_to_the_backup(void **state)
{
        struct gpt got;

        (void)state;
        disk[512 + 60] ^= 1;
        assert_int_equal(gpt_read(&got, &device, scratch), SG_OK);
        assert_true(got.backup);
        assert_int_equal(got.count, 3);
        setup(NULL);
        disk[2 * 512 + 128] ^= 1; /* an entry of the primary table */
        assert_int_equal(gpt_read(&got, &device, scratch), SG_OK);
        assert_true(got.backup);
        memset(disk + DISK_SIZE - 512, 0, 512);
        assert_int_equal(gpt_read(&got, &device, scratch), SG_E_GPT_ENTRIES);
        assert_int_equal(got.count, 0);
        memset(disk + 512, 0, 512);
        assert_int_equal(gpt_read(&got, &device, scratch), SG_E_GPT_NONE);
}

static void every_flipped_byte_is_noticed(void **state)
{
        struct gpt got;

        (void)state;
        memset(disk + DISK_SIZE - 512, 0, 512);
        for (size_t i = 512; i < 512 + 92; i++) {
                disk[i] ^= 0x10;
                assert_int_not_equal(gpt_read(&got, &device, scratch), SG_OK);
                disk[i] ^= 0x10;
        }
        for (size_t i = 1024; i < 1024 + 128 * 128; i++) {
                disk[i] ^= 0x10;
                assert_int_equal(gpt_read(&got, &device, scratch), SG_E_GPT_ENTRIES);
                disk[i] ^= 0x10;
        }
        assert_int_equal(gpt_read(&got, &device, scratch), SG_OK);
}

/* Makes the CRCs of a changed primary table right again. */
static void reseal(void)
{
        uint8_t *h = disk + 512;
        uint32_t count = get_le32(h + 80);

        if (count <= 128) {
                put_le32(h + 88, (uint32_t)crc32(0, disk + 1024, count * 128));
        }
        put_le32(h + 16, 0);
        put_le32(h + 16, (uint32_t)crc32(0, h, 92));
}

static void refuses_bad_fields_with_good_crcs(void **state)
{
        static const struct {
                uint32_t at;
                uint64_t value;
        } row[] = {
                {512 + 24, 2},                           /* my LBA */
                {512 + 40, 99999},                       /* first usable behind last usable */
                {512 + 48, DISK_SIZE},                   /* last usable beyond the disk */
                {512 + 72, UINT64_MAX},                  /* entries beyond the disk */
                {512 + 72, 100},                         /* entries inside the usable range */
                {512 + 72, DISK_SIZE / 512 - 31},        /* entries over the end of the disk */
                {512 + 84, 64},                          /* size of an entry */
                {512 + 8, 92ull << 32 | 0x20000},        /* revision */
                {1024 + 32, 3},                          /* first before the usable range */
                {1024 + 256 + 40, DISK_SIZE / 512 - 20}, /* last behind the usable range */
                {1024 + 32, 4000},                       /* first behind last */
                {1024 + 40, UINT64_MAX},
                {1024 + 40, 4100}, /* into the next partition */
        };
        struct gpt got;

        (void)state;
        for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
                setup(NULL);
                memset(disk + DISK_SIZE - 512, 0, 512);
                put_le64(disk + row[i].at, row[i].value);
                reseal();
                sg_err want = row[i].at < 1024 ? SG_E_GPT_HEADER : SG_E_GPT_ENTRIES;
                assert_int_equal(gpt_read(&got, &device, scratch), want);
        }
        setup(NULL);
        memset(disk + DISK_SIZE - 512, 0, 512);
        memcpy(disk + 1024 + 128 + 56, disk + 1024 + 56, 72); /* the same name */
        reseal();
        assert_int_equal(gpt_read(&got, &device, scratch), SG_E_GPT_ENTRIES);
        put_le32(disk + 512 + 80, 5000); /* entries */
        reseal();
        assert_int_equal(gpt_read(&got, &device, scratch), SG_E_GPT_HEADER);
        put_le32(disk + 512 + 84, 64); /* size of an entry */
        reseal();
        assert_int_equal(gpt_read(&got, &device, scratch), SG_E_GPT_HEADER);
}

static void refuses_a_short_header(void **state)
{
        struct gpt got;
        uint8_t *h = disk + 512;

        (void)state;
        memset(disk + DISK_SIZE - 512, 0, 512);
        put_le32(h + 12, 91);
        put_le32(h + 16, 0);
        put_le32(h + 16, (uint32_t)crc32(0, h, 91));
        assert_int_equal(gpt_read(&got, &device, scratch), SG_E_GPT_HEADER);
}

/* A number of entries that fills no sector, and the largest. */
static void takes_any_number_of_entries(void **state)
{
        static const uint32_t counts[] = {3, 126, MOST_ENTRIES, MOST_ENTRIES + 4};
        struct gpt got;

        (void)state;
        for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
                uint8_t *h = disk + 512;

                setup(NULL);
                memset(disk + DISK_SIZE - 512, 0, 512);
                put_le64(h + 40, 2048); /* first usable */
                put_le32(h + 80, counts[i]);
                put_le32(h + 88, (uint32_t)crc32(0, disk + 1024, counts[i] * 128));
                put_le32(h + 16, 0);
                put_le32(h + 16, (uint32_t)crc32(0, h, 92));
                assert_int_equal(gpt_read(&got, &device, scratch),
                                 counts[i] <= MOST_ENTRIES ? SG_OK : SG_E_GPT_HEADER);
        }
}

static void entries_stand_in_any_order(void **state)
{
        uint8_t first[128];
        struct gpt got;

        (void)state;
        memcpy(first, disk + 1024, 128);
        memcpy(disk + 1024, disk + 1024 + 128, 128);
        memcpy(disk + 1024 + 128, first, 128);
        reseal();
        assert_int_equal(gpt_read(&got, &device, scratch), SG_OK);
        assert_false(got.backup);
        assert_string_equal(got.part[0].name, "rt_b");
}

static uint8_t first_sector[512];

static sg_err keep_first(void *ctx, uint64_t sector, const void *data, uint32_t count)
{
        (void)ctx;
        (void)count;
        if (sector == 0) {
                memcpy(first_sector, data, sizeof(first_sector));
        }
        return SG_OK;
}

static void the_protective_mbr_covers_the_disk(void **state)
{
        (void)state;
        assert_int_equal(get_le32(disk + 446 + 12), DISK_SIZE / 512 - 1);
        device.write = keep_first;
        device.sectors = gpt.sectors = (1ull << 33) + 8;
        assert_int_equal(gpt_write(&gpt, &device, scratch), SG_OK);
        assert_int_equal(get_le32(first_sector + 446 + 12), UINT32_MAX);
}

static void refuses_what_does_not_fit(void **state)
{
        (void)state;
        gpt.count = 0;
        add("big", DISK_SIZE / 512 - 2048);
        assert_int_equal(gpt_layout(&gpt), SG_E_GPT_LAYOUT);
        gpt.part[0].last_lba = UINT64_MAX;
        assert_int_equal(gpt_layout(&gpt), SG_E_GPT_LAYOUT);
        gpt.part[0].last_lba = 0;
        assert_int_equal(gpt_layout(&gpt), SG_E_GPT_LAYOUT);
        add("behind", 1);
        gpt.part[0].last_lba = DISK_SIZE / 512 - 2048 - 33;
        assert_int_equal(gpt_layout(&gpt), SG_E_GPT_LAYOUT);
        gpt.count = 0;
        gpt.sectors = 20;
        assert_int_equal(gpt_layout(&gpt), SG_E_GPT_LAYOUT);
}

/* Each write and flush: nothing is written after one that failed, so that one of the two tables is
 * always whole. */
static void a_failed_write_is_the_last(void **state)
{
        struct gpt got;
        uint32_t n = 0;
        sg_err err;

        (void)state;
        do {
                setup(NULL);
                operations_left = n++;
                err = gpt_write(&gpt, &device, scratch);
                assert_true(err == SG_OK || operations_left == UINT32_MAX);
                operations_left = UINT32_MAX;
                assert_int_equal(gpt_read(&got, &device, scratch), SG_OK);
        } while (err != SG_OK);
        assert_int_equal(n - 1, 2 * (1 + 32) + 1 + 2); /* headers, tables, MBR, flushes */
}

static void tells_read_errors(void **state)
{
        struct gpt got;

        (void)state;
        memset(disk + DISK_SIZE - 512, 0, 512); /* no backup */
        for (uint32_t n = 0; n < 1 + 32; n++) {
                operations_left = n;
                assert_int_equal(gpt_read(&got, &device, scratch), SG_E_IO);
        }
}

static void a_disk_of_two_sectors_has_no_table(void **state)
{
        struct gpt got;

        (void)state;
        device.sectors = 2;
        assert_int_equal(gpt_read(&got, &device, scratch), SG_E_GPT_NONE);
}

static void shows_names_as_far_as_they_print(void **state)
{
        struct gpt got;

        (void)state;
        put_le16(disk + 1024 + 56, ' ');
        put_le16(disk + 1024 + 58, 0x7f);
        reseal();
        assert_int_equal(gpt_read(&got, &device, scratch), SG_OK);
        assert_string_equal(got.part[0].name, "??_a");
}

/* Partitions without a name are not the same one. */
static void names_may_be_missing(void **state)
{
        struct gpt got;

        (void)state;
        memset(disk + 1024 + 56, 0, 72);
        memset(disk + 1024 + 128 + 56, 0, 72);
        reseal();
        assert_int_equal(gpt_read(&got, &device, scratch), SG_OK);
        assert_false(got.backup);
}

static void takes_as_many_partitions_as_it_knows(void **state)
{
        struct gpt got;

        (void)state;
        for (uint32_t i = 0; i <= GPT_PARTS_MAX; i++) {
                uint8_t *entry = disk + 1024 + (size_t)i * 128;
                memset(entry, 0, 128);
                memcpy(entry, gpt_type_segue, 16);
                put_le64(entry + 32, 100 + i);
                put_le64(entry + 40, 100 + i);
                if (i + 1 >= GPT_PARTS_MAX) {
                        memset(disk + DISK_SIZE - 512, 0, 512);
                        reseal();
                        assert_int_equal(gpt_read(&got, &device, scratch),
                                         i < GPT_PARTS_MAX ? SG_OK : SG_E_GPT_ENTRIES);
                }
        }
}

static void refuses_partitions_that_cannot_be(void **state)
{
        struct partition p;
        struct storage s;
        struct sector_device odd = device;

        (void)state;
        assert_int_equal(partition_open(&p, &device, 7, 7, &s), SG_OK);
        assert_int_equal(s.size, 512);
        assert_int_equal(partition_open(&p, &device, 7, 6, &s), SG_E_BAD_ARGUMENT);
        static const uint32_t sizes[] = {0, 256, 513, 768, 2 * PARTITION_SECTOR_MAX};
        for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
                odd.sector_size = sizes[i];
                assert_int_equal(partition_open(&p, &odd, 7, 7, &s), SG_E_BAD_ARGUMENT);
        }
        odd = device;
        odd.sectors = UINT64_MAX;
        assert_int_equal(partition_open(&p, &odd, 0, UINT64_MAX / PARTITION_SECTOR_MAX, &s),
                         SG_E_BAD_ARGUMENT);
}

/* Of a part of a sector, a row of whole ones, and another part: each read and write. */
static void a_partition_tells_errors(void **state)
{
        static uint8_t data[4096];
        struct partition p;
        struct storage s;

        (void)state;
        assert_int_equal(partition_open(&p, &device, 4096, 4196, &s), SG_OK);
        for (uint32_t n = 0; n < 5; n++) {
                operations_left = n;
                assert_int_equal(storage_write(&s, 100, data, 2000), SG_E_IO);
                assert_int_equal(operations_left, UINT32_MAX);
        }
        for (uint32_t n = 0; n < 3; n++) {
                operations_left = n;
                assert_int_equal(storage_read(&s, 100, data, 2000), SG_E_IO);
                assert_int_equal(operations_left, UINT32_MAX);
        }
        operations_left = 5 + 3; /* and not one more */
        assert_int_equal(storage_write(&s, 100, data, 2000), SG_OK);
        assert_int_equal(storage_read(&s, 100, data, 2000), SG_OK);
        assert_int_equal(operations_left, 0);
}

/* Any offset and length through a partition equals the same on plain memory. */
static void partitions_take_any_range(void **state)
{
        static const size_t lengths[] = {0, 1, 511, 512, 513, 1024, 100000};
        static const uint64_t offsets[] = {0, 1, 511, 512, 700};
        static uint8_t want[300 * 512], data[100000], back[100000];
        struct partition p;
        struct storage s;

        (void)state;
        assert_int_equal(partition_open(&p, &device, 4096, 4096 + 299, &s), SG_OK);
        assert_int_equal(s.size, sizeof(want));
        memcpy(want, disk + 4096 * 512, sizeof(want));
        for (size_t i = 0; i < 35; i++) {
                size_t length = lengths[i % 7];
                uint64_t offset = offsets[i / 7];
                memset(data, (int)i + 1, length);
                assert_int_equal(storage_write(&s, offset, data, length), SG_OK);
                memcpy(want + offset, data, length);
                assert_memory_equal(disk + 4096 * 512, want, sizeof(want));
                assert_int_equal(storage_read(&s, offset, back, length), SG_OK);
                assert_memory_equal(back, data, length);
        }
        assert_int_equal(storage_read(&s, s.size, back, 1), SG_E_BAD_ARGUMENT);
        assert_int_equal(storage_write(&s, s.size - 1, back, 2), SG_E_BAD_ARGUMENT);
        assert_int_equal(storage_read(&s, UINT64_MAX, back, 2), SG_E_BAD_ARGUMENT);
        assert_int_equal(partition_open(&p, &device, 5, 4, &s), SG_E_BAD_ARGUMENT);
        assert_int_equal(partition_open(&p, &device, 0, device.sectors, &s), SG_E_BAD_ARGUMENT);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup(reads_what_it_wrote, setup),
                cmocka_unit_test_setup(falls_back_to_the_backup, setup),
                cmocka_unit_test_setup(every_flipped_byte_is_noticed, setup),
                cmocka_unit_test_setup(refuses_bad_fields_with_good_crcs, setup),
                cmocka_unit_test_setup(refuses_a_short_header, setup),
                cmocka_unit_test_setup(takes_any_number_of_entries, setup),
                cmocka_unit_test_setup(entries_stand_in_any_order, setup),
                cmocka_unit_test_setup(the_protective_mbr_covers_the_disk, setup),
                cmocka_unit_test_setup(refuses_what_does_not_fit, setup),
                cmocka_unit_test_setup(a_failed_write_is_the_last, setup),
                cmocka_unit_test_setup(tells_read_errors, setup),
                cmocka_unit_test_setup(a_disk_of_two_sectors_has_no_table, setup),
                cmocka_unit_test_setup(shows_names_as_far_as_they_print, setup),
                cmocka_unit_test_setup(names_may_be_missing, setup),
                cmocka_unit_test_setup(takes_as_many_partitions_as_it_knows, setup),
                cmocka_unit_test_setup(refuses_partitions_that_cannot_be, setup),
                cmocka_unit_test_setup(a_partition_tells_errors, setup),
                cmocka_unit_test_setup(partitions_take_any_range, setup),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
