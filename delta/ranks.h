/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ranks of a sorted column, and the numbers before them, as bits whose odds are learned
 * (delta/odds.h). One walk for both directions: a coder that writes is told the bit, one that reads
 * tells it.
 */
#ifndef SEGUE_DELTA_RANKS_H
#define SEGUE_DELTA_RANKS_H

#include "delta/coder.h"
#include "delta/odds.h"

/* The bytes of the ranks: by last use, at first 0 to 255. */
struct rank_order {
        uint8_t bytes[256];
};

void rank_order_start(struct rank_order *o);

/* The byte of a rank, which is rank 0's from now on. */
uint8_t rank_order_take(struct rank_order *o, uint8_t rank);

#define RANK_BITS   8u /* of the highest rank */
#define NUMBER_BITS 32u

struct ranks {
        struct odds_tables tables;
        struct odds_mixer mixers[RANK_BITS];
        /* Whether a rank has more than so many bits, by what the ranks before had: */
        struct odds mean[32 * RANK_BITS];   /* of late */
        struct odds three[125 * RANK_BITS]; /* the last three, up to 4 */
        struct odds run[80 * RANK_BITS];    /* how many had none, up to 15; the last, up to 4 */
        struct odds front[256 * RANK_BITS]; /* by the byte of rank 0 */
        struct odds low[256];               /* the bits behind the first, by those before */
        struct odds number[NUMBER_BITS];    /* whether a number has more than so many bits */
        uint32_t late;                      /* mean bits, in 1/256 */
        uint32_t last[3];                   /* bits of the last ranks */
        uint32_t zeros;                     /* ranks of 0 in a row */
};

void ranks_start(struct ranks *r);

/* A column begins. */
void ranks_column(struct ranks *r);

/* The next rank, while `front` is the byte of rank 0. */
uint8_t ranks_code(struct ranks *r, struct coder *c, uint8_t front, uint8_t rank);

/* A number. */
uint32_t ranks_number(struct ranks *r, struct coder *c, uint32_t number);

#endif
