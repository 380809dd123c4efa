/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The boot-state journal: the states of all guests (bootflow/slots.h) as CRC'd records in NOR erase
 * blocks, one of which is erased ahead. docs/boot-state.md gives the format to the byte and
 * says why each rule is there.
 *
 * Guests are named by their VM index, 0..BF_GUESTS_MAX-1.
 *
 * All memory is the caller's struct bf_journal (about 2 KiB); its fields are private.
 */
#ifndef BOOTFLOW_JOURNAL_H
#define BOOTFLOW_JOURNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "bootflow/flash.h"
#include "bootflow/slots.h"

#define BF_GUESTS_MAX 8
#define BF_ENTRY_SIZE 256 /* of a record and its seal in flash */
#define BF_BLOCKS_MAX 16
#define BF_FORMAT     1

enum bf_spare {
        BF_SPARE_USED = 0, /* not erased since power-on */
        BF_SPARE_ERASING = 1,
        BF_SPARE_READY = 2,
};

struct bf_journal {
        const struct bf_flash *flash;
        struct bf_guest guest[BF_GUESTS_MAX];
        uint32_t guests;     /* bit n: VM n has a state */
        uint32_t generation; /* of the newest block seen */
        uint64_t sequence;   /* of the newest record */
        uint32_t block;      /* holds the newest record of every guest */
        uint32_t entry;      /* the next entry in it */
        uint32_t spare;      /* erased ahead, the next block to be used */
        uint8_t spare_state; /* enum bf_spare */
        bool writable;       /* the block was erased since power-on: records may be appended */
        bool dirty; /* a write was cut or failed: nothing is certain until the next switch */
};

/* Reads the newest state of every guest; writes nothing. SG_E_STATE_BLANK (never provisioned),
 * SG_E_STATE_CORRUPT, SG_E_STATE_FORMAT (written by a later version), SG_E_STATE_GEOMETRY. After
 * an error j must not be used. */
sg_err bf_journal_scan(struct bf_journal *j, const struct bf_flash *flash);
/* As bf_journal_scan, and if a power cut left a write unfinished, settles its fate for good
 * (erases a block and writes every state once more) before it returns. */
sg_err bf_journal_mount(struct bf_journal *j, const struct bf_flash *flash);
/* The state of VM `vm` as last made durable; NULL when it has none. */
const struct bf_guest *bf_journal_get(const struct bf_journal *j, uint32_t vm);
/* Makes the state durable; bf_journal_get returns it from then on. Writes nothing when it is equal.
 * On an error the old state stays; the flash may hold either until the next write settles it.
 * Erases a block itself only when bf_journal_housekeep was not given the time to. */
sg_err bf_journal_put(struct bf_journal *j, uint32_t vm, const struct bf_guest *g);
/* One bounded step of erasing the spare block ahead. *more: there is work left. */
sg_err bf_journal_housekeep(struct bf_journal *j, bool *more);

/* A first state to begin with. */
struct bf_initial {
        uint32_t vm;
        struct bf_guest guest; /* as bf_provision left it */
};
/* Erases all blocks and writes a journal of `count` guests, each VM once. */
sg_err bf_journal_format(struct bf_journal *j, const struct bf_flash *flash,
                         const struct bf_initial *initial, uint32_t count);

#endif
