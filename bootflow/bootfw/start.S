/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bootfw's first and last instructions. hv enters the first byte at EL1 with the MMU off, interrupts
 * masked and x0 = the info page (include/segue/bootfw.h). The image is a static-pie linked at 0;
 * hv puts it at a 2 MiB boundary.
 *
 * With the MMU off all memory is of Device type: no C that could touch memory unaligned runs then.
 */
#include <segue/hypercall.h>

#define R_AARCH64_RELATIVE 1027
#define RELA_SIZE          24
#define CPACR_FPEN         (3 << 20)
#define SCTLR_OFF          0x30d00800 /* RES1 bits alone: no MMU, no caches */
#define EXCEPTION_ERROR    228        /* SG_E_BOOTFW_EXCEPTION */

        .section .text.start, "ax"
        .global _start
_start:
        msr     daifset, #0xf
        mov     x19, x0

        mov     x0, #CPACR_FPEN
        msr     cpacr_el1, x0
        adrp    x0, vectors
        add     x0, x0, :lo12:vectors
        msr     vbar_el1, x0
        isb

        adrp    x0, __bss_start
        adrp    x1, __bss_end
1:      stp     xzr, xzr, [x0], #16
        cmp     x0, x1
        b.lo    1b

        /* The linker wrote addresses relative to 0; only RELATIVE entries can occur. */
        adrp    x20, _start
        adrp    x0, __rela_start
        add     x0, x0, :lo12:__rela_start
        adrp    x1, __rela_end
        add     x1, x1, :lo12:__rela_end
2:      cmp     x0, x1
        b.hs    3f
        ldp     x2, x3, [x0]
        ldr     x4, [x0, #16]
        add     x0, x0, #RELA_SIZE
        cmp     w3, #R_AARCH64_RELATIVE
        b.ne    exception
        add     x4, x4, x20
        str     x4, [x2, x20]
        b       2b

3:      adrp    x0, __tls_block
        add     x0, x0, :lo12:__tls_block
        msr     tpidr_el0, x0
        adrp    x0, __stack_top
        mov     sp, x0
        mov     x29, xzr
        mov     x30, xzr
        mov     x0, x19
        bl      bootfw_main
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
