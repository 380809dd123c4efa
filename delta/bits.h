/* SPDX-License-Identifier: Apache-2.0 */
/* Bits of the patch, each of which takes the less room the likelier it was (an arithmetic code). */
#ifndef SEGUE_DELTA_BITS_H
#define SEGUE_DELTA_BITS_H

#include "delta/coder.h"
#include "delta/wire.h"

struct dl_bits {
        struct coder coder; /* tells each bit; after an error anything */
        const struct dl_ops *ops;
        uint32_t at, filled;       /* bytes in `in`, taken and there */
        uint64_t pos, end;         /* bytes still to read from the patch */
        uint32_t low, high, value; /* what the bits to come may be, and what they are */
        uint32_t beyond;           /* zeros taken behind the end */
        sg_err err;
        uint8_t in[DL_STREAM_BUFFER];
};

/* Begin with `length` bytes at `offset`. */
void dl_bits_start(struct dl_bits *b, const struct dl_ops *ops, uint64_t offset, uint32_t length);

/* SG_E_DELTA_STREAM unless every byte was taken. */
sg_err dl_bits_finish(const struct dl_bits *b);

/* Where a bit divides low to high: the lower side is 1's. */
static inline uint32_t bits_middle(uint32_t low, uint32_t high, uint32_t one)
{
        return low + (uint32_t)((uint64_t)(high - low) * one >> 16);
}

/* The top bytes are the same: they are settled. */
static inline bool bits_settled(uint32_t low, uint32_t high)
{
        return (low ^ high) < 1u << 24;
}

#endif
