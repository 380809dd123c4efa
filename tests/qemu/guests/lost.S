/* SPDX-License-Identifier: Apache-2.0 */
/* A guest that runs away to where nothing is, with its exception vectors there as well. */
        .section .head, "ax"
        .global _start
_start:
        mov     x5, #0x55
        msr     vbar_el1, xzr
        isb
        br      xzr
