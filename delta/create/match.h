/* SPDX-License-Identifier: Apache-2.0 */
/* Which bytes of the new image resemble which of the old one. */
#ifndef SEGUE_DELTA_MATCH_H
#define SEGUE_DELTA_MATCH_H

#include "delta/map.h"

struct copies {
        struct dl_copy *list;
        uint32_t count, room;
};

/* SG_E_NO_MEMORY */
sg_err copies_add(struct copies *c, uint32_t to, uint32_t from, uint32_t length);
void copies_free(struct copies *c);

/* Output that is left out of the matching, in order. */
struct hole {
        uint32_t at, size;
};

struct match_job {
        const uint8_t *from, *to;
        uint32_t from_size, to_size;
        const struct hole *holes;
        uint32_t hole_count;
        void (*tell)(void *ctx, uint64_t done, uint64_t total); /* may be NULL */
        void *ctx;
};

/*
 * Approximate matching in bsdiff's manner over a suffix array of `from`: copies in output order,
 * without overlap, each extended over scattered differences while it pays. SG_E_NO_MEMORY.
 */
sg_err match(const struct match_job *job, struct copies *copies);

#endif
