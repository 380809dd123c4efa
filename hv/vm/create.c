// SPDX-License-Identifier: Apache-2.0
/* Builds the VMs from their descriptions, in reading order: cores, RAM, devices, devicetree. */
#include <string.h>

#include "hv/arch/sysreg.h"
#include "hv/core/ipi.h"
#include "hv/core/log.h"
#include "hv/core/panic.h"
#include "hv/core/percpu.h"
#include "hv/mm/heap.h"
#include "hv/mm/stage1.h"
#include "hv/mm/tables.h"
#include "hv/machine/pci.h"
#include "hv/vm/consoles.h"
#include "hv/vm/dma.h"
#include "hv/vm/events.h"
#include "hv/vm/guest_fdt.h"
#include "hv/vm/vm.h"

#define FDT_ROOM  0x8000
#define PCI_PINS  4
#define SPI_FIRST 32u

static struct vm *vms[VM_MAX];
static struct vm *update;
static const struct system_description *description;

struct vm *vm_by_index(unsigned index)
{
        return index < VM_MAX ? vms[index] : NULL;
}

struct vm *vm_update(void)
{
        return update;
}

const struct system_description *vm_system(void)
{
        return description;
}

struct builder {
        const struct board *board;
        struct memory *memory;
        unsigned cores_used;
};

static void check(sg_err e, const struct vm *vm, const char *what)
{
        if (e)
                refuse(e, "vms/vm@%u (%s): %s", vm->index, vm->desc->name, what);
}

static void give_cores(struct builder *b, struct vm *vm)
{
        unsigned n = vm->desc->cpus;

        if (n > cpu_count() - b->cores_used)
                refuse(SG_E_TOO_FEW_CORES,
                       "vms/vm@%u (%s): cpus = <%u>, the machine has %u cores, %u of them taken",
                       vm->index, vm->desc->name, n, cpu_count(), b->cores_used);
        vm->vcpu = heap_alloc(n * sizeof(*vm->vcpu), _Alignof(struct vcpu));
        vm->vcpu_count = n;
        for (unsigned i = 0; i < n; i++) {
                unsigned core = b->cores_used++;

                vm->vcpu[i].vm = vm;
                vm->vcpu[i].index = i;
                vm->vcpu[i].cpu = core;
                cpu_by_index(core)->vcpu = &vm->vcpu[i];
        }
}

static struct paddr take_ram(struct builder *b, const struct vm *vm, uint64_t size,
                             const char *property)
{
        struct paddr pa;

        if (!memory_take(b->memory, size, SIZE_2M, &pa))
                refuse(SG_E_TOO_LITTLE_RAM,
                       "vms/vm@%u (%s): %s: %lu MiB wanted, the machine has %lu MiB left",
                       vm->index, vm->desc->name, property, size >> 20,
                       memory_free(b->memory) >> 20);
        return pa;
}

/* Above its program update has its devicetree. */
static void check_update_fits(const struct vm *vm)
{
        if (description->update.size > vm->ram_size - BOOTFW_DTB_SIZE)
                check(SG_E_MEMORY_TOO_SMALL, vm, "memory-size");
}

static void give_load_region(struct vm *vm)
{
        vm->load_size = description_load_size(vm->desc);
        if (vm->load_size > LOAD_WINDOW_SIZE)
                check(SG_E_TOO_LARGE, vm, "slot-size");
}

static void give_ram(struct builder *b, struct vm *vm)
{
        unsigned pa_bits = stage2_pa_bits(read_sysreg(id_aa64mmfr0_el1));

        vm->ram_size = vm->desc->memory_size;
        vm->ram = take_ram(b, vm, vm->ram_size, "memory-size");
        /* update's disk knows physical addresses alone. */
        vm->ram_ipa = ipa_make(vm == update ? vm->ram.pa : VM_RAM_BASE);
        check(stage2_init(&vm->stage2, (uint16_t)(vm->index + 1), pa_bits, &stage2_table_ops), vm,
              "stage 2");
        check(stage2_map(&vm->stage2, vm->ram_ipa, vm->ram, vm->ram_size, STAGE2_RAM), vm,
              "memory-size");
        if (vm == update)
                check_update_fits(vm);
        else
                give_load_region(vm);
        if (vm->desc->resident) {
                vm->resident.bytes = take_ram(b, vm, vm->load_size, "resident");
                check(stage1_map_identity(
                              (struct range){.base = vm->resident.bytes.pa, .size = vm->load_size},
                              STAGE1_DATA),
                      vm, "resident");
        }
}

static void output_byte(void *ctx, uint8_t byte)
{
        console_put(ctx, &byte, 1);
}

static void console_transmit(void *ctx, uint8_t byte)
{
        struct vm *vm = ctx;

        output_byte(&vm->output, byte);
}

static void console_irq(void *ctx, bool level)
{
        struct vm *vm = ctx;

        vgic_set_level(&vm->vgic, VGIC_SPI(VPL011_CONSOLE_SPI), level);
}

static const struct vpl011_ops console_ops = {
        .transmit = console_transmit,
        .set_irq = console_irq,
};

static void agent_wrote(void *ctx)
{
        const struct vm *vm = ctx;

        event_send(SG_EV_AGENT, vm->index, 0, 0);
}

static void agent_irq(void *ctx, bool level)
{
        struct vm *vm = ctx;

        vgic_set_level(&vm->vgic, VGIC_SPI(VPL011_AGENT_SPI), level);
}

static const struct agent_ops agent_ops = {.wrote = agent_wrote, .set_irq = agent_irq};

