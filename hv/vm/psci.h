/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The guest's PSCI (Arm DEN 0022, version 1.1), by HVC or SMC. The state is struct vcpu's `power`,
 * guarded by vm->lock: of many CPU_ON calls for one vCPU exactly one succeeds.
 *
 *   OFF --CPU_ON--> ON_PENDING --its core enters the guest--> ON --CPU_OFF--> OFF
 */
#ifndef HV_VM_PSCI_H
#define HV_VM_PSCI_H

#include <stdbool.h>
#include <stdint.h>

#define PSCI_VERSION            0x84000000u
#define PSCI_CPU_SUSPEND        0x84000001u
#define PSCI_CPU_OFF            0x84000002u
#define PSCI_CPU_ON             0x84000003u
#define PSCI_AFFINITY_INFO      0x84000004u
#define PSCI_MIGRATE_INFO       0x84000006u
#define PSCI_SYSTEM_OFF         0x84000008u
#define PSCI_SYSTEM_RESET       0x84000009u
#define PSCI_FEATURES           0x8400000au
#define PSCI_SYSTEM_RESET2      0x84000012u
#define PSCI_64                 0x40000000u /* of the calls that have a 64-bit form */

#define PSCI_SUCCESS            0
#define PSCI_NOT_SUPPORTED      (-1)
#define PSCI_INVALID_PARAMETERS (-2)
#define PSCI_DENIED             (-3)
#define PSCI_ALREADY_ON         (-4)
#define PSCI_ON_PENDING         (-5)
#define PSCI_INVALID_ADDRESS    (-9)

/* Whether the PSCI or SMCCC function is there: what PSCI_FEATURES answers. */
bool psci_has(uint32_t function);

#endif
