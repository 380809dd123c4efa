/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exception vectors. Interrupts stay masked (irq.h takes them from the GIC when it wants them), so
 * every exception is a defect: it is dumped and the partition restarted. Neither the registers nor
 * the dump go to the stack in use, as the fault may be a stack that ran into its guard.
 */

#define PSCI_SYSTEM_RESET 0x84000009

        .section .text.vectors, "ax"
        .balign 0x800
        .global vectors
vectors:
        .set    number, 0
        .rept   16
        .balign 0x80
        msr     tpidr_el1, x29
        msr     tpidrro_el0, x30
        mov     x29, #number
        b       fault_entry
        .set    number, number + 1
        .endr

        /* Fills struct fault_frame (fault.c): x0..x30, sp, vector, taken. */
fault_entry:
        adrp    x30, fault_frame
        add     x30, x30, :lo12:fault_frame
        stp     x0, x1, [x30, #0]
        ldr     x0, [x30, #264]
        cbnz    x0, again
        mov     x0, #1
        str     x0, [x30, #264]
        stp     x2, x3, [x30, #16]
        stp     x4, x5, [x30, #32]
        stp     x6, x7, [x30, #48]
        stp     x8, x9, [x30, #64]
        stp     x10, x11, [x30, #80]
        stp     x12, x13, [x30, #96]
        stp     x14, x15, [x30, #112]
        stp     x16, x17, [x30, #128]
        stp     x18, x19, [x30, #144]
        stp     x20, x21, [x30, #160]
        stp     x22, x23, [x30, #176]
        stp     x24, x25, [x30, #192]
        stp     x26, x27, [x30, #208]
        mrs     x0, tpidr_el1
        stp     x28, x0, [x30, #224]
        mrs     x0, tpidrro_el0
        mov     x1, sp
        stp     x0, x1, [x30, #240]
        str     x29, [x30, #256]

        mov     x0, x30
        adrp    x1, __fault_stack_top
        mov     sp, x1
        mov     x29, xzr
        mov     x30, xzr
        bl      fault_report

        /* A fault while one is reported: no words, only the restart. */
again:
        ldr     w0, =PSCI_SYSTEM_RESET
        hvc     #0
        wfi
        b       again
        .ltorg
