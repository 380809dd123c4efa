/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GUID partition tables (UEFI 2.10, chapter 5.3): a reader that trusts nothing on the disk, and the
 * layout that the host tool writes. Sectors of 512 or 4096 bytes; LBAs count sectors.
 */
#ifndef UPDATER_GPT_H
#define UPDATER_GPT_H

#include "updater/partition.h"
#include <stdbool.h>

#define GPT_NAME_MAX   36 /* UTF-16 code units on the disk; ASCII here */
#define GPT_PARTS_MAX  32 /* partitions that the reader keeps */
#define GPT_ENTRY_SIZE 128
#define GPT_ENTRIES    128 /* that the writer makes */

struct gpt_partition {
        char name[GPT_NAME_MAX + 1];
        uint8_t type_guid[16]; /* as on the disk */
        uint8_t unique_guid[16];
        uint64_t first_lba;
        uint64_t last_lba; /* inclusive */
};

struct gpt {
        uint32_t sector_size;
        uint64_t sectors; /* of the device */
        bool backup;      /* the primary was bad; this is what the backup says */
        uint8_t disk_guid[16];
        uint32_t count;
        struct gpt_partition part[GPT_PARTS_MAX];
};

/* Reads and checks the primary table, or the backup when the primary is bad: signature, CRCs of
 * header and entries, bounds, no overlap, no name twice. scratch holds one sector.
 * SG_E_GPT_*; SG_E_IO as the device says. */
sg_err gpt_read(struct gpt *gpt, const struct sector_device *device, uint8_t *scratch);

/* The partition of that name, or NULL. */
const struct gpt_partition *gpt_find(const struct gpt *gpt, const char *name);

/* Lays out: for each of gpt->count partitions, given name, GUIDs and, in last_lba, its size in
 * sectors, sets first_lba and last_lba, each on the next multiple of 1 MiB. Also needs
 * sector_size and sectors. SG_E_GPT_LAYOUT when they do not fit. */
sg_err gpt_layout(struct gpt *gpt);

/* Writes protective MBR, backup table, then primary table, with a flush between the two tables.
 * scratch holds one sector. */
sg_err gpt_write(const struct gpt *gpt, const struct sector_device *device, uint8_t *scratch);

/* The partition type of everything that Segue puts on a disk. */
extern const uint8_t gpt_type_segue[16];

#endif
