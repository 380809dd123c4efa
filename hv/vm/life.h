/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a VM: one table of legal transitions. Pure. */
#ifndef HV_VM_LIFE_H
#define HV_VM_LIFE_H

#include <stdbool.h>
#include <stdint.h>

#include <segue/hypercall.h>

struct life {
        enum sg_vm_state state;
        enum sg_cause cause; /* of the last change */
        uint64_t changed_at; /* physical counter at the last change */
        uint32_t restarts;   /* times it left RUNNING or TRIAL */
};

bool life_may(enum sg_vm_state from, enum sg_vm_state to);

/* Makes the transition, or changes nothing and returns false when it is not legal (the caller logs
 * both names). */
bool life_move(struct life *life, enum sg_vm_state to, enum sg_cause cause, uint64_t now);

/* It ran for at least so many ticks: crashes that came before are forgiven. */
bool life_was_calm(const struct life *life, uint64_t now, uint64_t ticks);

const char *life_state_name(enum sg_vm_state state);
const char *life_cause_name(enum sg_cause cause);

#endif
