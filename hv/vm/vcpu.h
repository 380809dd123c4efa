/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A virtual CPU. Each has a physical core of its own for ever, so its EL1 and FP state lives in the
 * core's registers; what an exit saves is only what EL2 itself uses.
 */
#ifndef HV_VM_VCPU_H
#define HV_VM_VCPU_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <segue/hypercall.h>

struct vm;

/* Saved at an exit by hv/arch/vectors.S, which knows the offsets. */
struct vcpu_regs {
        uint64_t x[31];
        uint64_t pc;     /* ELR_EL2 */
        uint64_t pstate; /* SPSR_EL2 */
        uint64_t reserved;
};
static_assert(offsetof(struct vcpu_regs, pc) == 31 * 8, "known to hv/arch/vectors.S");
static_assert(sizeof(struct vcpu_regs) == 34 * 8, "known to hv/arch/vectors.S");

/* PSCI's view of a vCPU. Changed under vm->lock. */
enum vcpu_power {
        VCPU_OFF = 0,
        VCPU_ON_PENDING = 1, /* CPU_ON accepted; its core has not entered it yet */
        VCPU_ON = 2,
};

struct vcpu {
        struct vcpu_regs regs; /* first: the vectors find it through TPIDR_EL2's vcpu */
        struct vm *vm;
        unsigned index; /* in its VM; 0 is the boot vCPU. VMPIDR.Aff0 */
        unsigned cpu;   /* the physical core that it owns */

        enum vcpu_power power;
        uint64_t entry;   /* what CPU_ON asked for: IPA */
        uint64_t context; /* x0 at that entry */

        /* Its core has seen vm->stopping and will not enter the guest until the next start. */
        bool parked;

        uint64_t counters[SG_CNT_COUNT];
};

/* Own core, once, before anything else of the vCPU: EL2's controls over EL1. */
void vcpu_core_setup(const struct vcpu *vcpu);

/* Own core: from power-on to the first instruction, all EL1 state reset; and out of it again. */
void vcpu_begin(struct vcpu *vcpu);
void vcpu_halt(struct vcpu *vcpu);

/* vm->lock held. The vCPU's core enters it at `entry` with x0 = context, after all its EL1 state
 * was reset. PSCI checks the state first; the caller kicks vcpu->cpu afterwards. */
void vcpu_power_on(struct vcpu *vcpu, uint64_t entry, uint64_t context);

/* On the vCPU's own core: it stays out of the guest until powered on again. */
void vcpu_power_off(struct vcpu *vcpu);

/* On the vCPU's own core: PSCI CPU_SUSPEND. Waits until an interrupt is pending for
 * the vCPU or its VM is being stopped; hv's own work on this core goes on meanwhile. */
void vcpu_wait(struct vcpu *vcpu);

/* On the vCPU's own core: the exception is taken to the guest's EL1 as the hardware would have; pc
 * moves to the guest's vector. far: the guest's virtual address. */
void vcpu_inject_undefined(struct vcpu *vcpu);
void vcpu_inject_external_abort(struct vcpu *vcpu, uint64_t far, bool instruction);

/* Own core: where the guest would take a synchronous exception now. */
uint64_t vcpu_vector(const struct vcpu *vcpu);

/* Own core, for a dump: what EL1 last took, and its tables. */
void vcpu_dump_el1(void);

/* Skips the instruction that trapped. */
static inline void vcpu_skip(struct vcpu *vcpu)
{
        vcpu->regs.pc += 4;
}

static inline void vcpu_count(struct vcpu *vcpu, enum sg_counter counter)
{
        vcpu->counters[counter]++;
}

#endif
