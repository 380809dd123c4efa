/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hypercalls over the real slots, journal and event queue, with a strict NOR flash below and VMs
 * without cores above.
 */
#ifndef TESTS_UNIT_HYPERCALL_RIG_H
#define TESTS_UNIT_HYPERCALL_RIG_H

#include <stddef.h>
#include <stdint.h>

#include <segue/bytes.h>

#include "bootflow/journal.h"
#include "hv/vm/boot_state.h"
#include "hv/vm/events.h"
#include "hv/vm/slots.h"
#include "hv/vm/smccc.h"
#include "tests/unit/fake_arch/fake_vm.h"
#include "tests/unit/strict_nor.h"

#define DIGEST(byte) UINT64_C(0x0101010101010101) * (byte)

extern struct nor nor;
extern struct vm *update, *rt, *personal;

/* personal: A good with counter 5, B good with counter 4 (stale); rt: A good with counter 1. */
int setup(void **state);

void power_cycle(void);

/* x1.. from the caller; every other register holds a mark. */
int64_t call(struct vm *vm, uint64_t function, const uint64_t *args, size_t count);

#define CALL(vm, function, ...)                             \
        call(vm, function, (const uint64_t[]){__VA_ARGS__}, \
             sizeof((const uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t))

/* Xn of the call that was made last. */
uint64_t result(const struct vm *vm, unsigned n);

/* A call of update's about a slot of personal, with counter and digest. */
int64_t four(struct vm *vm, uint64_t function, uint64_t slot, uint64_t counter, uint8_t byte);

struct bf_guest state_of(const struct vm *vm);

void expect_event(enum sg_event kind, unsigned vm, uint64_t arg0, uint64_t arg1);
void expect_no_event(void);

#endif
