// SPDX-License-Identifier: Apache-2.0
/* Synchronous exits: one handler for each exception class. */
#include "hv/vm/trap.h"

#include <stddef.h>

#include "hv/arch/sysreg.h"
#include "hv/core/log.h"
#include "hv/vm/load.h"
#include "hv/vm/run.h"
#include "hv/vm/smccc.h"
#include "hv/vm/vcpu.h"
#include "hv/vm/vm.h"

enum result {
        HANDLED,
        UNHANDLED, /* the guest gets an undefined instruction */
        FORBIDDEN, /* the VM is parked */
};

typedef enum result (*handler)(struct vcpu *vcpu, uint64_t esr);

/* Data abort syndrome (Arm ARM D19.2.37, ISS for EC 0x24). */
#define ISS_ISV       (1u << 24)
#define ISS_SSE       (1u << 21)
#define ISS_SF        (1u << 15)
#define ISS_CM        (1u << 8)
#define ISS_S1PTW     (1u << 7)
#define ISS_WNR       (1u << 6)
#define FSC_CLASS     0x3c
#define FSC_TRANSLATE 0x04

static enum result on_hvc(struct vcpu *vcpu, uint64_t esr)
{
        vcpu_count(vcpu, SG_CNT_HVC);
        if (bits(esr, 15, 0) != 0) {
                /* An undefined instruction is the one that it is taken at; this one was executed.
                 */
                vcpu->regs.pc -= 4;
                return UNHANDLED;
        }
        smccc_call(vcpu);
        return HANDLED;
}

static enum result on_smc(struct vcpu *vcpu, uint64_t esr)
{
        vcpu_count(vcpu, SG_CNT_SMC);
        if (bits(esr, 15, 0) != 0)
                return UNHANDLED;
        /* Unlike an HVC it was trapped before it was executed. Skipped first: the call may start
         * the vCPU anew. */
        vcpu_skip(vcpu);
        smccc_call(vcpu);
        return HANDLED;
}

static enum result on_sysreg(struct vcpu *vcpu, uint64_t esr)
{
        vcpu_count(vcpu, SG_CNT_SYSREG);
        if (!sysreg_access(vcpu, esr))
                return UNHANDLED;
        vcpu_skip(vcpu);
        return HANDLED;
}

/* HPFAR holds the page also for aborts on table walks; permission faults leave it undefined. */
static uint64_t fault_ipa(void)
{
        return bits(read_sysreg(hpfar_el2), 43, 4) << 12 | (read_sysreg(far_el2) & 0xfff);
}

static uint64_t extend(uint64_t value, unsigned size, uint64_t esr)
{
        unsigned shift = 64 - 8 * size;

        if (esr & ISS_SSE)
                value = (uint64_t)((int64_t)(value << shift) >> shift);
        return esr & ISS_SF ? value : (uint32_t)value;
}

/* MMIO_REFUSED also where no device is. */
static enum mmio_result device_access(struct vcpu *vcpu, uint64_t esr, uint64_t ipa)
{
        unsigned size = 1u << bits(esr, 23, 22);
        unsigned rt = (unsigned)bits(esr, 20, 16);
        const struct mmio_region *r = mmio_find(&vcpu->vm->mmio, ipa, size);
        uint64_t value = rt == 31 ? 0 : vcpu->regs.x[rt];

        if (!r)
                return MMIO_REFUSED;
        if (esr & ISS_WNR) {
                value &= ~0ull >> (64 - 8 * size);
                return r->ops->write(r->dev, vcpu->index, ipa - r->base, size, value)
                               ? MMIO_DONE
                               : MMIO_REFUSED;
        }
        enum mmio_result result = r->ops->read(r->dev, vcpu->index, ipa - r->base, size, &value);
        if (result == MMIO_DONE && rt != 31)
                vcpu->regs.x[rt] = extend(value, size, esr);
        return result;
}

