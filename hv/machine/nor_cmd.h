/* SPDX-License-Identifier: Apache-2.0 */
/* The Intel command set, and what the files of the NOR driver share. */
#ifndef HV_MACHINE_NOR_CMD_H
#define HV_MACHINE_NOR_CMD_H

#include <stdint.h>

#include "hv/machine/nor.h"

#define NOR_READ_ARRAY   0xffu
#define NOR_READ_STATUS  0x70u
#define NOR_CLEAR_STATUS 0x50u
#define NOR_QUERY        0x98u
#define NOR_PROGRAM      0x40u
#define NOR_BUFFER       0xe8u /* then how many less 1, the units, and NOR_CONFIRM */
#define NOR_ERASE        0x20u
#define NOR_LOCKING      0x60u
#define NOR_CONFIRM      0xd0u /* erase, unlock, program, resume */
#define NOR_SUSPEND      0xb0u

#define NOR_SR_READY     0x80u
#define NOR_SR_SUSPENDED 0x40u
#define NOR_SR_ERRORS    0x3au /* erase, program, voltage, locked */

#define NOR_SUSPEND_US   10000u /* to stand still: far more than any chip needs */
#define NOR_BLANK        0xffffffffu

/* To all chips at once. */
void nor_command(const struct nor *nor, uint32_t offset, uint32_t command);

#endif
