/* SPDX-License-Identifier: Apache-2.0 */
/* What the chips say about themselves: the CFI query, by the numbers of JESD68 and of Intel's
 * extended table. */
#include "hv/machine/nor_cmd.h"

#define CFI_QUERY_AT       0x55u
#define CFI_QRY            0x10u
#define CFI_COMMAND_SET    0x13u /* 16 bits, as the next */
#define CFI_EXTENDED       0x15u
#define CFI_PROGRAM_TYP    0x1fu /* 2^n us */
#define CFI_BUFFER_TYP     0x20u /* 2^n us */
#define CFI_ERASE_TYP      0x21u /* 2^n ms */
#define CFI_PROGRAM_MAX    0x23u /* 2^n times the typical */
#define CFI_BUFFER_MAX     0x24u
#define CFI_ERASE_MAX      0x25u
#define CFI_SIZE           0x27u /* 2^n bytes */
#define CFI_BUFFER         0x2au /* 2^n bytes, 0: none; 16 bits */
#define CFI_REGIONS        0x2cu
#define CFI_BLOCKS         0x2du /* less 1; 16 bits */
#define CFI_BLOCK_SIZE     0x2fu /* in 256 bytes; 16 bits */
#define EXT_FEATURES       5u
#define EXT_SUSPENDED      9u

#define SET_INTEL_EXTENDED 0x0001u
#define SET_INTEL          0x0003u

#define FEATURE_SUSPEND    (1u << 1)
#define FEATURE_LOCKED     (1u << 5)
#define SUSPENDED_PROGRAM  (1u << 0)

#define SHIFT_MAX          30u /* of any exponent in the tables */
#define BUFFER_LOG_MAX     16u

/* A byte of the tables, as the first chip has it. */
static uint32_t byte_at(const struct nor *nor, uint32_t index)
{
        return nor->bus.read(nor->bus.ctx, index * 4) & 0xff;
}

static uint32_t half_at(const struct nor *nor, uint32_t index)
{
        return byte_at(nor, index) | byte_at(nor, index + 1) << 8;
}

/* All chips answer "QRY". */
static bool query(const struct nor *nor)
{
        static const char qry[3] = {'Q', 'R', 'Y'};

        nor_command(nor, 0, NOR_READ_ARRAY);
        nor_command(nor, CFI_QUERY_AT * 4, NOR_QUERY);
        for (uint32_t i = 0; i < 3; i++) {
                if (nor->bus.read(nor->bus.ctx, (CFI_QRY + i) * 4) != (uint8_t)qry[i] * nor->every)
                        return false;
        }
        return true;
}

static bool find_lanes(struct nor *nor, uint32_t *chips)
{
        static const struct {
                uint32_t every;
                uint32_t chips;
        } lanes[] = {{0x00010001, 2}, {0x01010101, 4}, {0x00000001, 1}};

        for (unsigned i = 0; i < sizeof(lanes) / sizeof(lanes[0]); i++) {
                nor->every = lanes[i].every;
                *chips = lanes[i].chips;
                if (query(nor))
                        return true;
        }
        return false;
}

/* Without a buffer units go one by one. */
static sg_err read_programming(struct nor *nor, uint32_t chips)
{
        uint32_t buffer_log = half_at(nor, CFI_BUFFER);
        uint32_t typ = byte_at(nor, buffer_log ? CFI_BUFFER_TYP : CFI_PROGRAM_TYP);
        uint32_t max = byte_at(nor, buffer_log ? CFI_BUFFER_MAX : CFI_PROGRAM_MAX);

        if (typ + max >= SHIFT_MAX || buffer_log >= BUFFER_LOG_MAX)
                return SG_E_NOR_GEOMETRY;
        nor->program_us = 1ull << (typ + max);
        nor->buffer = buffer_log ? (1u << buffer_log) * chips : NOR_UNIT;
        return nor->buffer < NOR_UNIT ? SG_E_NOR_GEOMETRY : SG_OK;
}

static void read_extended(struct nor *nor)
{
        uint32_t at = half_at(nor, CFI_EXTENDED);
        uint32_t features = byte_at(nor, at + EXT_FEATURES);

        nor->can_suspend = features & FEATURE_SUSPEND;
        nor->locked = features & FEATURE_LOCKED;
        nor->can_program = nor->can_suspend && byte_at(nor, at + EXT_SUSPENDED) & SUSPENDED_PROGRAM;
}

static sg_err read_tables(struct nor *nor, uint32_t chips, uint32_t window)
{
        uint32_t set = half_at(nor, CFI_COMMAND_SET);
        uint32_t size_log = byte_at(nor, CFI_SIZE);
        uint32_t block = half_at(nor, CFI_BLOCK_SIZE) * 256 * chips;
        uint32_t erase_log = byte_at(nor, CFI_ERASE_TYP) + byte_at(nor, CFI_ERASE_MAX);

        if (set != SET_INTEL_EXTENDED && set != SET_INTEL)
                return SG_E_NOR_ABSENT;
        if (size_log >= SHIFT_MAX || erase_log >= SHIFT_MAX)
                return SG_E_NOR_GEOMETRY;
        nor->size = (1u << size_log) * chips;
        nor->block_size = block;
        nor->erase_us = (1ull << erase_log) * 1000;
        if (nor->size > window || byte_at(nor, CFI_REGIONS) != 1 || block < 4096 ||
            (block & (block - 1)) || (half_at(nor, CFI_BLOCKS) + 1) * (uint64_t)block != nor->size)
                return SG_E_NOR_GEOMETRY;
        read_extended(nor);
        return read_programming(nor, chips);
}

sg_err nor_open(struct nor *nor, const struct nor_bus *bus, uint32_t window)
{
        uint32_t chips;

        *nor = (struct nor){.bus = *bus};
        if (!find_lanes(nor, &chips))
                return SG_E_NOR_ABSENT;
        sg_err e = read_tables(nor, chips, window);
        nor_command(nor, 0, NOR_CLEAR_STATUS);
        nor_command(nor, 0, NOR_READ_ARRAY);
        return e;
}
