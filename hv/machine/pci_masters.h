/* SPDX-License-Identifier: Apache-2.0 */
/* The functions of bus 0 that may access memory, and whether an SMMU sees all that they do. */
#ifndef HV_MACHINE_PCI_MASTERS_H
#define HV_MACHINE_PCI_MASTERS_H

#include <stdint.h>

#include <segue/error.h>

#define PCI_MASTERS_MAX 32

struct pci_masters {
        uint16_t requester[PCI_MASTERS_MAX]; /* ids: device * 8 + function */
        unsigned count;
        uint16_t culprit; /* after an error: the one in question */
};

/*
 * Finds them; host bridges do not count. SG_E_DMA_BYPASS: a virtio function does not offer
 * VIRTIO_F_ACCESS_PLATFORM, so its accesses need not go through the SMMU (VIRTIO 1.2, 6), or there
 * is a bridge, behind which nobody has looked. SG_E_TOO_LARGE: too many. `ecam`: of bus 0, mapped
 * as device memory. The functions must be reset before they are used.
 */
sg_err pci_find_masters(uintptr_t ecam, struct pci_masters *out);

#endif
