/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A VM's slots and the boot state: glue between bootflow's decision table and journal (NOR) and the
 * VM's life. What writes the journal runs on the housekeeping core through housekeeping_call();
 * these functions do that by themselves and return when the record is durable.
 */
#ifndef HV_VM_SLOTS_H
#define HV_VM_SLOTS_H

#include <stdbool.h>
#include <stdint.h>

#include <segue/error.h>
#include <segue/hypercall.h>

struct vm;

/* Once at boot, on the boot core, after the VMs were created: mounts the journal. */
sg_err slots_init(void);

/* A VM's boot core, when the VM is about to be loaded: the slot that the decision table says is
 * due, SG_SLOT_NONE when nothing is bootable. */
uint8_t slots_due(struct vm *vm);

/* bootfw's words. */
struct boot_report {
        uint64_t error; /* sg_err of the check */
        uint64_t counter;
        uint64_t entry;
        uint64_t digest[4];
};

enum slots_verdict {
        SLOTS_START,       /* START is durable: enter the guest as confirmed */
        SLOTS_START_TRIAL, /* the same, on trial */
        SLOTS_REFUSED,     /* stop the VM: cause VERIFY_FAILED */
};

/* The VM's boot core: bootfw reported. On a start *token is the start's token. */
enum slots_verdict slots_report(struct vm *vm, const struct boot_report *report, uint64_t *token);

/* The VM's boot core, when all vCPUs are parked after RUNNING, TRIAL or VERIFYING: spends a try or
 * rolls back where due, durable on return, and tells update. false: the VM must not start again by
 * itself (SYSTEM_OFF, restart limit, nothing bootable). */
bool slots_stopped(struct vm *vm, enum sg_vm_state was, enum sg_cause cause);

/* Housekeeping core, now and then: erases the spare block ahead, one bounded step. true: there is
 * more to do. */
bool slots_background(void);

/* The hypercalls' side, after rights were checked; SG_HC_*. */
int64_t slots_stage(struct vm *vm, uint8_t slot, uint64_t counter, const uint64_t digest[4]);
int64_t slots_unstage(struct vm *vm, uint8_t slot);
int64_t slots_open(struct vm *vm, uint8_t slot, uint64_t counter, const uint64_t digest[4]);
int64_t slots_refill(struct vm *vm, uint8_t slot);
int64_t slots_reported(struct vm *vm);
int64_t slots_confirm(struct vm *vm, uint64_t token);

#endif
