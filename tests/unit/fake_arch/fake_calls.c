// SPDX-License-Identifier: Apache-2.0
/* Stand-ins for hv/vm/vm.c, load.c and run.c, of which psci.c and hypercall.c ask something: noted
 * in `fake`. */
#include "hv/vm/load.h"
#include "tests/unit/fake_arch/fake_vm.h"

static void note(const char *what, struct vm *vm, uint64_t arg)
{
        fake.called = what;
        fake.called_vm = vm;
        fake.called_arg = arg;
        fake.calls++;
}

void vm_stop(struct vm *vm, enum sg_cause cause)
{
        note("vm_stop", vm, cause);
}

int64_t vm_restart(struct vm *vm)
{
        note("vm_restart", vm, 0);
        return SG_HC_OK;
}

void vm_started(struct vm *vm, bool trial)
{
        note("vm_started", vm, trial);
        vm->life.state = trial ? SG_VM_TRIAL : SG_VM_RUNNING;
}

uint32_t vm_beat(struct vm *vm)
{
        note("vm_beat", vm, 0);
        return vm->desc->beat_limit_ms;
}

void vm_confirmed(struct vm *vm)
{
        note("vm_confirmed", vm, 0);
        vm->life.state = SG_VM_RUNNING;
}

bool vm_on_trial(struct vm *vm)
{
        return vm->life.state == SG_VM_TRIAL;
}

int64_t load_begin(struct vm *vm, uint8_t *slot)
{
        *slot = vm->slot;
        note("load_begin", vm, 0);
        return SG_HC_OK;
}

int64_t load_end(struct vm *vm, uint64_t loaded)
{
        note("load_end", vm, loaded);
        return SG_HC_OK;
}

int64_t load_abort(struct vm *vm, uint64_t error)
{
        note("load_abort", vm, error);
        return SG_HC_OK;
}

void vcpu_wait(struct vcpu *vcpu)
{
        note("vcpu_wait", vcpu->vm, vcpu->index);
}
