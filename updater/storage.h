/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes on a disk, reached through operations that the caller supplies: a partition of the device's
 * disk, a file on the host, or the power-cut simulator.
 *
 * Any offset and any length may be read and written; whoever implements it reads, changes and
 * writes back partial sectors (updater/partition.h does that over a sector device). Ranges
 * outside of [0, size) are refused with SG_E_BAD_ARGUMENT and nothing is done. What was written is
 * durable only after flush returned SG_OK; before that, any subset of the sectors may survive a
 * power cut.
 */
#ifndef UPDATER_STORAGE_H
#define UPDATER_STORAGE_H

#include <segue/error.h>
#include <stddef.h>
#include <stdint.h>

struct storage {
        void *ctx;
        uint64_t size; /* bytes; 0: not there */
        sg_err (*read)(void *ctx, uint64_t offset, void *data, size_t length);
        sg_err (*write)(void *ctx, uint64_t offset, const void *data, size_t length);
        sg_err (*flush)(void *ctx);
};

static inline sg_err storage_read(const struct storage *s, uint64_t offset, void *data,
                                  size_t length)
{
        return s->read(s->ctx, offset, data, length);
}

static inline sg_err storage_write(const struct storage *s, uint64_t offset, const void *data,
                                   size_t length)
{
        return s->write(s->ctx, offset, data, length);
}

static inline sg_err storage_flush(const struct storage *s)
{
        return s->flush(s->ctx);
}

#endif
