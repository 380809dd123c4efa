/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Copies as bits whose odds are learned (delta/odds.h). What stands in another order leaves nothing
 * but copies, and they follow from each other: in lines turned round each one ends where the last
 * one began. Where that can be reckoned the number is a candidate; what cannot is learned. One walk
 * for both directions, as of ranks (delta/ranks.h).
 */
#ifndef SEGUE_DELTA_COPY_CODE_H
#define SEGUE_DELTA_COPY_CODE_H

#include <segue/error.h>

#include "delta/coder.h"
#include "delta/odds.h"

#define COPY_HASH_BITS  14u
#define COPY_RECENT     8u
#define COPY_CANDIDATES 4u
#define COPY_VERDICTS   81u /* of the candidates: each one out, or for 0, or for 1 */

/* `length` bytes of the output at `to` are predicted from the old image at `from`. */
struct dl_copy {
        uint32_t to, from, length;
};

/* What is told of a copy, in this order, and before the first one how many there are. */
enum copy_field { COPY_SKIP, COPY_LENGTH, COPY_PLACE, COPY_COUNT, COPY_FIELDS };

struct copy_code {
        struct odds_tables tables;
        struct odds hashed[1u << COPY_HASH_BITS];
        struct odds verdicts[COPY_FIELDS][COPY_VERDICTS];
        /* By whether it is the first byte, whether a candidate is left, whether the length told
         * last was its candidate, and the place told last one of the first two. */
        struct odds_mixer mixers[COPY_FIELDS][2][2][2][2];
        struct dl_copy recent[COPY_RECENT]; /* of the old image, the last one first */
        uint32_t from_size;
        uint32_t to;                          /* where the last copy ended in the output */
        uint32_t length;                      /* of the last copy */
        bool length_foreseen, place_foreseen; /* of those told last */
};

/* Copies of the output from `to` on begin. */
void copy_code_start(struct copy_code *c, uint32_t from_size, uint32_t to);

/* How many they are: to be written, or put there. SG_E_DELTA_MAP: a number of more than 32 bits. */
sg_err copy_code_count(struct copy_code *c, struct coder *coder, uint32_t *count);

/*
 * The next copy, to be written or returned. A place from the old image's size on is one in the
 * output before (an echo). SG_E_DELTA_MAP when the copy is empty, ends behind `limit`, or leaves
 * the old image, or when an echo does not begin before itself; then there is no next one.
 */
sg_err copy_code_next(struct copy_code *c, struct coder *coder, struct dl_copy *copy,
                      uint64_t limit);

#endif
