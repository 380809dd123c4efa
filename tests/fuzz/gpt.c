// SPDX-License-Identifier: Apache-2.0
/*
 * Partition tables. The input is one byte (even: sectors of 512 bytes, odd: 4096), the first HEAD
 * and the last TAIL sectors of a device; what lies between is zero.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <segue/bytes.h>
#include <zlib.h>

#include "tests/fuzz/disk_window.h"
#include "tests/fuzz/fuzz.h"
#include "updater/gpt.h"

struct window {
        struct sector_device device;
        const uint8_t *bytes;
};

static sg_err disk_read(void *ctx, uint64_t sector, void *data, uint32_t count)
{
        const struct window *w = ctx;
        size_t size = w->device.sector_size;

        FUZZ_REQUIRE(count <= w->device.sectors && sector <= w->device.sectors - count);
        memset(data, 0, count * size);
        for (uint32_t i = 0; i < count; i++) {
                uint32_t at = disk_window_index(w->device.sectors, sector + i);
                if (at < DISK_HEAD + DISK_TAIL)
                        memcpy((uint8_t *)data + i * size, w->bytes + at * size, size);
        }
        return SG_OK;
}

static sg_err disk_write(void *ctx, uint64_t sector, const void *data, uint32_t count)
{
        (void)ctx;
        (void)sector;
        (void)data;
        (void)count;
        __builtin_trap(); /* a reader writes nothing */
}

static sg_err disk_flush(void *ctx)
{
        (void)ctx;
        return SG_OK;
}

static void require_table(const struct gpt *g, const struct sector_device *d)
{
        FUZZ_REQUIRE(g->count <= GPT_PARTS_MAX && g->sectors == d->sectors);
        for (uint32_t i = 0; i < g->count; i++) {
                const struct gpt_partition *p = &g->part[i];
                FUZZ_REQUIRE(p->first_lba <= p->last_lba && p->last_lba < d->sectors);
                FUZZ_REQUIRE(strnlen(p->name, sizeof(p->name)) <= GPT_NAME_MAX);
                if (p->name[0])
                        FUZZ_REQUIRE(gpt_find(g, p->name) == p);
                for (uint32_t k = 0; k < i; k++)
                        FUZZ_REQUIRE(p->last_lba < g->part[k].first_lba ||
                                     p->first_lba > g->part[k].last_lba);
        }
}

static void read_edges(const struct gpt *g, const struct sector_device *d)
{
        static struct partition partition;
        struct storage s;
        uint8_t bytes[3];

        for (uint32_t i = 0; i < g->count; i++) {
                FUZZ_REQUIRE(partition_open(&partition, d, g->part[i].first_lba,
                                            g->part[i].last_lba, &s) == SG_OK);
                FUZZ_REQUIRE(storage_read(&s, s.size - 3, bytes, 3) == SG_OK);
                FUZZ_REQUIRE(storage_read(&s, s.size - 2, bytes, 3) != SG_OK);
                FUZZ_REQUIRE(storage_read(&s, UINT64_MAX - 1, bytes, 3) != SG_OK);
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static uint8_t scratch[PARTITION_SECTOR_MAX];
        static struct gpt gpt;
        uint32_t sector = size > 0 && data[0] % 2 ? 4096 : 512;
        struct window w = {.bytes = data + 1};

        if (size < 1 + (DISK_HEAD + DISK_TAIL) * sector)
                return 0;
        w.device = (struct sector_device){&w,        sector,     DISK_BYTES / sector,
                                          disk_read, disk_write, disk_flush};
        if (gpt_read(&gpt, &w.device, scratch) != SG_OK)
                return 0;
        require_table(&gpt, &w.device);
        read_edges(&gpt, &w.device);
        return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
        size = LLVMFuzzerMutate(data, size, max);
        if (seed % FUZZ_RAW_ONE_IN && size > 1)
                disk_window_mend(data + 1, size - 1, data[0] % 2 ? 4096 : 512);
        return size;
}
