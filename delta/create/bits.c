/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/create/bits.h"

#include "delta/bits.h"

static bool put_bit(struct coder *c, uint32_t one, bool bit)
{
        struct bits *b = (struct bits *)c;
        uint32_t middle = bits_middle(b->low, b->high, one);

        if (bit)
                b->high = middle;
        else
                b->low = middle + 1;
        while (bits_settled(b->low, b->high)) {
                bytes_byte(b->to, (uint8_t)(b->low >> 24));
                b->low <<= 8;
                b->high = b->high << 8 | 255u;
        }
        return bit;
}

void bits_start(struct bits *b, struct bytes *to)
{
        *b = (struct bits){{put_bit}, to, 0, UINT32_MAX};
}

/* The top bytes differ: one more than the lower one, with zeros behind it, lies between. */
void bits_finish(struct bits *b)
{
        bytes_byte(b->to, (uint8_t)((b->low >> 24) + 1));
}
