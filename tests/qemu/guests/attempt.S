/* SPDX-License-Identifier: Apache-2.0 */
/*
 * uint64_t attempt(void (*what)(void)): calls it; returns ESR_EL1 of the exception that it took,
 * which ends it, or 0; SP_EL0 then holds its ELR_EL1. attempt_vectors is for VBAR_EL1.
 */
        .text
        .global attempt
attempt:
        stp     x19, x20, [sp, #-96]!
        stp     x21, x22, [sp, #16]
        stp     x23, x24, [sp, #32]
        stp     x25, x26, [sp, #48]
        stp     x27, x28, [sp, #64]
        stp     x29, x30, [sp, #80]
        mov     x1, sp
        msr     tpidr_el1, x1
        blr     x0
        mov     x0, xzr
out:
        ldp     x21, x22, [sp, #16]
        ldp     x23, x24, [sp, #32]
        ldp     x25, x26, [sp, #48]
        ldp     x27, x28, [sp, #64]
        ldp     x29, x30, [sp, #80]
        ldp     x19, x20, [sp], #96
        ret

        .balign 0x800
        .global attempt_vectors
attempt_vectors:
        .rept   16
        .balign 0x80
        mrs     x0, elr_el1
        msr     sp_el0, x0
        adr     x0, taken
        msr     elr_el1, x0
        eret
        .endr

taken:
        mrs     x1, tpidr_el1
        mov     sp, x1
        mrs     x0, esr_el1
        b       out
