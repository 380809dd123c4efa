/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The update partition's first instructions. hv (or, for bring-up, QEMU) enters the first byte of
 * update.bin at EL1 with the MMU off, interrupts masked and x0 = the devicetree. The image is a
 * static-pie linked at 0 and may stand at any 4 KiB-aligned address.
 *
 * No C runs before the bss is zero and the relocations are applied, and nothing here uses an
 * unaligned access: with the MMU off all memory is of Device type.
 */

#define R_AARCH64_RELATIVE 1027
#define RELA_SIZE          24
#define CPACR_FPEN         (3 << 20)

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

        /* bss: page-aligned at both ends (update.lds). */
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
        b.ne    2b
        add     x4, x4, x20
        str     x4, [x2, x20]
        b       2b

        /* Thread pointer: 16 bytes of the AArch64 ABI's own, then the thread-local data. */
3:      adrp    x0, __tls_block
        add     x0, x0, :lo12:__tls_block
        msr     tpidr_el0, x0

        adrp    x0, __stack_top
        mov     sp, x0
        mov     x29, xzr
        mov     x30, xzr
        mov     x0, x19
        bl      el1_start
        b       .
