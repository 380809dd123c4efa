/* SPDX-License-Identifier: Apache-2.0 */
#include "updater/el1/platform.h"

#include <string.h>

#include <libfdt.h>

/* The flags of a PCI address's first cell: IEEE Std 1275 PCI bus binding, 2.2.1.1. */
#define PCI_SPACE_MASK   0x03000000u
#define PCI_SPACE_32     0x02000000u
#define PCI_SPACE_64     0x03000000u
#define PCI_DEVICE_SHIFT 11

#define PCI_RANGE_CELLS  7 /* 3 of the bus, 2 of the CPU, 2 of size */
#define PCI_CHILD_CELLS  4 /* unit address and pin */
#define GIC_INT_CELLS    3 /* kind, number, flags */
#define GIC_KIND_SPI     0

static uint32_t cell(const void *property, int index)
{
        fdt32_t raw;

        memcpy(&raw, (const char *)property + 4 * index, sizeof(raw));
        return fdt32_to_cpu(raw);
}

static uint64_t two_cells(const void *property, int index)
{
        return (uint64_t)cell(property, index) << 32 | cell(property, index + 1);
}

/* Entry `index` of a reg with two cells each for address and size. */
static bool read_reg(const void *dtb, int node, int index, struct platform_range *range)
{
        int length;
        const void *reg = node < 0 ? NULL : fdt_getprop(dtb, node, "reg", &length);

        if (reg == NULL || length < 16 * (index + 1)) {
                return false;
        }
        range->base = two_cells(reg, 4 * index);
        range->size = two_cells(reg, 4 * index + 2);
        return range->size != 0 && range->base + range->size > range->base;
}

static int find_memory(const void *dtb)
{
        return fdt_node_offset_by_prop_value(dtb, -1, "device_type", "memory", sizeof("memory"));
}

static bool read_window(const void *dtb, int node, struct platform_pcie *pcie)
{
        int length;
        const void *ranges = fdt_getprop(dtb, node, "ranges", &length);
        bool found = false;

        for (int at = 0; ranges != NULL && at + PCI_RANGE_CELLS * 4 <= length;
             at += PCI_RANGE_CELLS * 4) {
                const void *entry = (const char *)ranges + at;
                const uint32_t space = cell(entry, 0) & PCI_SPACE_MASK;

                /* A 32-bit window suits every BAR. */
                if (space != PCI_SPACE_32 && (found || space != PCI_SPACE_64)) {
                        continue;
                }
                pcie->window_pci = two_cells(entry, 1);
                pcie->window.base = two_cells(entry, 3);
                pcie->window.size = two_cells(entry, 5);
                found = true;
                if (space == PCI_SPACE_32) {
                        break;
                }
        }
        return found;
}

static const char *read_pcie(const void *dtb, struct platform_pcie *pcie)
{
        const int node = fdt_node_offset_by_compatible(dtb, -1, "pci-host-ecam-generic");

        if (!read_reg(dtb, node, 0, &pcie->ecam)) {
                return "pcie: reg";
        }
        if (!read_window(dtb, node, pcie)) {
                return "pcie: ranges";
        }
        /* The disk driver does no cache maintenance around its transfers. */
        if (fdt_getprop(dtb, node, "dma-coherent", NULL) == NULL) {
                return "pcie: dma-coherent";
        }
        return NULL;
}

static uint32_t u32_or_zero(const void *dtb, int node, const char *name)
{
        int length;
        const void *value = fdt_getprop(dtb, node, name, &length);

        return value != NULL && length == 4 ? cell(value, 0) : 0;
}

static uint64_t u64_or_zero(const void *dtb, int node, const char *name)
{
        int length;
        const void *value = fdt_getprop(dtb, node, name, &length);

        return value != NULL && length == 8 ? two_cells(value, 0) : 0;
}

static void id_or_zero(const void *dtb, int node, const char *name, uint8_t id[16])
{
        int length;
        const void *value = fdt_getprop(dtb, node, name, &length);

        if (value != NULL && length == 16) {
                memcpy(id, value, 16);
        }
}

static const char *read_vm(const void *dtb, int node, struct platform_vm *vm)
{
        int length;
        const char *name = fdt_getprop(dtb, node, "vm-name", &length);
        const void *reg = fdt_getprop(dtb, node, "reg", NULL);

        if (name == NULL || length < 2 || length > PLATFORM_NAME_MAX) {
                return "segue/vm: vm-name";
        }
        if (reg == NULL) {
                return "segue/vm: reg";
        }
        memset(vm, 0, sizeof(*vm));
        memcpy(vm->name, name, (size_t)length);
        vm->name[PLATFORM_NAME_MAX - 1] = '\0';
        vm->index = (uint16_t)cell(reg, 0);
        vm->agent = fdt_stringlist_search(dtb, node, "devices", "agent") >= 0;
        vm->slot_size = u64_or_zero(dtb, node, "slot-size");
        vm->trial_deadline_ms = u32_or_zero(dtb, node, "trial-deadline-ms");
        vm->consent_deadline_ms = u32_or_zero(dtb, node, "consent-deadline-ms");
        id_or_zero(dtb, node, "vendor-id", vm->vendor_id);
        id_or_zero(dtb, node, "class-id", vm->class_id);
        return NULL;
}

