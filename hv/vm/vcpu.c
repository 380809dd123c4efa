// SPDX-License-Identifier: Apache-2.0
#include "hv/vm/vcpu.h"

#include "hv/arch/cpu.h"
#include "hv/arch/guest.h"
#include "hv/arch/sysreg.h"
#include "hv/core/log.h"
#include "hv/vm/timer.h"
#include "hv/vm/vm.h"

/* Offsets into a vector table, by where the exception comes from (Arm ARM D1.3). */
#define VECTOR_SAME_SP0 0x000
#define VECTOR_SAME_SPX 0x200
#define VECTOR_LOWER    0x400
#define VECTOR_LOWER_32 0x600

#define FSC_EXTERNAL    0x10 /* synchronous external abort, not on a table walk */

void vcpu_core_setup(const struct vcpu *vcpu)
{
        uint64_t dfr0 = read_sysreg(id_aa64dfr0_el1);
        uint64_t midr = read_sysreg(midr_el1);
        uint64_t pmu_counters = 0;
        unsigned pa_bits = stage2_pa_bits(read_sysreg(id_aa64mmfr0_el1));

        /* PMUVer 0 and 15: there is no PMU of the architecture's. */
        if (bits(dfr0, 11, 8) != 0 && bits(dfr0, 11, 8) != 0xf)
                pmu_counters = bits(read_sysreg(pmcr_el0), 15, 11);
        /* No forced broadcast (FB, BSU): a vCPU never leaves its core. */
        write_sysreg(HCR_VM | HCR_SWIO | HCR_PTW | HCR_FMO | HCR_IMO | HCR_AMO | HCR_TID3 |
                             HCR_TSC | HCR_TIDCP | HCR_TACR | HCR_TSW | HCR_RW | HCR_TLOR |
                             HCR_TERR,
                     hcr_el2);
        write_sysreg(CPTR_RES1 | CPTR_TZ | CPTR_TSM | CPTR_TTA | CPTR_TAM, cptr_el2);
        write_sysreg(MDCR_TPMCR | MDCR_TPM | MDCR_TDA | MDCR_TDOSA | MDCR_TDRA | MDCR_TPMS |
                             MDCR_TTRF | pmu_counters,
                     mdcr_el2);
        write_sysreg(0, hstr_el2);
        guest_clear_extended_traps();
        write_sysreg(midr, vpidr_el2);
        write_sysreg(VMPIDR_RES1 | vcpu->index, vmpidr_el2);
        write_sysreg(stage2_vtcr(pa_bits), vtcr_el2);
        write_sysreg(stage2_vttbr(&vcpu->vm->stage2), vttbr_el2);
        isb();
}

/* All that an earlier program in this core's EL1 could have left behind. */
static void reset_el1(void)
{
        write_sysreg(SCTLR_EL1_RES1, sctlr_el1);
        write_sysreg(0, cpacr_el1);
        write_sysreg(0, ttbr0_el1);
        write_sysreg(0, ttbr1_el1);
        write_sysreg(0, tcr_el1);
        write_sysreg(0, mair_el1);
        write_sysreg(0, amair_el1);
        write_sysreg(0, vbar_el1);
        write_sysreg(0, contextidr_el1);
        write_sysreg(0, tpidr_el0);
        write_sysreg(0, tpidrro_el0);
        write_sysreg(0, tpidr_el1);
        write_sysreg(0, sp_el0);
        write_sysreg(0, sp_el1);
        write_sysreg(0, elr_el1);
        write_sysreg(0, spsr_el1);
        write_sysreg(0, esr_el1);
        write_sysreg(0, far_el1);
        write_sysreg(0, afsr0_el1);
        write_sysreg(0, afsr1_el1);
        write_sysreg(0, par_el1);
        write_sysreg(0, csselr_el1);
        write_sysreg(0, mdscr_el1);
        guest_clear_fp();
        isb();
}

