// SPDX-License-Identifier: Apache-2.0
#include "hv/machine/smmu_tables.h"

#include <stddef.h>

#include "hv/machine/smmu_regs.h"

#define BIT(n) (UINT64_C(1) << (n))

/* Stream table entry, 5.2; positions within their 64-bit word. */
#define STE0_VALID       BIT(0)
#define STE0_ABORT       (UINT64_C(0) << 1)
#define STE0_STAGE1      (UINT64_C(5) << 1)
#define STE0_CONTEXT(pa) ((pa)&UINT64_C(0x000fffffffffffc0))
#define STE1_CIR_WBRA    (UINT64_C(1) << 2) /* the descriptor is read write-back, */
#define STE1_COR_WBRA    (UINT64_C(1) << 4)
#define STE1_CSH_INNER   (UINT64_C(3) << 6) /* inner shareable */
#define STE1_SH_INCOMING (UINT64_C(1) << 44)

/* Context descriptor, 5.4. */
#define CD0_T0SZ(n)   ((uint64_t)(n))
#define CD0_IR0_WBWA  (UINT64_C(1) << 8)
#define CD0_OR0_WBWA  (UINT64_C(1) << 10)
#define CD0_SH0_INNER (UINT64_C(3) << 12)
#define CD0_EPD1      BIT(30) /* no second half of the address space */
#define CD0_VALID     BIT(31)
#define CD0_IPS(n)    ((uint64_t)(n) << 32)
#define CD0_AA64      BIT(41)
#define CD0_RECORD    BIT(45)
#define CD0_ABORT     BIT(46)
#define CD0_ASET      BIT(47) /* CPUs' broadcast TLBIs by this ASID do not apply */
#define CD0_ASID(n)   ((uint64_t)(n) << 48)
#define CD1_TTB(pa)   ((pa)&UINT64_C(0x000ffffffffffff0))
#define MAIR_WB       UINT64_C(0xff) /* attribute 0 */

/* Stage-1 leaf of a regime with two privilege levels (Arm ARM D8.3). */
#define LEAF_AP_USER  BIT(6) /* devices come as unprivileged */
#define LEAF_SH_INNER (UINT64_C(3) << 8)
#define LEAF_AF       BIT(10)
#define LEAF_NG       BIT(11)
#define LEAF_PXN      BIT(53)
#define LEAF_UXN      BIT(54)

/* By IDR5.OAS and CD.IPS alike. */
static const uint8_t oas_bits[] = {32, 36, 40, 42, 44, 48};
#define OAS_COUNT (sizeof(oas_bits) / sizeof(oas_bits[0]))

struct smmu_ste smmu_ste_abort(void)
{
        return (struct smmu_ste){.word = {STE0_VALID | STE0_ABORT}};
}

struct smmu_ste smmu_ste_stage1(uint64_t cd)
{
        return (struct smmu_ste){
                .word = {STE0_VALID | STE0_STAGE1 | STE0_CONTEXT(cd),
                         STE1_CIR_WBRA | STE1_COR_WBRA | STE1_CSH_INNER | STE1_SH_INCOMING}};
}

static unsigned ips(unsigned oa_bits)
{
        unsigned n = 0;

        while (n < OAS_COUNT - 1 && oas_bits[n] < oa_bits)
                n++;
        return n;
}

struct smmu_cd smmu_cd_make(uint64_t root, unsigned oa_bits, uint16_t asid)
{
        return (struct smmu_cd){.word = {CD0_T0SZ(64 - SMMU_IA_BITS) | CD0_IR0_WBWA | CD0_OR0_WBWA |
                                                 CD0_SH0_INNER | CD0_EPD1 | CD0_VALID |
                                                 CD0_IPS(ips(oa_bits)) | CD0_AA64 | CD0_RECORD |
                                                 CD0_ABORT | CD0_ASET | CD0_ASID(asid),
                                         CD1_TTB(root), 0, MAIR_WB}};
}

unsigned smmu_oa_bits(uint32_t idr5)
{
        unsigned oas = SMMU_IDR5_OAS(idr5);

        return oas_bits[oas < OAS_COUNT ? oas : OAS_COUNT - 1];
}

uint64_t smmu_leaf_memory(void)
{
        return LEAF_AP_USER | LEAF_SH_INNER | LEAF_AF | LEAF_NG | LEAF_PXN | LEAF_UXN;
}

unsigned smmu_table_log2(uint32_t streams)
{
        unsigned n = 0;

        while (n < 32 && UINT64_C(1) << n < streams)
                n++;
        return n;
}
