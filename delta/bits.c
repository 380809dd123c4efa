/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/bits.h"

#define WORD 4u /* bytes in `value`: at the end all but one are behind it */

static void refill(struct dl_bits *b)
{
        uint64_t n = b->end - b->pos;

        if (n > DL_STREAM_BUFFER)
                n = DL_STREAM_BUFFER;
        b->err = b->ops->patch_read(b->ops->ctx, b->pos, b->in, (size_t)n);
        b->pos += n;
        b->at = 0;
        b->filled = b->err ? 0 : (uint32_t)n;
}

static uint8_t next_byte(struct dl_bits *b)
{
        if (b->at == b->filled && b->pos < b->end && !b->err)
                refill(b);
        if (b->at < b->filled)
                return b->in[b->at++];
        if (++b->beyond >= WORD && !b->err)
                b->err = SG_E_DELTA_STREAM;
        return 0;
}

static bool take_bit(struct coder *c, uint32_t one, bool unused)
{
        struct dl_bits *b = (struct dl_bits *)c;
        uint32_t middle = bits_middle(b->low, b->high, one);
        bool bit = b->value <= middle;

        (void)unused;
        if (bit)
                b->high = middle;
        else
                b->low = middle + 1;
        while (bits_settled(b->low, b->high)) {
                b->low <<= 8;
                b->high = b->high << 8 | 255u;
                b->value = b->value << 8 | next_byte(b);
        }
        return bit;
}

void dl_bits_start(struct dl_bits *b, const struct dl_ops *ops, uint64_t offset, uint32_t length)
{
        b->coder.bit = take_bit;
        b->ops = ops;
        b->at = b->filled = 0;
        b->pos = offset;
        b->end = offset + length;
        b->low = b->value = b->beyond = 0;
        b->high = UINT32_MAX;
        b->err = SG_OK;
        for (uint32_t i = 0; i < WORD; i++)
                b->value = b->value << 8 | next_byte(b);
}

sg_err dl_bits_finish(const struct dl_bits *b)
{
        if (b->err)
                return b->err;
        return b->beyond == WORD - 1 ? SG_OK : SG_E_DELTA_STREAM;
}
