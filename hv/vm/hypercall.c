// SPDX-License-Identifier: Apache-2.0
/* Segue's hypercalls: one table says what exists and who may call it; include/segue/hypercall.h
 * says what each does. Whatever is refused is refused here or below before anything changes. */
#include <stddef.h>
#include <string.h>

#include <segue/bytes.h>
#include <segue/hypercall.h>

#include "hv/core/random.h"
#include "hv/vm/events.h"
#include "hv/vm/load.h"
#include "hv/vm/slots.h"
#include "hv/vm/smccc.h"
#include "hv/vm/vm.h"

#define RESULTS_MAX     7
#define AGENT_BYTES_MAX 40
#define AGENT_WORDS     (AGENT_BYTES_MAX / 8)

/* One call: arguments from x1 on, results for x1 on, which the guest sees with SG_HC_OK alone. */
struct call {
        struct vcpu *vcpu;
        struct vm *vm; /* which it is about */
        uint64_t arg[RESULTS_MAX];
        uint64_t result[RESULTS_MAX];
};

static bool is_update(const struct vm *vm)
{
        return vm->desc->role == VM_ROLE_UPDATE;
}

static int64_t call_version(struct call *c)
{
        c->result[0] = SG_ABI_VERSION;
        return SG_HC_OK;
}

static int64_t call_vm_info(struct call *c)
{
        struct vm *vm = c->vm;

        spin_lock(&vm->lock);
        c->result[0] = vm->life.state;
        c->result[1] = vm->slot;
        c->result[2] = vm->life.restarts;
        c->result[3] = vm->life.changed_at;
        c->result[4] = vm->life.cause;
        c->result[5] = vm->load_faults;
        spin_unlock(&vm->lock);
        return SG_HC_OK;
}

static int64_t call_slot_info(struct call *c)
{
        struct slot_info info;
        int64_t result = slots_info(c->vm, (uint8_t)c->arg[1], &info);

        if (result != SG_HC_OK)
                return result;
        c->result[0] = info.flags;
        c->result[1] = info.attempts;
        c->result[2] = info.counter;
        memcpy(&c->result[3], info.digest, sizeof(info.digest));
        return SG_HC_OK;
}

static int64_t call_counter(struct call *c)
{
        if (c->arg[1] >= SG_CNT_COUNT)
                return SG_HC_BAD_ARGUMENT;
        c->result[0] = vm_counter(c->vm, (enum sg_counter)c->arg[1]);
        return SG_HC_OK;
}

static int64_t call_event_next(struct call *c)
{
        struct event e;

        if (!event_next(&e))
                return SG_HC_EMPTY;
        c->result[0] = e.kind;
        c->result[1] = e.vm;
        c->result[2] = e.arg[0];
        c->result[3] = e.arg[1];
        c->result[4] = e.time;
        return SG_HC_OK;
}

static int64_t call_load_begin(struct call *c)
{
        uint8_t slot;
        int64_t result = load_begin(c->vm, &slot);

        c->result[0] = slot;
        return result;
}

static int64_t call_load_end(struct call *c)
{
        return load_end(c->vm, c->arg[1]);
}

static int64_t call_load_abort(struct call *c)
{
        return load_abort(c->vm, c->arg[1]);
}

static int64_t call_stage(struct call *c)
{
        return slots_stage(c->vm, (uint8_t)c->arg[1], c->arg[2], &c->arg[3]);
}

static int64_t call_unstage(struct call *c)
{
        return slots_unstage(c->vm, (uint8_t)c->arg[1]);
}

static int64_t call_slot_open(struct call *c)
{
        return slots_open(c->vm, (uint8_t)c->arg[1], c->arg[2], &c->arg[3]);
}

static int64_t call_restart(struct call *c)
{
        return vm_restart(c->vm);
}

static int64_t call_refill(struct call *c)
{
        return slots_refill(c->vm, (uint8_t)c->arg[1]);
}

