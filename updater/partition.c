/* SPDX-License-Identifier: Apache-2.0 */
#include "updater/partition.h"

#include <stdbool.h>
#include <string.h>

#define TRANSFER_MAX 128 /* sectors in one request to the device */

static bool inside(const struct partition *p, uint64_t offset, size_t length)
{
        return offset <= p->size && length <= p->size - offset;
}

/* What one request covers: whole sectors straight from or to the caller's memory, or a part of one
 * sector by way of the bounce buffer. */
struct span {
        uint64_t sector;
        uint32_t count; /* whole sectors; 0: a part of one */
        uint32_t skip;  /* bytes before the part */
        size_t bytes;
};

static struct span next_span(const struct partition *p, uint64_t offset, size_t length)
{
        uint32_t size = p->device->sector_size;
        struct span s = {.sector = p->first_sector + offset / size,
                         .skip = (uint32_t)(offset % size)};

        if (s.skip != 0 || length < size) {
                s.bytes = size - s.skip < length ? size - s.skip : length;
        } else {
                s.count = length / size < TRANSFER_MAX ? (uint32_t)(length / size) : TRANSFER_MAX;
                s.bytes = (size_t)s.count * size;
        }
        return s;
}

static sg_err partition_read(void *ctx, uint64_t offset, void *data, size_t length)
{
        struct partition *p = ctx;
        const struct sector_device *d = p->device;
        uint8_t *out = data;

        if (!inside(p, offset, length)) {
                return SG_E_BAD_ARGUMENT;
        }
        while (length > 0) {
                struct span s = next_span(p, offset, length);
                sg_err err = s.count > 0 ? d->read(d->ctx, s.sector, out, s.count)
                                         : d->read(d->ctx, s.sector, p->bounce, 1);
                if (err != SG_OK) {
                        return err;
                }
                if (s.count == 0) {
                        memcpy(out, p->bounce + s.skip, s.bytes);
                }
                out += s.bytes;
                offset += s.bytes;
                length -= s.bytes;
        }
        return SG_OK;
}

static sg_err write_part(struct partition *p, const struct span *s, const uint8_t *data)
{
        const struct sector_device *d = p->device;
        sg_err err = d->read(d->ctx, s->sector, p->bounce, 1);

        if (err != SG_OK) {
                return err;
        }
        memcpy(p->bounce + s->skip, data, s->bytes);
        return d->write(d->ctx, s->sector, p->bounce, 1);
}

static sg_err partition_write(void *ctx, uint64_t offset, const void *data, size_t length)
{
        struct partition *p = ctx;
        const struct sector_device *d = p->device;
        const uint8_t *in = data;

        if (!inside(p, offset, length)) {
                return SG_E_BAD_ARGUMENT;
        }
        while (length > 0) {
                struct span s = next_span(p, offset, length);
                sg_err err = s.count > 0 ? d->write(d->ctx, s.sector, in, s.count)
                                         : write_part(p, &s, in);
                if (err != SG_OK) {
                        return err;
                }
                in += s.bytes;
                offset += s.bytes;
                length -= s.bytes;
        }
        return SG_OK;
}

static sg_err partition_flush(void *ctx)
{
        const struct partition *p = ctx;

        return p->device->flush(p->device->ctx);
}

sg_err partition_open(struct partition *p, const struct sector_device *device, uint64_t first,
                      uint64_t last, struct storage *storage)
{
        if (device->sector_size < 512 || device->sector_size > PARTITION_SECTOR_MAX ||
            (device->sector_size & (device->sector_size - 1)) != 0 || first > last ||
            last >= device->sectors || last - first >= UINT64_MAX / PARTITION_SECTOR_MAX) {
                return SG_E_BAD_ARGUMENT;
        }
        p->device = device;
        p->first_sector = first;
        p->size = (last - first + 1) * device->sector_size;
        *storage = (struct storage){p, p->size, partition_read, partition_write, partition_flush};
        return SG_OK;
}
