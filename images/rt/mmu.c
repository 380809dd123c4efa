// SPDX-License-Identifier: Apache-2.0
#include "images/rt/cpu.h"

/* Arm ARM D8.3: level 1 block descriptors. */
#define BLOCK             0x1ull
#define ATTR(n)           ((uint64_t)(n) << 2)
#define SH_INNER          (3ull << 8)
#define AF                (1ull << 10)
#define XN                (3ull << 53)
#define GIB(n)            ((uint64_t)(n) << 30)

#define MAIR_DEVICE_NGNRE 0x04ull /* attribute 0 */
#define MAIR_NORMAL_WB    0xffull /* attribute 1 */

/* 39-bit space, 4 KiB granule, inner and outer write-back, inner shareable. */
#define TCR (25ull | (1ull << 8) | (1ull << 10) | (3ull << 12) | (1ull << 23) | (1ull << 32))

static uint64_t level1[512] __attribute__((aligned(4096)));

void mmu_on(void)
{
        level1[0] = GIB(0) | BLOCK | ATTR(0) | AF | XN;
        for (unsigned i = 1; i < 4; i++) {
                level1[i] = GIB(i) | BLOCK | ATTR(1) | SH_INNER | AF;
        }
        write_sysreg(mair_el1, MAIR_DEVICE_NGNRE | (MAIR_NORMAL_WB << 8));
        write_sysreg(tcr_el1, TCR);
        write_sysreg(ttbr0_el1, (uint64_t)(uintptr_t)level1);
        /* bootfw cleaned RAM to the point of coherency; nothing stale may be hit from here on. */
        __asm__ volatile("dsb sy\n\ttlbi vmalle1\n\tdsb sy\n\tic iallu\n\tdsb sy\n\tisb" ::
                                 : "memory");
        write_sysreg(sctlr_el1, read_sysreg(sctlr_el1) | (1u << 0) | (1u << 2) | (1u << 12));
}