static int64_t call_reported(struct call *c)
{
        return slots_reported(c->vm);
}

static int64_t call_beat(struct call *c)
{
        c->result[0] = vm_beat(c->vm);
        return SG_HC_OK;
}

static int64_t call_agent_write(struct call *c)
{
        uint8_t bytes[AGENT_BYTES_MAX];

        if (!c->vm->desc->agent || c->arg[1] == 0 || c->arg[1] > sizeof(bytes))
                return SG_HC_BAD_ARGUMENT;
        for (size_t i = 0; i < AGENT_WORDS; i++)
                put_le64(bytes + 8 * i, c->arg[2 + i]);
        c->result[0] = agent_write(&c->vm->agent, bytes, c->arg[1]);
        return SG_HC_OK;
}

static int64_t call_agent_read(struct call *c)
{
        uint8_t bytes[AGENT_BYTES_MAX] = {0};

        if (!c->vm->desc->agent)
                return SG_HC_BAD_ARGUMENT;
        c->result[0] = agent_read(&c->vm->agent, bytes, sizeof(bytes));
        for (size_t i = 0; i < AGENT_WORDS; i++)
                c->result[1 + i] = get_le64(bytes + 8 * i);
        return SG_HC_OK;
}

static int64_t call_confirm(struct call *c)
{
        return is_update(c->vm) ? SG_HC_BAD_STATE : slots_confirm(c->vm, c->arg[0]);
}

static int64_t call_confirm_for(struct call *c)
{
        return slots_confirm(c->vm, c->arg[1]);
}

static int64_t call_boot_report(struct call *c)
{
        const struct boot_report report = {
                .error = c->arg[0],
                .counter = c->arg[1],
                .entry = c->arg[2],
                .digest = {c->arg[3], c->arg[4], c->arg[5], c->arg[6]},
        };
        enum slots_verdict verdict = slots_report(c->vm, &report, &c->result[0]);

        if (verdict == SLOTS_REFUSED) {
                /* Its core parks it before it could go on. */
                vm_stop(c->vm, SG_CAUSE_VERIFY_FAILED);
                return SG_HC_DENIED;
        }
        for (size_t i = 1; i <= 3; i++)
                c->result[i] = random_u64();
        vm_started(c->vm, verdict == SLOTS_START_TRIAL);
        return SG_HC_OK;
}

enum caller { ANY, UPDATE, BOOTFW };

/* What a call is about. */
enum about {
        NOTHING,
        ITSELF,    /* no argument says so */
        ANY_VM,    /* x1: the caller itself; any, when update asks */
        GUEST,     /* x1: a VM with slots; the caller itself, or any when update asks */
        GUEST_SLOT /* the same, and x2 is one of its slots */
};

struct hypercall_row {
        uint8_t number;
        uint8_t results;
        enum caller caller;
        enum about about;
        int64_t (*handle)(struct call *c);
};

#define ROW(name) (uint8_t)(SG_HC_##name & 0xff)

static const struct hypercall_row rows[] = {
        {ROW(VERSION), 1, ANY, NOTHING, call_version},
        {ROW(VM_INFO), 6, ANY, ANY_VM, call_vm_info},
        {ROW(SLOT_INFO), 7, ANY, GUEST_SLOT, call_slot_info},
        {ROW(COUNTER), 1, ANY, ANY_VM, call_counter},
        {ROW(EVENT_NEXT), 5, UPDATE, NOTHING, call_event_next},
        {ROW(LOAD_BEGIN), 1, UPDATE, GUEST, call_load_begin},
        {ROW(LOAD_END), 0, UPDATE, GUEST, call_load_end},
        {ROW(LOAD_ABORT), 0, UPDATE, GUEST, call_load_abort},
        {ROW(STAGE), 0, UPDATE, GUEST_SLOT, call_stage},
        {ROW(UNSTAGE), 0, UPDATE, GUEST_SLOT, call_unstage},
        {ROW(SLOT_OPEN), 0, UPDATE, GUEST_SLOT, call_slot_open},
        {ROW(RESTART), 0, UPDATE, GUEST, call_restart},
        {ROW(REFILL), 0, UPDATE, GUEST_SLOT, call_refill},
        {ROW(REPORTED), 0, UPDATE, GUEST, call_reported},
        {ROW(BEAT), 1, UPDATE, NOTHING, call_beat},
        {ROW(AGENT_WRITE), 1, UPDATE, GUEST, call_agent_write},
        {ROW(AGENT_READ), 6, UPDATE, GUEST, call_agent_read},
        {ROW(CONFIRM), 0, ANY, ITSELF, call_confirm},
        {ROW(CONFIRM_FOR), 0, UPDATE, GUEST, call_confirm_for},
        {ROW(BOOT_REPORT), 4, BOOTFW, ITSELF, call_boot_report},
};

