/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/disk.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/fault.h"
#include "tests/sim/world.h"

#define SUBSETS 8u /* by the seed, of each cut */

/* A cut's ways, in this order. */
enum {
        WAY_NONE,
        WAY_ALL,
        WAY_HALF_OF_LAST,    /* everything, the last sector half new */
        WAY_GARBAGE_IN_LAST, /* everything, the last sector's physical sector unreadable */
        WAY_ONLY_GARBAGE,    /* nothing but that */
        WAY_SINGLES,         /* each one dropped, then each one alone, then subsets */
};

/* What becomes of a write when update is killed in it, in this order. */
enum { KILL_NOT_SENT, KILL_LANDED, KILL_HALF_LANDED, KILL_LANDS_LATER, KILL_LANDS_LAST };

#define LATER_MAX 8u

struct pending {
        uint64_t sector;
        uint8_t data[PARTITION_SECTOR_MAX];
};

struct disk {
        struct sector_device device;
        uint32_t physical;
        uint64_t bytes;
        uint8_t *view;   /* with the cache */
        uint8_t *medium; /* without */
        struct pending *pending;
        size_t count, room;
        uint64_t read_only_first, read_only_last; /* bytes; equal: nothing is */
        uint64_t flushes, drop;
        bool lies, aside, ignored;
        struct {
                uint8_t *data; /* NULL: there is none */
                uint64_t sector;
                uint32_t count;
                uint64_t requests; /* that overtake it; a flush does not */
        } late;
};

static void cache(struct disk *d, uint64_t sector, const uint8_t *data)
{
        uint32_t size = d->device.sector_size;

        if (d->count == d->room) {
                d->room = d->room == 0 ? 256 : 2 * d->room;
                d->pending = realloc(d->pending, d->room * sizeof(*d->pending));
                if (d->pending == NULL) {
                        abort();
                }
        }
        struct pending *p = &d->pending[d->count++];
        p->sector = sector;
        memcpy(p->data, data, size);
        memcpy(d->view + sector * size, data, size);
}

static void land(struct disk *d, const struct pending *p)
{
        memcpy(d->medium + p->sector * d->device.sector_size, p->data, d->device.sector_size);
}

static void flush_all(struct disk *d)
{
        for (size_t i = 0; i < d->count; i++) {
                land(d, &d->pending[i]);
        }
        d->count = 0;
        d->lies = false;
}

uint32_t disk_ways(const struct disk *d)
{
        return d->count == 0 ? 1 : WAY_SINGLES + 2 * (uint32_t)d->count + SUBSETS;
}

static void tear(struct disk *d, uint32_t way, uint64_t seed)
{
        const struct pending *last = &d->pending[d->count - 1];
        uint64_t at = last->sector * d->device.sector_size;

        if (way == WAY_HALF_OF_LAST) {
                memcpy(d->medium + at, last->data, d->device.sector_size / 2);
                return;
        }
        at = at / d->physical * d->physical;
        for (uint32_t i = 0; i < d->physical; i++) {
                d->medium[at + i] = (uint8_t)sim_hash(seed, i);
        }
}

static bool keeps(const struct disk *d, uint32_t way, uint64_t seed, size_t i)
{
        size_t single = way - WAY_SINGLES;

        switch (way) {
        case WAY_NONE:
        case WAY_ONLY_GARBAGE:
                return false;
        case WAY_ALL:
                return true;
        case WAY_HALF_OF_LAST:
        case WAY_GARBAGE_IN_LAST:
                return i + 1 < d->count;
        default:
                break;
        }
        if (single < d->count) {
                return i != single;
        }
        if (single < 2 * d->count) {
                return i == single - d->count;
        }
        return (sim_hash(sim_hash(seed, single), i) & 1) != 0;
}

static void cache_sectors(struct disk *d, uint64_t sector, const uint8_t *data, uint32_t count)
{
        for (uint32_t i = 0; i < count; i++) {
                cache(d, sector + i, data + (size_t)i * d->device.sector_size);
        }
}

/* ---- A request that its sender did not live to see the end of ---- */

static void land_late(struct disk *d)
{
        if (d->late.data != NULL) {
                cache_sectors(d, d->late.sector, d->late.data, d->late.count);
                free(d->late.data);
                d->late.data = NULL;
        }
}

static void keep_for_later(struct disk *d, uint64_t sector, const uint8_t *data, uint32_t count,
                           uint64_t requests)
{
        size_t size = (size_t)count * d->device.sector_size;

        land_late(d);
        d->late.data = malloc(size);
        if (d->late.data == NULL) {
                abort();
        }
        memcpy(d->late.data, data, size);
        d->late.sector = sector;
        d->late.count = count;
        d->late.requests = requests;
}

void disk_cut(struct disk *d, uint32_t way, uint64_t seed)
{
        if ((seed & 1) != 0) {
                land_late(d);
        }
        free(d->late.data);
        d->late.data = NULL;
        bool torn =
                way == WAY_HALF_OF_LAST || way == WAY_GARBAGE_IN_LAST || way == WAY_ONLY_GARBAGE;

        for (size_t i = 0; i < d->count; i++) {
                if (keeps(d, way, seed, i)) {
                        land(d, &d->pending[i]);
                }
        }
        if (torn && d->count > 0) {
                tear(d, way, seed);
        }
        d->count = 0;
        memcpy(d->view, d->medium, d->bytes);
}

