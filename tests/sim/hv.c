/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/hv.h"

#include <string.h>

#include <segue/bytes.h>

#include "hv/core/ipi.h"
#include "hv/core/log.h"
#include "hv/core/random.h"
#include "hv/vm/events.h"
#include "hv/vm/slots.h"
#include "hv/vm/timer.h"
#include "hv/vm/vm.h"
#include "tests/sim/world.h"

static struct vm_description description[SIM_VMS] = {
        [SIM_UPDATE] = {.index = SIM_UPDATE, .name = "update", .role = VM_ROLE_UPDATE, .cpus = 1},
        [SIM_PERSONAL] = {.index = SIM_PERSONAL,
                          .name = "personal",
                          .role = VM_ROLE_LINUX,
                          .cpus = 1,
                          .agent = true,
                          .restart_limit = 8,
                          .tries = 3,
                          .interrupted = 10},
        [SIM_RT] = {.index = SIM_RT,
                    .name = "rt",
                    .role = VM_ROLE_RTOS,
                    .cpus = 1,
                    .agent = true,
                    .restart_limit = 8,
                    .tries = 3,
                    .interrupted = 10},
};

static struct {
        struct vm vm[SIM_VMS];
        uint64_t token[SIM_VMS];
        uint64_t random;
} state;

/* ---- What slots.c, boot_state.c and events.c need of the rest of hv ---- */

struct vm *vm_by_index(unsigned index)
{
        return index < SIM_VMS ? &state.vm[index] : NULL;
}

struct vm *vm_update(void)
{
        return &state.vm[SIM_UPDATE];
}

static void move(struct vm *vm, enum sg_vm_state to, enum sg_cause cause)
{
        if (!life_move(&vm->life, to, cause, 0)) {
                sim_broken("VM %s may not go from %s to %s", vm->desc->name,
                           life_state_name(vm->life.state), life_state_name(to));
        }
        event_send(SG_EV_VM_STATE, vm->index, to, cause);
}

void vm_confirmed(struct vm *vm)
{
        if (vm->life.state == SG_VM_TRIAL) {
                move(vm, SG_VM_RUNNING, SG_CAUSE_NONE);
        }
        vm->crashes = 0;
}

bool vm_on_trial(struct vm *vm)
{
        return vm->life.state == SG_VM_TRIAL;
}

void housekeeping_call(void (*fn)(void *arg), void *arg)
{
        fn(arg);
}

void hv_log(const char *fmt, ...)
{
        (void)fmt;
}

uint64_t random_u64(void)
{
        state.random = sim_hash(state.random, 1);
        return state.random;
}

uint64_t timer_now(void)
{
        return 0;
}

uint64_t timer_from_ms(uint64_t ms)
{
        return ms;
}

void vgic_set_level(struct vgic *vgic, unsigned intid, bool level)
{
        (void)vgic;
        (void)intid;
        (void)level;
}

/* ---- A VM's life, as vm.c leads it ---- */

void hv_power_on(const struct bf_flash *flash)
{
        memset(state.vm, 0, sizeof(state.vm));
        events_reset();
        for (uint32_t i = 0; i < SIM_VMS; i++) {
                state.vm[i].desc = &description[i];
                state.vm[i].index = i;
                state.vm[i].slot = SG_SLOT_NONE;
                state.vm[i].requests = i == SIM_UPDATE ? 0 : VM_REQUEST_START;
        }
        slots_init(flash);
}

void hv_update_killed(void)
{
        events_reset();
}

static void fail(struct vm *vm, enum sg_cause cause)
{
        vm->requests = 0;
        move(vm, SG_VM_FAILED, cause);
}

void hv_stop(uint32_t index, enum sg_cause cause)
{
        struct vm *vm = &state.vm[index];
        enum sg_vm_state was = vm->life.state;

        move(vm, SG_VM_STOPPED, cause);
        bool again = slots_stopped(vm, was, cause);
        if (cause == SG_CAUSE_FAULT || cause == SG_CAUSE_LOAD_FAILED ||
            cause == SG_CAUSE_VERIFY_FAILED) {
                vm->crashes++;
        }
        vm->slot = SG_SLOT_NONE;
        vm->requests = again ? VM_REQUEST_START : 0;
        if (vm->crashes > vm->desc->restart_limit) {
                fail(vm, cause);
        }
}

static bool start(struct vm *vm)
{
        vm->requests = 0;
        if (vm->life.state == SG_VM_CREATED) {
                move(vm, SG_VM_STOPPED, SG_CAUSE_NONE);
        }
        vm->slot = slots_due(vm);
        if (vm->slot == SG_SLOT_NONE) {
                fail(vm, vm->life.cause);
                return false;
        }
        move(vm, SG_VM_LOADING, SG_CAUSE_NONE);
        return true;
}

