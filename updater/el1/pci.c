/* SPDX-License-Identifier: Apache-2.0 */
#include "updater/el1/pci.h"

#include <string.h>

#include "updater/el1/mmio.h"
#include "updater/el1/mmu.h"

/* PCI Local Bus Specification 3.0, 6.1 and 6.2.5; PCI Express Base 4.0, 7.2.2 (ECAM). */
#define CFG_VENDOR       0x00
#define CFG_DEVICE       0x02
#define CFG_COMMAND      0x04
#define CFG_STATUS       0x06
#define CFG_HEADER_TYPE  0x0e
#define CFG_BAR(n)       (0x10u + 4 * (n))
#define CFG_CAPABILITIES 0x34
#define CFG_INT_PIN      0x3d

#define COMMAND_MEMORY   (1u << 1)
#define COMMAND_MASTER   (1u << 2)
#define COMMAND_INTX_OFF (1u << 10)
#define STATUS_CAPS      (1u << 4)
#define HEADER_MULTI     0x80
#define VENDOR_NONE      0xffff

#define BAR_IO           (1u << 0)
#define BAR_TYPE_MASK    (3u << 1)
#define BAR_TYPE_64      (2u << 1)
#define BAR_FLAGS        0xfu

#define BUS_SIZE         0x100000u /* 32 devices of 8 functions of 4 KiB */
#define FUNCTION_SIZE    0x1000u
#define FUNCTIONS        8
#define DEVICES          32
#define CAPABILITIES_MAX 48 /* as many as fit: a chain that is longer is a loop */
#define FIRST_CAPABILITY 0x40
#define PAGE             0x1000u

void pci_init(struct pci_bus *bus, const struct platform_pcie *pcie)
{
        const uint64_t size = pcie->ecam.size < BUS_SIZE ? pcie->ecam.size : BUS_SIZE;

        bus->ecam = pcie->ecam.base;
        bus->window = pcie->window;
        bus->window_pci = pcie->window_pci;
        bus->window_used = 0;
        mmu_map(pcie->ecam.base, size, MMU_DEVICE);
}

static uintptr_t config_of(const struct pci_bus *bus, unsigned device, unsigned number)
{
        return bus->ecam + (device * FUNCTIONS + number) * (uintptr_t)FUNCTION_SIZE;
}

static bool probe(const struct pci_bus *bus, unsigned device, unsigned number,
                  struct pci_function *function)
{
        const uintptr_t config = config_of(bus, device, number);

        if (mmio_read16(config + CFG_VENDOR) == VENDOR_NONE) {
                return false;
        }
        memset(function, 0, sizeof(*function));
        function->config = config;
        function->device = device;
        function->pin = mmio_read8(config + CFG_INT_PIN);
        return true;
}

static bool matches(const struct pci_function *function, uint16_t vendor, uint16_t id,
                    uint16_t other_id)
{
        const uint16_t device_id = mmio_read16(function->config + CFG_DEVICE);

        return mmio_read16(function->config + CFG_VENDOR) == vendor &&
               (device_id == id || device_id == other_id);
}

bool pci_find(const struct pci_bus *bus, uint16_t vendor, uint16_t id, uint16_t other_id,
              struct pci_function *function)
{
        for (unsigned device = 0; device < DEVICES; device++) {
                unsigned functions = 1;

                for (unsigned number = 0; number < functions; number++) {
                        if (!probe(bus, device, number, function)) {
                                continue;
                        }
                        if (matches(function, vendor, id, other_id)) {
                                return true;
                        }
                        if (number == 0 &&
                            (mmio_read8(function->config + CFG_HEADER_TYPE) & HEADER_MULTI) != 0) {
                                functions = FUNCTIONS;
                        }
                }
        }
        return false;
}

/* The lowest set bit of the mask is the size: 6.2.5.1. */
static uint64_t size_from_mask(uint64_t mask)
{
        return mask == 0 ? 0 : mask & (~mask + 1);
}

static bool is_64_bit(uint32_t bar)
{
        return (bar & BAR_IO) == 0 && (bar & BAR_TYPE_MASK) == BAR_TYPE_64;
}

static uint64_t probe_bar(const struct pci_function *function, unsigned n)
{
        const uintptr_t bar = function->config + CFG_BAR(n);
        const uint32_t kind = mmio_read32(bar);
        uint64_t mask;

        if ((kind & BAR_IO) != 0) {
                return 0;
        }
        mmio_write32(bar, UINT32_MAX);
        mask = mmio_read32(bar) & ~BAR_FLAGS;
        if (is_64_bit(kind) && n + 1 < PCI_BARS) {
                mmio_write32(bar + 4, UINT32_MAX);
                mask |= (uint64_t)mmio_read32(bar + 4) << 32;
        }
        return size_from_mask(mask);
}

static sg_err assign_bar(struct pci_bus *bus, struct pci_function *function, unsigned n,
                         uint64_t size)
{
        const uintptr_t bar = function->config + CFG_BAR(n);
        const uint64_t at = (bus->window_used + size - 1) & ~(size - 1);

        if (size > bus->window.size || at > bus->window.size - size) {
                return SG_E_TOO_LARGE;
        }
        bus->window_used = at + size < PAGE ? PAGE : at + size;
        mmio_write32(bar, (uint32_t)(bus->window_pci + at));
        if (is_64_bit(mmio_read32(bar))) {
                mmio_write32(bar + 4, (uint32_t)((bus->window_pci + at) >> 32));
        }
        function->bars[n] = (struct platform_range){.base = bus->window.base + at, .size = size};
        mmu_map(function->bars[n].base, size, MMU_DEVICE);
        return SG_OK;
}

static void set_command(const struct pci_function *function, uint16_t clear, uint16_t set)
{
        const uint16_t command = mmio_read16(function->config + CFG_COMMAND);

        mmio_write16(function->config + CFG_COMMAND, (uint16_t)((command & ~clear) | set));
}

sg_err pci_enable(struct pci_bus *bus, struct pci_function *function)
{
        /* While a BAR is sized it holds an address that is not its own. */
        set_command(function, COMMAND_MEMORY | COMMAND_MASTER, 0);
        for (unsigned n = 0; n < PCI_BARS; n++) {
                const bool wide = is_64_bit(mmio_read32(function->config + CFG_BAR(n)));
                const uint64_t size = probe_bar(function, n);

                if (size != 0) {
                        const sg_err err = assign_bar(bus, function, n, size);

                        if (err != SG_OK) {
                                return err;
                        }
                }
                if (wide) {
                        n++;
                }
        }
        set_command(function, COMMAND_INTX_OFF, COMMAND_MEMORY | COMMAND_MASTER);
        return SG_OK;
}

uint8_t pci_capability(const struct pci_function *function, uint8_t id, uint8_t after)
{
        uint8_t at;

        if ((mmio_read16(function->config + CFG_STATUS) & STATUS_CAPS) == 0) {
                return 0;
        }
        at = mmio_read8(function->config + (after != 0 ? after + 1u : CFG_CAPABILITIES)) & 0xfc;
        for (unsigned i = 0; i < CAPABILITIES_MAX && at >= FIRST_CAPABILITY; i++) {
                if (mmio_read8(function->config + at) == id) {
                        return at;
                }
                at = mmio_read8(function->config + at + 1u) & 0xfc;
        }
        return 0;
}
