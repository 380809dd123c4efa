// SPDX-License-Identifier: Apache-2.0
#include "hv/machine/pci_config.h"

#define DEVICES       32
#define FUNCTIONS     8 /* of a device */
#define FUNCTION_SIZE 0x1000
#define VENDOR_NONE   0xffff

unsigned pci_capability(uintptr_t f, uint8_t id, unsigned after)
{
        unsigned at;

        if (!(*pci_reg16(f, PCI_STATUS) & PCI_STATUS_CAPS))
                return 0;
        at = *pci_reg8(f, after ? after + 1 : PCI_CAPS) & 0xfcu;
        for (unsigned i = 0; at >= PCI_CAP_FIRST && i < PCI_CAPS_MAX; i++) {
                if (*pci_reg8(f, at) == id)
                        return at;
                at = *pci_reg8(f, at + 1) & 0xfcu;
        }
        return 0;
}

/* How many function numbers of a device to look at. */
static unsigned functions_of(uintptr_t f)
{
        if (*pci_reg16(f, PCI_VENDOR) == VENDOR_NONE)
                return 0;
        return *pci_reg8(f, PCI_HEADER_TYPE) & PCI_HEADER_MULTI ? FUNCTIONS : 1;
}

bool pci_each_function(uintptr_t ecam, bool (*visit)(void *ctx, uintptr_t f, unsigned requester),
                       void *ctx)
{
        for (unsigned device = 0; device < DEVICES * FUNCTIONS; device += FUNCTIONS) {
                unsigned count = functions_of(ecam + device * FUNCTION_SIZE);

                for (unsigned n = 0; n < count; n++) {
                        uintptr_t f = ecam + (device + n) * FUNCTION_SIZE;

                        if (*pci_reg16(f, PCI_VENDOR) != VENDOR_NONE && !visit(ctx, f, device + n))
                                return false;
                }
        }
        return true;
}
