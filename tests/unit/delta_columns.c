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
