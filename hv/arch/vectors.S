/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The exceptions of EL2. From a lower level: an exit, which makes guest_enter() return. From EL2
 * itself: hv is broken (it runs with interrupts masked), and the crash path takes over on a stack
 * of its own.
 */
#include "hv/arch/offsets.h"
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
        stp     x2, x3, [x0, #16]
        stp     x4, x5, [x0, #32]
        stp     x6, x7, [x0, #48]
        stp     x8, x9, [x0, #64]
        stp     x10, x11, [x0, #80]
        stp     x12, x13, [x0, #96]
        stp     x14, x15, [x0, #112]
        stp     x16, x17, [x0, #128]
        stp     x18, x19, [x0, #144]
        stp     x20, x21, [x0, #160]
        stp     x22, x23, [x0, #176]
        stp     x24, x25, [x0, #192]
        stp     x26, x27, [x0, #208]
        stp     x28, x29, [x0, #224]
        mov     x2, sp
        stp     x30, x2, [x0, #240]
        mrs     x2, sp_el0
        mrs     x3, tpidr_el0
        stp     x2, x3, [x0]
        mov     sp, x0
        b       crash_main
