// SPDX-License-Identifier: Apache-2.0
#include "hv/arch/guest.h"

#include "hv/arch/sysreg.h"

void guest_clear_extended_traps(void)
{
        uint64_t mmfr0 = read_sysreg(id_aa64mmfr0_el1);
        uint64_t mmfr1 = read_sysreg(id_aa64mmfr1_el1);

        if (bits(mmfr1, 43, 40)) /* FEAT_HCX */
                write_sysreg(0, s3_4_c1_c2_2);
        if (bits(mmfr0, 59, 56)) {             /* FEAT_FGT */
                write_sysreg(0, s3_4_c1_c1_4); /* HFGRTR_EL2 */
                write_sysreg(0, s3_4_c1_c1_5); /* HFGWTR_EL2 */
                write_sysreg(0, s3_4_c1_c1_6); /* HFGITR_EL2 */
                write_sysreg(0, s3_4_c3_c1_4); /* HDFGRTR_EL2 */
                write_sysreg(0, s3_4_c3_c1_5); /* HDFGWTR_EL2 */
        }
}
