/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NOR flash with the Intel command set behind CFI (JEDEC JESD68, vendor set 0001h), one or more
 * equal chips side by side on a bus of 32 bits. Geometry is what the chips' CFI tables say. A
 * "unit" is what one word program writes: 4 bytes.
 *
 * Bits only go from 1 to 0 until their block is erased. Programming checks that the unit is blank
 * first. Nothing waits longer than the chips' own worst times allow.
 *
 * Pure: the bus is reached through struct nor_bus.
 */
#ifndef HV_MACHINE_NOR_H
#define HV_MACHINE_NOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <segue/error.h>

struct nor_bus {
        uint32_t (*read)(void *ctx, uint32_t offset); /* offset: multiple of 4 */
        void (*write)(void *ctx, uint32_t offset, uint32_t value);
        uint64_t (*now_us)(void *ctx);
        void *ctx;
};

struct nor {
        struct nor_bus bus;
        uint32_t size;       /* bytes */
        uint32_t block_size; /* erase block, bytes: the same all over, or nor_open() refuses */
        uint32_t program_us; /* worst times, from the chips */
        uint32_t erase_us;
        uint8_t width;        /* bytes of one chip's share of the bus: 1, 2 or 4 */
        bool erasing;         /* an erase was begun ... */
        bool suspended;       /* ... and stands still */
        uint32_t erase_block; /* offset of that block */
        uint64_t erase_end;   /* when it must be done, now_us; while suspended: what is left */
};

#define NOR_UNIT 4u

/* Asks the chips. SG_E_NOR_ABSENT, SG_E_NOR_GEOMETRY. */
sg_err nor_open(struct nor *nor, const struct nor_bus *bus, uint32_t window);

/* Any alignment. While a block is being erased the erase is suspended for the time of the call. */
sg_err nor_read(struct nor *nor, uint32_t offset, void *buf, uint32_t size);

/* offset and size: multiples of NOR_UNIT. SG_E_STATE_NOT_BLANK (nothing was programmed from there
 * on), SG_E_NOR_PROGRAM (the chip failed or the bytes did not read back). */
sg_err nor_program(struct nor *nor, uint32_t offset, const void *bytes, uint32_t size);

/* Begins to erase the block at `offset` and returns at once. */
sg_err nor_erase_begin(struct nor *nor, uint32_t offset);
/* Goes on with it: *done when the block is blank (every byte was looked at). SG_E_NOR_ERASE. */
sg_err nor_erase_poll(struct nor *nor, bool *done);

#endif
