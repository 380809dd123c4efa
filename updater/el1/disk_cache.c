/* SPDX-License-Identifier: Apache-2.0 */
#include "updater/el1/disk_cache.h"

#include <string.h>

#define NOT_HELD DISK_CACHE_LINES

/* The part of a request that lies in one line. */
struct part {
        uint64_t line;
        uint32_t skip;  /* sectors before it in the line */
        uint32_t count; /* sectors */
};

static struct part first_part(const struct disk_cache *cache, uint64_t sector, uint32_t count)
{
        struct part part = {.line = sector / cache->sectors_per_line,
                            .skip = (uint32_t)(sector % cache->sectors_per_line)};
        const uint32_t room = cache->sectors_per_line - part.skip;

        part.count = count < room ? count : room;
        return part;
}

static uint8_t *bytes_of(const struct disk_cache *cache, unsigned index, const struct part *part)
{
        return cache->memory + (size_t)index * DISK_CACHE_LINE +
               (size_t)part->skip * cache->disk->sector_size;
}

static unsigned set_of(uint64_t line)
{
        return (unsigned)(line % DISK_CACHE_SETS);
}

static unsigned find(const struct disk_cache *cache, uint64_t line)
{
        const unsigned first = set_of(line) * DISK_CACHE_WAYS;

        for (unsigned i = first; i < first + DISK_CACHE_WAYS; i++) {
                if (cache->tag[i] == line + 1) {
                        return i;
                }
        }
        return NOT_HELD;
}

/* Reads a line in the place of another; NOT_HELD when the disk cannot. */
static unsigned fill(struct disk_cache *cache, uint64_t line)
{
        const struct sector_device *disk = cache->disk;
        const unsigned set = set_of(line);
        const unsigned index = set * DISK_CACHE_WAYS + cache->victim[set];
        const uint64_t first = line * cache->sectors_per_line;
        const uint64_t left = disk->sectors - first;
        const uint32_t count =
                left < cache->sectors_per_line ? (uint32_t)left : cache->sectors_per_line;

        cache->tag[index] = 0;
        if (disk->read(disk->ctx, first, cache->memory + (size_t)index * DISK_CACHE_LINE, count) !=
            SG_OK) {
                return NOT_HELD;
        }
        cache->tag[index] = line + 1;
        cache->written[index] = false;
        cache->victim[set] = (uint8_t)((cache->victim[set] + 1) % DISK_CACHE_WAYS);
        return index;
}

static sg_err read_part(struct disk_cache *cache, const struct part *part, void *data)
{
        const struct sector_device *disk = cache->disk;
        unsigned index = find(cache, part->line);

        if (index == NOT_HELD) {
                index = fill(cache, part->line);
        }
        if (index == NOT_HELD) {
                /* What was not asked for may be all that cannot be read. */
                return disk->read(disk->ctx, part->line * cache->sectors_per_line + part->skip,
                                  data, part->count);
        }
        memcpy(data, bytes_of(cache, index, part), (size_t)part->count * disk->sector_size);
        return SG_OK;
}

static bool inside(const struct disk_cache *cache, uint64_t sector, uint32_t count)
{
        return sector <= cache->disk->sectors && count <= cache->disk->sectors - sector;
}

static sg_err cache_read(void *ctx, uint64_t sector, void *data, uint32_t count)
{
        struct disk_cache *cache = ctx;
        uint8_t *at = data;

        if (!inside(cache, sector, count)) {
                return SG_E_BAD_ARGUMENT;
        }
        while (count != 0) {
                const struct part part = first_part(cache, sector, count);
                const sg_err err = read_part(cache, &part, at);

                if (err != SG_OK) {
                        return err;
                }
                at += (size_t)part.count * cache->disk->sector_size;
                sector += part.count;
                count -= part.count;
        }
        return SG_OK;
}

/* Lines that are held take over what was written, or are given up when nobody knows what was. */
static void note_write(struct disk_cache *cache, uint64_t sector, const void *data, uint32_t count,
                       bool known)
{
        const uint8_t *at = data;

        while (count != 0) {
                const struct part part = first_part(cache, sector, count);
                const size_t size = (size_t)part.count * cache->disk->sector_size;
                const unsigned index = find(cache, part.line);

                if (index != NOT_HELD && known) {
                        memcpy(bytes_of(cache, index, &part), at, size);
                        cache->written[index] = true;
                } else if (index != NOT_HELD) {
                        cache->tag[index] = 0;
                }
                at += size;
                sector += part.count;
                count -= part.count;
        }
}

static sg_err cache_write(void *ctx, uint64_t sector, const void *data, uint32_t count)
{
        struct disk_cache *cache = ctx;
        const struct sector_device *disk = cache->disk;
        sg_err err;

        if (!inside(cache, sector, count)) {
                return SG_E_BAD_ARGUMENT;
        }
        err = disk->write(disk->ctx, sector, data, count);
        note_write(cache, sector, data, count, err == SG_OK);
        return err;
}

static sg_err cache_flush(void *ctx)
{
        struct disk_cache *cache = ctx;

        for (unsigned i = 0; i < DISK_CACHE_LINES; i++) {
                if (cache->written[i]) {
                        cache->tag[i] = 0;
                        cache->written[i] = false;
                }
        }
        return cache->disk->flush(cache->disk->ctx);
}

void disk_cache_init(struct disk_cache *cache, const struct sector_device *disk, uint8_t *memory,
                     struct sector_device *device)
{
        memset(cache, 0, sizeof(*cache));
        cache->disk = disk;
        cache->memory = memory;
        cache->sectors_per_line = DISK_CACHE_LINE / disk->sector_size;
        *device = (struct sector_device){.ctx = cache,
                                         .sector_size = disk->sector_size,
                                         .sectors = disk->sectors,
                                         .read = cache_read,
                                         .write = cache_write,
                                         .flush = cache_flush};
}