static const struct hypercall_row *find(uint32_t id)
{
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
                if (SG_HC((uint32_t)rows[i].number) == id)
                        return &rows[i];
        return NULL;
}

static bool is_bootfw(struct vcpu *vcpu)
{
        struct vm *vm = vcpu->vm;
        bool verifying;

        spin_lock(&vm->lock);
        verifying = vm->life.state == SG_VM_VERIFYING && !(vm->requests & VM_REQUEST_STOP);
        spin_unlock(&vm->lock);
        return verifying && vcpu->index == 0;
}

static bool may_call(struct vcpu *vcpu, enum caller who)
{
        switch (who) {
        case ANY:
                return true;
        case UPDATE:
                return is_update(vcpu->vm);
        case BOOTFW:
                return is_bootfw(vcpu);
        }
        return false;
}

/* Whom x1 names. */
static int64_t find_vm(struct call *c)
{
        struct vm *self = c->vcpu->vm;
        uint64_t number = c->arg[0];

        c->vm = self;
        if (number == SG_VM_SELF || number == self->index)
                return SG_HC_OK;
        if (!is_update(self))
                return SG_HC_DENIED;
        c->vm = number < VM_MAX ? vm_by_index((unsigned)number) : NULL;
        return c->vm ? SG_HC_OK : SG_HC_BAD_ARGUMENT;
}

static int64_t find_subject(struct call *c, enum about about)
{
        int64_t result = SG_HC_OK;

        c->vm = c->vcpu->vm;
        if (about == ANY_VM || about == GUEST || about == GUEST_SLOT)
                result = find_vm(c);
        if (result != SG_HC_OK || (about != GUEST && about != GUEST_SLOT))
                return result;
        if (is_update(c->vm) || (about == GUEST_SLOT && c->arg[1] > 1))
                return SG_HC_BAD_ARGUMENT;
        return SG_HC_OK;
}

static int64_t dispatch(const struct hypercall_row *row, struct call *c)
{
        int64_t result;

        if (!may_call(c->vcpu, row->caller))
                return SG_HC_DENIED;
        result = find_subject(c, row->about);
        return result == SG_HC_OK ? row->handle(c) : result;
}

static void answer_uid(uint64_t *x)
{
        x[0] = SG_UID_0;
        x[1] = SG_UID_1;
        x[2] = SG_UID_2;
        x[3] = SG_UID_3;
}

void hypercall(struct vcpu *vcpu)
{
        uint64_t *x = vcpu->regs.x;
        const struct hypercall_row *row = find((uint32_t)x[0]);
        struct call c = {.vcpu = vcpu};
        int64_t result = SG_HC_NOT_SUPPORTED;

        if ((uint32_t)x[0] == SG_HC_CALL_UID) {
                answer_uid(x);
                return;
        }
        if (row) {
                memcpy(c.arg, &x[1], sizeof(c.arg));
                result = dispatch(row, &c);
        }
        x[0] = (uint64_t)result;
        if (result == SG_HC_OK)
                memcpy(&x[1], c.result, row->results * sizeof(c.result[0]));
}
