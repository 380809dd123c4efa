// SPDX-License-Identifier: Apache-2.0
#include "hv/machine/board.h"

#include <libfdt.h>
#include <string.h>

#define CELLS_MAX 2 /* addresses and sizes are of 1 or 2 cells */

/* interrupts = <type number flags> */
#define GIC_CELLS    3
#define GIC_TYPE_SPI 0
#define SPI_FIRST    32

#define BUS_STREAMS  256 /* requester ids of bus 0 */

/* The second cell of the flags in a PCI range: 32-bit memory, not prefetchable. */
#define PCI_SPACE_MASK  0x43000000u
#define PCI_SPACE_MEM32 0x02000000u

struct reader {
        const void *fdt;
        struct board *board;
        struct board_error *error;
};

static bool lacks(struct reader *r, sg_err code, const char *what)
{
        *r->error = (struct board_error){.code = code, .what = what};
        return false;
}

static uint64_t cells_at(const fdt32_t *p, int cells)
{
        uint64_t value = fdt32_to_cpu(p[0]);

        return cells == 1 ? value : value << 32 | fdt32_to_cpu(p[1]);
}

/* Entry n of a node's `reg`, by the parent's cell counts. */
static bool reg_at(const void *fdt, int node, unsigned n, struct range *out)
{
        int parent = fdt_parent_offset(fdt, node);
        int ac = fdt_address_cells(fdt, parent);
        int sc = fdt_size_cells(fdt, parent);
        int length;
        const fdt32_t *reg = fdt_getprop(fdt, node, "reg", &length);
        unsigned cells;

        if (!reg || ac < 1 || ac > CELLS_MAX || sc < 1 || sc > CELLS_MAX)
                return false;
        cells = (unsigned)(ac + sc);
        if ((n + 1) * cells * sizeof(*reg) > (size_t)length)
                return false;
        out->base = cells_at(reg + n * cells, ac);
        out->size = cells_at(reg + n * cells + ac, sc);
        return out->size != 0 && out->base + out->size > out->base;
}

/* The INTID of a node's first interrupt, 0 when it has no SPI. */
static uint32_t spi_of(const void *fdt, int node)
{
        int length;
        const fdt32_t *irq = fdt_getprop(fdt, node, "interrupts", &length);

        if (!irq || (size_t)length < GIC_CELLS * sizeof(*irq) ||
            fdt32_to_cpu(irq[0]) != GIC_TYPE_SPI)
                return 0;
        return fdt32_to_cpu(irq[1]) + SPI_FIRST;
}

static bool is_device_type(const void *fdt, int node, const char *type)
{
        int length;
        const char *p = fdt_getprop(fdt, node, "device_type", &length);

        return p && (size_t)length == strlen(type) + 1 && memcmp(p, type, (size_t)length) == 0;
}

static bool read_cpus(struct reader *r, uint64_t boot_mpidr)
{
        struct board *b = r->board;
        int cpus = fdt_path_offset(r->fdt, "/cpus");
        int cells = cpus < 0 ? 0 : fdt_address_cells(r->fdt, cpus);
        int node;

        if (cells < 1 || cells > CELLS_MAX)
                return lacks(r, SG_E_MACHINE_LACKS, "/cpus");
        b->cpu_mpidr[0] = mpidr_affinity(boot_mpidr);
        b->cpu_count = 1;
        fdt_for_each_subnode(node, r->fdt, cpus)
        {
                int length;
                const fdt32_t *reg = fdt_getprop(r->fdt, node, "reg", &length);
                uint64_t mpidr;

                if (!is_device_type(r->fdt, node, "cpu") || !reg || length < cells * 4)
                        continue;
                mpidr = mpidr_affinity(cells_at(reg, cells));
                if (mpidr != b->cpu_mpidr[0] && b->cpu_count < CPU_MAX)
                        b->cpu_mpidr[b->cpu_count++] = mpidr;
        }
        return true;
}

static bool read_ram(struct reader *r)
{
        struct board *b = r->board;
        int node;

        fdt_for_each_subnode(node, r->fdt, 0)
        {
                struct range range;

                if (!is_device_type(r->fdt, node, "memory"))
                        continue;
                for (unsigned n = 0; reg_at(r->fdt, node, n, &range); n++)
                        if (b->ram_count < BOARD_RAM_MAX)
                                b->ram[b->ram_count++] = range;
        }
        return b->ram_count > 0 || lacks(r, SG_E_MACHINE_LACKS, "memory");
}

static bool add_reserved(struct reader *r, struct range range)
{
        struct board *b = r->board;

        if (b->reserved_count == BOARD_RAM_MAX)
                return lacks(r, SG_E_TOO_LARGE, "/reserved-memory");
        b->reserved[b->reserved_count++] = range;
        return true;
}

