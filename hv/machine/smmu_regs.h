/* SPDX-License-Identifier: Apache-2.0 */
/* Registers of an SMMUv3, non-secure (Arm IHI 0070, chapter 6), as far as hv uses them. */
#ifndef HV_MACHINE_SMMU_REGS_H
#define HV_MACHINE_SMMU_REGS_H

#define SMMU_SIZE 0x20000u /* page 0 and page 1, 64 KiB each */

/* 6.3.1: what there is. */
#define SMMU_IDR0                0x00u
#define SMMU_IDR0_S1P            (1u << 1)
#define SMMU_IDR0_TTF_AARCH64    (1u << 3)
#define SMMU_IDR0_COHACC         (1u << 4)
#define SMMU_IDR0_MSI            (1u << 13)
#define SMMU_IDR0_TTENDIAN(v)    ((v) >> 21 & 3) /* 3: big-endian alone */
#define SMMU_IDR0_TTENDIAN_BIG   3u
#define SMMU_IDR0_STALL_MODEL(v) ((v) >> 24 & 3) /* 2: every fault stalls */
#define SMMU_IDR0_STALL_FORCED   2u

/* 6.3.2 */
#define SMMU_IDR1            0x04u
#define SMMU_IDR1_SIDSIZE(v) ((v)&0x3f)
#define SMMU_IDR1_EVENTQS(v) ((v) >> 16 & 0x1f)
#define SMMU_IDR1_CMDQS(v)   ((v) >> 21 & 0x1f)
#define SMMU_IDR1_PRESET     (3u << 29) /* tables or queues at fixed addresses */

/* 6.3.6 */
#define SMMU_IDR5        0x14u
#define SMMU_IDR5_OAS(v) ((v)&7)
#define SMMU_IDR5_GRAN4K (1u << 4)

/* 6.3.9, 6.3.10: CR0 and its acknowledgement. */
#define SMMU_CR0          0x20u
#define SMMU_CR0ACK       0x24u
#define SMMU_CR0_SMMUEN   (1u << 0)
#define SMMU_CR0_EVENTQEN (1u << 2)
#define SMMU_CR0_CMDQEN   (1u << 3)

/* 6.3.11: how tables and queues are accessed: write-back, inner shareable. */
#define SMMU_CR1          0x28u
#define SMMU_CR1_WB_INNER 0xd75u

/* 6.3.12 */
#define SMMU_CR2           0x2cu
#define SMMU_CR2_RECINVSID (1u << 1) /* streams beyond the table are recorded, too */
#define SMMU_CR2_PTM       (1u << 2) /* CPUs' broadcast TLBIs do not matter here */

/* 6.3.14: what becomes of everything while the SMMU is disabled. */
#define SMMU_GBPA        0x44u
#define SMMU_GBPA_ABORT  (1u << 20)
#define SMMU_GBPA_UPDATE (1u << 31)

/* 6.3.16, 6.3.17 */
#define SMMU_IRQ_CTRL    0x50u
#define SMMU_IRQ_CTRLACK 0x54u
#define SMMU_IRQ_GERROR  (1u << 0)
#define SMMU_IRQ_EVENTQ  (1u << 2)

/* 6.3.18, 6.3.19: an error is active while its bit differs between the two. */
#define SMMU_GERROR          0x60u
#define SMMU_GERRORN         0x64u
#define SMMU_GERROR_IRQ_CFG0 0x68u

/* 6.3.23, 6.3.24 */
#define SMMU_STRTAB_BASE     0x80u
#define SMMU_STRTAB_BASE_CFG 0x88u

/* 6.3.25 to 6.3.30 */
#define SMMU_CMDQ_BASE       0x90u
#define SMMU_CMDQ_PROD       0x98u
#define SMMU_CMDQ_CONS       0x9cu
#define SMMU_EVENTQ_BASE     0xa0u
#define SMMU_EVENTQ_IRQ_CFG0 0xb0u
#define SMMU_EVENTQ_PROD     0x100a8u /* page 1 */
#define SMMU_EVENTQ_CONS     0x100acu

/* Of all three bases: reads of the table and the commands, writes of the events may allocate. */
#define SMMU_BASE_ALLOCATE (1ull << 62)

#endif
