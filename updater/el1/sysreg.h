/* SPDX-License-Identifier: Apache-2.0 */
/* System registers and barriers, by name. */
#ifndef UPDATER_EL1_SYSREG_H
#define UPDATER_EL1_SYSREG_H

#include <stdint.h>

#define sysreg_read(name)                                                \
        ({                                                               \
                uint64_t sysreg_value_;                                  \
                __asm__ volatile("mrs %0, " name : "=r"(sysreg_value_)); \
                sysreg_value_;                                           \
        })

#define sysreg_write(name, value) \
        __asm__ volatile("msr " name ", %x0" : : "rZ"((uint64_t)(value)) : "memory")

static inline void isb(void)
{
        __asm__ volatile("isb" : : : "memory");
}

/* Full system: what was written is seen by devices and other cores before what follows. */
static inline void dsb_sy(void)
{
        __asm__ volatile("dsb sy" : : : "memory");
}

static inline void wfi(void)
{
        __asm__ volatile("wfi" : : : "memory");
}

#endif
