/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One record of the boot-state journal, as it stands in flash: docs/boot-state.md. A record is
 * programmed in three steps: its body, then the seal, then the second seal, each in program units
 * of its own. A record counts when its seal can be read. A unit whose programming was cut may read
 * well now and badly later, or the other way round; that a later unit was begun proves that an
 * earlier one was completed. So the seal vouches for the body, and the second seal for the seal.
 */
#ifndef BOOTFLOW_RECORD_H
#define BOOTFLOW_RECORD_H

#include "bootflow/journal.h"

#define BF_BODY_SIZE 192
#define BF_SEAL_SIZE 32 /* of each of the two */
#define BF_SEALS     2

struct bf_record {
        uint64_t sequence;
        uint32_t generation; /* of the block: the same in all its records */
        uint32_t guests;     /* every VM that the journal knows: bit n is VM n */
        uint32_t vm;         /* whose state this is */
        struct bf_guest guest;
};

enum bf_entry {
        BF_ENTRY_BLANK = 0,
        BF_ENTRY_BROKEN = 1,
        BF_ENTRY_LATER = 2,    /* whole, in a format of a later version */
        BF_ENTRY_UNSEALED = 3, /* whole, but its seal is missing: does not count */
        BF_ENTRY_SEALED = 4,   /* counts, but the seal itself may be in doubt */
        BF_ENTRY_SETTLED = 5,  /* counts, and always will */
};

void bf_record_encode(const struct bf_record *r, uint8_t entry[BF_ENTRY_SIZE]);
/* *r is set for UNSEALED, SEALED and SETTLED only. */
enum bf_entry bf_record_decode(const uint8_t entry[BF_ENTRY_SIZE], struct bf_record *r);

#endif
