/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/segue/disk_file.h"

#include <unistd.h>

#include "tools/segue/file.h"

static sg_err read_sectors(void *ctx, uint64_t sector, void *data, uint32_t count)
{
        const struct disk_file *disk = ctx;
        size_t size = (size_t)count * DISK_SECTOR;

        return pread(disk->fd, data, size, (off_t)(sector * DISK_SECTOR)) == (ssize_t)size
                       ? SG_OK
                       : SG_E_IO;
}

static sg_err write_sectors(void *ctx, uint64_t sector, const void *data, uint32_t count)
{
        const struct disk_file *disk = ctx;

        file_put(disk->fd, disk->path, sector * DISK_SECTOR, data, (size_t)count * DISK_SECTOR);
        return SG_OK;
}

static sg_err flush_sectors(void *ctx)
{
        const struct disk_file *disk = ctx;

        return fdatasync(disk->fd) == 0 ? SG_OK : SG_E_IO;
}

void disk_file_open(struct disk_file *disk, int fd, const char *path, uint64_t size)
{
        *disk = (struct disk_file){
                .fd = fd,
                .path = path,
                .device =
                        {
                                .ctx = disk,
                                .sector_size = DISK_SECTOR,
                                .sectors = size / DISK_SECTOR,
                                .read = read_sectors,
                                .write = write_sectors,
                                .flush = flush_sectors,
                        },
        };
}
