/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PCI Express by ECAM, as much as bus 0 of a host bridge without firmware needs: find a function,
 * give addresses to its memory BARs, read its capabilities.
 */
#ifndef UPDATER_EL1_PCI_H
#define UPDATER_EL1_PCI_H

#include <stdbool.h>
#include <stdint.h>

#include <segue/error.h>

#include "updater/el1/platform.h"

#define PCI_BARS 6

struct pci_bus {
        uintptr_t ecam;
        struct platform_range window; /* as the CPU sees it */
        uint64_t window_pci;
        uint64_t window_used; /* bytes given away */
};

struct pci_function {
        uintptr_t config;                     /* the address of its configuration space */
        unsigned device;                      /* 0..31 */
        unsigned pin;                         /* 1..4: INTA..INTD; 0: none */
        struct platform_range bars[PCI_BARS]; /* as the CPU sees them; size 0: none */
};

/* Maps bus 0's configuration space. */
void pci_init(struct pci_bus *bus, const struct platform_pcie *pcie);

/* The first function of bus 0 with that vendor and one of two device ids. */
bool pci_find(const struct pci_bus *bus, uint16_t vendor, uint16_t id, uint16_t other_id,
              struct pci_function *function);

/*
 * Gives addresses to the function's memory BARs, maps them, and lets it decode memory, master the
 * bus and raise INTx. SG_E_TOO_LARGE: the window does not hold them.
 */
sg_err pci_enable(struct pci_bus *bus, struct pci_function *function);

/*
 * Walks the capabilities: the offset of the first with `id` after offset `after` (0: from the
 * start); 0 at the end.
 */
uint8_t pci_capability(const struct pci_function *function, uint8_t id, uint8_t after);

#endif
