/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a slot's bytes get into a stopped VM, and how update and the guest's first code are placed.
 * Steps: LOAD_BEGIN (update) - scrub (VM's core) - lend - update writes - LOAD_END or LOAD_ABORT
 * (update) - place bootfw (VM's core) - enter.
 */
#ifndef HV_VM_LOAD_H
#define HV_VM_LOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "hv/mm/addr.h"

struct vm;

/* update's core, after rights were checked. Return SG_HC_*. *slot: the one to load. load_end()
 * returns with the region withdrawn: unmapped, TLBs and caches clean; when this load was stopped
 * meanwhile it is SG_HC_BAD_STATE and nothing follows. */
int64_t load_begin(struct vm *vm, uint8_t *slot);
int64_t load_end(struct vm *vm, uint64_t loaded);
int64_t load_abort(struct vm *vm, uint64_t error);

/* The VM's core: the steps between. */
void load_scrub_and_lend(struct vm *vm);
void load_place_bootfw(struct vm *vm);

/* The VM's core: is there a copy of the image that the boot state names for vm->slot? */
bool load_has_resident(const struct vm *vm);

/* The VM's core, STOPPED, with a copy of the due slot: the whole way to VERIFYING without update.
 */
void load_resident(struct vm *vm);

/* The VM's core, while it is VERIFYING and the report was good: keeps the copy. */
void load_keep_resident(struct vm *vm);

/* update's core, update stopped: its device reset, its RAM scrubbed, the pristine copy and its
 * devicetree placed, its boot vCPU powered on. */
void load_update(struct vm *vm);

/* Any core: when it returns, update can reach the VM's load region no more: nothing of it is mapped
 * or cached by a TLB. false: it was not lent. */
bool load_withdraw(struct vm *vm);

/* update is gone: what was lent to it is withdrawn, and those VMs wait for the next one. What is
 * being scrubbed is lent to that one; a load of hv's own goes on. */
void load_withdraw_all(void);

/* update touched `ipa`, where it has no mapping: in a load window the VM's count goes up and update
 * is told (SG_EV_LOAD_FAULT). */
void load_fault(struct ipaddr ipa);

#endif