static bool read_reserved(struct reader *r)
{
        int parent = fdt_path_offset(r->fdt, "/reserved-memory");
        int count = fdt_num_mem_rsv(r->fdt);
        struct range range;
        int node;

        for (int i = 0; i < count; i++)
                if (fdt_get_mem_rsv(r->fdt, i, &range.base, &range.size) == 0 &&
                    !add_reserved(r, range))
                        return false;
        if (parent < 0)
                return true;
        fdt_for_each_subnode(node, r->fdt,
                             parent) for (unsigned n = 0; reg_at(r->fdt, node, n, &range);
                                          n++) if (!add_reserved(r, range)) return false;
        return true;
}

static bool read_gic(struct reader *r)
{
        struct board *b = r->board;
        int node = fdt_node_offset_by_compatible(r->fdt, -1, "arm,gic-v3");
        int length;
        const fdt32_t *count, *stride;
        unsigned regions = 1;

        if (node < 0 || !reg_at(r->fdt, node, 0, &b->gicd))
                return lacks(r, SG_E_NO_GICV3, "arm,gic-v3");
        count = fdt_getprop(r->fdt, node, "#redistributor-regions", &length);
        if (count && length == 4)
                regions = fdt32_to_cpu(*count);
        for (unsigned n = 0; n < regions && n < BOARD_REDISTS_MAX; n++)
                if (!reg_at(r->fdt, node, 1 + n, &b->gicr[b->gicr_count++]))
                        return lacks(r, SG_E_MACHINE_LACKS, "arm,gic-v3: reg");
        stride = fdt_getprop(r->fdt, node, "redistributor-stride", &length);
        if (stride && (length == 4 || length == 8))
                b->gicr_stride = cells_at(stride, length / 4);
        return true;
}

/* stdout-path may carry ":115200" and may be an alias. */
static int stdout_node(const void *fdt)
{
        int length;
        const char *path =
                fdt_getprop(fdt, fdt_path_offset(fdt, "/chosen"), "stdout-path", &length);
        const char *end = path ? memchr(path, ':', (size_t)length) : NULL;

        if (!path || length < 2)
                return -1;
        return fdt_path_offset_namelen(fdt, path, end ? (int)(end - path) : length - 1);
}

static int uart_node(const void *fdt)
{
        int node = stdout_node(fdt);

        if (node >= 0 && fdt_node_check_compatible(fdt, node, "arm,pl011") == 0)
                return node;
        return fdt_node_offset_by_compatible(fdt, -1, "arm,pl011");
}

static bool read_uart(struct reader *r)
{
        int node = uart_node(r->fdt);

        if (node < 0 || !reg_at(r->fdt, node, 0, &r->board->uart))
                return lacks(r, SG_E_MACHINE_LACKS, "arm,pl011");
        r->board->uart_intid = spi_of(r->fdt, node);
        return r->board->uart_intid || lacks(r, SG_E_MACHINE_LACKS, "arm,pl011: interrupts");
}

static void read_nor(struct reader *r)
{
        int node = fdt_node_offset_by_compatible(r->fdt, -1, "cfi-flash");
        struct range range;

        for (unsigned n = 0; node >= 0 && reg_at(r->fdt, node, n, &range); n++)
                r->board->nor = range;
}

static bool read_psci(struct reader *r)
{
        int node = fdt_node_offset_by_compatible(r->fdt, -1, "arm,psci-0.2");
        int length;
        const char *method = node < 0 ? NULL : fdt_getprop(r->fdt, node, "method", &length);

        if (!method)
                return lacks(r, SG_E_MACHINE_LACKS, "arm,psci-0.2");
        r->board->psci_smc = length == 4 && memcmp(method, "smc", 4) == 0;
        return r->board->psci_smc || lacks(r, SG_E_MACHINE_LACKS, "arm,psci-0.2: method = \"smc\"");
}

/* ranges = <flags pci-address(2) cpu-address(2) size(2)> of a root with 2 address cells. */
static bool read_pcie_window(struct reader *r, int node)
{
        int length;
        const fdt32_t *p = fdt_getprop(r->fdt, node, "ranges", &length);

        for (; p && length >= 28; p += 7, length -= 28) {
                if ((fdt32_to_cpu(p[0]) & PCI_SPACE_MASK) != PCI_SPACE_MEM32)
                        continue;
                r->board->pcie_mmio =
                        (struct range){.base = cells_at(p + 3, 2), .size = cells_at(p + 5, 2)};
                return cells_at(p + 1, 2) == r->board->pcie_mmio.base;
        }
        return false;
}

/* The lowest SPI of the interrupt-map's entries: <address(3) pin phandle gic-address(2) type number
 * flags>. */
static bool read_pcie_interrupts(struct reader *r, int node)
{
        int length;
        const fdt32_t *p = fdt_getprop(r->fdt, node, "interrupt-map", &length);
        uint32_t first = UINT32_MAX;

        for (; p && length >= 40; p += 10, length -= 40)
                if (fdt32_to_cpu(p[7]) == GIC_TYPE_SPI && fdt32_to_cpu(p[8]) < first)
                        first = fdt32_to_cpu(p[8]);
        r->board->pcie_intid = first + SPI_FIRST;
        return first != UINT32_MAX;
}

