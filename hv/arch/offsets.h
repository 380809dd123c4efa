/* SPDX-License-Identifier: Apache-2.0 */
/* Where assembly finds what; hv/arch/offsets.c holds the C side to it. */
#ifndef HV_ARCH_OFFSETS_H
#define HV_ARCH_OFFSETS_H

#define PERCPU_VCPU        16
#define PERCPU_STACK       24
#define PERCPU_CRASH_STACK 32

#define REGS_PC            248

#define BOOT_TTBR          0
#define BOOT_TCR           8
#define BOOT_MAIR          16
#define BOOT_SCTLR         24

#define STACK_SIZE         0x4000
#define CRASH_STACK_SIZE   0x1000
#define GUARD_SIZE         0x1000
/* guard, crash stack, guard, stack: one core's share of hv_stacks */
#define STACK_STRIDE (GUARD_SIZE + CRASH_STACK_SIZE + GUARD_SIZE + STACK_SIZE)

/* Why guest_enter() came back. */
#define EXIT_SYNC   0
#define EXIT_IRQ    1
#define EXIT_SERROR 2

#endif
