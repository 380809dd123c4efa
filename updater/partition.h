/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A range of sectors of a disk as struct storage: bounds checks, and read-modify-write of sectors
 * that a write covers in part.
 */
#ifndef UPDATER_PARTITION_H
#define UPDATER_PARTITION_H

#include "updater/storage.h"

#define PARTITION_SECTOR_MAX 4096

/* A block device. Whole sectors only; data has no alignment that the device may rely on. */
struct sector_device {
        void *ctx;
        uint32_t sector_size; /* 512 or 4096 */
        uint64_t sectors;
        sg_err (*read)(void *ctx, uint64_t sector, void *data, uint32_t count);
        sg_err (*write)(void *ctx, uint64_t sector, const void *data, uint32_t count);
        sg_err (*flush)(void *ctx);
};

struct partition {
        const struct sector_device *device;
        uint64_t first_sector;
        uint64_t size; /* bytes */
        uint8_t bounce[PARTITION_SECTOR_MAX];
};

/* Sectors first..last (inclusive, as GPT counts) of device. p and device must outlive *storage.
 * SG_E_BAD_ARGUMENT when the range is not inside the device or its sector size is not supported. */
sg_err partition_open(struct partition *p, const struct sector_device *device, uint64_t first,
                      uint64_t last, struct storage *storage);

#endif
