// SPDX-License-Identifier: Apache-2.0
#include "hv/arch/offsets.h"

#include <assert.h>
#include <stddef.h>

#include "hv/arch/boot.h"
#include "hv/core/percpu.h"
#include "hv/vm/vcpu.h"

static_assert(offsetof(struct percpu, vcpu) == PERCPU_VCPU, "hv/arch/*.S");
static_assert(offsetof(struct percpu, stack_top) == PERCPU_STACK, "hv/arch/*.S");
static_assert(offsetof(struct percpu, crash_stack_top) == PERCPU_CRASH_STACK, "hv/arch/*.S");
static_assert(offsetof(struct vcpu, regs) == 0, "hv/arch/entry.S");
static_assert(offsetof(struct vcpu_regs, pc) == REGS_PC, "hv/arch/entry.S");
static_assert(offsetof(struct boot_mmu, ttbr) == BOOT_TTBR, "hv/arch/start.S");
static_assert(offsetof(struct boot_mmu, tcr) == BOOT_TCR, "hv/arch/start.S");
static_assert(offsetof(struct boot_mmu, mair) == BOOT_MAIR, "hv/arch/start.S");
static_assert(offsetof(struct boot_mmu, sctlr) == BOOT_SCTLR, "hv/arch/start.S");
