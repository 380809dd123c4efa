/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The SMMU's queues (Arm IHI 0070, 3.5): what is in an index, commands (chapter 4), and event
 * records (7.3). Pure.
 *
 * An index counts modulo twice the queue's size: the bit above the position is the wrap bit. Equal
 * indices: empty.
 */
#ifndef HV_MACHINE_SMMU_QUEUE_H
#define HV_MACHINE_SMMU_QUEUE_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

/* 4.1 */
struct smmu_command {
        uint64_t word[2];
};
static_assert(sizeof(struct smmu_command) == 16, "IHI 0070, 4.1");

/* 7.3 */
struct smmu_event {
        uint64_t word[4];
};
static_assert(sizeof(struct smmu_event) == 32, "IHI 0070, 7.3");

#define SMMU_EVENTQ_OVERFLOW (1u << 31) /* of PROD and CONS: events were lost since they differ */

static inline uint32_t smmu_queue_position(uint32_t index, unsigned log2)
{
        return index & ((1u << log2) - 1);
}

static inline uint32_t smmu_queue_next(uint32_t index, unsigned log2)
{
        return (index + 1) & ((2u << log2) - 1);
}

static inline bool smmu_queue_empty(uint32_t prod, uint32_t cons, unsigned log2)
{
        return ((prod ^ cons) & ((2u << log2) - 1)) == 0;
}

struct smmu_command smmu_forget_ste(uint32_t stream); /* 4.3.1 */
struct smmu_command smmu_forget_all_stes(void);       /* 4.3.2 */
struct smmu_command smmu_forget_asid(uint16_t asid);  /* 4.4.1: CMD_TLBI_NH_ASID */
struct smmu_command smmu_forget_translations(void);   /* 4.4.3: CMD_TLBI_NSNH_ALL */
struct smmu_command smmu_sync(void);                  /* 4.7.3, completion by polling */

/* One record, read. */
struct smmu_fault {
        uint8_t kind; /* 7.3: 0x10 F_TRANSLATION, ... */
        uint32_t stream;
        bool write;
        uint64_t address; /* 0 for those that have none */
};

struct smmu_fault smmu_fault_read(const struct smmu_event *event);

/* "translation fault"; "fault" for what hv does not expect. */
const char *smmu_fault_name(uint8_t kind);

#endif
