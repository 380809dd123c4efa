/* SPDX-License-Identifier: Apache-2.0 */
/* What the guest may know of the CPU: nothing that hv does not give it. Pure. */
#ifndef HV_VM_ID_REGISTERS_H
#define HV_VM_ID_REGISTERS_H

#include <stdint.h>

/* The value that a guest sees of the ID register of this encoding (op0 = 3, op1 = 0, CRn = 0), from
 * the hardware's. pa_range: the largest PARange that stage 2 can serve. */
uint64_t id_register_value(unsigned crm, unsigned op2, uint64_t hardware, unsigned pa_range);

#endif
