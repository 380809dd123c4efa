/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HV_CORE_SMP_H
#define HV_CORE_SMP_H

/* Boot core: starts all others by the machine's PSCI and waits until they are there; refuses a
 * machine where one does not come. They wait until smp_release(). */
void smp_start(void);

/* Boot core: every core goes to its work (core_run()). */
void smp_release(void);

#endif
