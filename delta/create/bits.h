/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEGUE_DELTA_CREATE_BITS_H
#define SEGUE_DELTA_CREATE_BITS_H

#include "delta/coder.h"
#include "delta/create/bytes.h"

/* Writes what delta/bits.h reads. */
struct bits {
        struct coder coder;
        struct bytes *to;
        uint32_t low, high;
};

void bits_start(struct bits *b, struct bytes *to);
void bits_finish(struct bits *b);

#endif
