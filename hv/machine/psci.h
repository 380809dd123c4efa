/* SPDX-License-Identifier: Apache-2.0 */
/* The machine's own PSCI, by SMC (Arm DEN 0022). */
#ifndef HV_MACHINE_PSCI_H
#define HV_MACHINE_PSCI_H

#include <stdint.h>

/* 0, or a negative PSCI error. The core starts at `entry` (physical) with x0 = context. */
int64_t machine_cpu_on(uint64_t mpidr, uint64_t entry, uint64_t context);

_Noreturn void machine_reset(void);
_Noreturn void machine_off(void);

#endif
