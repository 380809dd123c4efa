/* SPDX-License-Identifier: Apache-2.0 */
/*
 * int guest_enter(struct vcpu *): runs the guest on this core until the next exit; returns EXIT_*.
 * The vCPU is TPIDR_EL2's. Only EL2's own needs are switched: the rest of the core is the guest's.
 */
#include "hv/arch/offsets.h"
#include "hv/arch/registers.inc"

        .text
        .globl  guest_enter
        .hidden guest_enter
guest_enter:
        stp     x29, x30, [sp, #-96]!
        stp     x19, x20, [sp, #16]
        stp     x21, x22, [sp, #32]
        stp     x23, x24, [sp, #48]
        stp     x25, x26, [sp, #64]
        stp     x27, x28, [sp, #80]
        ldp     x1, x2, [x0, #REGS_PC]
        msr     elr_el2, x1
        msr     spsr_el2, x2
        load_registers
        ldr     x30, [x0, #240]
        ldp     x0, x1, [x0]
        eret
        dsb     nsh                     /* no speculation past the ERET */
        isb

/* From the vectors: x0, x1 on the stack, w1 = EXIT_*. */
        .globl  guest_exit
        .hidden guest_exit
guest_exit:
        mrs     x0, tpidr_el2
        ldr     x0, [x0, #PERCPU_VCPU]
        save_registers
        str     x30, [x0, #240]
        ldp     x2, x3, [sp], #16
        stp     x2, x3, [x0]
        mrs     x2, elr_el2
        mrs     x3, spsr_el2
        stp     x2, x3, [x0, #REGS_PC]
        mov     w0, w1
        ldp     x19, x20, [sp, #16]
        ldp     x21, x22, [sp, #32]
        ldp     x23, x24, [sp, #48]
        ldp     x25, x26, [sp, #64]
        ldp     x27, x28, [sp, #80]
        ldp     x29, x30, [sp], #96
        ret

/* void guest_clear_fp(void): nothing of an earlier guest is left in the FP registers. */
        .globl  guest_clear_fp
        .hidden guest_clear_fp
        .arch_extension fp
        .arch_extension simd
guest_clear_fp:
        .irp    n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
        movi    v\n\().2d, #0
        .endr
        msr     fpcr, xzr
        msr     fpsr, xzr
        ret
