/* SPDX-License-Identifier: Apache-2.0 */
/* The end of hv itself; a guest's mistake never comes here. */
#ifndef HV_CORE_PANIC_H
#define HV_CORE_PANIC_H

#include <segue/error.h>

/* Prints the message and a bounded dump of this core's state, and resets the machine. */
_Noreturn void panic(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* The machine cannot run hv, and a reset would not help: prints the numbered error and the details,
 * and stops (PSCI SYSTEM_OFF, or waits for ever below EL2). */
_Noreturn void refuse(sg_err code, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
