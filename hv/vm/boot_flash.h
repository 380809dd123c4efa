/* SPDX-License-Identifier: Apache-2.0 */
/* Where the boot state is kept: the first blocks of the machine's NOR bank. */
#ifndef HV_VM_BOOT_FLASH_H
#define HV_VM_BOOT_FLASH_H

#include "bootflow/flash.h"
#include "hv/machine/board.h"

/* Boot core, once; the bank is mapped as device memory. NULL: there is none that can be used, and
 * the log says why. */
const struct bf_flash *boot_flash_open(const struct range *bank);

#endif
