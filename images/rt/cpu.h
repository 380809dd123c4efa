/* SPDX-License-Identifier: Apache-2.0 */
/* System registers, and the identity map that makes RAM cacheable. */
#ifndef RT_CPU_H
#define RT_CPU_H

#include <stdint.h>

#define read_sysreg(name)                                          \
        ({                                                         \
                uint64_t value_;                                   \
                __asm__ volatile("mrs %0, " #name : "=r"(value_)); \
                value_;                                            \
        })
#define write_sysreg(name, value) \
        __asm__ volatile("msr " #name ", %0\n\tisb" : : "r"((uint64_t)(value)) : "memory")

/* 1 GiB blocks: device below 0x40000000, RAM above. Called once, with the MMU off. */
void mmu_on(void);

#endif
