/* SPDX-License-Identifier: Apache-2.0 */
/* Entered at EL1 with the MMU off and x0 = the devicetree. */
#include "images/rt/layout.h"

        .section .head, "ax"
        .global _start
_start:
        mov     x19, x0
        msr     daifset, #0xf

        /* R_AARCH64_RELATIVE entries only: the image is static-pie. */
        adrp    x1, __rela_start
        add     x1, x1, :lo12:__rela_start
        adrp    x2, __rela_end
        add     x2, x2, :lo12:__rela_end
        adrp    x3, _start
        add     x3, x3, :lo12:_start
        ldr     x4, =RT_LINK_BASE
        sub     x3, x3, x4
1:      cmp     x1, x2
        b.hs    2f
        ldp     x4, x5, [x1], #16
        ldr     x6, [x1], #8
        add     x6, x6, x3
        str     x6, [x4, x3]
        b       1b

2:      adrp    x1, __bss_start
        add     x1, x1, :lo12:__bss_start
        adrp    x2, __bss_end
        add     x2, x2, :lo12:__bss_end
3:      cmp     x1, x2
        b.hs    4f
        stp     xzr, xzr, [x1], #16
        b       3b

4:      adrp    x1, __stack_top
        add     x1, x1, :lo12:__stack_top
        mov     sp, x1
        adrp    x1, vectors
        add     x1, x1, :lo12:vectors
        msr     vbar_el1, x1
        mov     x1, #(3 << 20)          /* CPACR_EL1.FPEN: picolibc uses FP registers */
        msr     cpacr_el1, x1
        isb
        bl      mmu_on
        mov     x0, x19
        bl      rt_main
5:      wfi
        b       5b

        .macro  vector, to
        .balign 0x80
        b       \to
        .endm

        .balign 0x800
vectors:
        .rept   4
        vector  fault
        .endr
        vector  fault
        vector  irq
        vector  fault
        vector  fault
        .rept   8
        vector  fault
        .endr

fault:
        mrs     x0, esr_el1
        mrs     x1, elr_el1
        mrs     x2, far_el1
        b       rt_fault

/* One level, no nesting: what the C call may clobber is saved, FP registers included. */
irq:
        sub     sp, sp, #544
        stp     x0, x1, [sp, #0]
        stp     x2, x3, [sp, #16]
        stp     x4, x5, [sp, #32]
        stp     x6, x7, [sp, #48]
        stp     x8, x9, [sp, #64]
        stp     x10, x11, [sp, #80]
        stp     x12, x13, [sp, #96]
        stp     x14, x15, [sp, #112]
        stp     x16, x17, [sp, #128]
        stp     x18, x30, [sp, #144]
        stp     q0, q1, [sp, #160]
        stp     q2, q3, [sp, #192]
        stp     q4, q5, [sp, #224]
        stp     q6, q7, [sp, #256]
        stp     q16, q17, [sp, #288]
        stp     q18, q19, [sp, #320]
        stp     q20, q21, [sp, #352]
        stp     q22, q23, [sp, #384]
        stp     q24, q25, [sp, #416]
        stp     q26, q27, [sp, #448]
        stp     q28, q29, [sp, #480]
        stp     q30, q31, [sp, #512]
        bl      rt_irq
        ldp     q0, q1, [sp, #160]
        ldp     q2, q3, [sp, #192]
        ldp     q4, q5, [sp, #224]
        ldp     q6, q7, [sp, #256]
        ldp     q16, q17, [sp, #288]
        ldp     q18, q19, [sp, #320]
        ldp     q20, q21, [sp, #352]
        ldp     q22, q23, [sp, #384]
        ldp     q24, q25, [sp, #416]
        ldp     q26, q27, [sp, #448]
        ldp     q28, q29, [sp, #480]
        ldp     q30, q31, [sp, #512]
        ldp     x0, x1, [sp, #0]
        ldp     x2, x3, [sp, #16]
        ldp     x4, x5, [sp, #32]
        ldp     x6, x7, [sp, #48]
        ldp     x8, x9, [sp, #64]
        ldp     x10, x11, [sp, #80]
        ldp     x12, x13, [sp, #96]
        ldp     x14, x15, [sp, #112]
        ldp     x16, x17, [sp, #128]
        ldp     x18, x30, [sp, #144]
        add     sp, sp, #544
        eret