static bool is_read_only(const struct disk *d, uint64_t sector, uint32_t count)
{
        uint64_t first = sector * d->device.sector_size;
        uint64_t last = first + (uint64_t)count * d->device.sector_size;

        return first < d->read_only_last && last > d->read_only_first;
}

static void request_begins(struct disk *d)
{
        if (d->late.data != NULL && d->late.requests-- == 0) {
                land_late(d);
        }
}

/* ---- Requests ---- */

static sg_err disk_read(void *ctx, uint64_t sector, void *data, uint32_t count)
{
        struct disk *d = ctx;
        uint32_t size = d->device.sector_size;

        request_begins(d);
        if (sector + count > d->device.sectors) {
                sim_broken("a read beyond the disk");
                return SG_E_IO;
        }
        if (sim_operation(SIM_DISK_READ, 1) != NULL) {
                return SG_E_IO;
        }
        memcpy(data, d->view + sector * size, (size_t)count * size);
        return SG_OK;
}

static void kill_in_write(struct disk *d, const struct sim_case *c, uint64_t sector,
                          const uint8_t *data, uint32_t count)
{
        switch (c->variant) {
        case KILL_NOT_SENT:
                break;
        case KILL_LANDED:
                cache_sectors(d, sector, data, count);
                break;
        case KILL_HALF_LANDED:
                cache_sectors(d, sector, data, count / 2);
                break;
        case KILL_LANDS_LATER:
                keep_for_later(d, sector, data, count, c->seed % LATER_MAX);
                break;
        default: /* with the next flush */
                keep_for_later(d, sector, data, count, UINT64_MAX);
                break;
        }
}

static sg_err disk_write(void *ctx, uint64_t sector, const void *data, uint32_t count)
{
        struct disk *d = ctx;

        request_begins(d);
        if (sector + count > d->device.sectors) {
                sim_broken("a write beyond the disk");
                return SG_E_IO;
        }
        if (is_read_only(d, sector, count)) {
                return SG_E_IO;
        }
        uint32_t ways = WAY_SINGLES + 2 * (uint32_t)(d->count + count) + SUBSETS;
        const struct sim_case *c = sim_operation(SIM_DISK_WRITE, ways);
        if (c == NULL) {
                cache_sectors(d, sector, data, count);
                return SG_OK;
        }
        switch (c->fault) {
        case SIM_POWER:
                cache_sectors(d, sector, data, count);
                world_power_off(c->variant, c->seed);
                break;
        case SIM_KILL:
                kill_in_write(d, c, sector, data, count);
                world_kill();
                break;
        case SIM_IO:
        case SIM_READ:
                cache_sectors(d, sector, data, c->variant == 1 ? (count + 1) / 2 : 0);
                break;
        }
        world_boundary();
        return SG_E_IO;
}

static sg_err disk_flush(void *ctx)
{
        struct disk *d = ctx;
        const struct sim_case *c;

        if (d->aside && d->ignored) {
                return SG_OK;
        }
        land_late(d);
        if (!d->aside && ++d->flushes == d->drop) {
                d->lies = true;
                return SG_OK;
        }
        c = sim_operation(SIM_DISK_FLUSH, disk_ways(d));
        if (c == NULL) {
                flush_all(d);
                return SG_OK;
        }
        switch (c->fault) {
        case SIM_POWER:
                world_power_off(c->variant, c->seed);
                break;
        case SIM_KILL:
                if (c->variant == 1) {
                        flush_all(d);
                }
                world_kill();
                break;
        case SIM_IO:
        case SIM_READ:
                if (c->variant == 1) {
                        flush_all(d);
                }
                break;
        }
        world_boundary();
        return SG_E_IO;
}

struct disk *disk_new(uint32_t sector, uint32_t physical, uint64_t bytes)
{
        struct disk *d = calloc(1, sizeof(*d));

        if (d == NULL) {
                abort();
        }
        d->physical = physical;
        d->bytes = bytes;
        d->view = calloc(1, bytes);
        d->medium = calloc(1, bytes);
        if (d->view == NULL || d->medium == NULL) {
                abort();
        }
        d->device = (struct sector_device){
                .ctx = d,
                .sector_size = sector,
                .sectors = bytes / sector,
                .read = disk_read,
                .write = disk_write,
                .flush = disk_flush,
        };
        return d;
}

void disk_free(struct disk *d)
{
        if (d != NULL) {
                free(d->view);
                free(d->medium);
                free(d->pending);
                free(d->late.data);
                free(d);
        }
}

const struct sector_device *disk_device(struct disk *d)
{
        return &d->device;
}

uint8_t *disk_bytes(struct disk *d)
{
        return d->view;
}

void disk_settle(struct disk *d)
{
        memcpy(d->medium, d->view, d->bytes);
        d->count = 0;
}

void disk_set_read_only(struct disk *d, uint64_t first, uint64_t last)
{
        d->read_only_first = first;
        d->read_only_last = last;
}

void disk_set_aside(struct disk *d, bool on, bool ignored)
{
        d->aside = on;
        d->ignored = ignored;
}

void disk_drop_flush(struct disk *d, uint64_t n)
{
        d->flushes = 0;
        d->drop = n;
}

bool disk_lies(const struct disk *d)
{
        return d->lies;
}

uint64_t disk_flushes(const struct disk *d)
{
        return d->flushes;
}