static bool is_translation_fault(uint64_t esr)
{
        return (esr & FSC_CLASS) == FSC_TRANSLATE;
}

static enum result on_data_abort(struct vcpu *vcpu, uint64_t esr)
{
        uint64_t ipa = fault_ipa();
        enum mmio_result result = MMIO_REFUSED;

        if (is_translation_fault(esr) && (esr & ISS_ISV) && !(esr & ISS_S1PTW))
                result = device_access(vcpu, esr, ipa);
        if (result != MMIO_REFUSED) {
                vcpu_count(vcpu, SG_CNT_MMIO);
                if (result == MMIO_DONE)
                        vcpu_skip(vcpu);
                return HANDLED;
        }
        vcpu_count(vcpu, SG_CNT_ABORT);
        if (is_translation_fault(esr) && (esr & ISS_CM)) {
                /* Cache maintenance where there is nothing to maintain. */
                vcpu_skip(vcpu);
                return HANDLED;
        }
        if (is_translation_fault(esr) && vcpu->vm == vm_update())
                load_fault(ipa_make(ipa));
        vcpu_inject_external_abort(vcpu, read_sysreg(far_el2), false);
        return HANDLED;
}

/* The abort that would be injected is taken at an address that aborts as well: for ever. */
static bool has_lost_its_vectors(const struct vcpu *vcpu)
{
        return vcpu->regs.pc == vcpu_vector(vcpu);
}

static enum result on_instruction_abort(struct vcpu *vcpu, uint64_t esr)
{
        (void)esr;
        vcpu_count(vcpu, SG_CNT_ABORT);
        if (has_lost_its_vectors(vcpu))
                return FORBIDDEN;
        vcpu_inject_external_abort(vcpu, read_sysreg(far_el2), true);
        return HANDLED;
}

/* What is hidden from the guest and yet used by it. */
static enum result on_hidden(struct vcpu *vcpu, uint64_t esr)
{
        (void)vcpu;
        (void)esr;
        return UNHANDLED;
}

/* Classes without a handler are exceptions that hv did not ask for: it cannot say what state the
 * guest is in. */
static const handler handlers[EC_COUNT] = {
        [EC_UNKNOWN] = on_hidden,
        [EC_CP15_32] = on_hidden,
        [EC_CP15_64] = on_hidden,
        [EC_CP14_32] = on_hidden,
        [EC_CP14_LS] = on_hidden,
        [EC_FP] = on_hidden,
        [EC_CP10_ID] = on_hidden,
        [EC_PAUTH] = on_hidden,
        [EC_LS64] = on_hidden,
        [EC_CP14_64] = on_hidden,
        [EC_HVC64] = on_hvc,
        [EC_SMC64] = on_smc,
        [EC_SYSREG] = on_sysreg,
        [EC_SVE] = on_hidden,
        [EC_SME] = on_hidden,
        [EC_IABT_LOWER] = on_instruction_abort,
        [EC_DABT_LOWER] = on_data_abort,
};

static void park(struct vcpu *vcpu, const char *why, uint64_t esr)
{
        hv_log("VM %s: %s: esr %lx (class %lx), far %lx, ipa %lx", vcpu->vm->desc->name, why, esr,
               bits(esr, 31, ESR_EC_SHIFT), read_sysreg(far_el2), fault_ipa());
        vm_dump(vcpu);
        vm_stop(vcpu->vm, SG_CAUSE_FAULT);
}

void trap_sync(struct vcpu *vcpu)
{
        uint64_t esr = read_sysreg(esr_el2);
        handler h = handlers[bits(esr, 31, ESR_EC_SHIFT)];
        enum result result = h ? h(vcpu, esr) : FORBIDDEN;

        if (result == UNHANDLED)
                vcpu_inject_undefined(vcpu);
        else if (result == FORBIDDEN)
                park(vcpu, "it cannot go on", esr);
}

void trap_serror(struct vcpu *vcpu)
{
        park(vcpu, "SError", read_sysreg(esr_el2));
}
