// SPDX-License-Identifier: Apache-2.0
#include "hv/machine/pci_masters.h"

#include "hv/machine/pci_config.h"

#define CLASS_BRIDGE         0x06
#define HEADER_TYPE_MASK     0x7fu
#define HEADER_TYPE_ENDPOINT 0u

#define VENDOR_VIRTIO        0x1af4
#define VIRTIO_FIRST         0x1000 /* device ids (VIRTIO 1.2, 4.1.2) */
#define VIRTIO_LAST          0x107f

/* struct virtio_pci_cap and virtio_pci_cfg_cap (VIRTIO 1.2, 4.1.4). */
#define CAP_ID_VENDOR 0x09
#define CAP_TYPE      3
#define CAP_BAR       4
#define CAP_OFFSET    8
#define CAP_LENGTH    12
#define CAP_WINDOW    16
#define TYPE_COMMON   1
#define TYPE_CONFIG   5

/* struct virtio_pci_common_cfg (4.1.4.3) */
#define COMMON_FEATURE_SELECT 0
#define COMMON_FEATURE        4

#define ACCESS_PLATFORM_WORD  1 /* bit 33 of the features */
#define ACCESS_PLATFORM_BIT   (1u << 1)

struct search {
        struct pci_masters *out;
        sg_err error;
};

static unsigned virtio_capability(uintptr_t f, uint8_t type)
{
        unsigned at = 0;

        do
                at = pci_capability(f, CAP_ID_VENDOR, at);
        while (at && *pci_reg8(f, at + CAP_TYPE) != type);
        return at;
}

/* Through the window in configuration space (4.1.4.9), which needs no BAR: they have no addresses
 * yet. */
static volatile uint32_t *window(uintptr_t f, unsigned common, unsigned config, uint32_t field)
{
        *pci_reg8(f, config + CAP_BAR) = *pci_reg8(f, common + CAP_BAR);
        *pci_reg32(f, config + CAP_LENGTH) = sizeof(uint32_t);
        *pci_reg32(f, config + CAP_OFFSET) = *pci_reg32(f, common + CAP_OFFSET) + field;
        return pci_reg32(f, config + CAP_WINDOW);
}

static bool offers_access_platform(uintptr_t f)
{
        unsigned common = virtio_capability(f, TYPE_COMMON);
        unsigned config = virtio_capability(f, TYPE_CONFIG);

        if (!common || !config)
                return false;
        *window(f, common, config, COMMON_FEATURE_SELECT) = ACCESS_PLATFORM_WORD;
        return *window(f, common, config, COMMON_FEATURE) & ACCESS_PLATFORM_BIT;
}

static bool is_virtio(uintptr_t f)
{
        uint16_t device = *pci_reg16(f, PCI_DEVICE);

        return *pci_reg16(f, PCI_VENDOR) == VENDOR_VIRTIO && device >= VIRTIO_FIRST &&
               device <= VIRTIO_LAST;
}

static bool has_buses_behind(uintptr_t f)
{
        return (*pci_reg8(f, PCI_HEADER_TYPE) & HEADER_TYPE_MASK) != HEADER_TYPE_ENDPOINT;
}

static bool take(void *ctx, uintptr_t f, unsigned requester)
{
        struct search *s = ctx;
        struct pci_masters *out = s->out;

        out->culprit = (uint16_t)requester;
        if (has_buses_behind(f) || (is_virtio(f) && !offers_access_platform(f)))
                s->error = SG_E_DMA_BYPASS;
        else if (*pci_reg8(f, PCI_CLASS) == CLASS_BRIDGE)
                return true;
        else if (out->count == PCI_MASTERS_MAX)
                s->error = SG_E_TOO_LARGE;
        else
                out->requester[out->count++] = (uint16_t)requester;
        return s->error == SG_OK;
}

sg_err pci_find_masters(uintptr_t ecam, struct pci_masters *out)
{
        struct search s = {.out = out};

        *out = (struct pci_masters){0};
        pci_each_function(ecam, take, &s);
        return s.error;
}
