/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the partition's devicetree says: the machine that hv shows to `update`, and the node /segue.
 *
 *      /segue {
 *              compatible = "segue,hypervisor";
 *              product = "segue-virt";
 *              root-metadata = [...];          the first trusted root.json
 *              vm@1 { reg = <1>; vm-name = "rt"; role = "rtos"; ... };
 *      };
 *
 * Each vm node repeats the properties of the VM description (images/system.dts); `update` itself
 * may be among them and is left out here. Nothing in this file touches hardware.
 */
#ifndef UPDATER_EL1_PLATFORM_H
#define UPDATER_EL1_PLATFORM_H

#include <stdbool.h>
#include <stdint.h>

#include <segue/error.h>

#define PLATFORM_MAX_VMS  8
#define PLATFORM_NAME_MAX 16 /* bytes of a VM's name, its end included */

struct platform_range {
        uint64_t base;
        uint64_t size;
};

/* A PCIe host bridge with ECAM, and the window from which memory BARs are given. */
struct platform_pcie {
        struct platform_range ecam;
        struct platform_range window; /* as the CPU sees it */
        uint64_t window_pci;          /* the window's first address on the bus */
};

struct platform_vm {
        uint16_t index; /* the hypercalls' vm */
        char name[PLATFORM_NAME_MAX];
        bool agent; /* has the device "agent" */
        uint64_t slot_size;
        uint32_t trial_deadline_ms;
        uint32_t consent_deadline_ms;
        uint8_t vendor_id[16];
        uint8_t class_id[16];
};

struct platform {
        struct platform_range ram;
        struct platform_range gicd;
        struct platform_range gicr;
        struct platform_pcie pcie;
        const char *product; /* within the devicetree; NULL when there is no /segue */
        const uint8_t *root; /* root-metadata, within the devicetree */
        uint32_t root_size;  /* bytes */
        unsigned vm_count;   /* updatable guests */
        struct platform_vm vms[PLATFORM_MAX_VMS];
};

/*
 * Reads the devicetree at `dtb`, which must stay where it is as long as `platform` is used.
 * SG_E_UPDATE_DT: a node or property is missing or malformed; *what then names it.
 */
sg_err platform_read(const void *dtb, struct platform *platform, const char **what);

/*
 * The shared interrupt (SPI number) of a PCI function on bus 0: `pin` is 1..4 for INTA..INTD.
 * SG_E_UPDATE_DT when interrupt-map does not know it.
 */
sg_err platform_pci_spi(const void *dtb, unsigned device, unsigned pin, uint32_t *spi);

#endif
