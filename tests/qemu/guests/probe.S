/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Accesses of the update partition that are allowed to fail: probe_read() and probe_write() touch a
 * word and return the syndrome of the exception that it took, 0 for none. Only these two
 * instructions are stepped over; any other exception is the partition's own affair.
 */
        .text
        .global probe_read
        .global probe_write

probe_read:
        mov     x1, xzr
read_here:
        ldr     w2, [x0]
        dsb     sy
        mov     x0, x1
        ret

probe_write:
        mov     x1, xzr
        mov     w2, #0x5e
write_here:
        str     w2, [x0]
        dsb     sy
        mov     x0, x1
        ret

        .macro  other, to
        .balign 0x80
        b       vectors + \to
        .endm

        /* The partition's own vectors, but for synchronous exceptions of the current EL. */
        .balign 0x800
        .global probe_vectors
probe_vectors:
        other   0x000
        other   0x080
        other   0x100
        other   0x180
        .balign 0x80
        b       synchronous
        .set    offset, 0x280
        .rept   11
        other   offset
        .set    offset, offset + 0x80
        .endr

synchronous:
        stp     x3, x4, [sp, #-16]!
        mrs     x3, elr_el1
        adr     x4, read_here
        cmp     x3, x4
        b.eq    1f
        adr     x4, write_here
        cmp     x3, x4
        b.eq    1f
        ldp     x3, x4, [sp], #16
        b       vectors + 0x200
1:      mrs     x1, esr_el1
        add     x3, x3, #4
        msr     elr_el1, x3
        ldp     x3, x4, [sp], #16
        eret
