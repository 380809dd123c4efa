/* SPDX-License-Identifier: Apache-2.0 */
/* The resident map: which bytes of the output are copied from where. */
#ifndef SEGUE_DELTA_MAP_H
#define SEGUE_DELTA_MAP_H

#include "delta/stream.h"

/* `length` bytes of the output at `to` are predicted from the old image at `from`. */
struct dl_copy {
        uint32_t to, from, length;
};

struct dl_map {
        struct dl_copy *copies; /* in output order, none empty, none overlapping in the output */
        uint32_t count;
};

/*
 * Fill the map from its section: columns of literal lengths, of copy lengths, of seeks.
 * SG_E_DELTA_MAP when a copy leaves either image.
 */
sg_err dl_map_read(struct dl_map *map, struct dl_stream *s, const struct dl_header *h);

/* The first copy that ends above `to`; map->count when there is none. */
uint32_t dl_map_find(const struct dl_map *map, uint32_t to);

/*
 * One step of the copy list, the same in the map and in a segment: from the end of the copy before
 * (`*to`, `*from`), over `skip` literal bytes, along `seek`. SG_E_DELTA_MAP when it leaves an
 * image.
 */
sg_err dl_copy_next(struct dl_copy *copy, uint32_t skip, uint32_t length, uint32_t seek,
                    uint64_t to_limit, uint64_t from_limit);

#endif
