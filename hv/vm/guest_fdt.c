// SPDX-License-Identifier: Apache-2.0
#include "hv/vm/guest_fdt.h"

#include <string.h>

#include <libfdt.h>

#include "hv/mm/addr.h"

#define PHANDLE_GIC   1
#define PHANDLE_CLOCK 2

#define GICD_BASE     0x08000000ull
#define GICD_SIZE     0x10000ull
#define GICR_BASE     0x080a0000ull
#define GICR_STRIDE   0x20000ull
#define UART_SIZE     0x1000ull
#define UART_CLOCK    24000000

/* The first cell of a GIC interrupt, and the third's trigger. */
#define GIC_SPI        0
#define GIC_PPI        1
#define IRQ_LEVEL_HIGH 4
#define PCI_MMIO32     0x02000000
#define PCI_SLOT(n)    ((n) << 11)
#define PCI_PINS       4
#define PCI_SLOTS      4 /* after as many the pins repeat */
#define CELLS(...)     (const uint32_t[]){__VA_ARGS__}, sizeof((const uint32_t[]){__VA_ARGS__}) / 4
#define ADDRESS(a)     (uint32_t)((a) >> 32), (uint32_t)(a)
#define STRINGS(list)  list, sizeof(list)
#define CELLS_MAX      8

/* The tree being written; after the first error every step does nothing. */
struct writer {
        void *fdt;
        int error;
};

static void note(struct writer *w, int error)
{
        if (w->error == 0)
                w->error = error;
}

static void begin(struct writer *w, const char *name)
{
        if (w->error == 0)
                note(w, fdt_begin_node(w->fdt, name));
}

static void end(struct writer *w)
{
        if (w->error == 0)
                note(w, fdt_end_node(w->fdt));
}

static void bytes(struct writer *w, const char *name, const void *data, size_t size)
{
        if (w->error == 0)
                note(w, fdt_property(w->fdt, name, data, (int)size));
}

static void string(struct writer *w, const char *name, const char *text)
{
        bytes(w, name, text, strlen(text) + 1);
}

static void flag(struct writer *w, const char *name)
{
        bytes(w, name, NULL, 0);
}

static void cells(struct writer *w, const char *name, const uint32_t *values, size_t count)
{
        fdt32_t raw[2 * CELLS_MAX];

        if (count > 2 * CELLS_MAX) {
                note(w, -FDT_ERR_INTERNAL);
                return;
        }
        for (size_t i = 0; i < count; i++)
                raw[i] = cpu_to_fdt32(values[i]);
        bytes(w, name, raw, count * sizeof(raw[0]));
}

static void cell(struct writer *w, const char *name, uint32_t value)
{
        cells(w, name, &value, 1);
}

/* Begins a node called <kind>@<address in hexadecimal>. */
static void begin_at(struct writer *w, const char *kind, uint64_t address)
{
        char name[32];
        char digits[16];
        size_t n = 0;
        size_t length = strlen(kind);

        memcpy(name, kind, length);
        name[length++] = '@';
        do {
                digits[n++] = "0123456789abcdef"[address % 16];
                address /= 16;
        } while (address != 0);
        while (n > 0)
                name[length++] = digits[--n];
        name[length] = '\0';
        begin(w, name);
}

static void put_cpus(struct writer *w, unsigned count)
{
        begin(w, "cpus");
        cell(w, "#address-cells", 1);
        cell(w, "#size-cells", 0);
        for (unsigned i = 0; i < count; i++) {
                begin_at(w, "cpu", i);
                string(w, "device_type", "cpu");
                string(w, "compatible", "arm,armv8");
                cell(w, "reg", i);
                string(w, "enable-method", "psci");
                end(w);
        }
        end(w);
}

static void put_psci(struct writer *w)
{
        static const char compatible[] = "arm,psci-1.0\0arm,psci-0.2";

        begin(w, "psci");
        bytes(w, "compatible", STRINGS(compatible));
        string(w, "method", "hvc");
        end(w);
}

