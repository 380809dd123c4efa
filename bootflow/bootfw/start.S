/* SPDX-License-Identifier: Apache-2.0 */
/* bootfw's first and last instructions. hv puts the image at a 2 MiB boundary; x0 = the info page
 * (include/segue/bootfw.h). */
#include <segue/el1_entry.inc>
#include <segue/hypercall.h>

#define SCTLR_OFF       0x30d00800 /* RES1 bits alone: no MMU, no caches */
#define EXCEPTION_ERROR 228        /* SG_E_BOOTFW_EXCEPTION */

        .section .text.start, "ax"
        .global _start
_start:
        el1_entry bootfw_main, exception
        b       bootfw_park

/*
 * bootfw_enter(entry, dtb, region, region_end): leaves for the guest's image as the arm64 Linux boot
 * protocol asks. bootfw's own lines leave the caches last, when its memory is used no more; no
 * register but x0 carries anything over.
 */
        .global bootfw_enter
bootfw_enter:
        mov     x20, x0
        mov     x21, x1
        ldr     x6, =SCTLR_OFF
        msr     sctlr_el1, x6
        isb
        mrs     x4, ctr_el0
        ubfx    x4, x4, #16, #4
        mov     x5, #4
        lsl     x5, x5, x4
4:      dc      civac, x2
        add     x2, x2, x5
        cmp     x2, x3
        b.lo    4b
        dsb     sy
        ic      ialluis
        tlbi    vmalle1
        dsb     sy
        isb
        msr     ttbr0_el1, xzr
        msr     tcr_el1, xzr
        msr     mair_el1, xzr
        msr     vbar_el1, xzr
        msr     tpidr_el0, xzr
        msr     cpacr_el1, xzr
        isb
        mov     x30, x20
        mov     x0, x21
        mov     x1, xzr
        mov     x2, xzr
        mov     x3, xzr
        .irp    n, 4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29
        mov     x\n, xzr
        .endr
        mov     sp, x30
        ret
        .ltorg

/* Reports itself and never returns. hv parks the VM at the report; the rest is for the case that
 * it does not. */
        .global bootfw_park
exception:
        ldr     x0, =SG_HC_BOOT_REPORT
        mov     x1, #EXCEPTION_ERROR
        mov     x2, xzr
        mov     x3, xzr
        mov     x4, xzr
        mov     x5, xzr
        mov     x6, xzr
        mov     x7, xzr
        hvc     #0
bootfw_park:
5:      wfi
        b       5b
        b       5b
        b       5b
        .ltorg

        .section .text.vectors, "ax"
        .balign 2048
vectors:
        .rept   16
        .balign 128
        b       exception
        .endr
