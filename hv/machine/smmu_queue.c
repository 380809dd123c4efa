// SPDX-License-Identifier: Apache-2.0
#include "hv/machine/smmu_queue.h"

#include <stddef.h>

#define CMD_CFGI_STE      0x03u
#define CMD_CFGI_ALL      0x04u
#define CMD_TLBI_NH_ASID  0x11u
#define CMD_TLBI_NSNH_ALL 0x30u
#define CMD_SYNC          0x46u

#define CFGI_LEAF         UINT64_C(1)
#define CFGI_RANGE_ALL    UINT64_C(31)

/* Kinds of events, 7.3. */
#define C_BAD_STREAMID 0x02u
#define C_BAD_STE      0x04u
#define C_BAD_CD       0x0au
#define F_WALK_EABT    0x0bu
#define F_TRANSLATION  0x10u
#define F_ADDR_SIZE    0x11u
#define F_ACCESS       0x12u
#define F_PERMISSION   0x13u

#define EVENT1_READ    (UINT64_C(1) << 35)

static struct smmu_command command(uint64_t word0, uint64_t word1)
{
        return (struct smmu_command){.word = {word0, word1}};
}

struct smmu_command smmu_forget_ste(uint32_t stream)
{
        return command(CMD_CFGI_STE | (uint64_t)stream << 32, CFGI_LEAF);
}

struct smmu_command smmu_forget_all_stes(void)
{
        return command(CMD_CFGI_ALL, CFGI_RANGE_ALL);
}

struct smmu_command smmu_forget_asid(uint16_t asid)
{
        return command(CMD_TLBI_NH_ASID | (uint64_t)asid << 48, 0);
}

struct smmu_command smmu_forget_translations(void)
{
        return command(CMD_TLBI_NSNH_ALL, 0);
}

struct smmu_command smmu_sync(void)
{
        return command(CMD_SYNC, 0);
}

static bool has_address(uint8_t kind)
{
        return kind == F_WALK_EABT || (kind >= F_TRANSLATION && kind <= F_PERMISSION);
}

struct smmu_fault smmu_fault_read(const struct smmu_event *event)
{
        uint8_t kind = event->word[0] & 0xff;
        bool access = has_address(kind);

        return (struct smmu_fault){
                .kind = kind,
                .stream = (uint32_t)(event->word[0] >> 32),
                .write = access && !(event->word[1] & EVENT1_READ),
                .address = access ? event->word[2] : 0,
        };
}

const char *smmu_fault_name(uint8_t kind)
{
        switch (kind) {
        case C_BAD_STREAMID:
                return "unknown stream";
        case C_BAD_STE:
                return "bad stream table entry";
        case C_BAD_CD:
                return "bad context descriptor";
        case F_WALK_EABT:
                return "abort of a table walk";
        case F_TRANSLATION:
                return "translation fault";
        case F_ADDR_SIZE:
                return "address size fault";
        case F_ACCESS:
                return "access flag fault";
        case F_PERMISSION:
                return "permission fault";
        default:
                return "fault";
        }
}
