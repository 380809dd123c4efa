/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the boot state means for a VM's life: which slot is due, what a start, a stop, a report and
 * each of update's calls do to it. The decisions are bootflow/slots.h's; this file carries them out
 * durably (hv/vm/boot_state.h) and tells update. No function is called with a lock held.
 */
#ifndef HV_VM_SLOTS_H
#define HV_VM_SLOTS_H

#include <stdbool.h>
#include <stdint.h>

#include <segue/error.h>
#include <segue/hypercall.h>

#include "bootflow/flash.h"

struct vm;

/* Once at boot, on the boot core, after the VMs were created. A START without an outcome spends an
 * `interrupted` now. On an error, which it explains in the log, no VM but update can start: flash
 * that is absent (NULL), blank or corrupt means provisioning, never a fresh start. `flash` must
 * stay. */
void slots_init(const struct bf_flash *flash);

/* A VM's boot core, when the VM is about to be loaded: the slot that the decision table says is
 * due; SG_SLOT_NONE when nothing is bootable (the log says why). */
uint8_t slots_due(struct vm *vm);

/* bootfw's words. */
struct boot_report {
        uint64_t error; /* sg_err of the check */
        uint64_t counter;
        uint64_t entry;
        uint64_t digest[4];
};

enum slots_verdict {
        SLOTS_START,       /* enter the guest as confirmed */
        SLOTS_START_TRIAL, /* START is durable: enter the guest on trial */
        SLOTS_REFUSED,     /* stop the VM: cause VERIFY_FAILED */
};

/* The VM's boot core: bootfw reported. On a start *token is the start's token, never 0. */
enum slots_verdict slots_report(struct vm *vm, const struct boot_report *report, uint64_t *token);

/* update's core, when update was started: it is told again of an image that was given up when it
 * was not there to hear of it (at power-on, because power cuts used it up), until it calls
 * SG_HC_REPORTED. */
void slots_tell_outcome(const struct vm *vm);

/* Whether the image that vm->slot holds is the one that this VM was last started from, so that hv's
 * own copy of that one will do. */
bool slots_is_resident(const struct vm *vm);

/* The VM's boot core, when all vCPUs are parked after LOADING, VERIFYING, RUNNING or TRIAL: spends
 * a try or gives a slot up where due, durable on return, and tells update. false: the VM must not
 * start again by itself, because it turned itself off. */
bool slots_stopped(struct vm *vm, enum sg_vm_state was, enum sg_cause cause);

/* Housekeeping core, now and then: erases the spare block ahead, one bounded step. true: there is
 * more to do. */
bool slots_background(void);
/* Housekeeping core: is there something to do? After each write there may be. */
bool slots_background_wanted(void);

/* SG_HC_SLOT_INFO's results, in its order. */
struct slot_info {
        uint64_t flags;
        uint64_t attempts;
        uint64_t counter;
        uint64_t digest[4];
};

/* The hypercalls' side, after rights and ranges (slot 0 or 1) were checked; SG_HC_*. */
int64_t slots_info(struct vm *vm, uint8_t slot, struct slot_info *info);
int64_t slots_stage(struct vm *vm, uint8_t slot, uint64_t counter, const uint64_t digest[4]);
int64_t slots_unstage(struct vm *vm, uint8_t slot);
int64_t slots_open(struct vm *vm, uint8_t slot, uint64_t counter, const uint64_t digest[4]);
int64_t slots_refill(struct vm *vm, uint8_t slot);
int64_t slots_reported(struct vm *vm);
int64_t slots_confirm(struct vm *vm, uint64_t token);

#endif
