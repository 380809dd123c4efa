/* SPDX-License-Identifier: Apache-2.0 */
/* The PCIe host, as far as hv needs it: to silence the passed-through functions before their owner
 * is started (again). */
#ifndef HV_MACHINE_PCI_H
#define HV_MACHINE_PCI_H

#include <stdbool.h>
#include <stdint.h>

#define PCI_BUS_SIZE 0x100000 /* of ECAM space for bus 0: 32 devices of 8 functions of 4 KiB */

/* ECAM of bus 0, mapped as device memory. Stops bus mastering and memory decoding of every
 * function, and resets those that can (function level reset). `poll` is called while hardware takes
 * its time. */
void pci_reset_bus(uintptr_t ecam, uint64_t (*now_us)(void), void (*poll)(void));

#endif
