// SPDX-License-Identifier: Apache-2.0
/*
 * System registers that trap. ID registers show what the guest may use; debug registers are there
 * and do nothing; the GIC's SGI registers go to the vGIC; everything else is undefined.
 */
#include "hv/arch/sysreg.h"
#include "hv/mm/stage2.h"
#include "hv/vm/id_registers.h"
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

static uint64_t id_register(uint32_t reg)
{
        unsigned crm = reg >> 3 & 0xf, op2 = reg & 7;
        uint64_t mmfr0 = read_sysreg(id_aa64mmfr0_el1);
        uint64_t pa_range = bits(stage2_vtcr(stage2_pa_bits(mmfr0)), 18, 16);

        return id_register_value(crm, op2, id_hardware(crm, op2), (unsigned)pa_range);
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
