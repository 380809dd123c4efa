/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The boot state of one guest: what its two slots hold, which of them boots now, and what every
 * event does to it. Pure: no storage, no clock. hv, stage0, the tools and the tests use this code.
 *
 * A caller copies the state, applies one transition to the copy, makes the copy durable
 * (bootflow/journal.h) and only then acts on it. A transition that is refused returns the reason
 * and changes nothing. One that has nothing to change returns SG_OK and leaves the state
 * equal; the journal then writes nothing.
 *
 * docs/boot-state.md tells the whole story.
 */
#ifndef BOOTFLOW_SLOTS_H
#define BOOTFLOW_SLOTS_H

#include <stdbool.h>
#include <stdint.h>

#include <segue/error.h>
#include <segue/hypercall.h>

#define BF_SLOTS        2
#define BF_DIGEST_SIZE  32
#define BF_PRIORITY_MAX 15

/* What a slot holds. */
enum bf_slot_state {
        BF_EMPTY = 0,  /* nothing is known about it: not bootable */
        BF_OPEN = 1,   /* being written with the image of this digest: not bootable */
        BF_STAGED = 2, /* written, not confirmed: boots on trial while tries are left */
        BF_GOOD = 3,   /* confirmed, or put there by provisioning: "successful" */
        BF_STALE = 4,  /* was successful, its counter is now below the floor: not bootable */
        BF_FAILED = 5, /* used up its tries, or could not be loaded or verified: not bootable */
};

struct bf_slot {
        uint8_t digest[BF_DIGEST_SIZE]; /* SHA-256, header to last TLV; zero when BF_EMPTY */
        uint32_t counter;               /* security counter of that image */
        uint8_t state;                  /* enum bf_slot_state */
        uint8_t priority;               /* 0 (not bootable) .. BF_PRIORITY_MAX */
        uint8_t tries_remaining;        /* both 0 unless BF_STAGED, and never 0 then */
        uint8_t interrupted_remaining;
};

enum bf_outcome {
        BF_OUTCOME_NONE = 0,
        BF_OUTCOME_CONFIRMED = 1,
        BF_OUTCOME_ROLLED_BACK = 2, /* tries or interrupted used up */
        BF_OUTCOME_REFUSED = 3,     /* the staged image could not be loaded or verified */
        BF_OUTCOME_CANCELLED = 4,   /* unstaged */
};

struct bf_guest {
        struct bf_slot slot[BF_SLOTS];
        uint8_t failed_digest[BF_DIGEST_SIZE]; /* what failed last, refused again; zero: none */
        uint64_t token;                        /* of the start in flight, 0 when there is none */
        uint32_t floor;                        /* no image with a lower counter is ever started */
        uint8_t started;      /* 1: a START of the staged slot has no outcome yet */
        uint8_t outcome;      /* enum bf_outcome, of the last update */
        uint8_t outcome_slot; /* the slot that it was about */
        uint8_t cause;        /* enum sg_cause of the last try spent or of the outcome */
        uint8_t reported;     /* 1: the outcome was reported, or there is none */
        uint32_t group;       /* reserved for updates of several guests at once: 0 */
};

/* How often a staged image may be started; from the VM's description, each 1..255. */
struct bf_limits {
        uint8_t tries;
        uint8_t interrupted;
};

/* An image as the boot state names it. */
struct bf_image_id {
        uint8_t digest[BF_DIGEST_SIZE];
        uint32_t counter;
};

/* Slots that could not be loaded or verified since power-on: bit n is slot n. The caller keeps it
 * in memory: a failure of a successful slot is never written. It sets a bit when bf_load_failed or
 * bf_verify_failed was due, and clears it when bf_open, bf_stage or bf_refill was accepted. */
typedef uint8_t bf_refused;
#define BF_REFUSED(slot) ((bf_refused)(1u << (slot)))

struct bf_decision {
        uint8_t slot; /* 0 or 1; SG_SLOT_NONE when nothing can be booted: the VM is FAILED */
        bool trial;   /* it is unconfirmed: bf_start must be made durable before entry */
};

/* Which slot boots now. SG_E_STATE_IMPOSSIBLE when the state is one that no event leads to, or when
 * a START has no outcome yet: bf_power_on or bf_try_spent comes first. */
