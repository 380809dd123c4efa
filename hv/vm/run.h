/* SPDX-License-Identifier: Apache-2.0 */
/* What a core does all its life: runs its vCPU, serves interrupts and what others ask of it. */
#ifndef HV_VM_RUN_H
#define HV_VM_RUN_H

#include <stdint.h>

_Noreturn void core_run(void);

/* Boot core, once: the physical console's interrupt. */
void run_set_uart(uint32_t intid);

/* Between pieces of long work, nothing of the guest running: takes interrupts and serves
 * housekeeping calls. */
void core_poll(void);

#endif
