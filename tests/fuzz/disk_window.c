// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/disk_window.h"

#include <segue/bytes.h>
#include <zlib.h>

/* Offsets in a GPT header (UEFI 2.10, 5.3.2). */
enum { SIZE = 12, CRC = 16, ENTRIES_LBA = 72, COUNT = 80, ENTRIES_CRC = 88 };
#define ENTRY_SIZE 128u

uint32_t disk_window_index(uint64_t sectors, uint64_t sector)
{
        if (sector < DISK_HEAD)
                return (uint32_t)sector;
        if (sector >= sectors - DISK_TAIL)
                return (uint32_t)(sector - (sectors - DISK_TAIL)) + DISK_HEAD;
        return DISK_HEAD + DISK_TAIL;
}

static void mend_header(uint8_t *window, uint32_t index, uint32_t sector_size)
{
        uint8_t *h = window + index * sector_size;
        uint32_t at = disk_window_index(DISK_BYTES / sector_size, get_le64(h + ENTRIES_LBA));
        uint64_t length = (uint64_t)get_le32(h + COUNT) * ENTRY_SIZE;
        uint32_t end = index < DISK_HEAD ? DISK_HEAD : DISK_HEAD + DISK_TAIL;
        uint32_t size = get_le32(h + SIZE);

        if (at < end && length <= (uint64_t)(end - at) * sector_size)
                put_le32(h + ENTRIES_CRC,
                         (uint32_t)crc32(0, window + at * sector_size, (uInt)length));
        put_le32(h + CRC, 0);
        if (size <= sector_size)
                put_le32(h + CRC, (uint32_t)crc32(0, h, size));
}

void disk_window_mend(uint8_t *window, size_t size, uint32_t sector_size)
{
        if (size < (DISK_HEAD + DISK_TAIL) * sector_size)
                return;
        mend_header(window, 1, sector_size);
        mend_header(window, DISK_HEAD + DISK_TAIL - 1, sector_size);
}
