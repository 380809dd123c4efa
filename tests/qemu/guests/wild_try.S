/* SPDX-License-Identifier: Apache-2.0 */
/*
 * void wild_try(const uint32_t *code, const uint64_t registers[19]): executes the instruction at code,
 * which is followed by a branch to wild_out, with x0..x18 from registers; any exception ends it as
 * well. What it may have changed and C cannot live without is set again.
 */
#define CPACR_FPEN (3 << 20)

        .text
        .global wild_try
wild_try:
        stp     x19, x20, [sp, #-96]!
        stp     x21, x22, [sp, #16]
        stp     x23, x24, [sp, #32]
        stp     x25, x26, [sp, #48]
        stp     x27, x28, [sp, #64]
        stp     x29, x30, [sp, #80]
        mov     x20, sp
        adrp    x19, wild_sp
        str     x20, [x19, :lo12:wild_sp]
        mov     x19, x0
        mov     x20, x1
        ldp     x0, x1, [x20]
        ldp     x2, x3, [x20, #16]
        ldp     x4, x5, [x20, #32]
        ldp     x6, x7, [x20, #48]
        ldp     x8, x9, [x20, #64]
        ldp     x10, x11, [x20, #80]
        ldp     x12, x13, [x20, #96]
        ldp     x14, x15, [x20, #112]
        ldp     x16, x17, [x20, #128]
        ldr     x18, [x20, #144]
        adr     x30, wild_out
        br      x19

        .global wild_out
wild_out:
        msr     spsel, #1
        msr     daifset, #0xf
        mov     x1, #CPACR_FPEN
        msr     cpacr_el1, x1
        adr     x1, wild_vectors
        msr     vbar_el1, x1
        isb
        adrp    x1, wild_sp
        ldr     x1, [x1, :lo12:wild_sp]
        mov     sp, x1
        ldp     x21, x22, [sp, #16]
        ldp     x23, x24, [sp, #32]
        ldp     x25, x26, [sp, #48]
        ldp     x27, x28, [sp, #64]
        ldp     x29, x30, [sp, #80]
        ldp     x19, x20, [sp], #96
        ret

        /* No exception returns: it goes on at EL1 from here. */
        .balign 0x800
        .global wild_vectors
wild_vectors:
        .rept   16
        .balign 0x80
        b       wild_out
        .endr

        .bss
        .balign 8
wild_sp:
        .space  8