void vcpu_begin(struct vcpu *vcpu)
{
        reset_el1();
        timer_cpu_start(vcpu->vm->started_at);
        vgic_cpu_start(&vcpu->vm->vgic, vcpu->index);
        vcpu->regs = (struct vcpu_regs){
                .x[0] = vcpu->context,
                .pc = vcpu->entry,
                .pstate = PSR_EL1H | PSR_DAIF,
        };
}

void vcpu_halt(struct vcpu *vcpu)
{
        timer_cpu_stop();
        vgic_cpu_stop(&vcpu->vm->vgic, vcpu->index);
}

void vcpu_power_on(struct vcpu *vcpu, uint64_t entry, uint64_t context)
{
        vcpu->entry = entry;
        vcpu->context = context;
        /* Release: the core that sees the state sees the entry too. */
        __atomic_store_n(&vcpu->power, VCPU_ON_PENDING, __ATOMIC_RELEASE);
}

void vcpu_power_off(struct vcpu *vcpu)
{
        vcpu_halt(vcpu);
        spin_lock(&vcpu->vm->lock);
        vcpu->power = VCPU_OFF;
        spin_unlock(&vcpu->vm->lock);
}

static uint64_t vector_offset(uint64_t pstate)
{
        if (pstate & PSR_A32)
                return VECTOR_LOWER_32;
        switch (pstate & PSR_MODE) {
        case PSR_EL1H:
                return VECTOR_SAME_SPX;
        case PSR_EL1T:
                return VECTOR_SAME_SP0;
        default:
                return VECTOR_LOWER;
        }
}

uint64_t vcpu_vector(const struct vcpu *vcpu)
{
        return read_sysreg(vbar_el1) + vector_offset(vcpu->regs.pstate);
}

static void inject(struct vcpu *vcpu, uint64_t esr)
{
        struct vcpu_regs *r = &vcpu->regs;
        uint64_t sctlr = read_sysreg(sctlr_el1);
        uint64_t pstate = PSR_EL1H | PSR_DAIF | (r->pstate & (PSR_NZCV | PSR_PAN | PSR_DIT));

        if (!(sctlr & SCTLR_EL1_SPAN) && bits(read_sysreg(id_aa64mmfr1_el1), 23, 20))
                pstate |= PSR_PAN;
        if (sctlr & SCTLR_DSSBS)
                pstate |= PSR_SSBS;
        write_sysreg(r->pc, elr_el1);
        write_sysreg(r->pstate, spsr_el1);
        write_sysreg(esr, esr_el1);
        r->pc = vcpu_vector(vcpu);
        r->pstate = pstate;
}

void vcpu_inject_undefined(struct vcpu *vcpu)
{
        inject(vcpu, (uint64_t)EC_UNKNOWN << ESR_EC_SHIFT | ESR_IL);
}

void vcpu_inject_external_abort(struct vcpu *vcpu, uint64_t far, bool instruction)
{
        bool lower =
                (vcpu->regs.pstate & (PSR_A32 | PSR_MODE)) == 0 || (vcpu->regs.pstate & PSR_A32);
        uint64_t class = instruction ? (lower ? EC_IABT_LOWER : EC_IABT_SAME)
                                     : (lower ? EC_DABT_LOWER : EC_DABT_SAME);

        write_sysreg(far, far_el1);
        inject(vcpu, class << ESR_EC_SHIFT | ESR_IL | FSC_EXTERNAL);
}

void vcpu_dump_el1(void)
{
        hv_log("  sctlr_el1 %lx, ttbr0_el1 %lx, ttbr1_el1 %lx, tcr_el1 %lx", read_sysreg(sctlr_el1),
               read_sysreg(ttbr0_el1), read_sysreg(ttbr1_el1), read_sysreg(tcr_el1));
        hv_log("  vbar_el1 %lx, elr_el1 %lx, esr_el1 %lx, far_el1 %lx", read_sysreg(vbar_el1),
               read_sysreg(elr_el1), read_sysreg(esr_el1), read_sysreg(far_el1));
}
