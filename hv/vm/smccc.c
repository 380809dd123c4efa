// SPDX-License-Identifier: Apache-2.0
#include "hv/vm/smccc.h"

#include <stddef.h>
#include <stdint.h>

#include "hv/vm/vcpu.h"

/* SMC Calling Convention (Arm DEN 0028), version 1.2. */
#define SMCCC_1_2           0x00010002
#define SMCCC_NOT_SUPPORTED ((uint64_t)-1)

#define SMCCC_VERSION       0x80000000u
#define SMCCC_ARCH_FEATURES 0x80000001u

#define SMCCC_FAST          0x80000000u
#define SMCCC_OWNER(id)     (((id) >> 24) & 0x3f)
#define OWNER_ARCH          0
#define OWNER_STANDARD      4
#define OWNER_HYPERVISOR    6

static void arch_call(struct vcpu *vcpu)
{
        uint64_t *x = vcpu->regs.x;

        switch ((uint32_t)x[0]) {
        case SMCCC_VERSION:
                x[0] = SMCCC_1_2;
                break;
        case SMCCC_ARCH_FEATURES:
                x[0] = (uint32_t)x[1] == SMCCC_VERSION || (uint32_t)x[1] == SMCCC_ARCH_FEATURES
                               ? 0
                               : SMCCC_NOT_SUPPORTED;
                break;
        default:
                x[0] = SMCCC_NOT_SUPPORTED;
                break;
        }
}

struct owner {
        uint32_t number;
        void (*call)(struct vcpu *vcpu);
};

static const struct owner owners[] = {
        {OWNER_ARCH, arch_call},
        {OWNER_STANDARD, psci_call},
        {OWNER_HYPERVISOR, hypercall},
};

void smccc_call(struct vcpu *vcpu)
{
        const uint32_t id = (uint32_t)vcpu->regs.x[0];

        for (size_t i = 0; (id & SMCCC_FAST) && i < sizeof(owners) / sizeof(owners[0]); i++) {
                if (owners[i].number == SMCCC_OWNER(id)) {
                        owners[i].call(vcpu);
                        return;
                }
        }
        vcpu->regs.x[0] = SMCCC_NOT_SUPPORTED;
}