static void add_window(struct vm *vm, uint64_t base, uint64_t size, const struct mmio_ops *ops,
                       void *dev)
{
        if (!mmio_add(&vm->mmio, base, size, ops, dev))
                panic("VM %s: no room for a device at %lx", vm->desc->name, base);
}

static void give_gic(struct vm *vm)
{
        uint8_t core[VM_CPUS_MAX];

        for (unsigned i = 0; i < vm->vcpu_count; i++)
                core[i] = (uint8_t)vm->vcpu[i].cpu;
        vgic_init(&vm->vgic, &vgic_hw_ops, vm->vcpu_count, core);
        vgic_link(&vm->vgic, VGIC_PPI_TIMER_VIRTUAL, VGIC_PPI_TIMER_VIRTUAL);
        vgic_link(&vm->vgic, VGIC_PPI_TIMER_PHYSICAL, VGIC_PPI_TIMER_PHYSICAL);
        add_window(vm, VGIC_DIST_BASE, VGIC_DIST_SIZE, &vgic_dist_mmio, &vm->vgic);
        add_window(vm, VGIC_REDIST_BASE, vm->vcpu_count * VGIC_REDIST_SIZE, &vgic_redist_mmio,
                   &vm->vgic);
}

static void give_uarts(struct vm *vm)
{
        vpl011_init(&vm->console, &console_ops, vm);
        if (vm->desc->console) {
                add_window(vm, VPL011_CONSOLE_BASE, VPL011_SIZE, &vpl011_mmio, &vm->console);
                consoles_add(vm);
        }
        if (vm->desc->agent) {
                agent_init(&vm->agent, &agent_ops, vm);
                add_window(vm, VPL011_AGENT_BASE, VPL011_SIZE, &vpl011_mmio, &vm->agent.uart);
        }
}

static void give_disk(const struct board *board, struct vm *vm)
{
        struct range bus = {.base = board->pcie_ecam.base, .size = PCI_BUS_SIZE};

        if (!board->pcie)
                refuse(SG_E_MACHINE_LACKS, "vms/vm@%u (%s): devices: \"disk\": no PCIe host",
                       vm->index, vm->desc->name);
        check(stage2_map(&vm->stage2, ipa_make(board->pcie_ecam.base),
                         pa_make(board->pcie_ecam.base), board->pcie_ecam.size, STAGE2_DEVICE),
              vm, "PCIe configuration space");
        check(stage2_map(&vm->stage2, ipa_make(board->pcie_mmio.base),
                         pa_make(board->pcie_mmio.base), board->pcie_mmio.size, STAGE2_DEVICE),
              vm, "PCIe memory window");
        check(stage1_map_identity(bus, STAGE1_DEVICE), vm, "PCIe configuration space");
        vm->ecam = board->pcie_ecam.base;
        dma_confine(board, vm, description->dma_trusted);
        for (unsigned i = 0; i < PCI_PINS; i++)
                vgic_link(&vm->vgic, board->pcie_intid + i, board->pcie_intid + i);
}

static void make_fdt(const struct board *board, struct vm *vm)
{
        struct guest_pcie pcie = {
                .ecam = board->pcie_ecam.base,
                .ecam_size = board->pcie_ecam.size,
                .mmio = board->pcie_mmio.base,
                .mmio_size = board->pcie_mmio.size,
                .spi = board->pcie_intid - SPI_FIRST,
                .bus_last = board->pcie_bus_last,
        };
        void *scratch = heap_alloc(FDT_ROOM, SIZE_4K);

        check(guest_fdt_make(description, vm->desc, vm->ram_ipa.ipa, vm->desc->disk ? &pcie : NULL,
                             scratch, FDT_ROOM, &vm->fdt_size),
              vm, "its devicetree");
        vm->fdt = scratch;
}

static void create(struct builder *b, struct vm *vm, const struct vm_description *desc)
{
        vm->desc = desc;
        vm->index = desc->index;
        vm->slot = SG_SLOT_NONE;
        give_cores(b, vm);
        give_ram(b, vm);
        give_gic(vm);
        give_uarts(vm);
        if (desc->disk)
                give_disk(b->board, vm);
        make_fdt(b->board, vm);
        hv_log("VM %s: %u MiB at %lx, cores %u..%u", desc->name, (unsigned)(vm->ram_size >> 20),
               vm->ram.pa, vm->vcpu[0].cpu, vm->vcpu[vm->vcpu_count - 1].cpu);
}

/* The lowest start order among those that were not created yet; update, whatever its order, was the
 * first. */
static const struct vm_description *next_to_start(void)
{
        const struct vm_description *next = NULL;

        for (unsigned i = 0; i < description->vm_count; i++) {
                const struct vm_description *d = &description->vm[i];

                if (vms[d->index])
                        continue;
                if (!next || d->start_order < next->start_order)
                        next = d;
        }
        return next;
}

static struct vm *new_vm(const struct vm_description *desc)
{
        struct vm *vm = heap_alloc(sizeof(*vm), _Alignof(struct vm));

        vms[desc->index] = vm;
        return vm;
}

static const struct vm_description *update_description(void)
{
        unsigned i = 0;

        while (description->vm[i].role != VM_ROLE_UPDATE)
                i++;
        return &description->vm[i];
}

void vms_create(const struct system_description *system, const struct board *board,
                struct memory *memory)
{
        struct builder b = {.board = board, .memory = memory};
        const struct vm_description *desc;
        struct vm *last;

        description = system;
        desc = update_description();
        update = new_vm(desc);
        create(&b, update, desc);
        last = update;
        while ((desc = next_to_start())) {
                struct vm *vm = new_vm(desc);

                create(&b, vm, desc);
                last->start_next = vm;
                last = vm;
        }
}

void vms_start(void)
{
        vm_ask(update, VM_REQUEST_START);
}
