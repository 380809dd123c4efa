/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/map.h"

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

sg_err dl_map_read(struct dl_map *map, struct dl_stream *s, const struct dl_header *h)
{
        struct dl_copy last = {0, 0, 0};

        for (uint32_t i = 0; i < map->count; i++) {
                sg_err e = dl_stream_varint(s, &map->copies[i].to);
                if (e)
                        return e;
        }
        for (uint32_t i = 0; i < map->count; i++) {
                sg_err e = dl_stream_varint(s, &map->copies[i].length);
                if (e)
                        return e;
        }
        for (uint32_t i = 0; i < map->count; i++) {
                uint32_t seek;
                sg_err e = dl_stream_varint(s, &seek);
                if (e)
                        return e;
                e = dl_copy_next(&last, map->copies[i].to, map->copies[i].length, seek, h->to_size,
                                 h->from_size);
                if (e)
                        return e;
                map->copies[i] = last;
        }
        return SG_OK;
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
