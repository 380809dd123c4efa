/* SPDX-License-Identifier: Apache-2.0 */
/* Where CPU_ON starts the second vCPU of the GIC test. */
        .text
        .global second_start
second_start:
        msr     daifset, #0xf
        adrp    x1, second_stack_top
        add     x1, x1, :lo12:second_stack_top
        mov     sp, x1
        mov     x1, #(3 << 20)          /* CPACR_EL1.FPEN */
        msr     cpacr_el1, x1
        isb
        bl      mmu_on
        bl      second_main
1:      wfi
        b       1b

        .bss
        .balign 16
        .space  0x4000
second_stack_top:
