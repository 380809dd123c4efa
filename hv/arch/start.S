/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entry by the arm64 Linux boot protocol (Documentation/arch/arm64/booting.rst): MMU and data cache
 * off, x0 = the devicetree's physical address, one core. hv runs where it was loaded: it relocates
 * itself, so the image must start 4 KiB-aligned.
 */
#include "hv/arch/offsets.h"
#include "hv/arch/sysreg.h"

        .section .head.start, "ax"
        .globl  hv_image_start
        .hidden hv_image_start
hv_image_start:
        b       boot_entry
        .long   0
        .quad   0                       /* text_offset */
        /* image_size: hv/hv.lds writes it */
        .section .head.rest, "ax"
        .quad   0xa                     /* little-endian, 4 KiB pages, anywhere in memory */
        .quad   0, 0, 0
        .ascii  "ARM\x64"
        .long   0

        .text
boot_entry:
        msr     daifset, #0xf
        mov     x20, x0
        bl      clear_bss
        bl      relocate
        adrp    x1, hv_stacks + STACK_STRIDE
        mov     sp, x1
        mov     x29, xzr
        mrs     x0, CurrentEL
        cmp     x0, #(2 << 2)
        b.ne    1f
        bl      reset_controls
        bl      boot_map
        adrp    x0, boot_mmu_first
        add     x0, x0, :lo12:boot_mmu_first
        bl      mmu_on
        mov     x0, x20
        adrp    x1, hv_cpus
        add     x1, x1, :lo12:hv_cpus
        msr     tpidr_el2, x1
        adrp    x2, hv_vectors
        add     x2, x2, :lo12:hv_vectors
        msr     vbar_el2, x2
        isb
        b       boot_main
1:      mov     x0, x20
        b       boot_refuse_el1

/* What a loader may have left in EL2's controls: interrupts come to EL2, nothing else is trapped or
 * redirected, and FP works (libfdt uses it while hv boots). */
reset_controls:
        ldr     x0, =(HCR_RW | HCR_IMO | HCR_FMO | HCR_AMO)
        msr     hcr_el2, x0
        ldr     x0, =(CPTR_RES1 | CPTR_TZ | CPTR_TSM)
        msr     cptr_el2, x0
        isb
        ret

/* What the loader does not: zeroes in [hv_bss_start, hv_image_end). The lines are invalidated first,
 * so that no stale one covers what is written while the cache is off. */
clear_bss:
        adrp    x0, hv_bss_start
        adrp    x1, hv_image_end
        mov     x4, x30
        bl      invalidate
        mov     x30, x4
        adrp    x0, hv_bss_start
1:      stp     xzr, xzr, [x0], #16
        cmp     x0, x1
        b.lo    1b
        ret

/* [x0, x1); both aligned to 4 KiB. Clobbers x0, x2, x3. */
invalidate:
        mrs     x2, ctr_el0
        ubfx    x2, x2, #16, #4
        mov     x3, #4
        lsl     x2, x3, x2
1:      dc      ivac, x0
        add     x0, x0, x2
        cmp     x0, x1
        b.lo    1b
        dsb     sy
        ret

/* R_AARCH64_RELATIVE is all that a static PIE holds. */
relocate:
        adrp    x0, hv_image_start
        adrp    x1, hv_rela_start
        add     x1, x1, :lo12:hv_rela_start
        adrp    x2, hv_rela_end
        add     x2, x2, :lo12:hv_rela_end
1:      cmp     x1, x2
        b.hs    2f
        ldp     x3, x4, [x1]
        ldr     x5, [x1, #16]
        add     x1, x1, #24
        cmp     w4, #1027
        b.ne    1b
        add     x5, x5, x0
        str     x5, [x3, x0]
        b       1b
2:      dsb     sy
        ret

/*
 * The boot map: the GiB of the image and that of the devicetree as normal memory, the first GiB as
 * devices. It lasts until hv has made its own tables (hv/mm/stage1.c).
 */
#define BOOT_NORMAL 0x705 /* AF, inner shareable, attribute 1, block */
#define BOOT_DEVICE 0x401 /* AF, attribute 0, block */
boot_map:
        adrp    x0, boot_table
        mov     x1, #BOOT_DEVICE
        movk    x1, #0x40, lsl #48      /* never executable */
        str     x1, [x0]
        mov     x1, #BOOT_NORMAL
        adrp    x2, hv_image_start
        ubfx    x3, x2, #30, #9
        add     x4, x1, x3, lsl #30
        str     x4, [x0, x3, lsl #3]
        ubfx    x3, x20, #30, #9
        add     x4, x1, x3, lsl #30
        str     x4, [x0, x3, lsl #3]
        adrp    x5, boot_mmu_first
        add     x5, x5, :lo12:boot_mmu_first
        str     x0, [x5, #BOOT_TTBR]
        ret

/* x0 = struct boot_mmu. Clobbers x1. The caller runs where both maps are the identity. */
mmu_on:
        ldr     x1, [x0, #BOOT_MAIR]
        msr     mair_el2, x1
        ldr     x1, [x0, #BOOT_TCR]
        msr     tcr_el2, x1
        ldr     x1, [x0, #BOOT_TTBR]
        msr     ttbr0_el2, x1
        ldr     x1, [x0, #BOOT_SCTLR]
        isb
        tlbi    alle2
        ic      iallu
        dsb     nsh
        isb
        msr     sctlr_el2, x1
        isb
        ret

/* void mmu_switch(const struct boot_mmu *): block sizes and rights differ between the maps, so the
 * MMU goes off in between (break before make). */
        .globl  mmu_switch
        .hidden mmu_switch
mmu_switch:
        ldp     x2, x3, [x0, #BOOT_TTBR]
        ldp     x4, x5, [x0, #BOOT_MAIR]
        ldr     x1, =SCTLR_EL2_RES1
        msr     sctlr_el2, x1
        isb
        msr     ttbr0_el2, x2
        msr     tcr_el2, x3
        msr     mair_el2, x4
        isb
        tlbi    alle2
        dsb     nsh
        isb
        msr     sctlr_el2, x5
        isb
        ret

        .globl  secondary_entry
        .hidden secondary_entry
secondary_entry:
        msr     daifset, #0xf
        mov     x20, x0
        bl      reset_controls
        adrp    x0, boot_mmu
        add     x0, x0, :lo12:boot_mmu
        bl      mmu_on
        msr     tpidr_el2, x20
        adrp    x2, hv_vectors
        add     x2, x2, :lo12:hv_vectors
        msr     vbar_el2, x2
        isb
        ldr     x1, [x20, #PERCPU_STACK]
        mov     sp, x1
        mov     x29, xzr
        mov     x0, x20
        b       secondary_main

/* The boot map reaches 512 GiB from level 1 on; what it needs besides its table. */
        .data
        .balign 8
boot_mmu_first:
        .quad   0
        .quad   0x80823519              /* T0SZ 25, WB WA inner shareable, 40-bit PA, RES1 */
        .quad   MAIR_HV
        .quad   SCTLR_EL2_RES1 | SCTLR_M | SCTLR_C | SCTLR_I | SCTLR_SA

        .section .bss.boot_table, "aw", %nobits
        .balign 4096
boot_table:
        .skip   4096
        .section .bss.stacks, "aw", %nobits
        .balign 4096
        .globl  hv_stacks
        .hidden hv_stacks
hv_stacks:
        .skip   STACK_STRIDE * 8