bool hv_start_due(uint32_t *index, uint32_t *slot)
{
        for (uint32_t i = 0; i < SIM_VMS; i++) {
                /* What a killed update partition was loading is loaded anew. */
                bool again = state.vm[i].life.state == SG_VM_LOADING;

                if (again ||
                    ((state.vm[i].requests & VM_REQUEST_START) != 0 && start(&state.vm[i]))) {
                        *index = i;
                        *slot = state.vm[i].slot;
                        return true;
                }
        }
        return false;
}

void hv_loaded(uint32_t index, const uint8_t digest[32], uint32_t counter)
{
        struct vm *vm = &state.vm[index];
        struct boot_report report = {.counter = counter};

        for (size_t i = 0; i < 4; i++) {
                report.digest[i] = get_le64(digest + 8 * i);
        }
        move(vm, SG_VM_VERIFYING, SG_CAUSE_NONE);
        enum slots_verdict verdict = slots_report(vm, &report, &state.token[index]);
        if (verdict == SLOTS_REFUSED) {
                hv_stop(index, SG_CAUSE_VERIFY_FAILED);
                return;
        }
        move(vm, verdict == SLOTS_START_TRIAL ? SG_VM_TRIAL : SG_VM_RUNNING, SG_CAUSE_NONE);
        event_send(SG_EV_STARTED, index, vm->slot, verdict == SLOTS_START_TRIAL);
}

void hv_load_failed(uint32_t index)
{
        hv_stop(index, SG_CAUSE_LOAD_FAILED);
}

bool hv_next_event(uint32_t *kind, uint32_t *vm, uint64_t arg[2])
{
        struct event e;

        if (!event_next(&e)) {
                return false;
        }
        *kind = e.kind;
        *vm = e.vm;
        arg[0] = e.arg[0];
        arg[1] = e.arg[1];
        return true;
}

bool hv_background(void)
{
        return slots_background();
}

enum sg_vm_state hv_vm_state(uint32_t vm)
{
        return state.vm[vm].life.state;
}

uint32_t hv_vm_slot(uint32_t vm)
{
        return state.vm[vm].slot;
}

uint64_t hv_token(uint32_t vm)
{
        return state.token[vm];
}

/* ---- Calls ---- */

static void to_words(uint64_t words[4], const uint8_t digest[32])
{
        for (size_t i = 0; i < 4; i++) {
                words[i] = get_le64(digest + 8 * i);
        }
}

int64_t hv_call_slot_info(uint32_t vm, uint32_t slot, uint64_t *flags, uint64_t *attempts,
                          uint64_t *counter, uint8_t digest[32])
{
        struct slot_info info;
        int64_t result = slots_info(&state.vm[vm], (uint8_t)slot, &info);

        if (result == SG_HC_OK) {
                *flags = info.flags;
                *attempts = info.attempts;
                *counter = info.counter;
                for (size_t i = 0; i < 4; i++) {
                        put_le64(digest + 8 * i, info.digest[i]);
                }
        }
        return result;
}

int64_t hv_call_open(uint32_t vm, uint32_t slot, uint64_t counter, const uint8_t digest[32])
{
        uint64_t words[4];

        to_words(words, digest);
        return slots_open(&state.vm[vm], (uint8_t)slot, counter, words);
}

int64_t hv_call_stage(uint32_t vm, uint32_t slot, uint64_t counter, const uint8_t digest[32])
{
        uint64_t words[4];

        to_words(words, digest);
        return slots_stage(&state.vm[vm], (uint8_t)slot, counter, words);
}

int64_t hv_call_unstage(uint32_t vm, uint32_t slot)
{
        return slots_unstage(&state.vm[vm], (uint8_t)slot);
}

int64_t hv_call_restart(uint32_t index)
{
        struct vm *vm = &state.vm[index];

        switch (vm->life.state) {
        case SG_VM_RUNNING:
                vm->crashes = 0;
                hv_stop(index, SG_CAUSE_RESTART);
                return SG_HC_OK;
        case SG_VM_FAILED:
                vm->crashes = 0;
                move(vm, SG_VM_STOPPED, SG_CAUSE_RESTART);
                vm->requests = VM_REQUEST_START;
                return SG_HC_OK;
        default:
                return SG_HC_BAD_STATE;
        }
}

int64_t hv_call_refill(uint32_t vm, uint32_t slot)
{
        return slots_refill(&state.vm[vm], (uint8_t)slot);
}

int64_t hv_call_reported(uint32_t vm)
{
        return slots_reported(&state.vm[vm]);
}

int64_t hv_call_confirm(uint32_t vm, uint64_t t)
{
        return slots_confirm(&state.vm[vm], t);
}
