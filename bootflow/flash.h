/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NOR flash as the journal sees it: a row of equal erase blocks, numbered from 0, which the caller
 * maps to wherever its bank stands. Programming turns 1 bits into 0 bits; erasing turns a whole
 * block into 0xff.
 *
 * Every operation returns SG_OK or an error and leaves the flash as it was or partly done, never
 * done silently wrong. None of them waits without a bound.
 */
#ifndef BOOTFLOW_FLASH_H
#define BOOTFLOW_FLASH_H

#include <stdbool.h>
#include <stdint.h>

#include <segue/error.h>

struct bf_flash {
        void *ctx;           /* the first argument of every operation */
        uint32_t erase_size; /* bytes of a block: a power of two, 4 KiB or more */
        uint32_t blocks;     /* how many the journal may use, 2 or more */
        uint32_t unit;       /* program unit, bytes: a power of two, 1..32 */

        sg_err (*read)(void *ctx, uint32_t block, uint32_t offset, void *to, uint32_t length);
        /* Offset and length are multiples of the unit. The units are blank and are programmed at
         * most once between two erases; an implementation may check it and return
         * SG_E_STATE_NOT_BLANK. Done when it returns. */
        sg_err (*program)(void *ctx, uint32_t block, uint32_t offset, const void *from,
                          uint32_t length);
        /* An erase is begun, then stepped until it says done; each step takes a bounded time, and
         * an erase is suspended between steps where the chip can do it, so that the other blocks
         * can be read and programmed in between. Beginning another erase, or the same one
         * again, gives up the one under way. */
        sg_err (*erase_begin)(void *ctx, uint32_t block);
        sg_err (*erase_step)(void *ctx, bool *done);
};

#endif
