// SPDX-License-Identifier: Apache-2.0
#include "hv/vm/id_registers.h"

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

static uint64_t field(uint64_t value, unsigned shift)
{
        return value >> shift & 0xf;
}

/* The field of four bits at `shift` is at most `max`. */
static uint64_t at_most(uint64_t value, unsigned shift, uint64_t max)
{
        if (field(value, shift) <= max)
                return value;
        return (value & ~(0xfull << shift)) | max << shift;
}

uint64_t id_register_value(unsigned crm, unsigned op2, uint64_t hardware, unsigned pa_range)
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
