/* SPDX-License-Identifier: Apache-2.0 */
/* The end of the road: an exception or a broken assumption is reported, and hv restarts us. */
#ifndef UPDATER_EL1_FAULT_H
#define UPDATER_EL1_FAULT_H

/* Says what is wrong on the console, and asks hv for a restart. printf's format. */
_Noreturn void panic(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
