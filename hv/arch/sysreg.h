/* SPDX-License-Identifier: Apache-2.0 */
/* System registers of AArch64 as hv uses them (Arm ARM D19). Bits stand in columns, one phrase
 * each. */
#ifndef HV_ARCH_SYSREG_H
#define HV_ARCH_SYSREG_H

#ifdef __ASSEMBLER__
#define UL(n) n
#else
#define UL(n) ((uint64_t)(n))
#endif

#define HCR_VM         (UL(1) << 0)  /* stage 2 on */
#define HCR_SWIO       (UL(1) << 1)  /* set/way invalidate also cleans */
#define HCR_PTW        (UL(1) << 2)  /* stage-1 walks of device memory fault */
#define HCR_FMO        (UL(1) << 3)  /* FIQ to EL2, virtual FIQ on */
#define HCR_IMO        (UL(1) << 4)  /* IRQ to EL2, virtual IRQ on */
#define HCR_AMO        (UL(1) << 5)  /* SError to EL2 */
#define HCR_TID3       (UL(1) << 18) /* trap ID registers */
#define HCR_TSC        (UL(1) << 19) /* trap SMC */
#define HCR_TIDCP      (UL(1) << 20) /* trap implementation defined registers */
#define HCR_TACR       (UL(1) << 21) /* trap ACTLR_EL1 */
#define HCR_TSW        (UL(1) << 22) /* trap set/way cache maintenance */
#define HCR_RW         (UL(1) << 31) /* EL1 is AArch64 */
#define HCR_TLOR       (UL(1) << 35) /* trap limited ordering regions */
#define HCR_TERR       (UL(1) << 36) /* trap RAS error records */

#define CPTR_RES1      UL(0x22ff)    /* with SVE and SME absent */
#define CPTR_TZ        (UL(1) << 8)  /* trap SVE */
#define CPTR_TSM       (UL(1) << 12) /* trap SME */
#define CPTR_TTA       (UL(1) << 20) /* trap trace */
#define CPTR_TAM       (UL(1) << 30) /* trap activity monitors */

#define MDCR_TPMCR     (UL(1) << 5)  /* trap PMCR_EL0 */
#define MDCR_TPM       (UL(1) << 6)  /* trap the PMU */
#define MDCR_TDA       (UL(1) << 9)  /* trap debug registers */
#define MDCR_TDOSA     (UL(1) << 10) /* trap OS lock registers */
#define MDCR_TDRA      (UL(1) << 11) /* trap debug ROM registers */
#define MDCR_TPMS      (UL(1) << 14) /* trap statistical profiling */
#define MDCR_TTRF      (UL(1) << 19) /* trap trace filter */

#define SCTLR_EL2_RES1 UL(0x30c50830)
#define SCTLR_M        (UL(1) << 0)  /* MMU */
#define SCTLR_A        (UL(1) << 1)  /* alignment checks */
#define SCTLR_C        (UL(1) << 2)  /* data caches */
#define SCTLR_SA       (UL(1) << 3)  /* stack alignment checks */
#define SCTLR_I        (UL(1) << 12) /* instruction caches */
#define SCTLR_WXN      (UL(1) << 19) /* writable means never executable */

#define SCTLR_EL1_RES1 UL(0x30d00800)
#define SCTLR_DSSBS    (UL(1) << 44) /* SSBS is set by exceptions */
#define SCTLR_EL1_SPAN (UL(1) << 23) /* PAN is left alone by exceptions */

/* SPSR and PSTATE */
#define PSR_EL1T UL(0x4)
#define PSR_EL1H UL(0x5)
#define PSR_MODE UL(0xf)
#define PSR_A32  (UL(1) << 4)
#define PSR_DAIF (UL(0xf) << 6)
#define PSR_SSBS (UL(1) << 12)
#define PSR_PAN  (UL(1) << 22)
#define PSR_DIT  (UL(1) << 24)
#define PSR_NZCV (UL(0xf) << 28)

/* Exception classes: ESR_ELx bits 31:26 */
#define EC_UNKNOWN    0x00
#define EC_CP15_32    0x03
#define EC_CP15_64    0x04
#define EC_CP14_32    0x05
#define EC_CP14_LS    0x06
#define EC_FP         0x07
#define EC_CP10_ID    0x08
#define EC_PAUTH      0x09
#define EC_LS64       0x0a
#define EC_CP14_64    0x0c
#define EC_HVC64      0x16
#define EC_SMC64      0x17
#define EC_SYSREG     0x18
#define EC_SVE        0x19
#define EC_SME        0x1d
#define EC_IABT_LOWER 0x20
#define EC_IABT_SAME  0x21
#define EC_DABT_LOWER 0x24
#define EC_DABT_SAME  0x25
#define EC_COUNT      64

#define VMPIDR_RES1   (UL(1) << 31)

#define ESR_EC_SHIFT  26
#define ESR_IL        (UL(1) << 25)

/* hv's memory attributes, by index: 0 device nGnRE, 1 normal write-back. */
#define MAIR_HV UL(0xff04)

#ifndef __ASSEMBLER__
#include <stdint.h>

#define read_sysreg(name)                                          \
        ({                                                         \
                uint64_t value_;                                   \
                __asm__ volatile("mrs %0, " #name : "=r"(value_)); \
                value_;                                            \
        })
#define write_sysreg(value, name)                                               \
        do {                                                                    \
                uint64_t value_ = (value);                                      \
                __asm__ volatile("msr " #name ", %0" ::"r"(value_) : "memory"); \
        } while (0)

/* The bits [hi:lo] of a value. */
static inline uint64_t bits(uint64_t value, unsigned hi, unsigned lo)
{
        return (value >> lo) & (~0ull >> (63 - (hi - lo)));
}
#endif
#endif
