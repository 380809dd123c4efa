// SPDX-License-Identifier: Apache-2.0
#include "hv/vm/psci.h"

#include <stddef.h>

#include "hv/core/ipi.h"
#include "hv/vm/smccc.h"
#include "hv/vm/vm.h"

#define PSCI_1_1           0x00010001
#define MIGRATE_NOT_NEEDED 2 /* there is no trusted OS to migrate */
#define SMCCC_VERSION      0x80000000u

/* Bits of power_state in the original format that must be 0 (5.4.2). */
#define POWER_STATE_RESERVED 0xfcfe0000u

static int64_t version(struct vcpu *vcpu, const uint64_t *arg)
{
        (void)vcpu;
        (void)arg;
        return PSCI_1_1;
}

/* A power-down request may end like a stand-by that found work at once (5.4.1): no state is lost.
 */
static int64_t cpu_suspend(struct vcpu *vcpu, const uint64_t *arg)
{
        if (arg[0] & POWER_STATE_RESERVED)
                return PSCI_INVALID_PARAMETERS;
        vcpu_wait(vcpu);
        return PSCI_SUCCESS;
}

static int64_t cpu_off(struct vcpu *vcpu, const uint64_t *arg)
{
        (void)arg;
        vcpu_power_off(vcpu);
        return PSCI_SUCCESS; /* nobody sees it */
}

/* A target's MPIDR affinity is its index, or it does not exist. */
static struct vcpu *target_of(struct vm *vm, uint64_t mpidr)
{
        return mpidr < vm->vcpu_count ? &vm->vcpu[mpidr] : NULL;
}

/* vm->lock held. bootfw runs alone, and a VM that is being stopped starts no more vCPUs. */
static int64_t may_turn_on(const struct vm *vm, const struct vcpu *target)
{
        if (vm->life.state == SG_VM_VERIFYING || (vm->requests & VM_REQUEST_STOP))
                return PSCI_DENIED;
        switch (target->power) {
        case VCPU_OFF:
                return PSCI_SUCCESS;
        case VCPU_ON_PENDING:
                return PSCI_ON_PENDING;
        case VCPU_ON:
                break;
        }
        return PSCI_ALREADY_ON;
}

/* What lies below the RAM wraps to beyond it. */
static bool in_ram(const struct vm *vm, uint64_t ipa)
{
        return ipa - vm->ram_ipa.ipa < vm->ram_size && ipa % 4 == 0;
}

static int64_t cpu_on(struct vcpu *vcpu, const uint64_t *arg)
{
        struct vm *vm = vcpu->vm;
        struct vcpu *target = target_of(vm, arg[0]);
        int64_t result;

        if (!target)
                return PSCI_INVALID_PARAMETERS;
        if (!in_ram(vm, arg[1]))
                return PSCI_INVALID_ADDRESS;
        spin_lock(&vm->lock);
        result = may_turn_on(vm, target);
        if (result == PSCI_SUCCESS)
                vcpu_power_on(target, arg[1], arg[2]);
        spin_unlock(&vm->lock);
        if (result == PSCI_SUCCESS)
                ipi_kick(target->cpu);
        return result;
}

static int64_t affinity_info(struct vcpu *vcpu, const uint64_t *arg)
{
        struct vm *vm = vcpu->vm;
        struct vcpu *target = target_of(vm, arg[0]);
        enum vcpu_power power;

        /* Since PSCI 1.0 only level 0 has to be known (5.7.1). */
        if (!target || arg[1] != 0)
                return PSCI_INVALID_PARAMETERS;
        spin_lock(&vm->lock);
        power = target->power;
        spin_unlock(&vm->lock);
        switch (power) {
        case VCPU_ON:
                return 0;
        case VCPU_OFF:
                return 1;
        case VCPU_ON_PENDING:
                break;
        }
        return 2;
}

static int64_t migrate_info(struct vcpu *vcpu, const uint64_t *arg)
{
        (void)vcpu;
        (void)arg;
        return MIGRATE_NOT_NEEDED;
}

static int64_t system_off(struct vcpu *vcpu, const uint64_t *arg)
{
        (void)arg;
        vm_stop(vcpu->vm, SG_CAUSE_OFF);
        return PSCI_SUCCESS;
}

static int64_t system_reset(struct vcpu *vcpu, const uint64_t *arg)
{
        (void)arg;
        vm_stop(vcpu->vm, SG_CAUSE_RESET);
        return PSCI_SUCCESS;
}

static int64_t features(struct vcpu *vcpu, const uint64_t *arg)
{
        (void)vcpu;
        /* No flags: CPU_SUSPEND takes the original format and is platform-coordinated. */
        return psci_has((uint32_t)arg[0]) ? PSCI_SUCCESS : PSCI_NOT_SUPPORTED;
}

struct psci_function {
        uint32_t id;
        bool has_64;
        int64_t (*handle)(struct vcpu *vcpu, const uint64_t *arg);
};

static const struct psci_function functions[] = {
        {PSCI_VERSION, false, version},
        {PSCI_CPU_SUSPEND, true, cpu_suspend},
        {PSCI_CPU_OFF, false, cpu_off},
        {PSCI_CPU_ON, true, cpu_on},
        {PSCI_AFFINITY_INFO, true, affinity_info},
        {PSCI_MIGRATE_INFO, false, migrate_info},
        {PSCI_SYSTEM_OFF, false, system_off},
        {PSCI_SYSTEM_RESET, false, system_reset},
        {PSCI_FEATURES, false, features},
};

static const struct psci_function *find(uint32_t id)
{
        for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
                const struct psci_function *f = &functions[i];

                if (f->id == id || (f->has_64 && (f->id | PSCI_64) == id))
                        return f;
        }
        return NULL;
}

bool psci_has(uint32_t function)
{
        return function == SMCCC_VERSION || find(function) != NULL;
}

void psci_call(struct vcpu *vcpu)
{
        const uint32_t id = (uint32_t)vcpu->regs.x[0];
        const struct psci_function *f = find(id);
        uint64_t arg[3];

        for (size_t i = 0; i < 3; i++)
                arg[i] = id & PSCI_64 ? vcpu->regs.x[i + 1] : (uint32_t)vcpu->regs.x[i + 1];
        vcpu->regs.x[0] = (uint64_t)(f ? f->handle(vcpu, arg) : PSCI_NOT_SUPPORTED);
}
