/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NOR flash with the Intel command set (vendor set 0001h or 0003h) that describes itself by CFI
 * (JEDEC JESD68): one, two or four equal chips side by side on a bus of 32 bits, which get every
 * command at once. What size, blocks and worst times they have, and whether an erase can be
 * suspended or blocks are locked at power-on, is what their tables say.
 *
 * Bits go from 1 to 0 until their block is erased. A unit (4 bytes) is programmed once: that it is
 * blank is checked first, that it holds what it should afterwards. Nothing waits longer than the
 * chips' own worst times.
 *
 * Pure: the bus is reached through struct nor_bus. One caller at a time.
 */
#ifndef HV_MACHINE_NOR_H
#define HV_MACHINE_NOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <segue/error.h>

#include "bootflow/flash.h"

#define NOR_UNIT       4u
#define NOR_STEP_WORDS 4096u /* that one step of an erase looks at for being blank */

struct nor_bus {
        uint32_t (*read)(void *ctx, uint32_t offset); /* offset: a multiple of 4 */
        void (*write)(void *ctx, uint32_t offset, uint32_t value);
        uint64_t (*now_us)(void *ctx);
        void *ctx;
};

enum nor_erase {
        NOR_ERASE_NONE = 0,
        NOR_ERASE_RUNS = 1,  /* the chips are at it */
        NOR_ERASE_CHECK = 2, /* they are done; the block is being read */
};

struct nor {
        struct nor_bus bus;
        uint32_t every; /* 1 in each chip's lane: what a command is multiplied with */
        uint32_t size;  /* bytes, of all chips together, as the next */
        uint32_t block_size;
        uint32_t buffer; /* bytes that are programmed at once, within a multiple of it; one unit at
                            least */
        uint64_t program_us; /* at worst, one buffer */
        uint64_t erase_us;   /* at worst, one block */
        bool can_suspend;    /* reads while a block is being erased */
        bool can_program;    /* programs too */
        bool locked;         /* blocks are locked at power-on */

        enum nor_erase erase;
        uint32_t erase_block; /* offset */
        uint32_t erase_at;    /* how far it was read */
        uint64_t erase_end;   /* when the chips must be done */
};

/* Asks the chips. SG_E_NOR_ABSENT: none answer; SG_E_NOR_GEOMETRY: more than `window` bytes, blocks
 * of several sizes, or sizes out of range. */
sg_err nor_open(struct nor *nor, const struct nor_bus *bus, uint32_t window);

/* Any alignment. Suspends an erase for the time of the call, or waits for its end. */
sg_err nor_read(struct nor *nor, uint32_t offset, void *to, uint32_t size);

/* offset and size: multiples of NOR_UNIT. SG_E_STATE_NOT_BLANK: nothing was programmed;
 * SG_E_NOR_PROGRAM: the chips failed, or the bytes did not read back. */
sg_err nor_program(struct nor *nor, uint32_t offset, const void *from, uint32_t size);

/* Begins to erase the block at `offset`, after the end of an erase under way. */
sg_err nor_erase_begin(struct nor *nor, uint32_t offset);
/* Goes on with it, a bounded time; *done when all of it was seen to be blank. SG_E_NOR_ERASE. */
sg_err nor_erase_step(struct nor *nor, bool *done);

/* `count` blocks from number `first` on, as the boot-state journal wants them. */
struct nor_part {
        struct nor *nor;
        uint32_t first;
};

/* part stays the caller's for as long as flash is used. SG_E_NOR_GEOMETRY: more blocks than there
 * are. */
sg_err nor_flash(struct bf_flash *flash, struct nor_part *part, struct nor *nor, uint32_t first,
                 uint32_t count);

/* The machine's bank, mapped as device memory at `base` (hv/machine/nor_mmio.c). */
sg_err nor_open_mmio(struct nor *nor, uintptr_t base, uint32_t window);

#endif
