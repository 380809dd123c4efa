// SPDX-License-Identifier: Apache-2.0
#include "hv/machine/pci.h"

#include "hv/machine/pci_config.h"

#define COMMAND_OFF    (1u << 10) /* INTx disabled; no I/O, no memory, no bus mastering */
#define CAP_ID_EXPRESS 0x10

#define EXP_DEVCAP     0x04 /* offsets in the capability (PCI Express Base, 7.5.3) */
#define EXP_DEVCTL     0x08
#define EXP_DEVSTA     0x0a
#define DEVCAP_FLR     (1u << 28)
#define DEVCTL_FLR     (1u << 15)
#define DEVSTA_PENDING (1u << 5)

#define PENDING_MAX_US 100000
#define FLR_US         100000 /* PCI Express Base, 6.6.2: a function is ready 100 ms after */

struct reset {
        uint64_t (*now_us)(void);
        void (*poll)(void);
        bool any; /* a function level reset was begun */
};

static bool reset_function(void *ctx, uintptr_t f, unsigned requester)
{
        struct reset *r = ctx;
        unsigned exp = pci_capability(f, CAP_ID_EXPRESS, 0);
        uint64_t end = r->now_us() + PENDING_MAX_US;

        (void)requester;
        *pci_reg16(f, PCI_COMMAND) = COMMAND_OFF;
        if (!exp)
                return true;
        while (*pci_reg16(f, exp + EXP_DEVSTA) & DEVSTA_PENDING && r->now_us() < end)
                r->poll();
        if (*pci_reg32(f, exp + EXP_DEVCAP) & DEVCAP_FLR) {
                *pci_reg16(f, exp + EXP_DEVCTL) = DEVCTL_FLR;
                r->any = true;
        }
        return true;
}

void pci_reset_bus(uintptr_t ecam, uint64_t (*now_us)(void), void (*poll)(void))
{
        struct reset r = {.now_us = now_us, .poll = poll};
        uint64_t ready;

        pci_each_function(ecam, reset_function, &r);
        for (ready = now_us() + FLR_US; r.any && now_us() < ready;)
                poll();
}
