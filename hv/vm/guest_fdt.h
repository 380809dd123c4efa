/* SPDX-License-Identifier: Apache-2.0 */
/* A guest's devicetree, made from its description ("virt-lite"). Pure. */
#ifndef HV_VM_GUEST_FDT_H
#define HV_VM_GUEST_FDT_H

#include <stdint.h>

#include <segue/error.h>

#include "hv/vm/description.h"

/* The disk's part of the machine, for the VM with the device "disk"; zeros: none. Sizes in bytes,
 * IPA = PA. */
struct guest_pcie {
        uint64_t ecam, ecam_size;
        uint64_t mmio, mmio_size; /* 32-bit non-prefetchable window, PCI address = CPU address */
        uint32_t spi;             /* of INTA..INTD of all devices: the first of four SPI numbers */
        uint32_t bus_last;
};

/* Writes a finished tree into buf; *size is its length. /chosen has no token yet: bootfw adds it,
 * in slack of its own. */
sg_err guest_fdt_make(const struct vm_description *vm, uint64_t ram_base,
                      const struct guest_pcie *pcie, void *buf, uint32_t room, uint32_t *size);

#endif
