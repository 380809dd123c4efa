/* SPDX-License-Identifier: Apache-2.0 */
#include "updater/el1/mmu.h"

#include <stdbool.h>
#include <stddef.h>

#include "updater/el1/console.h"
#include "updater/el1/fault.h"
#include "updater/el1/sysreg.h"

#define PAGE_SIZE     0x1000u
#define TABLE_ENTRIES 512
#define TABLE_COUNT   40
#define LAST_LEVEL    3
#define FIRST_BLOCK   2 /* 2 MiB; no region here is worth 1 GiB */

/* VMSAv8-64 descriptors: Arm ARM (DDI 0487), D8.3. */
#define DESC_VALID    (UINT64_C(1) << 0)
#define DESC_TABLE    (UINT64_C(1) << 1) /* at levels 0..2; at level 3: page */
#define DESC_ATTR(n)  ((uint64_t)(n) << 2)
#define DESC_AP_RO    (UINT64_C(1) << 7)
#define DESC_SH_INNER (UINT64_C(3) << 8)
#define DESC_AF       (UINT64_C(1) << 10)
#define DESC_PXN      (UINT64_C(1) << 53)
#define DESC_UXN      (UINT64_C(1) << 54)
#define DESC_ADDRESS  UINT64_C(0x0000fffffffff000)

#define ATTR_NORMAL   0
#define ATTR_DEVICE   1
#define MAIR_VALUE    (UINT64_C(0xff) << (8 * ATTR_NORMAL) | UINT64_C(0x04) << (8 * ATTR_DEVICE))

#define TCR_T0SZ_48   (UINT64_C(16) << 0)
#define TCR_IRGN0_WB  (UINT64_C(1) << 8)
#define TCR_ORGN0_WB  (UINT64_C(1) << 10)
#define TCR_SH0_INNER (UINT64_C(3) << 12)
#define TCR_EPD1      (UINT64_C(1) << 23)
#define TCR_IPS_SHIFT 32
#define IPS_MASK      0xf /* of ID_AA64MMFR0_EL1.PARange, the same encoding */
#define IPS_48_BITS   5

#define SCTLR_M       (UINT64_C(1) << 0)
#define SCTLR_C       (UINT64_C(1) << 2)
#define SCTLR_SA      (UINT64_C(1) << 3)
#define SCTLR_I       (UINT64_C(1) << 12)
#define SCTLR_WXN     (UINT64_C(1) << 19)
#define SCTLR_RES1    UINT64_C(0x30d00800)

#define FDT_TOTALSIZE 4 /* offset of the big-endian length in a devicetree's header */

extern char __image_start[];
extern char __rodata_start[];
extern char __data_start[];
extern char __stack_guard[];
extern char __stack_bottom[];
extern char __image_end[];

static uint64_t tables[TABLE_COUNT][TABLE_ENTRIES] __attribute__((aligned(PAGE_SIZE)));
static unsigned tables_used = 1; /* tables[0] is the root */

static uint64_t attributes(enum mmu_kind kind)
{
        const uint64_t normal = DESC_VALID | DESC_AF | DESC_ATTR(ATTR_NORMAL) | DESC_SH_INNER;

        switch (kind) {
        case MMU_CODE:
                return normal | DESC_AP_RO | DESC_UXN;
        case MMU_RODATA:
                return normal | DESC_AP_RO | DESC_UXN | DESC_PXN;
        case MMU_DATA:
                return normal | DESC_UXN | DESC_PXN;
        case MMU_DEVICE:
                break;
        }
        return DESC_VALID | DESC_AF | DESC_ATTR(ATTR_DEVICE) | DESC_UXN | DESC_PXN;
}

static unsigned level_shift(unsigned level)
{
        return 39 - 9 * level;
}

static uint64_t *entry_of(uint64_t *table, unsigned level, uint64_t address)
{
        return &table[address >> level_shift(level) & (TABLE_ENTRIES - 1)];
}

static uint64_t *next_table(uint64_t entry)
{
        return (uint64_t *)(uintptr_t)(entry & DESC_ADDRESS);
}

static void publish(uint64_t *entry, uint64_t value)
{
        *(volatile uint64_t *)entry = value;
        /* The table walker must see the entry before the address is used. */
        dsb_sy();
        isb();
}

