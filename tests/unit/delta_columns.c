/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/delta_columns.h"

#include "delta/create/bytes.h"
#include "tests/unit/delta_rig.h"

/* The column's values, malloc()ed; *at moves behind it. */
static uint32_t *values(const struct patch_part *part, size_t *at, uint32_t count)
{
        uint32_t *v = calloc(count + 1u, sizeof(*v));
        bool *ended = calloc(count + 1u, sizeof(*ended));

        for (unsigned k = 0; k < DL_VARINT_BYTES; k++) {
                for (uint32_t i = 0; i < count; i++) {
                        if (ended[i])
                                continue;
                        assert_true(*at < part->size);
                        uint8_t byte = part->bytes[(*at)++];
                        assert_true(dl_varint_add(&v[i], k, byte));
                        ended[i] = byte < 128;
                }
        }
        free(ended);
        return v;
}

size_t columns_end(struct columns c, uint32_t columns)
{
        for (; columns > 0; columns--)
                free(values(c.part, &c.start, c.count));
        return c.start;
}

uint32_t column_value(struct columns c, uint32_t which, uint32_t i)
{
        size_t at = columns_end(c, which);
        uint32_t *v = values(c.part, &at, c.count), value;

        assert_true(i < c.count);
        value = v[i];
        free(v);
        return value;
}

static void as_varints(struct bytes *to, const uint32_t *v, uint32_t count)
{
        for (uint32_t i = 0; i < count; i++)
                bytes_varint(to, v[i]);
}

void put_column_value(struct columns c, uint32_t which, uint32_t i, uint32_t value)
{
        struct patch_part *part = c.part;
        size_t at = columns_end(c, which), end = at;
        uint32_t *v = values(part, &end, c.count);
        struct bytes varints = {0}, column = {0};

        assert_true(i < c.count);
        v[i] = value;
        as_varints(&varints, v, c.count);
        bytes_column(&column, &varints);
        memmove(part->bytes + at + column.size, part->bytes + end, part->size - end);
        memcpy(part->bytes + at, column.data, column.size);
        part->size += column.size - (end - at);
        bytes_free(&column);
        bytes_free(&varints);
        free(v);
}

/* One seek's bytes, from where each of its streams stands. */
static uint32_t next_seek(const struct patch_part stream[DL_STREAMS], size_t at[DL_STREAMS])
{
        uint32_t value = 0;
        uint8_t byte = 128;

        for (unsigned k = 0; byte > 127; k++) {
                enum dl_stream_id id = dl_seeks(k);
                assert_true(at[id] < stream[id].size);
                byte = stream[id].bytes[at[id]++];
                assert_true(dl_varint_add(&value, k, byte));
        }
        return value;
}

uint32_t seek_at(const struct patch_parts *p, uint32_t segment, uint32_t i)
{
        size_t at[DL_STREAMS] = {0};

        for (; i > 0; i--)
                next_seek(p->stream[segment], at);
        return next_seek(p->stream[segment], at);
}

static void replace(struct patch_part *part, size_t at, size_t end, const uint8_t *bytes, size_t n)
{
        memmove(part->bytes + at + n, part->bytes + end, part->size - end);
        memcpy(part->bytes + at, bytes, n);
        part->size += n - (end - at);
}

void put_seek_at(struct patch_parts *p, uint32_t segment, uint32_t i, uint32_t value)
{
        struct patch_part *stream = p->stream[segment];
        size_t at[DL_STREAMS] = {0}, end[DL_STREAMS];
        struct bytes bytes = {0};

        for (; i > 0; i--)
                next_seek(stream, at);
        memcpy(end, at, sizeof(end));
        next_seek(stream, end);
        bytes_varint(&bytes, value);
        for (unsigned k = 0, n; k < 4; k++) { /* the last stream has all that are left */
                n = bytes.size > k ? (unsigned)bytes.size - k : 0;
                replace(&stream[dl_seeks(k)], at[dl_seeks(k)], end[dl_seeks(k)], bytes.data + k,
                        k < 3 && n > 1 ? 1 : n);
        }
        bytes_free(&bytes);
}