static void put_timer(struct writer *w)
{
        begin(w, "timer");
        string(w, "compatible", "arm,armv8-timer");
        /* Secure and non-secure physical, virtual, hypervisor's. */
        cells(w, "interrupts",
              CELLS(GIC_PPI, 13, IRQ_LEVEL_HIGH, GIC_PPI, 14, IRQ_LEVEL_HIGH, GIC_PPI, 11,
                    IRQ_LEVEL_HIGH, GIC_PPI, 10, IRQ_LEVEL_HIGH));
        flag(w, "always-on");
        end(w);
}

static void put_gic(struct writer *w, unsigned cpus)
{
        begin_at(w, "intc", GICD_BASE);
        string(w, "compatible", "arm,gic-v3");
        cell(w, "#interrupt-cells", 3);
        cell(w, "#address-cells", 2);
        cell(w, "#size-cells", 2);
        flag(w, "ranges");
        flag(w, "interrupt-controller");
        cells(w, "reg",
              CELLS(ADDRESS(GICD_BASE), ADDRESS(GICD_SIZE), ADDRESS(GICR_BASE),
                    ADDRESS(GICR_STRIDE * cpus)));
        cell(w, "phandle", PHANDLE_GIC);
        end(w);
}

static void put_clock(struct writer *w)
{
        begin(w, "apb-pclk");
        string(w, "compatible", "fixed-clock");
        cell(w, "#clock-cells", 0);
        cell(w, "clock-frequency", UART_CLOCK);
        string(w, "clock-output-names", "clk24mhz");
        cell(w, "phandle", PHANDLE_CLOCK);
        end(w);
}

static void put_memory(struct writer *w, uint64_t base, uint64_t size)
{
        begin_at(w, "memory", base);
        string(w, "device_type", "memory");
        cells(w, "reg", CELLS(ADDRESS(base), ADDRESS(size)));
        end(w);
}

static void put_uart(struct writer *w, uint64_t base, uint32_t spi)
{
        static const char compatible[] = "arm,pl011\0arm,primecell";
        static const char clock_names[] = "uartclk\0apb_pclk";

        begin_at(w, "pl011", base);
        bytes(w, "compatible", STRINGS(compatible));
        cells(w, "reg", CELLS(ADDRESS(base), ADDRESS(UART_SIZE)));
        cells(w, "interrupts", CELLS(GIC_SPI, spi, IRQ_LEVEL_HIGH));
        cells(w, "clocks", CELLS(PHANDLE_CLOCK, PHANDLE_CLOCK));
        bytes(w, "clock-names", STRINGS(clock_names));
        end(w);
}

static void put_uarts(struct writer *w, const struct vm_description *vm)
{
        if (vm->console)
                put_uart(w, 0x09000000, 1);
        if (vm->agent)
                put_uart(w, 0x09040000, 8);
        begin(w, "aliases");
        if (vm->console)
                string(w, "serial0", "/pl011@9000000");
        if (vm->agent)
                string(w, "serial1", "/pl011@9040000");
        end(w);
        begin(w, "chosen");
        if (vm->console)
                string(w, "stdout-path", "/pl011@9000000");
        end(w);
}

/* Pin p of slot s raises line (s + p) mod 4: the swizzle of PCI-to-PCI bridges, which QEMU virt's
 * host follows, too. */
static void put_interrupt_map(struct writer *w, uint32_t first_spi)
{
        enum { ENTRY = 10 };
        fdt32_t map[PCI_SLOTS * PCI_PINS][ENTRY];

        for (uint32_t slot = 0; slot < PCI_SLOTS; slot++) {
                for (uint32_t pin = 0; pin < PCI_PINS; pin++) {
                        const uint32_t entry[ENTRY] = {PCI_SLOT(slot),
                                                       0,
                                                       0,
                                                       pin + 1, /* unit address, pin */
                                                       PHANDLE_GIC,
                                                       0,
                                                       0, /* parent, its unit address */
                                                       GIC_SPI,
                                                       first_spi + (slot + pin) % PCI_PINS,
                                                       IRQ_LEVEL_HIGH};

                        for (size_t i = 0; i < ENTRY; i++)
                                map[slot * PCI_PINS + pin][i] = cpu_to_fdt32(entry[i]);
                }
        }
        cells(w, "interrupt-map-mask", CELLS(PCI_SLOT(PCI_SLOTS - 1), 0, 0, 7));
        bytes(w, "interrupt-map", map, sizeof(map));
}

