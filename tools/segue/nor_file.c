/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/segue/nor_file.h"

#include <string.h>

static uint8_t *at(const struct nor_memory *nor, uint32_t block, uint32_t offset)
{
        return nor->bytes + (size_t)block * NOR_BLOCK + offset;
}

static sg_err read_bytes(void *ctx, uint32_t block, uint32_t offset, void *to, uint32_t length)
{
        memcpy(to, at(ctx, block, offset), length);
        return SG_OK;
}

static sg_err program(void *ctx, uint32_t block, uint32_t offset, const void *from, uint32_t length)
{
        uint8_t *to = at(ctx, block, offset);
        const uint8_t *bytes = from;

        for (uint32_t i = 0; i < length; i++) {
                if (to[i] != 0xff) {
                        return SG_E_STATE_NOT_BLANK;
                }
                to[i] = bytes[i];
        }
        return SG_OK;
}

static sg_err erase_begin(void *ctx, uint32_t block)
{
        memset(at(ctx, block, 0), 0xff, NOR_BLOCK);
        return SG_OK;
}

/* An erase of memory is over when it has begun. */
static sg_err erase_step(void *ctx, bool *done)
{
        (void)ctx;
        *done = true;
        return SG_OK;
}

void nor_memory_open(struct nor_memory *nor, uint8_t *bytes)
{
        nor->bytes = bytes;
        nor->flash = (struct bf_flash){
                .ctx = nor,
                .erase_size = NOR_BLOCK,
                .blocks = BF_BLOCKS_MAX,
                .unit = NOR_PROGRAM_UNIT,
                .read = read_bytes,
                .program = program,
                .erase_begin = erase_begin,
                .erase_step = erase_step,
        };
}
