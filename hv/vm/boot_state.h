/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The boot state of all VMs, as every core may read it and one core writes it. The journal is
 * touched on the housekeeping core alone; other cores post their change there and wait, so changes
 * happen one after the other, and of two that exclude each other the first durable one wins. What
 * is read is a copy that changes only after the record is durable (but see `happened`).
 */
#ifndef HV_VM_BOOT_STATE_H
#define HV_VM_BOOT_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include <segue/error.h>

#include "bootflow/flash.h"
#include "bootflow/slots.h"

struct vm;

/* One transition of one VM. The caller fills the first part. */
struct boot_change {
        struct vm *vm;
        /* Runs on the housekeeping core on a copy; one of bootflow/slots.h's transitions. */
        sg_err (*apply)(struct bf_guest *g, const struct boot_change *change);
        uint8_t slot;
        struct bf_image_id id;
        uint64_t token;
        enum sg_cause cause;
        /* It has happened whether it can be written or not: without the record it counts until
         * power-off. */
        bool happened;
        bf_refused refuse;  /* slots noted in memory as unusable until power-off, if accepted ... */
        bf_refused forgive; /* ... and, once durable, slots that may be tried again */

        sg_err refusal;         /* apply's result */
        sg_err storage;         /* the journal's, when apply accepted */
        struct bf_guest before; /* valid unless refusal is SG_E_STATE_* */
        struct bf_guest after;  /* what apply made of it; valid when refusal is SG_OK */
};

/* Boot core, once: mounts the journal in this flash (NULL: the machine has none), which must stay
 * as long as hv runs. On an error no VM has a boot state. */
sg_err boot_state_init(const struct bf_flash *flash);

/* The reason why a VM has no boot state: that of boot_state_init() or SG_E_STATE_NO_GUEST; SG_OK
 * when it has one. */
sg_err boot_state_read(const struct vm *vm, struct bf_guest *g, bf_refused *refused);

/* Any core, no lock held. true: durable. On false nothing has changed but for what `refuse` and
 * `happened` say. */
bool boot_state_change(struct boot_change *change);

/* Housekeeping core: one bounded step of erasing ahead. true: there is more to do. */
bool boot_state_background(void);
/* The same, asked beforehand: after each write there may be. */
bool boot_state_background_wanted(void);

#endif