static void put_pcie(struct writer *w, const struct guest_pcie *pcie)
{
        begin_at(w, "pcie", pcie->mmio);
        string(w, "compatible", "pci-host-ecam-generic");
        string(w, "device_type", "pci");
        cell(w, "#address-cells", 3);
        cell(w, "#size-cells", 2);
        cell(w, "#interrupt-cells", 1);
        cell(w, "linux,pci-domain", 0);
        cells(w, "bus-range", CELLS(0, pcie->bus_last));
        flag(w, "dma-coherent");
        cells(w, "reg", CELLS(ADDRESS(pcie->ecam), ADDRESS(pcie->ecam_size)));
        cells(w, "ranges",
              CELLS(PCI_MMIO32, ADDRESS(pcie->mmio), ADDRESS(pcie->mmio),
                    ADDRESS(pcie->mmio_size)));
        put_interrupt_map(w, pcie->spi);
        end(w);
}

static void put_devices(struct writer *w, const struct vm_description *vm)
{
        static const char both[] = "console\0agent";
        static const char console[] = "console";
        static const char agent[] = "agent";

        if (vm->console && vm->agent)
                bytes(w, "devices", STRINGS(both));
        else if (vm->console)
                bytes(w, "devices", STRINGS(console));
        else if (vm->agent)
                bytes(w, "devices", STRINGS(agent));
}

static void put_segue_vm(struct writer *w, const struct vm_description *vm)
{
        begin_at(w, "vm", vm->index);
        cell(w, "reg", vm->index);
        string(w, "vm-name", vm->name);
        string(w, "role", description_role_name(vm->role));
        put_devices(w, vm);
        cells(w, "memory-size", CELLS(ADDRESS(vm->memory_size)));
        cells(w, "slot-size", CELLS(ADDRESS(vm->slot_size)));
        bytes(w, "vendor-id", vm->vendor_id, 16);
        bytes(w, "class-id", vm->class_id, 16);
        cell(w, "trial-deadline-ms", vm->trial_deadline_ms);
        cell(w, "consent-deadline-ms", vm->consent_deadline_ms);
        end(w);
}

/* What update has to know of the others, and the first root of the packages' trust. */
static void put_segue(struct writer *w, const struct system_description *system)
{
        begin(w, "segue");
        string(w, "compatible", "segue,hypervisor");
        string(w, "product", system->product);
        bytes(w, "root-metadata", system->root_metadata.data, system->root_metadata.size);
        cell(w, "#address-cells", 1);
        cell(w, "#size-cells", 0);
        for (unsigned i = 0; i < system->vm_count; i++)
                if (system->vm[i].role != VM_ROLE_UPDATE)
                        put_segue_vm(w, &system->vm[i]);
        end(w);
}

static void put_root(struct writer *w)
{
        static const char compatible[] = "segue,virt-lite\0linux,dummy-virt";

        begin(w, "");
        string(w, "model", "segue,virt-lite");
        bytes(w, "compatible", STRINGS(compatible));
        cell(w, "#address-cells", 2);
        cell(w, "#size-cells", 2);
        cell(w, "interrupt-parent", PHANDLE_GIC);
}

sg_err guest_fdt_make(const struct system_description *system, const struct vm_description *vm,
                      uint64_t ram_base, const struct guest_pcie *pcie, void *buf, uint32_t room,
                      uint32_t *size)
{
        struct writer w = {.fdt = buf};

        note(&w, fdt_create(buf, (int)room));
        if (w.error == 0)
                note(&w, fdt_finish_reservemap(buf));
        put_root(&w);
        put_cpus(&w, vm->cpus);
        put_psci(&w);
        put_timer(&w);
        put_gic(&w, vm->cpus);
        put_clock(&w);
        put_memory(&w, ram_base, vm->memory_size);
        put_uarts(&w, vm);
        if (pcie)
                put_pcie(&w, pcie);
        if (vm->role == VM_ROLE_UPDATE)
                put_segue(&w, system);
        end(&w);
        if (w.error == 0)
                note(&w, fdt_finish(buf));
        if (w.error != 0)
                return SG_E_TOO_LARGE;
        *size = fdt_totalsize(buf);
        return SG_OK;
}
