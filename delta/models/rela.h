/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel's relocation table: sorted entries (place, kind, address) of 24 bytes for slots that
 * are zero in the file. Copies work on images whose slots hold their addresses, so that one copy of
 * data carries its relocations along; the new table then follows from the new slots, and the slots
 * are emptied again as they are written. The table stands in the middle of the file: its entries
 * are written ahead of and behind the segment that holds their slots.
 */
#ifndef SEGUE_DELTA_RELA_H
#define SEGUE_DELTA_RELA_H

#include "delta/models/refs.h"

struct dl;
struct dl_arena;

#define RELA_ENTRY  24u
#define RELA_KIND   0x403u /* R_AARCH64_RELATIVE */
#define RELA_STRIDE 48u    /* old entries per sample of the index */
#define RELA_BUFFER 170u   /* new entries written at a time */

/* What a new slot's value does not tell. */
enum rela_exception {
        RELA_NO_ENTRY, /* looks like an address and is none */
        RELA_FULL,     /* has an entry, and the address stands in the file too */
        RELA_SENT,     /* has an entry whose address is sent; the file is left alone */
        RELA_EXCEPTIONS,
};

struct rela_odd {
        uint32_t at, kind;
        uint32_t low, high; /* RELA_SENT: the address */
};

struct dl_rela {
        bool on;
        uint32_t from, from_count; /* the old table: file position, entries */
        uint32_t to, to_count;
        const struct dl_row *row; /* the program's piece that holds the table and the slots */
        uint64_t from_va, to_va;  /* addresses of its start */
        uint32_t odd_count;
        uint32_t *samples; /* old slot of every RELA_STRIDEth entry */
        uint32_t *starts;  /* [segment_count + 1] index of the first entry of each segment */
        struct rela_odd *odds;
        uint8_t *buffer;
        uint32_t next_odd, index, buffered;
};

void dl_rela_plan(struct dl *dl, struct dl_arena *arena);
sg_err dl_rela_open(struct dl *dl);

/* Put the addresses into the slots among n old bytes from `pos`. */
sg_err dl_rela_fill(struct dl *dl, uint64_t pos, uint8_t *bytes, uint32_t n);

/*
 * Begin a segment; take the addresses out of n new bytes at `to`, of a window of the output (not
 * of a slot that lies across its end); end a segment.
 */
void dl_rela_begin(struct dl *dl, uint32_t to);
sg_err dl_rela_empty(struct dl *dl, uint32_t to, uint8_t *bytes, uint32_t n);
sg_err dl_rela_end(struct dl *dl);

#endif
