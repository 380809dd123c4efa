/* SPDX-License-Identifier: Apache-2.0 */
/* What hv/arch/start.S and hv/core/main.c know of each other. */
#ifndef HV_ARCH_BOOT_H
#define HV_ARCH_BOOT_H

#include <stdint.h>

#include "hv/core/percpu.h"

/* Translation regime of EL2; read by starting cores with their MMU off, hence cleaned to memory. */
struct boot_mmu {
        uint64_t ttbr;
        uint64_t tcr;
        uint64_t mair;
        uint64_t sctlr;
};

extern struct boot_mmu boot_mmu;

/* The image, from hv/hv.lds: text is executable, rodata read-only, the rest writable. */
extern char hv_image_start[], hv_text_end[], hv_rodata_end[], hv_image_end[];

/* Per core: guard page, crash stack, guard page, stack. */
extern char hv_stacks[];

/* The exceptions of EL2, all of them. */
extern char hv_vectors[];

/* Where the machine's PSCI starts other cores; x0 is their struct percpu. */
extern char secondary_entry[];

/* C continues here, on the boot core with the boot map and on the others with the final one. */
_Noreturn void boot_main(uint64_t dtb, struct percpu *cpu);
_Noreturn void boot_refuse_el1(uint64_t dtb);
_Noreturn void secondary_main(struct percpu *cpu);

/* Goes over from the boot map to what boot_mmu says. */
void mmu_switch(const struct boot_mmu *mmu);

#endif
