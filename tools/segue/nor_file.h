/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The NOR bank in a file, as QEMU's second pflash of `virt` has it: 64 MiB, erase blocks of 256
 * KiB, programmed by 4 bytes. The boot state stands in its first BF_BLOCKS_MAX blocks.
 */
#ifndef TOOLS_SEGUE_NOR_FILE_H
#define TOOLS_SEGUE_NOR_FILE_H

#include "bootflow/journal.h"

enum { NOR_SIZE = 64 << 20, NOR_BLOCK = 256 << 10, NOR_PROGRAM_UNIT = 4 };

/* The flash operations on NOR_SIZE bytes of memory. */
struct nor_memory {
        uint8_t *bytes;
        struct bf_flash flash;
};

void nor_memory_open(struct nor_memory *nor, uint8_t *bytes);

#endif
