/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The exceptions of EL2. From a lower level: an exit, which makes guest_enter() return. From EL2
 * itself: hv is broken (it runs with interrupts masked), and the crash path takes over on a stack
 * of its own.
 */
#include "hv/arch/offsets.h"
#include "hv/arch/registers.inc"
#include "hv/arch/sysreg.h"

        .macro  crash_vector kind
        .balign 128
        /* The guest's SP_EL0 and thread register are lost; it will not run again. */
        msr     sp_el0, x0
        msr     tpidr_el0, x1
        mov     x1, #\kind
        b       crash
        .endm

        .macro  exit_vector reason
        .balign 128
        stp     x0, x1, [sp, #-16]!
        mov     w1, #\reason
        b       guest_exit
        .endm

        .text
        .balign 2048
        .globl  hv_vectors
        .hidden hv_vectors
hv_vectors:
        crash_vector 0
        crash_vector 1
        crash_vector 2
        crash_vector 3
        crash_vector 4
        crash_vector 5
        crash_vector 6
        crash_vector 7
        exit_vector EXIT_SYNC
        exit_vector EXIT_IRQ
        exit_vector EXIT_IRQ
        exit_vector EXIT_SERROR
        /* EL0 in AArch32 */
        exit_vector EXIT_SYNC
        exit_vector EXIT_IRQ
        exit_vector EXIT_IRQ
        exit_vector EXIT_SERROR

/* Builds struct crash_frame on the crash stack. */
crash:
        mrs     x0, tpidr_el2
        ldr     x0, [x0, #PERCPU_CRASH_STACK]
        sub     x0, x0, #272
        save_registers
        mov     x2, sp
        stp     x30, x2, [x0, #240]
        mrs     x2, sp_el0
        mrs     x3, tpidr_el0
        stp     x2, x3, [x0]
        mov     sp, x0
        b       crash_main
