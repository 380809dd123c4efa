/* SPDX-License-Identifier: Apache-2.0 */
/* The copies: those of a segment, one by one, or all of them in the resident map. */
#ifndef SEGUE_DELTA_MAP_H
#define SEGUE_DELTA_MAP_H

#include "delta/bits.h"
#include "delta/copy_code.h"

/* Copies on their way from the patch. */
struct copy_reader {
        struct copy_code code;
        struct dl_bits bits;
        uint32_t left;
        bool empty; /* there are no bits */
};

/* Begin with `length` bytes of the patch at `offset`, for the output from `to` on: first stands how
 * many copies they are. None means no copies. SG_E_DELTA_STREAM, SG_E_DELTA_MAP. */
sg_err copy_reader_start(struct copy_reader *r, const struct dl_ops *ops, uint64_t offset,
                         uint32_t length, uint32_t from_size, uint32_t to);

/* The next copy, which ends at `limit` at most. SG_E_DELTA_STREAM; SG_E_DELTA_MAP when it is not
 * lawful (copy_code_next()). */
sg_err copy_reader_next(struct copy_reader *r, struct dl_copy *copy, uint64_t limit);

/* SG_E_DELTA_STREAM unless everything was taken. */
sg_err copy_reader_finish(const struct copy_reader *r);

struct dl_map {
        struct dl_copy *copies; /* in output order, none empty, none overlapping in the output */
        uint32_t count;
};

/* Fill the map of map->count copies. SG_E_DELTA_STREAM; SG_E_DELTA_MAP when they are more or fewer,
 * one leaves an image or is an echo. */
sg_err dl_map_read(struct dl_map *map, struct copy_reader *r, const struct dl_header *h);

/* The first copy that ends above `to`; map->count when there is none. */
uint32_t dl_map_find(const struct dl_map *map, uint32_t to);

#endif
