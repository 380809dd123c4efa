/* SPDX-License-Identifier: Apache-2.0 */
/* Relocation tables in the encoder. */
#ifndef SEGUE_DELTA_CREATE_RELA_H
#define SEGUE_DELTA_CREATE_RELA_H

#include "delta/create/program.h"
#include "delta/models/rela.h"

struct rela_table {
        uint32_t at, count; /* count 0: none found */
        uint64_t va;        /* address of the program's base that its places count from */
};

/* Find the longest run of relative relocations, sorted by place, with slots in the program. */
struct rela_table rela_find(const struct view *v);

/*
 * A copy of the file that the view shows with the addresses in the slots, but for those at
 * `unfilled` (words), which may be NULL. For large_free(); NULL without memory.
 */
uint8_t *rela_filled(const struct view *v, struct rela_table t, const struct bytes *unfilled);

/*
 * Write the section: what the decoder cannot tell from the filled image, and the slots that must
 * keep the file's bytes in it. SG_E_NO_MEMORY.
 */
sg_err rela_encode(const struct view *to, struct rela_table from_table, struct rela_table table,
                   const struct hole *holes, uint32_t hole_count, struct bytes *raw,
                   uint32_t *odd_count, struct bytes *unfilled);

#endif
