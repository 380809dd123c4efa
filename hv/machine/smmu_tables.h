/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an SMMUv3 reads from memory (Arm IHI 0070, chapter 5): stream table entries, which say by
 * stream what becomes of a device's accesses, and context descriptors, which say how stage 1
 * translates them. Pure.
 *
 * Nothing here stalls, and a device gets no right to translate by itself (ATS).
 */
#ifndef HV_MACHINE_SMMU_TABLES_H
#define HV_MACHINE_SMMU_TABLES_H

#include <assert.h>
#include <stdint.h>

/* 5.2 */
struct smmu_ste {
        uint64_t word[8];
};
static_assert(sizeof(struct smmu_ste) == 64, "IHI 0070, 5.2");

/* 5.4 */
struct smmu_cd {
        uint64_t word[8];
};
static_assert(sizeof(struct smmu_cd) == 64, "IHI 0070, 5.4");

#define SMMU_START_LEVEL 1 /* of tables for SMMU_IA_BITS, 4 KiB granule */
#define SMMU_IA_BITS     39

/* Every access of the stream ends with an abort, and is not recorded. */
struct smmu_ste smmu_ste_abort(void);

/* Stage 1 by the one context descriptor at `cd`, 64-byte aligned. */
struct smmu_ste smmu_ste_stage1(uint64_t cd);

/* AArch64 tables, 4 KiB granule, `root` at SMMU_START_LEVEL; faults abort and are recorded.
 * oa_bits: one that smmu_oa_bits() returns. */
struct smmu_cd smmu_cd_make(uint64_t root, unsigned oa_bits, uint16_t asid);

/* Output address bits from IDR5, at most 48: 52 need other descriptors than hv's. */
unsigned smmu_oa_bits(uint32_t idr5);

/* A leaf's attributes: normal write-back memory, read and write, for this ASID, never executed. */
uint64_t smmu_leaf_memory(void);

/* A linear stream table's size as a power of two, for streams 0 .. streams - 1. */
unsigned smmu_table_log2(uint32_t streams);

#endif
