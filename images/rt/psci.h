/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RT_PSCI_H
#define RT_PSCI_H

/* PSCI SYSTEM_RESET (Arm DEN 0022, 5.11) by HVC. */
_Noreturn void psci_system_reset(void);

#endif
