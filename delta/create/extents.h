/* SPDX-License-Identifier: Apache-2.0 */
/* Which part of the new image was which part of the old one. */
#ifndef SEGUE_DELTA_EXTENTS_H
#define SEGUE_DELTA_EXTENTS_H

#include "delta/create/match.h"

struct extent {
        uint32_t start, end;
};

struct extents {
        struct extent *list; /* rising, not one over another */
        uint32_t count;
        bool pinned; /* in both images: these two are a pair, whatever is copied */
        uint32_t pin;
};

#define NO_EXTENT UINT32_MAX

/*
 * old[i] is the old extent that most of the new one i is copied from, or NO_EXTENT. Those that are
 * told rise. SG_E_NO_MEMORY.
 */
sg_err extents_pair(const struct extents *from, const struct extents *to,
                    const struct copies *copies, uint32_t *old);

#endif
