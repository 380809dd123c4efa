// SPDX-License-Identifier: Apache-2.0
/* From the first C instruction to running guests, in reading order. */
#include <libfdt.h>

#include "hv/arch/boot.h"
#include "hv/arch/cpu.h"
#include "hv/arch/sysreg.h"
#include "hv/core/crash.h"
#include "hv/core/log.h"
#include "hv/core/panic.h"
#include "hv/core/random.h"
#include "hv/core/smp.h"
#include "hv/machine/board.h"
#include "hv/machine/gic.h"
#include "hv/machine/uart.h"
#include "hv/mm/memory.h"
#include "hv/mm/stage1.h"
#include "hv/mm/window.h"
#include "hv/vm/boot_flash.h"
#include "hv/vm/consoles.h"
#include "hv/vm/description.h"
#include "hv/vm/run.h"
#include "hv/vm/slots.h"
#include "hv/vm/timer.h"
#include "hv/vm/vm.h"

#define DTB_SIZE_MAX 0x200000   /* the boot protocol's */
#define VIRT_UART    0x09000000 /* of QEMU virt, when the devicetree does not say */

static struct board board;
static struct system_description system_image;
static struct memory memory;

static void early_console(const void *fdt)
{
        uint64_t uart = board_early_uart(fdt);

        uart_set_base(uart ? (uintptr_t)uart : VIRT_UART);
        log_set_sink(log_to_wire);
}

_Noreturn void boot_refuse_el1(uint64_t dtb)
{
        early_console((const void *)(uintptr_t)dtb);
        hv_log("error %d: %s", SG_E_NOT_EL2, sg_strerror(SG_E_NOT_EL2));
        hv_log("stopped.");
        for (;;)
                wfi();
}

static void read_board(const void *fdt)
{
        struct board_error error;

        if (board_read(fdt, DTB_SIZE_MAX, read_sysreg(mpidr_el1), &board, &error))
                refuse(error.code, "%s", error.what);
}

static void must(sg_err e, const char *what)
{
        if (e)
                refuse(e, "%s", what);
}

static struct range image_range(void)
{
        return (struct range){.base = (uintptr_t)hv_image_start,
                              .size = (uint64_t)(hv_image_end - hv_image_start)};
}

static void map_machine(const void *fdt)
{
        struct range dtb = {.base = (uintptr_t)fdt, .size = fdt_totalsize(fdt)};

        must(stage1_init(), "hv's own tables");
        must(stage1_map_identity(dtb, STAGE1_RODATA), "the devicetree");
        must(stage1_map_identity(board.uart, STAGE1_DEVICE), "the PL011");
        must(stage1_map_identity(board.gicd, STAGE1_DEVICE), "the GIC's distributor");
        for (unsigned i = 0; i < board.gicr_count; i++)
                must(stage1_map_identity(board.gicr[i], STAGE1_DEVICE), "the GIC's redistributors");
        if (board.nor.size)
                must(stage1_map_identity(board.nor, STAGE1_DEVICE), "the NOR bank");
        if (board.initrd.size)
                must(stage1_map_identity(board.initrd, STAGE1_RODATA), "the system image");
        must(window_init(board.cpu_count), "hv's windows");
        stage1_enable();
}

static void seed_random(void)
{
        random_init(board.seed, board.seed_size, timer_now());
        if (!board.seed_size)
                hv_log("the machine gave no /chosen/rng-seed: tokens and guests' seeds can be "
                       "guessed");
}

static void read_system_image(void)
{
        struct description_error error;

        if (!board.initrd.size)
                refuse(SG_E_NO_SYSTEM_IMAGE, "/chosen: linux,initrd-start (QEMU: -initrd)");
        if (description_parse(pa_to_ptr(pa_make(board.initrd.base)), board.initrd.size,
                              &system_image, &error))
                refuse(error.code, "system image: %s: %s", error.path, error.property);
}

static void collect_memory(const void *fdt)
{
        struct range dtb = {.base = (uintptr_t)fdt, .size = fdt_totalsize(fdt)};
        bool ok = true;

        for (unsigned i = 0; i < board.ram_count; i++)
                ok = ok && memory_add(&memory, board.ram[i]);
        for (unsigned i = 0; i < board.reserved_count; i++)
                ok = ok && memory_reserve(&memory, board.reserved[i]);
        ok = ok && memory_reserve(&memory, image_range()) && memory_reserve(&memory, dtb) &&
             memory_reserve(&memory, board.initrd);
        must(ok ? SG_OK : SG_E_TOO_LARGE, "memory map");
}

static void start_gic(void)
{
        struct gic_location gic = {
                .dist = (uintptr_t)board.gicd.base,
                .redist_regions = board.gicr_count,
                .redist_stride = board.gicr_stride,
        };

        for (unsigned i = 0; i < board.gicr_count; i++) {
                gic.redist[i].base = (uintptr_t)board.gicr[i].base;
                gic.redist[i].size = board.gicr[i].size;
        }
        must(gic_init(&gic), "distributor");
        must(gic_cpu_init(this_cpu()->index), "the boot core's redistributor");
}

static void start_console(void)
{
        uart_set_base((uintptr_t)board.uart.base);
        uart_init();
        consoles_start();
        run_set_uart(board.uart_intid);
        gic_set_edge(0, board.uart_intid, false);
        gic_route(CPU_HOUSEKEEPING, board.uart_intid);
        gic_enable(CPU_HOUSEKEEPING, board.uart_intid, true);
}

static void banner(void)
{
        hv_log("Segue: %u cores, %lu MiB of RAM free, system image \"%s\" with %u VMs", cpu_count(),
               memory_free(&memory) >> 20, system_image.product, system_image.vm_count);
}

_Noreturn void boot_main(uint64_t dtb, struct percpu *cpu)
{
        const void *fdt = (const void *)(uintptr_t)dtb;

        (void)cpu;
        early_console(fdt);
        read_board(fdt);
        cpus_init(board.cpu_mpidr, board.cpu_count);
        map_machine(fdt);
        seed_random();
        read_system_image();
        collect_memory(fdt);
        start_gic();
        smp_start();
        banner();
        consoles_init();
        vms_create(&system_image, &board, &memory);
        start_console();
        slots_init(boot_flash_open(&board.nor));
        vms_start();
        smp_release();
        core_run();
}
