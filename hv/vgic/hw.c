/* SPDX-License-Identifier: Apache-2.0 */
/* The virtual interface's own registers (ICH_*_EL2) and the physical GIC, for the virtual one. */
#include "hv/arch/sysreg.h"
#include "hv/core/ipi.h"
#include "hv/core/percpu.h"
#include "hv/machine/gic.h"
#include "hv/vgic/vgic.h"

#define VTR_LIST_REGS(v) ((unsigned)((v)&0x1f) + 1)
#define VTR_PRE_BITS(v)  ((unsigned)((v) >> 26 & 7) + 1)

#define FOR_EACH_LR(X) \
        X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15)

static unsigned lr_count(void)
{
        return VTR_LIST_REGS(read_sysreg(ich_vtr_el2));
}

static uint64_t read_lr(unsigned n)
{
#define CASE(i) \
        case i: \
                return read_sysreg(ich_lr##i##_el2);
        switch (n) {
                FOR_EACH_LR(CASE)
        }
#undef CASE
        return 0;
}

static void write_lr(unsigned n, uint64_t value)
{
#define CASE(i)                                       \
        case i:                                       \
                write_sysreg(value, ich_lr##i##_el2); \
                break;
        switch (n) {
                FOR_EACH_LR(CASE)
        }
#undef CASE
}

static uint64_t read_hcr(void)
{
        return read_sysreg(ich_hcr_el2);
}

static void write_hcr(uint64_t value)
{
        write_sysreg(value, ich_hcr_el2);
}

static void reset_interface(void)
{
        unsigned pre_bits = VTR_PRE_BITS(read_sysreg(ich_vtr_el2));

        write_sysreg(0, ich_vmcr_el2);
        write_sysreg(0, ich_ap0r0_el2);
        write_sysreg(0, ich_ap1r0_el2);
        if (pre_bits > 5) {
                write_sysreg(0, ich_ap0r1_el2);
                write_sysreg(0, ich_ap1r1_el2);
        }
        if (pre_bits > 6) {
                write_sysreg(0, ich_ap0r2_el2);
                write_sysreg(0, ich_ap1r2_el2);
                write_sysreg(0, ich_ap0r3_el2);
                write_sysreg(0, ich_ap1r3_el2);
        }
}

static void kick(unsigned core)
{
        if (core != this_cpu()->index)
                ipi_kick_guest(core);
}

const struct vgic_ops vgic_hw_ops = {
        .lr_count = lr_count,
        .read_lr = read_lr,
        .write_lr = write_lr,
        .read_hcr = read_hcr,
        .write_hcr = write_hcr,
        .reset_interface = reset_interface,
        .enable = gic_enable,
        .set_pending = gic_set_pending,
        .set_active = gic_set_active,
        .is_pending = gic_is_pending,
        .set_edge = gic_set_edge,
        .route = gic_route,
        .kick = kick,
};
