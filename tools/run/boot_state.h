/* SPDX-License-Identifier: Apache-2.0 */
/* The boot state in the NOR bank's file, before and after a run. */
#ifndef TOOLS_RUN_BOOT_STATE_H
#define TOOLS_RUN_BOOT_STATE_H

#include "bootflow/slots.h"

/* Reads the state of VM `vm`; errors end the program. */
void boot_state_read(struct bf_guest *guest, const char *nor, unsigned vm);
/* The digest of the slot that is active; NULL when there is none. */
const uint8_t *boot_state_active(const struct bf_guest *guest);

#endif
