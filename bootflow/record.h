/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One record of the boot-state journal, as it stands in flash: docs/boot-state.md. A record is
 * programmed in two steps, the body and then, in a program unit of its own, the seal. A seal that can
 * be read proves that the body was completely programmed, so that none of its bits is in doubt.
 */
#ifndef BOOTFLOW_RECORD_H
#define BOOTFLOW_RECORD_H

#include "bootflow/journal.h"

#define BF_SEAL_OFFSET 224
#define BF_SEAL_SIZE   32

struct bf_record {
        uint64_t sequence;
        uint32_t generation; /* of the block: the same in all its records */
        uint32_t guests;     /* every VM that the journal knows: bit n is VM n */
        uint32_t vm;         /* whose state this is */
        struct bf_guest guest;
};

enum bf_entry {
        BF_ENTRY_BLANK = 0,
        BF_ENTRY_SEALED = 1,
        BF_ENTRY_UNSEALED = 2, /* whole, but its seal is missing: was never acknowledged */
        BF_ENTRY_BROKEN = 3,
        BF_ENTRY_LATER = 4, /* whole, in a format of a later version */
};

void bf_record_encode(const struct bf_record *r, uint8_t entry[BF_ENTRY_SIZE]);
/* *r is set for SEALED and UNSEALED only. */
enum bf_entry bf_record_decode(const uint8_t entry[BF_ENTRY_SIZE], struct bf_record *r);

#endif
