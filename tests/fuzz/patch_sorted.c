// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/patch_sorted.h"

#include "delta/bits.h"
#include "delta/create/bits.h"
#include "delta/ranks.h"
#include "delta/tree.h"
#include "tests/fuzz/patch_reader.h"

struct reading {
        struct ranks ranks;
        struct dl_bits bits;
        struct bytes *told;
};

static uint32_t tell_number(struct reading *r)
{
        uint32_t number = ranks_number(&r->ranks, &r->bits.coder, 0);

        bytes_varint(r->told, number);
        return number;
}

/* Returns its bytes; 0: more than there can be. */
static uint32_t tell_block(struct reading *r)
{
        struct rank_order order;
        uint32_t size = 0;

        for (uint32_t i = 0; i < TREE_BYTES; i++)
                size += tell_number(r);
        tell_number(r);
        if (size > DL_SEGMENT_SIZE)
                return 0;
        bytes_varint(r->told, size);
        rank_order_start(&order);
        ranks_column(&r->ranks);
        for (uint32_t i = 0; i < size && !r->bits.err; i++) {
                uint8_t rank = ranks_code(&r->ranks, &r->bits.coder, order.bytes[0], 0);
                bytes_byte(r->told, rank);
                rank_order_take(&order, rank);
        }
        return size;
}

bool patch_sorted_read(struct bytes *told, const uint8_t *packed, size_t size)
{
        struct patch_reader reader = {packed, size};
        const struct dl_ops ops = {.ctx = &reader, .patch_read = patch_reader_read};
        static struct reading r;

        r.told = told;
        ranks_start(&r.ranks);
        dl_bits_start(&r.bits, &ops, 0, (uint32_t)size);
        for (uint32_t left = tell_number(&r), n; left > 0; left -= n) {
                n = tell_block(&r);
                if (n == 0 || n > left || r.bits.err)
                        return false;
        }
        return !told->failed && dl_bits_finish(&r.bits) == SG_OK;
}

struct writing {
        struct ranks ranks;
        struct bits bits;
        const uint8_t *told;
        size_t left;
};

/* false: nothing is left to be told. */
static bool next_number(struct writing *w, uint32_t *number)
{
        bool more = true;

        *number = 0;
        if (w->left == 0)
                return false;
        for (unsigned k = 0; w->left > 0 && more; k++, w->left--, w->told++)
                more = dl_varint_add(number, k, *w->told) && *w->told > 127;
        return true;
}

static void put_number(struct writing *w)
{
        uint32_t number;

        if (next_number(w, &number))
                ranks_number(&w->ranks, &w->bits.coder, number);
}

static void put_block(struct writing *w)
{
        struct rank_order order;
        uint32_t count;

        for (uint32_t i = 0; i <= TREE_BYTES; i++)
                put_number(w);
        rank_order_start(&order);
        ranks_column(&w->ranks);
        for (next_number(w, &count); count > 0 && w->left > 0; count--, w->told++, w->left--) {
                ranks_code(&w->ranks, &w->bits.coder, order.bytes[0], *w->told);
                rank_order_take(&order, *w->told);
        }
}

void patch_sorted_write(struct bytes *packed, const uint8_t *told, size_t size)
{
        static struct writing w;

        w.told = told;
        w.left = size;
        ranks_start(&w.ranks);
        bits_start(&w.bits, packed);
        put_number(&w);
        while (w.left > 0)
                put_block(&w);
        bits_finish(&w.bits);
}
