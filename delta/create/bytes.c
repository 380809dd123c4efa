/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/create/bytes.h"

#include <libdeflate.h>
#include <stdlib.h>

static bool reserve(struct bytes *b, size_t n)
{
        if (b->failed)
                return false;
        if (n <= b->room - b->size)
                return true;
        size_t room = b->room + b->room / 2 + n + 64;
        uint8_t *data = realloc(b->data, room);
        if (!data) {
                b->failed = true;
                return false;
        }
        b->data = data;
        b->room = room;
        return true;
}

void bytes_add(struct bytes *b, const void *data, size_t n)
{
        if (n == 0 || !reserve(b, n))
                return;
        memcpy(b->data + b->size, data, n);
        b->size += n;
}

void bytes_byte(struct bytes *b, uint8_t v)
{
        bytes_add(b, &v, 1);
}

void bytes_varint(struct bytes *b, uint32_t v)
{
        for (; v > 127; v >>= 7)
                bytes_byte(b, (uint8_t)(v | 128u));
        bytes_byte(b, (uint8_t)v);
}

void bytes_word(struct bytes *b, uint32_t v)
{
        uint8_t w[4];

        dl_put32(w, v);
        bytes_add(b, w, sizeof(w));
}

void bytes_free(struct bytes *b)
{
        free(b->data);
        memset(b, 0, sizeof(*b));
}

/* libdeflate searches for the cheapest parse; its streams are a few percent below zlib's best. */
#define LEVEL 12

void bytes_deflate(struct bytes *to, const struct bytes *raw)
{
        to->failed |= raw->failed;
        if (to->failed || raw->size == 0)
                return;
        struct libdeflate_compressor *c = libdeflate_alloc_compressor(LEVEL);
        size_t bound = c ? libdeflate_deflate_compress_bound(c, raw->size) : 0;
        size_t size = 0;

        if (c && reserve(to, bound))
                size = libdeflate_deflate_compress(c, raw->data, raw->size, to->data + to->size,
                                                   bound);
        to->failed |= size == 0;
        to->size += size;
        if (c)
                libdeflate_free_compressor(c);
}