/* The INTID of one of an SMMU's interrupts by its name, 0 when it has no such SPI. */
static uint32_t named_spi(const void *fdt, int node, const char *name)
{
        int length;
        int at = fdt_stringlist_search(fdt, node, "interrupt-names", name);
        const fdt32_t *irq = fdt_getprop(fdt, node, "interrupts", &length);

        if (at < 0 || !irq || (size_t)length < (size_t)(at + 1) * GIC_CELLS * sizeof(*irq) ||
            fdt32_to_cpu(irq[at * GIC_CELLS]) != GIC_TYPE_SPI)
                return 0;
        return fdt32_to_cpu(irq[at * GIC_CELLS + 1]) + SPI_FIRST;
}

static bool read_smmu_node(struct reader *r, int node)
{
        struct board *b = r->board;

        b->smmu_event_intid = named_spi(r->fdt, node, "eventq");
        b->smmu_error_intid = named_spi(r->fdt, node, "gerror");
        return fdt_node_check_compatible(r->fdt, node, "arm,smmu-v3") == 0 &&
               reg_at(r->fdt, node, 0, &b->smmu) && b->smmu_event_intid && b->smmu_error_intid;
}

/* iommu-map = <requester-id phandle stream count>: the entry that has all of bus 0. */
static bool read_smmu(struct reader *r, int pcie)
{
        int length;
        const fdt32_t *p = fdt_getprop(r->fdt, pcie, "iommu-map", &length);

        if (!p)
                return true;
        for (; length >= 16; p += 4, length -= 16) {
                if (fdt32_to_cpu(p[0]) != 0 || fdt32_to_cpu(p[3]) < BUS_STREAMS)
                        continue;
                r->board->smmu_stream = fdt32_to_cpu(p[2]);
                return read_smmu_node(r, fdt_node_offset_by_phandle(r->fdt, fdt32_to_cpu(p[1])));
        }
        return false;
}

static bool read_pcie(struct reader *r)
{
        struct board *b = r->board;
        int node = fdt_node_offset_by_compatible(r->fdt, -1, "pci-host-ecam-generic");
        int length;
        const fdt32_t *bus;

        if (node < 0)
                return true;
        if (!reg_at(r->fdt, node, 0, &b->pcie_ecam) || !read_pcie_window(r, node) ||
            !read_pcie_interrupts(r, node))
                return lacks(r, SG_E_MACHINE_LACKS, "pci-host-ecam-generic");
        if (!read_smmu(r, node))
                return lacks(r, SG_E_MACHINE_LACKS, "pci-host-ecam-generic: iommu-map");
        bus = fdt_getprop(r->fdt, node, "bus-range", &length);
        b->pcie_bus_last = bus && length == 8 ? (uint8_t)fdt32_to_cpu(bus[1]) : 0;
        b->pcie = true;
        return true;
}

static uint64_t chosen_address(const void *fdt, int chosen, const char *name)
{
        int length;
        const fdt32_t *p = fdt_getprop(fdt, chosen, name, &length);

        return p && (length == 4 || length == 8) ? cells_at(p, length / 4) : 0;
}

static void read_chosen(struct reader *r)
{
        struct board *b = r->board;
        int chosen = fdt_path_offset(r->fdt, "/chosen");
        uint64_t start = chosen_address(r->fdt, chosen, "linux,initrd-start");
        uint64_t end = chosen_address(r->fdt, chosen, "linux,initrd-end");
        int length;
        const void *seed = fdt_getprop(r->fdt, chosen, "rng-seed", &length);

        if (start && end > start)
                b->initrd = (struct range){.base = start, .size = end - start};
        if (seed && length > 0) {
                b->seed_size = (size_t)length < BOARD_SEED_MAX ? (size_t)length : BOARD_SEED_MAX;
                memcpy(b->seed, seed, b->seed_size);
        }
}

static bool read_all(struct reader *r, uint64_t boot_mpidr)
{
        read_nor(r);
        read_chosen(r);
        return read_uart(r) && read_gic(r) && read_cpus(r, boot_mpidr) && read_ram(r) &&
               read_reserved(r) && read_psci(r) && read_pcie(r);
}

sg_err board_read(const void *fdt, size_t limit, uint64_t boot_mpidr, struct board *board,
                  struct board_error *error)
{
        struct reader r = {.fdt = fdt, .board = board, .error = error};

        *board = (struct board){0};
        *error = (struct board_error){.code = SG_E_MACHINE_DT, .what = "/"};
        if (fdt_check_header(fdt) != 0 || fdt_totalsize(fdt) > limit)
                return error->code;
        return read_all(&r, boot_mpidr) ? SG_OK : error->code;
}

uint64_t board_early_uart(const void *fdt)
{
        struct range range;
        int node;

        if (fdt_check_header(fdt) != 0)
                return 0;
        node = uart_node(fdt);
        return node >= 0 && reg_at(fdt, node, 0, &range) ? range.base : 0;
}
