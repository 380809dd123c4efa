/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HV_VM_TRAP_H
#define HV_VM_TRAP_H

#include <stdbool.h>
#include <stdint.h>

struct vcpu;

/* Own core: a synchronous exit. */
void trap_sync(struct vcpu *vcpu);
/* Own core: an SError taken while the guest ran: it costs that guest. */
void trap_serror(struct vcpu *vcpu);

/* Own core: a trapped MRS or MSR; false: the register is not for guests (undefined is injected). */
bool sysreg_access(struct vcpu *vcpu, uint64_t esr);

#endif