sg_err bf_decide(const struct bf_guest *g, bf_refused refused, struct bf_decision *d);

/* Checks everything that holds in every state that the transitions lead to. */
sg_err bf_guest_check(const struct bf_guest *g);
bool bf_guest_equal(const struct bf_guest *a, const struct bf_guest *b);
/* The slot that holds the confirmed image that boots when nothing is on trial; SG_SLOT_NONE. */
uint8_t bf_active(const struct bf_guest *g, bf_refused refused);
/* The staged slot, SG_SLOT_NONE when there is none. */
uint8_t bf_staged(const struct bf_guest *g);
/* SG_SLOT_F_* as SG_HC_SLOT_INFO answers them. */
uint32_t bf_slot_flags(const struct bf_guest *g, bf_refused refused, uint8_t slot);
/* Why a slot that is FAILED was given up; SG_CAUSE_NONE when another outcome came after it. */
enum sg_cause bf_slot_cause(const struct bf_guest *g, uint8_t slot);
/* The result that a hypercall returns for a refused transition: SG_HC_*. */
int64_t bf_hypercall_result(sg_err e);

/* From nothing: a slot whose image is NULL is empty; at least one is given. Slot 0 is preferred.
 * The floor is the higher counter; a slot below it is stale. */
sg_err bf_provision(struct bf_guest *g, const struct bf_image_id *a, const struct bf_image_id *b);
/* A byte of the slot is about to be written. Refused: the slot that runs or would boot
 * (SG_E_SLOT_BUSY), anything while an image is staged (SG_E_SLOT_BUSY), a counter below the floor
 * (SG_E_SLOT_DOWNGRADE), the digest that failed (SG_E_SLOT_FAILED_BEFORE). Repeatable. */
sg_err bf_open(struct bf_guest *g, bf_refused refused, uint8_t slot, const struct bf_image_id *id);
/* The slot holds the whole image that bf_open named (SG_E_SLOT_NOT_OPEN): on trial at the next
 * start. Repeatable until then. */
sg_err bf_stage(struct bf_guest *g, uint8_t slot, const struct bf_image_id *id,
                const struct bf_limits *limits);
/* Takes bf_stage back, before its first start only (SG_E_SLOT_BUSY); the slot is open again. */
sg_err bf_unstage(struct bf_guest *g, uint8_t slot);
/* Once per reset, before bf_decide: a START without an outcome spends an `interrupted`. */
sg_err bf_power_on(struct bf_guest *g);
/* bootfw reported this image in this slot. SG_E_SLOT_MISMATCH when it is not the one recorded: then
 * bf_verify_failed is due. On trial the START and its token (not 0) are written; a confirmed
 * image changes nothing. The active slot may always be started: another one may have been staged
 * while it was on its way. SG_E_SLOT_NOT_DUE for any other slot than it and the one that bf_decide
 * names. */
sg_err bf_start(struct bf_guest *g, bf_refused refused, uint8_t slot, const struct bf_image_id *id,
                uint64_t token);
/* The trial ends well: the image is good, the floor rises to its counter and the other slot
 * becomes stale when it is below that, all in one record. SG_E_TRIAL_NONE, SG_E_TRIAL_TOKEN. */
sg_err bf_confirm(struct bf_guest *g, uint64_t token);
/* A start on trial ended without a confirm. The last try gives the image up. SG_E_TRIAL_NONE. */
sg_err bf_try_spent(struct bf_guest *g, enum sg_cause cause);
/* The slot could not be read, or bootfw or bf_start refused it. Gives up a staged image; never
 * changes a successful slot (the caller notes it in bf_refused). A digest that could not be
 * verified is remembered, one that could not be read is not. */
sg_err bf_load_failed(struct bf_guest *g, uint8_t slot);
sg_err bf_verify_failed(struct bf_guest *g, uint8_t slot);
/* The slot holds the active slot's bytes again. SG_E_SLOT_BUSY when it is bootable with other
 * bytes, SG_E_SLOT_NO_SOURCE when there is no confirmed image to copy. Repeatable. */
sg_err bf_refill(struct bf_guest *g, bf_refused refused, uint8_t slot);
/* The last outcome was reported. Repeatable. SG_E_STATE_NO_OUTCOME when there is none. */
sg_err bf_reported(struct bf_guest *g);

#endif
