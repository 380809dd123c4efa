/* SPDX-License-Identifier: Apache-2.0 */
/* Some blocks of the bank, as bootflow's journal sees flash. */
#include "hv/machine/nor.h"

static uint32_t at(const struct nor_part *part, uint32_t block, uint32_t offset)
{
        return (part->first + block) * part->nor->block_size + offset;
}

static sg_err part_read(void *ctx, uint32_t block, uint32_t offset, void *to, uint32_t length)
{
        struct nor_part *part = ctx;
        return nor_read(part->nor, at(part, block, offset), to, length);
}

static sg_err part_program(void *ctx, uint32_t block, uint32_t offset, const void *from,
                           uint32_t length)
{
        struct nor_part *part = ctx;
        return nor_program(part->nor, at(part, block, offset), from, length);
}

static sg_err part_erase_begin(void *ctx, uint32_t block)
{
        struct nor_part *part = ctx;
        return nor_erase_begin(part->nor, at(part, block, 0));
}

static sg_err part_erase_step(void *ctx, bool *done)
{
        struct nor_part *part = ctx;
        return nor_erase_step(part->nor, done);
}

sg_err nor_flash(struct bf_flash *flash, struct nor_part *part, struct nor *nor, uint32_t first,
                 uint32_t count)
{
        uint32_t blocks = nor->size / nor->block_size;

        if (first > blocks || count > blocks - first)
                return SG_E_NOR_GEOMETRY;
        *part = (struct nor_part){.nor = nor, .first = first};
        *flash = (struct bf_flash){
                .ctx = part,
                .erase_size = nor->block_size,
                .blocks = count,
                .unit = NOR_UNIT,
                .read = part_read,
                .program = part_program,
                .erase_begin = part_erase_begin,
                .erase_step = part_erase_step,
        };
        return SG_OK;
}
