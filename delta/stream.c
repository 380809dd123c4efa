/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/stream.h"

#define MEMORY_ALIGN   16u
#define INFLATE_MEMORY (DL_STREAM_MEMORY - 2 * DL_STREAM_BUFFER)

/* zlib's allocator: inflate asks for its state and its window once, and keeps both. */
static voidpf take(voidpf opaque, uInt items, uInt size)
{
        struct dl_stream *s = opaque;
        uint64_t n = ((uint64_t)items * size + MEMORY_ALIGN - 1u) & ~(uint64_t)(MEMORY_ALIGN - 1u);

        if (n > INFLATE_MEMORY - s->used)
                return Z_NULL;
        s->used += (uint32_t)n;
        return s->memory + (s->used - (uint32_t)n);
}

static void give(voidpf opaque, voidpf address)
{
        (void)opaque;
        (void)address;
}

void dl_stream_init(struct dl_stream *s, const struct dl_ops *ops, uint8_t *memory)
{
        memset(s, 0, sizeof(*s));
        s->ops = ops;
        s->memory = memory;
        s->buffer = DL_STREAM_BUFFER;
        s->in = memory + INFLATE_MEMORY;
        s->out = s->in + DL_STREAM_BUFFER;
        s->ended = true;
}

sg_err dl_stream_start(struct dl_stream *s, uint64_t offset, uint32_t length)
{
        s->at = 0;
        s->filled = 0;
        s->unpacked = 0;
        s->pos = offset;
        s->end = offset + length;
        s->ended = length == 0;
        if (s->ended)
                return SG_OK;
        if (s->ready) {
                s->z.avail_in = 0;
                return inflateReset(&s->z) == Z_OK ? SG_OK : SG_E_DELTA_STREAM;
        }
        memset(&s->z, 0, sizeof(s->z));
        s->z.zalloc = take;
        s->z.zfree = give;
        s->z.opaque = s;
        if (inflateInit2(&s->z, -(int)DL_WINDOW_BITS) != Z_OK)
                return SG_E_NO_MEMORY;
        s->ready = true;
        return SG_OK;
}

static sg_err feed(struct dl_stream *s)
{
        uint64_t n = s->end - s->pos;

        if (n > s->buffer)
                n = s->buffer;
        sg_err e = s->ops->patch_read(s->ops->ctx, s->pos, s->in, (size_t)n);
        if (e)
                return e;
        s->pos += n;
        s->z.next_in = s->in;
        s->z.avail_in = (uInt)n;
        return SG_OK;
}

/* Unpack into the empty `out`; leaves it empty only at the stream's end. */
static sg_err refill(struct dl_stream *s)
{
        s->at = 0;
        s->filled = 0;
        while (s->filled == 0 && !s->ended) {
                if (s->z.avail_in == 0 && s->pos < s->end) {
                        sg_err e = feed(s);
                        if (e)
                                return e;
                }
                s->z.next_out = s->out;
                s->z.avail_out = s->buffer;
                int r = inflate(&s->z, Z_NO_FLUSH);
                if (r != Z_OK && r != Z_STREAM_END)
                        return SG_E_DELTA_STREAM;
                s->filled = s->buffer - s->z.avail_out;
                s->unpacked += s->filled;
                s->ended = r == Z_STREAM_END;
        }
        return SG_OK;
}

sg_err dl_stream_more(struct dl_stream *s, bool *more)
{
        if (s->at == s->filled) {
                sg_err e = refill(s);
                if (e)
                        return e;
        }
        *more = s->at < s->filled;
        return SG_OK;
}

sg_err dl_stream_read(struct dl_stream *s, uint8_t *to, uint32_t n)
{
        while (n > 0) {
                bool more;
                sg_err e = dl_stream_more(s, &more);
                if (e)
                        return e;
                if (!more)
                        return SG_E_DELTA_STREAM;
                uint32_t part = s->filled - s->at;
                if (part > n)
                        part = n;
                memcpy(to, s->out + s->at, part);
                s->at += part;
                to += part;
                n -= part;
        }
        return SG_OK;
}

sg_err dl_stream_byte(struct dl_stream *s, uint8_t *to)
{
        if (s->at < s->filled) {
                *to = s->out[s->at++];
                return SG_OK;
        }
        return dl_stream_read(s, to, 1);
}

sg_err dl_stream_varint(struct dl_stream *s, uint32_t *to)
{
        uint8_t byte = 128;

        *to = 0;
        for (unsigned k = 0; byte & 128u; k++) {
                sg_err e = dl_stream_byte(s, &byte);
                if (!e && !dl_varint_add(to, k, byte))
                        e = SG_E_DELTA_STREAM;
                if (e)
                        return e;
        }
        return SG_OK;
}

/* A value of which there is more to come; it has 28 bits at most then. */
#define GOES_ON (1u << 31)

static sg_err read_bytes(struct dl_stream *s, unsigned k, uint32_t *v, uint32_t count,
                         uint32_t stride)
{
        for (size_t i = 0; i < count; i++) {
                uint32_t *value = &v[i * stride];
                uint8_t byte;
                if (k > 0 && !(*value & GOES_ON))
                        continue;
                *value = k > 0 ? *value & ~GOES_ON : 0;
                sg_err e = dl_stream_byte(s, &byte);
                if (!e && !dl_varint_add(value, k, byte))
                        e = SG_E_DELTA_STREAM;
                if (e)
                        return e;
                if (byte & 128u)
                        *value |= GOES_ON;
        }
        return SG_OK;
}

sg_err dl_stream_column(struct dl_stream *s, uint32_t *v, uint32_t count, uint32_t stride)
{
        sg_err e = SG_OK;

        for (unsigned k = 0; !e && k < DL_VARINT_BYTES; k++)
                e = read_bytes(s, k, v, count, stride);
        return e;
}

sg_err dl_stream_finish(struct dl_stream *s)
{
        bool more;
        sg_err e = dl_stream_more(s, &more);

        if (e)
                return e;
        if (more || !s->ended || s->pos != s->end || (s->ready && s->z.avail_in != 0))
                return SG_E_DELTA_STREAM;
        return SG_OK;
}