static bool is_update(const void *dtb, int node)
{
        return fdt_stringlist_search(dtb, node, "role", "update") >= 0;
}

static const char *read_vms(const void *dtb, int segue, struct platform *platform)
{
        int node;

        fdt_for_each_subnode(node, dtb, segue)
        {
                const char *what;

                if (is_update(dtb, node)) {
                        continue;
                }
                if (platform->vm_count == PLATFORM_MAX_VMS) {
                        return "segue: more VMs than this program knows of";
                }
                what = read_vm(dtb, node, &platform->vms[platform->vm_count]);
                if (what != NULL) {
                        return what;
                }
                platform->vm_count++;
        }
        return NULL;
}

/* Without /segue the machine is a bare one: there is no hv to ask and nothing to trust. */
static const char *read_segue(const void *dtb, struct platform *platform)
{
        const int segue = fdt_path_offset(dtb, "/segue");
        int length;

        if (segue < 0) {
                return NULL;
        }
        platform->product = fdt_getprop(dtb, segue, "product", &length);
        if (platform->product == NULL || length < 2) {
                return "segue: product";
        }
        platform->root = fdt_getprop(dtb, segue, "root-metadata", &length);
        if (platform->root == NULL || length <= 0) {
                return "segue: root-metadata";
        }
        platform->root_size = (uint32_t)length;
        return read_vms(dtb, segue, platform);
}

static const char *read_all(const void *dtb, struct platform *platform)
{
        const int gic = fdt_node_offset_by_compatible(dtb, -1, "arm,gic-v3");

        if (!read_reg(dtb, find_memory(dtb), 0, &platform->ram)) {
                return "memory: reg";
        }
        if (!read_reg(dtb, gic, 0, &platform->gicd) || !read_reg(dtb, gic, 1, &platform->gicr)) {
                return "arm,gic-v3: reg";
        }
        const char *what = read_pcie(dtb, &platform->pcie);

        return what != NULL ? what : read_segue(dtb, platform);
}

sg_err platform_read(const void *dtb, struct platform *platform, const char **what)
{
        memset(platform, 0, sizeof(*platform));
        *what = fdt_check_header(dtb) == 0 ? read_all(dtb, platform) : "not a devicetree";
        return *what == NULL ? SG_OK : SG_E_UPDATE_DT;
}

static int parent_address_cells(const void *dtb, uint32_t phandle)
{
        const int node = fdt_node_offset_by_phandle(dtb, phandle);
        const void *value = node < 0 ? NULL : fdt_getprop(dtb, node, "#address-cells", NULL);

        return value == NULL ? 0 : (int)cell(value, 0);
}

sg_err platform_pci_spi(const void *dtb, unsigned device, unsigned pin, uint32_t *spi)
{
        const int node = fdt_node_offset_by_compatible(dtb, -1, "pci-host-ecam-generic");
        int map_length = 0;
        int mask_length = 0;
        const void *map = fdt_getprop(dtb, node, "interrupt-map", &map_length);
        const void *mask = fdt_getprop(dtb, node, "interrupt-map-mask", &mask_length);

        if (map == NULL || mask == NULL || mask_length < 4 * PCI_CHILD_CELLS) {
                return SG_E_UPDATE_DT;
        }
        const uint32_t unit = (device << PCI_DEVICE_SHIFT) & cell(mask, 0);
        const uint32_t wanted_pin = pin & cell(mask, 3);

        for (int at = 0; at + (PCI_CHILD_CELLS + 1) * 4 <= map_length;) {
                const void *entry = (const char *)map + at;
                const int parent = PCI_CHILD_CELLS + 1 +
                                   parent_address_cells(dtb, cell(entry, PCI_CHILD_CELLS));

                at += (parent + GIC_INT_CELLS) * 4;
                if (at > map_length) {
                        break;
                }
                if (cell(entry, 0) == unit && cell(entry, 3) == wanted_pin &&
                    cell(entry, parent) == GIC_KIND_SPI) {
                        *spi = cell(entry, parent + 1);
                        return SG_OK;
                }
        }
        return SG_E_UPDATE_DT;
}
