// SPDX-License-Identifier: Apache-2.0
/*
 * System registers that trap. ID registers show what the guest may use; debug registers are there
 * and do nothing; the GIC's SGI registers go to the vGIC; everything else is undefined.
 */
#include "hv/arch/sysreg.h"
#include "hv/mm/stage2.h"
#include "hv/vm/trap.h"
#include "hv/vm/vcpu.h"
#include "hv/vm/vm.h"

/* op0, op1, CRn, CRm, op2 in one number, and out of an ESR. */
#define REG(op0, op1, crn, crm, op2)                                            \
        ((uint32_t)(op0) << 14 | (uint32_t)(op1) << 11 | (uint32_t)(crn) << 7 | \
         (uint32_t)(crm) << 3 | (uint32_t)(op2))

struct access {
        uint32_t reg;
        unsigned rt;
        bool read;
};

static struct access decode(uint64_t esr)
{
        return (struct access){
                .reg = REG(bits(esr, 21, 20), bits(esr, 16, 14), bits(esr, 13, 10), bits(esr, 4, 1),
                           bits(esr, 19, 17)),
                .rt = (unsigned)bits(esr, 9, 5),
                .read = esr & 1,
        };
}

#define ID_REG(crm, op2)         \
        case (crm) << 3 | (op2): \
                return read_sysreg(s3_0_c0_c##crm##_##op2);
#define ID_ROW(crm)    \
        ID_REG(crm, 0) \
        ID_REG(crm, 1) \
        ID_REG(crm, 2) \
        ID_REG(crm, 3) ID_REG(crm, 4) ID_REG(crm, 5) ID_REG(crm, 6) ID_REG(crm, 7)

static uint64_t id_hardware(unsigned crm, unsigned op2)
{
        switch (crm << 3 | op2) {
                ID_ROW(1)
                ID_ROW(2)
                ID_ROW(3)
                ID_ROW(4)
                ID_ROW(5)
                ID_ROW(6)
                ID_ROW(7)
        }
        return 0;
}

/* What a guest sees of each ID register: what is not listed reads as zero. */
static const struct id_rule {
        uint8_t crm, op2;
        uint64_t keep; /* fields that are shown */
        uint64_t set;  /* fields that always say this */
} id_rules[] = {
        {1, 0, 0x0f0fffff, 0}, /* ID_PFR0: no RAS, AMU */
        {1, 1, 0xffffffff, 0}, /* ID_PFR1 */
        {1, 2, 0x00000fff, 0}, /* ID_DFR0: no PMU, trace */
        {1, 4, 0xffffffff, 0}, /* ID_MMFR0..3 */
        {1, 5, 0xffffffff, 0},
        {1, 6, 0xffffffff, 0},
        {1, 7, 0xffffffff, 0},
        {2, 0, 0xffffffff, 0}, /* ID_ISAR0..5 */
        {2, 1, 0xffffffff, 0},
        {2, 2, 0xffffffff, 0},
        {2, 3, 0xffffffff, 0},
        {2, 4, 0xffffffff, 0},
        {2, 5, 0xffffffff, 0},
        {2, 6, 0xffffffff, 0}, /* ID_MMFR4 */
        {2, 7, 0xffffffff, 0}, /* ID_ISAR6 */
        {3, 0, 0xffffffff, 0}, /* MVFR0..2 */
        {3, 1, 0xffffffff, 0},
        {3, 2, 0xffffffff, 0},
        {3, 4, 0x000000ff, 0},         /* ID_PFR2: no RAS */
        {4, 0, 0xff0f00000fff00ff, 0}, /* PFR0: no EL2, EL3, RAS, SVE, SEL2, MPAM, AMU, RME */
        {4, 1, 0x00000000000000ff, 0}, /* PFR1: BTI and SSBS; no MTE, SME */
        {5, 0, 0x000000000000000f, 0xf000101000}, /* DFR0: the least of debug; no PMU, SPE, trace */
        {6, 0, 0xfffffffff0ffffff, 0},            /* ISAR0: no TME */
        {6, 1, 0x00ffffff00fff00f, 0},            /* ISAR1: no PAuth, LS64, XS */
        {6, 2, 0x00000000000000f0, 0},            /* ISAR2: RPRES */
        {7, 0, 0x00000000ffffffff, 0},            /* MMFR0: no ECV, FGT, stage 2 granules */
        {7, 1, 0x0000f0f000f0f00f, 0},            /* MMFR1: no VHE, HCX, LORegions, TWED */
        {7, 2, 0xf0ff000ff0ff0fff, 0},            /* MMFR2: no NV, FWB, EVT, IESB, IDS */
};

/* The field of four bits at `shift` is at most `max`. */
static uint64_t at_most(uint64_t value, unsigned shift, uint64_t max)
{
        if (bits(value, shift + 3, shift) <= max)
                return value;
        return (value & ~(0xfull << shift)) | max << shift;
}

uint64_t sysreg_id_value(unsigned crm, unsigned op2, uint64_t hardware, unsigned pa_range)
{
        uint64_t value = 0;

        for (unsigned i = 0; i < sizeof(id_rules) / sizeof(id_rules[0]); i++)
                if (id_rules[i].crm == crm && id_rules[i].op2 == op2)
                        value = (hardware & id_rules[i].keep) | id_rules[i].set;
        if (crm == 4 && op2 == 0) {
                value = at_most(value, 4, 1);  /* EL1: AArch64 only */
                value = at_most(value, 56, 1); /* CSV2: no SCXTNUM */
        }
        if (crm == 7 && op2 == 0)
                value = at_most(value, 0, pa_range);
        return value;
}

static uint64_t id_register(uint32_t reg)
{
        unsigned crm = reg >> 3 & 0xf, op2 = reg & 7;
        uint64_t mmfr0 = read_sysreg(id_aa64mmfr0_el1);
        uint64_t pa_range = bits(stage2_vtcr(stage2_pa_bits(mmfr0)), 18, 16);

        return sysreg_id_value(crm, op2, id_hardware(crm, op2), (unsigned)pa_range);
}

/* Debug: all registers read as zero and ignore writes, but one that says that the OS lock is there
 * and open. */
#define OSLSR_EL1      REG(2, 0, 1, 1, 4)
#define OSLSR_OSLM     8
#define ACTLR_EL1      REG(3, 0, 1, 0, 1)
#define ICC_DIR_EL1    REG(3, 0, 12, 11, 1)
#define ICC_SGI1R_EL1  REG(3, 0, 12, 11, 5)
#define ICC_ASGI1R_EL1 REG(3, 0, 12, 11, 6)
#define ICC_SGI0R_EL1  REG(3, 0, 12, 11, 7)
#define DC_ISW         REG(1, 0, 7, 6, 2)
#define DC_CSW         REG(1, 0, 7, 10, 2)
#define DC_CISW        REG(1, 0, 7, 14, 2)

static bool is_debug(uint32_t reg)
{
        unsigned op0 = reg >> 14, op1 = reg >> 11 & 7;

        return op0 == 2 && (op1 == 0 || op1 == 3);
}

static bool is_id(uint32_t reg)
{
        return reg >> 7 == REG(3, 0, 0, 0, 0) >> 7 && (reg >> 3 & 0xf) <= 7;
}

static bool reg_read(uint32_t reg, uint64_t *value)
{
        *value = 0;
        if (is_id(reg))
                *value = id_register(reg);
        else if (reg == OSLSR_EL1)
                *value = OSLSR_OSLM;
        else if (reg != ACTLR_EL1 && !is_debug(reg))
                return false;
        return true;
}

static bool reg_write(struct vcpu *vcpu, uint32_t reg, uint64_t value)
{
        struct vgic *vgic = &vcpu->vm->vgic;

        switch (reg) {
        case ICC_SGI1R_EL1:
                vgic_sgi_write(vgic, vcpu->index, value, true);
                return true;
        case ICC_ASGI1R_EL1:
        case ICC_SGI0R_EL1:
                vgic_sgi_write(vgic, vcpu->index, value, false);
                return true;
        case ICC_DIR_EL1:
                vgic_dir_write(vgic, vcpu->index, value);
                return true;
        case ACTLR_EL1:
        /* By set and way nothing can be promised once other cores share the caches; whoever needs
         * memory coherent uses addresses. hv itself cleans what it hands over. */
        case DC_ISW:
        case DC_CSW:
        case DC_CISW:
                return true;
        default:
                return is_debug(reg);
        }
}

bool sysreg_access(struct vcpu *vcpu, uint64_t esr)
{
        struct access a = decode(esr);
        uint64_t value;

        if (!a.read)
                return reg_write(vcpu, a.reg, a.rt == 31 ? 0 : vcpu->regs.x[a.rt]);
        if (!reg_read(a.reg, &value))
                return false;
        if (a.rt != 31)
                vcpu->regs.x[a.rt] = value;
        return true;
}
