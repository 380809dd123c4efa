/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest's devicetree, made from its description: the "virt-lite" machine, which is what QEMU virt
 * shows, less what a guest here does not have. Pure.
 *
 * Every VM: cpus, psci (hvc), timer, GICv3, apb-pclk, memory, its PL011s with aliases serial0
 * (console) and serial1 (agent), /chosen with stdout-path. update besides: the machine's PCIe host
 * and /segue, which repeats what the system image says about the other VMs.
 */
#ifndef HV_VM_GUEST_FDT_H
#define HV_VM_GUEST_FDT_H

#include <stdint.h>

#include <segue/error.h>

#include "hv/vm/description.h"

/* The disk's part of the machine, for the VM with the device "disk". Sizes in bytes, IPA = PA. */
struct guest_pcie {
        uint64_t ecam, ecam_size;
        uint64_t mmio, mmio_size; /* 32-bit non-prefetchable window, PCI address = CPU address */
        uint32_t spi; /* the first of four adjacent SPI numbers: INTA..INTD, by slot in turn */
        uint32_t bus_last;
};

/* Writes a finished tree into buf; *size is its length. /chosen has no token yet: bootfw adds it,
 * in slack of its own. pcie: NULL without the device "disk". SG_E_TOO_LARGE when `room` is not
 * enough. */
sg_err guest_fdt_make(const struct system_description *system, const struct vm_description *vm,
                      uint64_t ram_base, const struct guest_pcie *pcie, void *buf, uint32_t room,
                      uint32_t *size);

#endif
