/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/map.h"

#include <assert.h>

sg_err dl_copy_next(struct dl_copy *c, uint32_t skip, uint32_t length, uint32_t seek,
                    uint64_t to_limit, uint64_t from_limit)
{
        uint64_t to = (uint64_t)c->to + c->length + skip;
        int64_t from = (int64_t)c->from + c->length + dl_unzigzag(seek);

        if (length == 0 || to + length > to_limit || from < 0 ||
            (uint64_t)from + length > from_limit)
                return SG_E_DELTA_MAP;
        c->to = (uint32_t)to;
        c->from = (uint32_t)from;
        c->length = length;
        return SG_OK;
}

#define WORDS 3u
static_assert(sizeof(struct dl_copy) == WORDS * sizeof(uint32_t), "a stride of columns");

sg_err dl_map_read(struct dl_map *map, struct dl_stream *s, const struct dl_header *h)
{
        struct dl_copy last = {0, 0, 0}, *c = map->copies;
        sg_err e = dl_stream_column(s, &c->to, map->count, WORDS);

        if (!e)
                e = dl_stream_column(s, &c->length, map->count, WORDS);
        if (!e)
                e = dl_stream_column(s, &c->from, map->count, WORDS);
        for (uint32_t i = 0; !e && i < map->count; i++) {
                e = dl_copy_next(&last, c[i].to, c[i].length, c[i].from, h->to_size, h->from_size);
                c[i] = last;
        }
        return e;
}

uint32_t dl_map_find(const struct dl_map *map, uint32_t to)
{
        uint32_t low = 0, high = map->count;

        while (low < high) {
                uint32_t mid = low + (high - low) / 2;
                if (map->copies[mid].to + map->copies[mid].length > to)
                        high = mid;
                else
                        low = mid + 1;
        }
        return low;
}
