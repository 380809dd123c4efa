// SPDX-License-Identifier: Apache-2.0
#include "hv/machine/pci.h"

/* Configuration space (PCI Local Bus 3.0, 6.1; PCI Express Base, 7.5). */
#define PCI_VENDOR      0x00
#define PCI_COMMAND     0x04
#define PCI_STATUS      0x06
#define PCI_HEADER_TYPE 0x0e
#define PCI_CAPS        0x34

#define COMMAND_OFF     (1u << 10) /* INTx disabled; no I/O, no memory, no bus mastering */
#define STATUS_CAPS     (1u << 4)
#define HEADER_MULTI    (1u << 7)
#define CAP_ID_EXPRESS  0x10
#define CAPS_MAX        48

#define EXP_DEVCAP      0x04 /* offsets in the capability */
#define EXP_DEVCTL      0x08
#define EXP_DEVSTA      0x0a
#define DEVCAP_FLR      (1u << 28)
#define DEVCTL_FLR      (1u << 15)
#define DEVSTA_PENDING  (1u << 5)

#define FUNCTIONS       256
#define FUNCTION_SIZE   0x1000
#define PENDING_MAX_US  100000
#define FLR_US          100000 /* PCI Express Base, 6.6.2: a function is ready 100 ms after */

static volatile uint8_t *reg8(uintptr_t f, unsigned offset)
{
        return (volatile uint8_t *)(f + offset);
}

static volatile uint16_t *reg16(uintptr_t f, unsigned offset)
{
        return (volatile uint16_t *)(f + offset);
}

static volatile uint32_t *reg32(uintptr_t f, unsigned offset)
{
        return (volatile uint32_t *)(f + offset);
}

/* The PCI Express capability's offset, 0: none. */
static unsigned express(uintptr_t f)
{
        unsigned at = *reg16(f, PCI_STATUS) & STATUS_CAPS ? *reg8(f, PCI_CAPS) & 0xfcu : 0;

        for (unsigned i = 0; at >= 0x40 && i < CAPS_MAX; i++) {
                if (*reg8(f, at) == CAP_ID_EXPRESS)
                        return at;
                at = *reg8(f, at + 1) & 0xfcu;
        }
        return 0;
}

/* true: a reset was begun. */
static bool reset_function(uintptr_t f, uint64_t (*now_us)(void), void (*poll)(void))
{
        unsigned exp = express(f);
        uint64_t end = now_us() + PENDING_MAX_US;

        *reg16(f, PCI_COMMAND) = COMMAND_OFF;
        if (!exp)
                return false;
        while (*reg16(f, exp + EXP_DEVSTA) & DEVSTA_PENDING && now_us() < end)
                poll();
        if (!(*reg32(f, exp + EXP_DEVCAP) & DEVCAP_FLR))
                return false;
        *reg16(f, exp + EXP_DEVCTL) = DEVCTL_FLR;
        return true;
}

void pci_reset_bus(uintptr_t ecam, uint64_t (*now_us)(void), void (*poll)(void))
{
        bool any = false;
        uint64_t ready;

        for (unsigned i = 0; i < FUNCTIONS; i++) {
                uintptr_t f = ecam + i * FUNCTION_SIZE;

                if (*reg16(f, PCI_VENDOR) == 0xffff) {
                        if (i % 8 == 0)
                                i += 7; /* no function 0: no device */
                        continue;
                }
                any |= reset_function(f, now_us, poll);
                if (i % 8 == 0 && !(*reg8(f, PCI_HEADER_TYPE) & HEADER_MULTI))
                        i += 7;
        }
        for (ready = now_us() + FLR_US; any && now_us() < ready;)
                poll();
}
