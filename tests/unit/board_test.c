// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <libfdt.h>

#include "hv/machine/board.h"

#define ROOM 0x10000

static uint8_t fdt[ROOM];
static struct board board;
static struct board_error error;

static int load(void **state)
{
        FILE *f = fopen("build/unit/data/board.dtb", "rb");

        (void)state;
        if (!f || fread(fdt, 1, ROOM, f) == 0)
                return -1;
        fclose(f);
        return fdt_open_into(fdt, fdt, ROOM);
}

static sg_err read_it(uint64_t mpidr)
{
        return board_read(fdt, ROOM, mpidr, &board, &error);
}

static void assert_range(struct range r, uint64_t base, uint64_t size)
{
        assert_int_equal(r.base, base);
        assert_int_equal(r.size, size);
}

static void reads_everything(void **state)
{
        (void)state;
        assert_int_equal(read_it(0x80000000), SG_OK);
        assert_int_equal(board.ram_count, 3);
        assert_range(board.ram[1], 0x40000000, 0x20000000);
        assert_range(board.ram[2], 0x100000000, 0x10000000);
        assert_int_equal(board.reserved_count, 2);
        assert_range(board.reserved[0], 0x40000000, 0x10000);
        assert_range(board.reserved[1], 0x4e000000, 0x1000000);
        assert_range(board.gicd, 0x8000000, 0x10000);
        assert_int_equal(board.gicr_count, 2);
        assert_range(board.gicr[1], 0x4000000000, 0x40000);
        assert_int_equal(board.gicr_stride, 0x40000);
        assert_range(board.nor, 0x4000000, 0x4000000);
        assert_range(board.initrd, 0x48000000, 0x100000);
        assert_int_equal(board.seed_size, 8);
        assert_true(board.pcie);
        assert_range(board.pcie_ecam, 0x4010000000, 0x1000000);
        assert_range(board.pcie_mmio, 0x10000000, 0x2eff0000);
        assert_int_equal(board.pcie_intid, 35);
        assert_int_equal(board.pcie_bus_last, 15);
        assert_range(board.smmu, 0x9050000, 0x20000);
        assert_int_equal(board.smmu_stream, 0x400);
        assert_int_equal(board.smmu_event_intid, 106);
        assert_int_equal(board.smmu_error_intid, 109);
}

/* stdout-path goes through an alias, has options behind a colon, and lies on a bus of one cell. */
static void console_is_the_one_of_stdout(void **state)
{
        (void)state;
        assert_int_equal(read_it(0), SG_OK);
        assert_range(board.uart, 0x9040000, 0x1000);
        assert_int_equal(board.uart_intid, 40);
        assert_int_equal(board_early_uart(fdt), 0x9040000);
}

static void boot_core_comes_first(void **state)
{
        (void)state;
        assert_int_equal(read_it(0x80000100), SG_OK);
        assert_int_equal(board.cpu_count, 4);
        assert_int_equal(board.cpu_mpidr[0], 0x100);
        assert_int_equal(board.cpu_mpidr[1], 0);
        assert_int_equal(board.cpu_mpidr[2], 1);
        assert_int_equal(board.cpu_mpidr[3], 0x100000000);
}

static void refused_when(const char *path, const char *property, sg_err code)
{
        int node = fdt_path_offset(fdt, path);

        assert_true(node >= 0);
        assert_int_equal(property ? fdt_delprop(fdt, node, property) : fdt_del_node(fdt, node), 0);
        assert_int_equal(read_it(0), code);
        assert_int_equal(error.code, code);
        assert_non_null(error.what);
}

static void says_what_is_missing(void **state)
{
        static const struct {
                const char *path, *property;
                sg_err code;
        } rows[] = {
                {"/intc@8000000", NULL, SG_E_NO_GICV3},
                {"/intc@8000000", "compatible", SG_E_NO_GICV3},
                {"/cpus", NULL, SG_E_MACHINE_LACKS},
                {"/psci", NULL, SG_E_MACHINE_LACKS},
                {"/psci", "method", SG_E_MACHINE_LACKS},
                {"/soc", NULL, SG_E_MACHINE_LACKS},
                {"/soc/uart@9040000", "interrupts", SG_E_MACHINE_LACKS},
                {"/pcie@4010000000", "ranges", SG_E_MACHINE_LACKS},
                {"/pcie@4010000000", "interrupt-map", SG_E_MACHINE_LACKS},
                {"/smmuv3@9050000", NULL, SG_E_MACHINE_LACKS},
                {"/smmuv3@9050000", "reg", SG_E_MACHINE_LACKS},
                {"/smmuv3@9050000", "interrupts", SG_E_MACHINE_LACKS},
                {"/smmuv3@9050000", "interrupt-names", SG_E_MACHINE_LACKS},
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                assert_int_equal(load(state), 0);
                refused_when(rows[i].path, rows[i].property, rows[i].code);
        }
}

static void machine_without_disk_or_flash_is_fine(void **state)
{
        assert_int_equal(load(state), 0);
        fdt_del_node(fdt, fdt_path_offset(fdt, "/pcie@4010000000"));
        fdt_del_node(fdt, fdt_path_offset(fdt, "/flash@0"));
        assert_int_equal(read_it(0), SG_OK);
        assert_false(board.pcie);
        assert_int_equal(board.nor.size, 0);
}

static void machine_without_smmu_is_read(void **state)
{
        assert_int_equal(load(state), 0);
        fdt_delprop(fdt, fdt_path_offset(fdt, "/pcie@4010000000"), "iommu-map");
        assert_int_equal(read_it(0), SG_OK);
        assert_int_equal(board.smmu.size, 0);
}

static void refuses_what_is_no_devicetree(void **state)
{
        (void)state;
        fdt_set_magic(fdt, 0);
        assert_int_equal(read_it(0), SG_E_MACHINE_DT);
        assert_int_equal(board_early_uart(fdt), 0);
}

static void refuses_a_devicetree_longer_than_allowed(void **state)
{
        (void)state;
        assert_int_equal(board_read(fdt, 64, 0, &board, &error), SG_E_MACHINE_DT);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup(reads_everything, load),
                cmocka_unit_test_setup(console_is_the_one_of_stdout, load),
                cmocka_unit_test_setup(boot_core_comes_first, load),
                cmocka_unit_test(says_what_is_missing),
                cmocka_unit_test(machine_without_disk_or_flash_is_fine),
                cmocka_unit_test_setup(machine_without_smmu_is_read, load),
                cmocka_unit_test_setup(refuses_what_is_no_devicetree, load),
                cmocka_unit_test_setup(refuses_a_devicetree_longer_than_allowed, load),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
