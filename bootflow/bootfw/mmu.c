// SPDX-License-Identifier: Apache-2.0
#include "bootflow/bootfw/mmu.h"

#include <segue/bootfw.h>

#define PAGE          UINT64_C(0x1000)
#define BLOCK         UINT64_C(0x200000)
#define GIB           UINT64_C(0x40000000)
#define TABLE_ENTRIES 512
#define RAM_END_MAX   (TABLE_ENTRIES * GIB)

/* VMSAv8-64 descriptors: Arm ARM (DDI 0487), D8.3. */
#define DESC_BLOCK  UINT64_C(1)
#define DESC_TABLE  UINT64_C(3)
#define DESC_PAGE   UINT64_C(3)
#define DESC_RO     (UINT64_C(1) << 7)
#define DESC_INNER  (UINT64_C(3) << 8)
#define DESC_AF     (UINT64_C(1) << 10)
#define DESC_PXN    (UINT64_C(1) << 53)
#define DESC_UXN    (UINT64_C(1) << 54)
#define NORMAL      (DESC_INNER | DESC_AF | DESC_UXN)
#define MEMORY_DATA (NORMAL | DESC_PXN)
#define MEMORY_RO   (NORMAL | DESC_PXN | DESC_RO)
#define MEMORY_CODE (NORMAL | DESC_RO)

#define MAIR_NORMAL UINT64_C(0xff)
/* 39-bit addresses from level 1, write-back inner shareable walks, 4 KiB pages, no TTBR1. */
#define TCR_VALUE                                                                  \
        (UINT64_C(25) | UINT64_C(1) << 8 | UINT64_C(1) << 10 | UINT64_C(3) << 12 | \
         UINT64_C(1) << 23)
#define TCR_IPS_40_BITS (UINT64_C(2) << 32)
#define SCTLR_ON        (UINT64_C(0x30d00800) | 1 << 0 | 1 << 2 | 1 << 3 | 1 << 12 | 1 << 19)

extern char __image_start[], __rodata_start[], __data_start[], __stack_guard[], __stack_bottom[];

/* One table for the first, the last and a whole GiB between each other: RAM is one range, so at
 * most the first and the last GiB are mapped in part. Written through volatile: a memset before the
 * MMU is on would use instructions that Device memory does not take. */
static volatile uint64_t level_1[TABLE_ENTRIES] __attribute__((aligned(0x1000)));
static volatile uint64_t level_2[2][TABLE_ENTRIES] __attribute__((aligned(0x1000)));
static volatile uint64_t level_3[TABLE_ENTRIES] __attribute__((aligned(0x1000)));

static uint64_t address_of(const volatile uint64_t *table)
{
        return (uint64_t)(uintptr_t)table;
}

static void map_gib(uint64_t gib, uint64_t base, uint64_t end, volatile uint64_t *table)
{
        if (base <= gib && end >= gib + GIB && end != gib + GIB) {
                level_1[gib / GIB] = gib | MEMORY_DATA | DESC_BLOCK;
                return;
        }
        for (uint64_t at = gib; at < gib + GIB; at += BLOCK)
                if (at >= base && at < end)
                        table[(at - gib) / BLOCK] = at | MEMORY_DATA | DESC_BLOCK;
        level_1[gib / GIB] = address_of(table) | DESC_TABLE;
}

static void map_pages(uint64_t from, uint64_t to, uint64_t attributes)
{
        for (uint64_t at = from; at < to; at += PAGE)
                level_3[at % BLOCK / PAGE] = at | attributes | DESC_PAGE;
}

static uint64_t here(const char *symbol)
{
        return (uint64_t)(uintptr_t)symbol;
}

/* bootfw's region, page by page; the page below its stack stays unmapped. */
static void map_own_region(uint64_t region, volatile uint64_t *table)
{
        map_pages(region, here(__rodata_start), MEMORY_CODE);
        map_pages(here(__rodata_start), here(__data_start), MEMORY_RO);
        map_pages(here(__data_start), here(__stack_guard), MEMORY_DATA);
        map_pages(here(__stack_bottom), region + BOOTFW_INFO_OFFSET, MEMORY_DATA);
        map_pages(region + BOOTFW_INFO_OFFSET, region + BLOCK, MEMORY_RO);
        table[region % GIB / BLOCK] = address_of(level_3) | DESC_TABLE;
}

static void turn_on(void)
{
        __asm__ volatile("msr mair_el1, %0\n\t"
                         "msr tcr_el1, %1\n\t"
                         "msr ttbr0_el1, %2\n\t"
                         "dsb sy\n\t"
                         "isb\n\t"
                         "tlbi vmalle1\n\t"
                         "ic iallu\n\t"
                         "dsb sy\n\t"
                         "isb\n\t"
                         "msr sctlr_el1, %3\n\t"
                         "isb"
                         :
                         : "r"(MAIR_NORMAL), "r"(TCR_VALUE | TCR_IPS_40_BITS),
                           "r"(address_of(level_1)), "r"((uint64_t)SCTLR_ON)
                         : "memory");
}

bool mmu_on(uint64_t ram_base, uint64_t ram_size)
{
        uint64_t end = ram_base + ram_size;
        uint64_t region = end - BLOCK;
        unsigned tables = 0;

        if (ram_base % BLOCK || ram_size % BLOCK || ram_size < 2 * BLOCK || end < ram_base ||
            end > RAM_END_MAX || region != here(__image_start))
                return false;
        for (uint64_t gib = ram_base & ~(GIB - 1); gib < end; gib += GIB) {
                map_gib(gib, ram_base, end, level_2[tables]);
                if (gib <= ram_base)
                        tables++;
        }
        map_own_region(region,
                       (volatile uint64_t *)(uintptr_t)(level_1[region / GIB] & ~UINT64_C(0xfff)));
        turn_on();
        return true;
}

void cache_clean(uint64_t address, uint64_t size)
{
        uint64_t type;

        __asm__ volatile("mrs %0, ctr_el0" : "=r"(type));
        const uint64_t line = UINT64_C(4) << (type >> 16 & 15);
        for (uint64_t at = address & ~(line - 1); at < address + size; at += line)
                __asm__ volatile("dc civac, %0" : : "r"(at) : "memory");
        __asm__ volatile("dsb sy" : : : "memory");
}
