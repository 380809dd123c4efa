/* SPDX-License-Identifier: Apache-2.0 */
/* A disk image in a file as the sector device that the GPT code wants. */
#ifndef TOOLS_SEGUE_DISK_FILE_H
#define TOOLS_SEGUE_DISK_FILE_H

#include "updater/gpt.h"
#include "updater/partition.h"

enum { DISK_SECTOR = 512 };

struct disk_file {
        int fd;
        const char *path; /* a write that fails ends the program */
        struct sector_device device;
};

/* fd stays the caller's. */
void disk_file_open(struct disk_file *disk, int fd, const char *path, uint64_t size);

#endif
