/* SPDX-License-Identifier: Apache-2.0 */
/* The read cache against a disk in memory that counts, and fails where it is told to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "updater/el1/disk_cache.h"

#define SECTOR  512u
#define LINE    (DISK_CACHE_LINE / SECTOR)
#define SECTORS ((DISK_CACHE_LINES + DISK_CACHE_SETS) * LINE + 7u) /* the last line is short */

static uint8_t disk_bytes[SECTORS * SECTOR];
static uint8_t *memory;
static struct disk_cache cache;
static struct sector_device device;
static uint8_t data[4 * DISK_CACHE_LINE];

static struct {
        unsigned reads, writes, flushes;
        uint64_t bad_sector; /* reading it fails */
        sg_err write_error;
} disk_state;

static sg_err disk_read(void *ctx, uint64_t sector, void *to, uint32_t count)
{
        (void)ctx;
        assert_true(sector + count <= SECTORS);
        disk_state.reads++;
        if (disk_state.bad_sector >= sector && disk_state.bad_sector < sector + count) {
                return SG_E_DISK_REQUEST;
        }
        memcpy(to, disk_bytes + sector * SECTOR, (size_t)count * SECTOR);
        return SG_OK;
}

/* A write that fails has written half. */
static sg_err disk_write(void *ctx, uint64_t sector, const void *from, uint32_t count)
{
        const uint32_t written = disk_state.write_error == SG_OK ? count : count / 2;

        (void)ctx;
        assert_true(sector + count <= SECTORS);
        disk_state.writes++;
        memcpy(disk_bytes + sector * SECTOR, from, (size_t)written * SECTOR);
        return disk_state.write_error;
}

static sg_err disk_flush(void *ctx)
{
        (void)ctx;
        disk_state.flushes++;
        return SG_OK;
}

static const struct sector_device disk = {.sector_size = SECTOR,
                                          .sectors = SECTORS,
                                          .read = disk_read,
                                          .write = disk_write,
                                          .flush = disk_flush};

static int set_up(void **state)
{
        (void)state;
        for (size_t i = 0; i < sizeof(disk_bytes); i++) {
                disk_bytes[i] = (uint8_t)(i * 31 + i / SECTOR);
        }
        memset(&disk_state, 0, sizeof(disk_state));
        disk_state.bad_sector = UINT64_MAX;
        memory = malloc(DISK_CACHE_MEMORY);
        assert_non_null(memory);
        disk_cache_init(&cache, &disk, memory, &device);
        return 0;
}

static int tear_down(void **state)
{
        (void)state;
        free(memory);
        return 0;
}

static void read_and_compare(uint64_t sector, uint32_t count)
{
        assert_int_equal(device.read(device.ctx, sector, data, count), SG_OK);
        assert_memory_equal(data, disk_bytes + sector * SECTOR, (size_t)count * SECTOR);
}

static void small_reads_cost_one_request(void **state)
{
        (void)state;
        for (uint32_t i = 0; i < LINE; i++) {
                read_and_compare(LINE + i, 1);
        }
        assert_int_equal(disk_state.reads, 1);
}

static void a_read_across_lines_is_whole(void **state)
{
        (void)state;
        read_and_compare(LINE - 3, 2 * LINE + 5);
        assert_int_equal(disk_state.reads, 4);
}

static void the_short_line_at_the_end_is_read(void **state)
{
        (void)state;
        read_and_compare(SECTORS - 1, 1);
        read_and_compare(SECTORS - 9, 9);
}

static void beyond_the_end_is_refused(void **state)
{
        (void)state;
        assert_int_equal(device.read(device.ctx, SECTORS - 1, data, 2), SG_E_BAD_ARGUMENT);
        assert_int_equal(device.write(device.ctx, UINT64_MAX, data, 1), SG_E_BAD_ARGUMENT);
        assert_int_equal(disk_state.reads + disk_state.writes, 0);
}

static void writes_go_through_and_are_read_back(void **state)
{
        (void)state;
        read_and_compare(0, 1);
        memset(data, 0xa5, sizeof(data));
        assert_int_equal(device.write(device.ctx, LINE - 2, data, 4), SG_OK);
        assert_int_equal(disk_state.writes, 1);
        assert_int_equal(disk_bytes[(LINE + 1) * SECTOR], 0xa5);
        read_and_compare(LINE - 4, 8);
}

static void a_failed_write_is_not_believed(void **state)
{
        (void)state;
        read_and_compare(0, LINE);
        disk_state.write_error = SG_E_DISK_REQUEST;
        memset(data, 0x5a, sizeof(data));
        assert_int_equal(device.write(device.ctx, 8, data, 8), SG_E_DISK_REQUEST);
        read_and_compare(0, LINE);
}

static void a_bad_sector_spoils_only_itself(void **state)
{
        (void)state;
        disk_state.bad_sector = 5;
        read_and_compare(6, 2);
        assert_int_equal(device.read(device.ctx, 5, data, 1), SG_E_DISK_REQUEST);
}

/* Reads and writes at random, over more lines of one set than it has ways. */
static void whatever_is_done_the_disk_s_bytes_are_read(void **state)
{
        uint32_t random = 1;

        (void)state;
        for (unsigned i = 0; i < 20000; i++) {
                random = random * 1664525u + 1013904223u;
                const uint64_t line = (random >> 20) % (DISK_CACHE_WAYS + 1) * DISK_CACHE_SETS;
                const uint64_t sector = line * LINE + (random >> 8) % (2 * LINE);
                const uint32_t count = 1 + (random >> 3) % 64;

                if (i % 3 == 0) {
                        memset(data, (int)i, (size_t)count * SECTOR);
                        disk_state.write_error = i % 5 == 0 ? SG_E_DISK_TIMEOUT : SG_OK;
                        device.write(device.ctx, sector, data, count);
                } else {
                        read_and_compare(sector, count);
                }
        }
}

static void what_was_written_is_read_from_the_disk_after_a_flush(void **state)
{
        (void)state;
        read_and_compare(0, 1);
        read_and_compare(2 * LINE, 1);
        assert_int_equal(device.write(device.ctx, 3, data, 1), SG_OK);
        assert_int_equal(device.flush(device.ctx), SG_OK);
        assert_int_equal(disk_state.flushes, 1);
        disk_bytes[3 * SECTOR] ^= 1; /* rot */
        read_and_compare(3, 1);
        read_and_compare(2 * LINE, 1);
        assert_int_equal(disk_state.reads, 3);
}

#define ROW(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
        const struct CMUnitTest tests[] = {
                ROW(small_reads_cost_one_request),
                ROW(a_read_across_lines_is_whole),
                ROW(the_short_line_at_the_end_is_read),
                ROW(beyond_the_end_is_refused),
                ROW(writes_go_through_and_are_read_back),
                ROW(a_failed_write_is_not_believed),
                ROW(a_bad_sector_spoils_only_itself),
                ROW(whatever_is_done_the_disk_s_bytes_are_read),
                ROW(what_was_written_is_read_from_the_disk_after_a_flush),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
