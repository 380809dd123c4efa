// SPDX-License-Identifier: Apache-2.0
/* Guests' devicetrees, read back, and update's through the very code that update reads it with. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <libfdt.h>

#include "hv/vm/guest_fdt.h"
#include "updater/el1/platform.h"

#define SYSTEM_DTB "build/unit/data/system.dtb"
#define ROOM       0x4000

static _Alignas(8) uint8_t system_dtb[0x10000];
static _Alignas(8) uint8_t fdt[ROOM];
static struct system_description sys;
static uint32_t size;

static const struct guest_pcie pcie = {.ecam = 0x4010000000,
                                       .ecam_size = 0x10000000,
                                       .mmio = 0x10000000,
                                       .mmio_size = 0x2eff0000,
                                       .spi = 3,
                                       .bus_last = 255};

static int load(void **state)
{
        FILE *f = fopen(SYSTEM_DTB, "rb");
        struct description_error error;

        (void)state;
        assert_non_null(f);
        assert_true(fread(system_dtb, 1, sizeof(system_dtb), f) > 0);
        fclose(f);
        assert_int_equal(description_parse(system_dtb, sizeof(system_dtb), &sys, &error), SG_OK);
        return 0;
}

static const struct vm_description *vm_at(unsigned index)
{
        for (unsigned i = 0; i < sys.vm_count; i++)
                if (sys.vm[i].index == index)
                        return &sys.vm[i];
        return NULL;
}

static void make(unsigned index, uint64_t base, const struct guest_pcie *host)
{
        assert_int_equal(guest_fdt_make(&sys, vm_at(index), base, host, fdt, ROOM, &size), SG_OK);
        assert_int_equal(fdt_check_full(fdt, size), 0);
}

static void has_cells(const char *path, const char *name, const uint32_t *cells, size_t count)
{
        int len;
        const fdt32_t *p = fdt_getprop(fdt, fdt_path_offset(fdt, path), name, &len);

        assert_non_null(p);
        assert_int_equal(len, count * 4);
        for (size_t i = 0; i < count; i++)
                assert_int_equal(fdt32_to_cpu(p[i]), cells[i]);
}

#define HAS_CELLS(path, name, ...)                             \
        has_cells(path, name, (const uint32_t[]){__VA_ARGS__}, \
                  sizeof((const uint32_t[]){__VA_ARGS__}) / 4)

static void has_string(const char *path, const char *name, const char *text)
{
        const char *p = fdt_getprop(fdt, fdt_path_offset(fdt, path), name, NULL);

        assert_non_null(p);
        assert_string_equal(p, text);
}

static void a_linux_guest(void **state)
{
        (void)state;
        make(2, 0x40000000, NULL);
        has_string("/", "compatible", "segue,virt-lite");
        HAS_CELLS("/", "interrupt-parent", 1);
        HAS_CELLS("/cpus/cpu@1", "reg", 1);
        has_string("/cpus/cpu@0", "enable-method", "psci");
        assert_true(fdt_path_offset(fdt, "/cpus/cpu@2") < 0);
        has_string("/psci", "method", "hvc");
        HAS_CELLS("/timer", "interrupts", 1, 13, 4, 1, 14, 4, 1, 11, 4, 1, 10, 4);
        HAS_CELLS("/intc@8000000", "reg", 0, 0x8000000, 0, 0x10000, 0, 0x80a0000, 0, 0x40000);
        HAS_CELLS("/intc@8000000", "phandle", 1);
        HAS_CELLS("/memory@40000000", "reg", 0, 0x40000000, 0, 0x10000000);
        HAS_CELLS("/pl011@9000000", "interrupts", 0, 1, 4);
        HAS_CELLS("/pl011@9040000", "interrupts", 0, 8, 4);
        HAS_CELLS("/pl011@9040000", "clocks", 2, 2);
        HAS_CELLS("/apb-pclk", "phandle", 2);
        assert_string_equal(fdt_get_alias(fdt, "serial0"), "/pl011@9000000");
        assert_string_equal(fdt_get_alias(fdt, "serial1"), "/pl011@9040000");
        has_string("/chosen", "stdout-path", "/pl011@9000000");
        assert_true(fdt_path_offset(fdt, "/segue") < 0);
        assert_true(fdt_node_offset_by_compatible(fdt, -1, "pci-host-ecam-generic") < 0);
}

static void devices_that_are_not_given(void **state)
{
        struct vm_description vm;

        (void)state;
        vm = *vm_at(1);
        vm.agent = false;
        vm.console = false;
        assert_int_equal(guest_fdt_make(&sys, &vm, 0x40000000, NULL, fdt, ROOM, &size), SG_OK);
        assert_true(fdt_path_offset(fdt, "/pl011@9000000") < 0);
        assert_null(fdt_get_alias(fdt, "serial1"));
        assert_true(fdt_path_offset(fdt, "/chosen") >= 0);
}

static void update_reads_its_own(void **state)
{
        struct platform p;
        const char *what;
        uint32_t spi;

        (void)state;
        make(0, 0x78000000, &pcie);
        assert_int_equal(platform_read(fdt, &p, &what), SG_OK);
        assert_int_equal(p.ram.base, 0x78000000);
        assert_int_equal(p.ram.size, 0x4000000);
        assert_int_equal(p.pcie.ecam.base, pcie.ecam);
        assert_int_equal(p.pcie.window.base, pcie.mmio);
        assert_int_equal(p.pcie.window_pci, pcie.mmio);
        assert_int_equal(p.pcie.window.size, pcie.mmio_size);
        assert_string_equal(p.product, "segue-virt");
        assert_int_equal(p.root_size, sys.root_metadata.size);
        assert_memory_equal(p.root, sys.root_metadata.data, p.root_size);
        assert_int_equal(p.vm_count, 3);
        for (unsigned i = 0; i < p.vm_count; i++) {
                const struct vm_description *vm = vm_at(p.vms[i].index);

                assert_string_equal(p.vms[i].name, vm->name);
                assert_int_equal(p.vms[i].agent, vm->agent);
                assert_int_equal(p.vms[i].slot_size, vm->slot_size);
                assert_int_equal(p.vms[i].trial_deadline_ms, vm->trial_deadline_ms);
                assert_int_equal(p.vms[i].consent_deadline_ms, vm->consent_deadline_ms);
                assert_memory_equal(p.vms[i].vendor_id, vm->vendor_id, 16);
                assert_memory_equal(p.vms[i].class_id, vm->class_id, 16);
        }
        /* QEMU virt: device 1's INTA is SPI 4, device 3's INTB wraps to SPI 3. */
        assert_int_equal(platform_pci_spi(fdt, 1, 1, &spi), SG_OK);
        assert_int_equal(spi, 4);
        assert_int_equal(platform_pci_spi(fdt, 3, 2, &spi), SG_OK);
        assert_int_equal(spi, 3);
        assert_int_equal(platform_pci_spi(fdt, 5, 1, &spi), SG_OK);
        assert_int_equal(spi, 4);
}

static void too_little_room(void **state)
{
        static _Alignas(8) uint8_t small[ROOM];

        (void)state;
        make(0, 0x78000000, &pcie);
        for (uint32_t room = 0; room < size; room += 8)
                assert_int_equal(
                        guest_fdt_make(&sys, vm_at(0), 0x78000000, &pcie, small, room, &size),
                        SG_E_TOO_LARGE);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup(a_linux_guest, load),
                cmocka_unit_test_setup(devices_that_are_not_given, load),
                cmocka_unit_test_setup(update_reads_its_own, load),
                cmocka_unit_test_setup(too_little_room, load),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
