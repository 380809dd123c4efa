/* SPDX-License-Identifier: Apache-2.0 */
/* What the update partition reads from its devicetree, whole and with each part missing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <libfdt.h>

#include "updater/el1/platform.h"

#define TREE_SIZE 8192

static char tree[TREE_SIZE] __attribute__((aligned(8)));
static struct platform platform;

static void put_cells(int node, const char *name, const uint32_t *cells, unsigned count)
{
        fdt32_t raw[64];

        assert_true(count <= 64);
        for (unsigned i = 0; i < count; i++) {
                raw[i] = cpu_to_fdt32(cells[i]);
        }
        assert_int_equal(fdt_setprop(tree, node, name, raw, (int)(4 * count)), 0);
}

#define PUT_CELLS(node, name, ...)                                                 \
        do {                                                                       \
                const uint32_t cells_[] = {__VA_ARGS__};                           \
                put_cells(node, name, cells_, sizeof(cells_) / sizeof(cells_[0])); \
        } while (0)

static int add_node(int parent, const char *name)
{
        const int node = fdt_add_subnode(tree, parent, name);

        assert_true(node >= 0);
        return node;
}

static void add_machine(void)
{
        int node = add_node(0, "memory@80000000");

        fdt_setprop_string(tree, node, "device_type", "memory");
        PUT_CELLS(node, "reg", 0, 0x80000000, 0, 0x4000000);

        node = add_node(0, "intc@8000000");
        fdt_setprop_string(tree, node, "compatible", "arm,gic-v3");
        PUT_CELLS(node, "phandle", 7);
        PUT_CELLS(node, "#address-cells", 2);
        PUT_CELLS(node, "reg", 0, 0x8000000, 0, 0x10000, 0, 0x80a0000, 0, 0x20000);

        node = add_node(0, "pcie@10000000");
        fdt_setprop_string(tree, node, "compatible", "pci-host-ecam-generic");
        fdt_setprop_empty(tree, node, "dma-coherent");
        PUT_CELLS(node, "reg", 0x40, 0x10000000, 0, 0x10000000);
        PUT_CELLS(node, "ranges", 0x1000000, 0, 0, 0, 0x3eff0000, 0, 0x10000, /* I/O */
                  0x3000000, 0x80, 0, 0x80, 0, 0x80, 0,                       /* 64-bit */
                  0x2000000, 0, 0x20000000, 0, 0x10000000, 0, 0x2eff0000);    /* 32-bit */
        PUT_CELLS(node, "interrupt-map-mask", 0x1800, 0, 0, 7);
        PUT_CELLS(node, "interrupt-map", 0, 0, 0, 1, 7, 0, 0, 0, 3, 4, /* device 0, INTA */
                  0x800, 0, 0, 1, 7, 0, 0, 0, 4, 4,                    /* device 1, INTA */
                  0x800, 0, 0, 2, 7, 0, 0, 0, 5, 4);
}

static void add_segue(void)
{
        static const uint8_t id[16] = {0x73, 0x65};
        const int segue = add_node(0, "segue");
        int vm;

        fdt_setprop_string(tree, segue, "product", "segue-virt");
        fdt_setprop(tree, segue, "root-metadata", "{}", 2);
        /* Added first, read last: libfdt puts a new subnode before its siblings. */
        vm = add_node(segue, "vm@2");
        PUT_CELLS(vm, "reg", 2);
        fdt_setprop_string(tree, vm, "vm-name", "personal");
        fdt_setprop_string(tree, vm, "role", "linux");
        fdt_setprop(tree, vm, "devices", "console\0agent", 14);
        PUT_CELLS(vm, "slot-size", 0, 0x3000000);
        PUT_CELLS(vm, "trial-deadline-ms", 60000);
        PUT_CELLS(vm, "consent-deadline-ms", 30000);
        fdt_setprop(tree, vm, "vendor-id", id, sizeof(id));
        vm = add_node(segue, "vm@0");
        PUT_CELLS(vm, "reg", 0);
        fdt_setprop_string(tree, vm, "vm-name", "update");
        fdt_setprop_string(tree, vm, "role", "update");
}

static int set_up(void **state)
{
        (void)state;
        assert_int_equal(fdt_create_empty_tree(tree, sizeof(tree)), 0);
        PUT_CELLS(0, "#address-cells", 2);
        PUT_CELLS(0, "#size-cells", 2);
        add_machine();
        add_segue();
        return 0;
}

static void assert_refused(const char *expected)
{
        const char *what = NULL;

        assert_int_equal(platform_read(tree, &platform, &what), SG_E_UPDATE_DT);
        assert_string_equal(what, expected);
}

static void read_whole(void)
{
        const char *what = "unset";

        assert_int_equal(platform_read(tree, &platform, &what), SG_OK);
        assert_null(what);
}

static void the_machine_is_read(void **state)
{
        (void)state;
        read_whole();
        assert_int_equal(platform.ram.base, 0x80000000);
        assert_int_equal(platform.ram.size, 0x4000000);
        assert_int_equal(platform.gicd.base, 0x8000000);
        assert_int_equal(platform.gicr.base, 0x80a0000);
        assert_int_equal(platform.pcie.ecam.base, UINT64_C(0x4010000000));
}

