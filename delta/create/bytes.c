/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/create/bytes.h"

#include <libdeflate.h>
#include <stdlib.h>

#include "delta/create/huffman.h"

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
                bytes_byte(b, dl_varint_byte(v));
        bytes_byte(b, dl_varint_byte(v));
}

void bytes_column(struct bytes *b, const struct bytes *varints)
{
        b->failed |= varints->failed;
        for (unsigned k = 0; k < DL_VARINT_BYTES; k++) {
                for (size_t i = 0, n = 0; i < varints->size; i++) {
                        uint8_t byte = varints->data[i];
                        if (n == k)
                                bytes_byte(b, byte);
                        n = byte > 127 ? n + 1 : 0;
                }
        }
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

uint8_t *bytes_room(struct bytes *b, size_t n)
{
        return reserve(b, n) ? b->data + b->size : NULL;
}

/* libdeflate searches for the cheapest parse; its streams are a few percent below zlib's best. */
#define LEVEL 12

static void deflate_best(struct bytes *to, const struct bytes *raw)
{
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

/* The smaller one of two ways to pack the same. */
static void add_smaller(struct bytes *to, struct bytes *a, struct bytes *b)
{
        const struct bytes *smaller = a->size < b->size ? a : b;

        to->failed |= a->failed || b->failed;
        if (smaller->data)
                bytes_add(to, smaller->data, smaller->size);
        bytes_free(a);
        bytes_free(b);
}

void bytes_deflate(struct bytes *to, const struct bytes *raw)
{
        to->failed |= raw->failed;
        if (!to->failed && raw->size > 0)
                deflate_best(to, raw);
}

/* What is longer takes too much of its time. */
#define COLUMNS_MAX DL_SEGMENT_SIZE

void bytes_deflate_columns(struct bytes *to, const struct bytes *raw)
{
        struct bytes matches = {0}, none = {0};

        if (raw->size > COLUMNS_MAX) {
                bytes_deflate(to, raw);
                return;
        }
        bytes_deflate(&matches, raw);
        huffman_deflate(&none, raw);
        add_smaller(to, &matches, &none);
}
