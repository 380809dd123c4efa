/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/map.h"

sg_err copy_reader_start(struct copy_reader *r, const struct dl_ops *ops, uint64_t offset,
                         uint32_t length, uint32_t from_size, uint32_t to)
{
        r->left = 0;
        r->empty = length == 0;
        if (r->empty)
                return SG_OK;
        copy_code_start(&r->code, from_size, to);
        dl_bits_start(&r->bits, ops, offset, length);
        sg_err e = copy_code_count(&r->code, &r->bits.coder, &r->left);
        return r->bits.err ? r->bits.err : e;
}

sg_err copy_reader_next(struct copy_reader *r, struct dl_copy *copy, uint64_t limit)
{
        sg_err e = copy_code_next(&r->code, &r->bits.coder, copy, limit);

        r->left--;
        return r->bits.err ? r->bits.err : e;
}

sg_err copy_reader_finish(const struct copy_reader *r)
{
        if (r->empty)
                return SG_OK;
        return r->left > 0 ? SG_E_DELTA_STREAM : dl_bits_finish(&r->bits);
}

sg_err dl_map_read(struct dl_map *map, struct copy_reader *r, const struct dl_header *h)
{
        struct dl_copy copy = {0, 0, 0};
        sg_err e = r->left == map->count ? SG_OK : SG_E_DELTA_MAP;

        for (uint32_t i = 0; !e && i < map->count; i++) {
                e = copy_reader_next(r, &copy, h->to_size);
                if (!e && copy.from >= h->from_size)
                        e = SG_E_DELTA_MAP;
                map->copies[i] = copy;
        }
        return e ? e : copy_reader_finish(r);
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