static uint64_t *descend(uint64_t *entry)
{
        if ((*entry & DESC_VALID) == 0) {
                if (tables_used == TABLE_COUNT) {
                        panic("no page table left (%u in use)", tables_used);
                }
                publish(entry, (uintptr_t)tables[tables_used++] | DESC_TABLE | DESC_VALID);
        }
        return next_table(*entry);
}

static bool is_block(uint64_t entry, unsigned level)
{
        return level < LAST_LEVEL && (entry & (DESC_VALID | DESC_TABLE)) == DESC_VALID;
}

/* Maps one block or page at `address`, at most `size` bytes; returns how far it came. */
static uint64_t map_step(uint64_t address, uint64_t size, uint64_t attr)
{
        uint64_t *table = tables[0];

        for (unsigned level = 0;; level++) {
                uint64_t *entry = entry_of(table, level, address);
                const uint64_t span = UINT64_C(1) << level_shift(level);
                const bool fits = address % span == 0 && size >= span;
                const bool leaf = level == LAST_LEVEL || (level >= FIRST_BLOCK && fits);

                if (is_block(*entry, level)) {
                        return span - address % span;
                }
                if (leaf && (*entry & DESC_VALID) == 0) {
                        publish(entry, address | attr | (level == LAST_LEVEL ? DESC_TABLE : 0));
                }
                if (level == LAST_LEVEL || (leaf && is_block(*entry, level))) {
                        return span;
                }
                table = descend(entry);
        }
}

/* Takes away the block or page at `address`; returns its size. */
static uint64_t unmap_step(uint64_t address)
{
        uint64_t *table = tables[0];

        for (unsigned level = 0;; level++) {
                uint64_t *entry = entry_of(table, level, address);
                const uint64_t span = UINT64_C(1) << level_shift(level);

                if ((*entry & DESC_VALID) == 0) {
                        return span - address % span;
                }
                if (level == LAST_LEVEL || is_block(*entry, level)) {
                        publish(entry, 0);
                        __asm__ volatile("tlbi vaae1, %0" : : "r"(address >> 12) : "memory");
                        return span - address % span;
                }
                table = next_table(*entry);
        }
}

void mmu_map(uint64_t base, uint64_t size, enum mmu_kind kind)
{
        const uint64_t end = (base + size + PAGE_SIZE - 1) & ~(uint64_t)(PAGE_SIZE - 1);
        uint64_t at = base & ~(uint64_t)(PAGE_SIZE - 1);

        while (at < end) {
                at += map_step(at, end - at, attributes(kind));
        }
}

void mmu_unmap(uint64_t base, uint64_t size)
{
        const uint64_t end = base + size;

        for (uint64_t at = base; at < end;) {
                at += unmap_step(at);
        }
        dsb_sy();
        isb();
}

static void map_between(const char *start, const char *end, enum mmu_kind kind)
{
        mmu_map((uintptr_t)start, (uint64_t)(end - start), kind);
}

static void map_image(void)
{
        map_between(__image_start, __rodata_start, MMU_CODE);
        map_between(__rodata_start, __data_start, MMU_RODATA);
        map_between(__data_start, __stack_guard, MMU_DATA);
        map_between(__stack_bottom, __image_end, MMU_DATA);
}

static void enable(void)
{
        const uint64_t range = sysreg_read("id_aa64mmfr0_el1") & IPS_MASK;
        const uint64_t ips = range < IPS_48_BITS ? range : IPS_48_BITS;

        sysreg_write("mair_el1", MAIR_VALUE);
        sysreg_write("tcr_el1", TCR_T0SZ_48 | TCR_IRGN0_WB | TCR_ORGN0_WB | TCR_SH0_INNER |
                                        TCR_EPD1 | ips << TCR_IPS_SHIFT);
        sysreg_write("ttbr0_el1", (uintptr_t)tables[0]);
        isb();
        __asm__ volatile("tlbi vmalle1\n\tic iallu" : : : "memory");
        dsb_sy();
        isb();
        sysreg_write("sctlr_el1", SCTLR_RES1 | SCTLR_M | SCTLR_C | SCTLR_I | SCTLR_SA | SCTLR_WXN);
        isb();
}

void mmu_start(uintptr_t dtb)
{
        const uint32_t length =
                __builtin_bswap32(*(const volatile uint32_t *)(dtb + FDT_TOTALSIZE));

        map_image();
        mmu_map(dtb, length, MMU_DATA);
        mmu_map(CONSOLE_BASE, PAGE_SIZE, MMU_DEVICE);
        enable();
}
