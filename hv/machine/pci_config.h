/* SPDX-License-Identifier: Apache-2.0 */
/* Configuration space of bus 0's functions through ECAM (PCI Local Bus 3.0, 6.1; PCI Express Base,
 * 7.2.2 and 7.5). `f` is where a function's 4 KiB are mapped. */
#ifndef HV_MACHINE_PCI_CONFIG_H
#define HV_MACHINE_PCI_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#define PCI_VENDOR       0x00
#define PCI_DEVICE       0x02
#define PCI_COMMAND      0x04
#define PCI_STATUS       0x06
#define PCI_CLASS        0x0b
#define PCI_HEADER_TYPE  0x0e
#define PCI_CAPS         0x34

#define PCI_STATUS_CAPS  (1u << 4)
#define PCI_HEADER_MULTI (1u << 7)
#define PCI_CAPS_MAX     48 /* as many as fit: a longer chain is a loop */
#define PCI_CAP_FIRST    0x40u

static inline volatile uint8_t *pci_reg8(uintptr_t f, unsigned offset)
{
        return (volatile uint8_t *)(f + offset);
}

static inline volatile uint16_t *pci_reg16(uintptr_t f, unsigned offset)
{
        return (volatile uint16_t *)(f + offset);
}

static inline volatile uint32_t *pci_reg32(uintptr_t f, unsigned offset)
{
        return (volatile uint32_t *)(f + offset);
}

/* The offset of the next capability with this id behind `after` (0: the first), 0: none. */
unsigned pci_capability(uintptr_t f, uint8_t id, unsigned after);

/* Calls visit with every function there is, in ascending order of requester ids, until it returns
 * false; false then, too. `ecam`: of bus 0. */
bool pci_each_function(uintptr_t ecam, bool (*visit)(void *ctx, uintptr_t f, unsigned requester),
                       void *ctx);

#endif
