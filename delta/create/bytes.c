/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/create/bytes.h"

#include <stdlib.h>
#include <zlib.h>

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

void bytes_deflate(struct bytes *to, const struct bytes *raw)
{
        z_stream z = {0};

        to->failed |= raw->failed;
        if (to->failed || raw->size == 0)
                return;
        if (deflateInit2(&z, Z_BEST_COMPRESSION, Z_DEFLATED, -MAX_WBITS, 9, Z_DEFAULT_STRATEGY) !=
            Z_OK) {
                to->failed = true;
                return;
        }
        size_t bound = deflateBound(&z, (uLong)raw->size);
        if (reserve(to, bound)) {
                z.next_in = raw->data;
                z.avail_in = (uInt)raw->size;
                z.next_out = to->data + to->size;
                z.avail_out = (uInt)bound;
                if (deflate(&z, Z_FINISH) != Z_STREAM_END)
                        to->failed = true;
                to->size += z.total_out;
        }
        deflateEnd(&z);
}