static void the_32_bit_window_is_preferred(void **state)
{
        (void)state;
        read_whole();
        assert_int_equal(platform.pcie.window.base, 0x10000000);
        assert_int_equal(platform.pcie.window_pci, 0x20000000);
        assert_int_equal(platform.pcie.window.size, 0x2eff0000);
}

static void guests_are_read_and_update_is_left_out(void **state)
{
        (void)state;
        read_whole();
        assert_string_equal(platform.product, "segue-virt");
        assert_int_equal(platform.root_size, 2);
        assert_memory_equal(platform.root, "{}", 2);
        assert_int_equal(platform.vm_count, 1);
        assert_string_equal(platform.vms[0].name, "personal");
        assert_int_equal(platform.vms[0].index, 2);
        assert_int_equal(platform.vms[0].slot_size, 0x3000000);
        assert_int_equal(platform.vms[0].consent_deadline_ms, 30000);
        assert_int_equal(platform.vms[0].trial_deadline_ms, 60000);
        assert_int_equal(platform.vms[0].vendor_id[1], 0x65);
        assert_true(platform.vms[0].agent);
}

static void a_machine_without_hv_has_no_product(void **state)
{
        (void)state;
        fdt_del_node(tree, fdt_path_offset(tree, "/segue"));
        read_whole();
        assert_null(platform.product);
        assert_int_equal(platform.vm_count, 0);
}

static void what_is_missing_is_named(void **state)
{
        static const struct {
                const char *node, *property, *what;
        } rows[] = {
                {"/memory@80000000", "reg", "memory: reg"},
                {"/intc@8000000", "reg", "arm,gic-v3: reg"},
                {"/pcie@10000000", "reg", "pcie: reg"},
                {"/pcie@10000000", "ranges", "pcie: ranges"},
                {"/pcie@10000000", "dma-coherent", "pcie: dma-coherent"},
                {"/segue", "product", "segue: product"},
                {"/segue", "root-metadata", "segue: root-metadata"},
                {"/segue/vm@2", "vm-name", "segue/vm: vm-name"},
                {"/segue/vm@2", "reg", "segue/vm: reg"},
        };

        for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                set_up(state);
                assert_int_equal(
                        fdt_delprop(tree, fdt_path_offset(tree, rows[i].node), rows[i].property),
                        0);
                assert_refused(rows[i].what);
        }
}

static void short_and_wrapping_ranges_are_refused(void **state)
{
        const int memory = fdt_path_offset(tree, "/memory@80000000");

        (void)state;
        PUT_CELLS(memory, "reg", 0, 0x80000000, 0);
        assert_refused("memory: reg");
        PUT_CELLS(memory, "reg", 0xffffffff, 0xfffff000, 0, 0x2000);
        assert_refused("memory: reg");
}

static void a_name_too_long_is_refused(void **state)
{
        (void)state;
        fdt_setprop_string(tree, fdt_path_offset(tree, "/segue/vm@2"), "vm-name",
                           "a-name-of-17-char");
        assert_refused("segue/vm: vm-name");
}

static void rubbish_is_refused(void **state)
{
        (void)state;
        memset(tree, 0xa5, 64);
        assert_refused("not a devicetree");
}

static void interrupts_are_found_by_device_and_pin(void **state)
{
        uint32_t spi = 0;

        (void)state;
        assert_int_equal(platform_pci_spi(tree, 1, 1, &spi), SG_OK);
        assert_int_equal(spi, 4);
        assert_int_equal(platform_pci_spi(tree, 1, 2, &spi), SG_OK);
        assert_int_equal(spi, 5);
        assert_int_equal(platform_pci_spi(tree, 4, 1, &spi), SG_OK); /* as device 0, by the mask */
        assert_int_equal(spi, 3);
        assert_int_equal(platform_pci_spi(tree, 1, 0, &spi), SG_E_UPDATE_DT);
        assert_int_equal(platform_pci_spi(tree, 2, 1, &spi), SG_E_UPDATE_DT);
}

static void an_interrupt_map_cut_short_is_not_read_beyond(void **state)
{
        const int pcie = fdt_path_offset(tree, "/pcie@10000000");
        uint32_t spi = 0;

        (void)state;
        PUT_CELLS(pcie, "interrupt-map", 0x800, 0, 0, 1, 7, 0, 0, 0, 4);
        assert_int_equal(platform_pci_spi(tree, 1, 1, &spi), SG_E_UPDATE_DT);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup(the_machine_is_read, set_up),
                cmocka_unit_test_setup(the_32_bit_window_is_preferred, set_up),
                cmocka_unit_test_setup(guests_are_read_and_update_is_left_out, set_up),
                cmocka_unit_test_setup(a_machine_without_hv_has_no_product, set_up),
                cmocka_unit_test_setup(what_is_missing_is_named, set_up),
                cmocka_unit_test_setup(short_and_wrapping_ranges_are_refused, set_up),
                cmocka_unit_test_setup(a_name_too_long_is_refused, set_up),
                cmocka_unit_test_setup(rubbish_is_refused, set_up),
                cmocka_unit_test_setup(interrupts_are_found_by_device_and_pin, set_up),
                cmocka_unit_test_setup(an_interrupt_map_cut_short_is_not_read_beyond, set_up),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
