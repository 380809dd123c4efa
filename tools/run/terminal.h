/* SPDX-License-Identifier: Apache-2.0 */
/* The user's terminal on the machine's serial line. */
#ifndef TOOLS_RUN_TERMINAL_H
#define TOOLS_RUN_TERMINAL_H

#include "tools/run/machine.h"

/* Until the user quits (Ctrl-] q) or QEMU ends. Returns the exit status. */
int terminal_run(const struct machine_config *config);

#endif
