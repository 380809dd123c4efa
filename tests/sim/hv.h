/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hv as the update partition sees it: hv/vm's own slots.c, boot_state.c, events.c and life.c over
 * bootflow's journal, with VMs that have no cores. What vm.c does with cores (start, stop, settle)
 * is modelled here. VM 0 is update.
 */
#ifndef TESTS_SIM_HV_H
#define TESTS_SIM_HV_H

#include <stdbool.h>
#include <stdint.h>

#include "bootflow/flash.h"
#include "bootflow/slots.h"

enum { SIM_UPDATE, SIM_PERSONAL, SIM_RT, SIM_VMS };

/* Cold start: the journal is mounted, every guest waits for its first start. */
void hv_power_on(const struct bf_flash *flash);
/* The update partition died and is started again. */
void hv_update_killed(void);

/* A guest whose slot is to be loaded now; it is in LOADING then. */
bool hv_start_due(uint32_t *vm, uint32_t *slot);
/* bootfw found this in its RAM. */
void hv_loaded(uint32_t vm, const uint8_t digest[32], uint32_t counter);
/* The slot could not be read. */
void hv_load_failed(uint32_t vm);
/* The guest stops; what follows is hv's to decide. */
void hv_stop(uint32_t vm, enum sg_cause cause);

bool hv_next_event(uint32_t *kind, uint32_t *vm, uint64_t arg[2]);
/* One step of erasing ahead; false: there is nothing to do. */
bool hv_background(void);
enum sg_vm_state hv_vm_state(uint32_t vm);
uint32_t hv_vm_slot(uint32_t vm);
uint64_t hv_token(uint32_t vm); /* that the guest was started with */

/* SG_HC_*: what update may call. */
int64_t hv_call_slot_info(uint32_t vm, uint32_t slot, uint64_t *flags, uint64_t *attempts,
                          uint64_t *counter, uint8_t digest[32]);
int64_t hv_call_open(uint32_t vm, uint32_t slot, uint64_t counter, const uint8_t digest[32]);
int64_t hv_call_stage(uint32_t vm, uint32_t slot, uint64_t counter, const uint8_t digest[32]);
int64_t hv_call_unstage(uint32_t vm, uint32_t slot);
int64_t hv_call_restart(uint32_t vm);
int64_t hv_call_refill(uint32_t vm, uint32_t slot);
int64_t hv_call_reported(uint32_t vm);
int64_t hv_call_confirm(uint32_t vm, uint64_t token);

#endif
