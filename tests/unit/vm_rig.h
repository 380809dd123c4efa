/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hv's VMs as they ship (hv/vm/vm.c, load.c, life.c, hypercall.c, slots.c, boot_state.c, events.c
 * and update's stage 2), a strict NOR flash and a strict machine below them, and a test in the
 * place of their programs: update, a resident `rt` with one vCPU, `personal` with two and an agent.
 * Each guest has a good image in both slots.
 */
#ifndef TESTS_VM_RIG_H
#define TESTS_VM_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "hv/vm/boot_state.h"
#include "hv/vm/events.h"
#include "hv/vm/load.h"
#include "hv/vm/slots.h"
#include "hv/vm/vm.h"
#include "tests/unit/fake_arch/fake_core.h"
#include "tests/unit/fake_arch/fake_mmu.h"
#include "tests/unit/fake_arch/fake_vm.h"
#include "tests/unit/strict_nor.h"

#define NEVER         UINT64_MAX
#define BEAT_LIMIT    7000
#define START_LIMIT   2000
#define TRIAL_LIMIT   30000
#define RESTARTS      2
#define LOADED        5000 /* bytes of an image */
#define NEW_COUNTER   7
#define GUESTS_RAM    0x5a /* of an earlier program */
#define SLOTS_BYTE(s) ((uint8_t)(0xd0 + (s)))

extern struct vm *update, *rt, *personal;
extern struct nor nor;

/* CMocka's setup: the machine is on, update runs, no guest was asked for a start. */
int rig_setup(void **state);

/* Its boot core does all that it was asked for; vCPUs that must park, park. */
void rig_work(struct vm *vm);
/* It stops for that cause, and what follows is done. */
void rig_stop(struct vm *vm, enum sg_cause cause);

int64_t rig_call(struct vm *vm, uint64_t function, const uint64_t args[7]);
#define CALL(vm, function, ...) rig_call(vm, function, (const uint64_t[7]){__VA_ARGS__})

/* A start by all its steps, each by the one that takes it. */
enum stage {
        WANTED,  /* update was asked to load it */
        BEGUN,   /* LOAD_BEGIN */
        LENT,    /* its RAM is scrubbed and the load region is lent */
        WRITTEN, /* update has written the slot's bytes */
        ENDED,   /* LOAD_END */
        ENTERED, /* bootfw runs in it */
        STARTED, /* bootfw's report was good: RUNNING, or TRIAL */
        NO_STAGE
};
void rig_step(struct vm *vm, enum stage stage);
/* From its first step up to that one. */
void rig_start(struct vm *vm, enum stage last);

/* SLOT_OPEN and STAGE of a new image in its slot b. */
void rig_stage_image(struct vm *vm);
void rig_digest(const struct vm *vm, uint8_t slot, uint64_t words[4]);
struct bf_guest rig_state(const struct vm *vm);
/* bootfw's report of what the boot state holds for its slot. */
int64_t rig_report(struct vm *vm);

/* update's program writes to (or reads from) what it was lent, at that offset; false: it has
 * nothing there. */
bool rig_update_reaches(const struct vm *vm, uint64_t offset);
struct paddr rig_region(const struct vm *vm); /* the load region */

/* What update was told since it was asked last. */
void rig_listen(void);
unsigned rig_told(enum sg_event kind, const struct vm *vm);
unsigned rig_told_that(enum sg_event kind, const struct vm *vm, uint64_t arg0, uint64_t arg1);
bool rig_logged(const char *text);

#endif
