/* SPDX-License-Identifier: Apache-2.0 */
/* The machine, as its devicetree describes it. Pure; everything is copied out of the devicetree. */
#ifndef HV_MACHINE_BOARD_H
#define HV_MACHINE_BOARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <segue/error.h>

#include "hv/core/percpu.h"

#define BOARD_RAM_MAX     8
#define BOARD_REDISTS_MAX 4
#define BOARD_SEED_MAX    64

struct range {
        uint64_t base;
        uint64_t size;
};

struct board {
        uint64_t cpu_mpidr[CPU_MAX]; /* the boot core first */
        unsigned cpu_count;          /* at most CPU_MAX: further cores are left alone */
        struct range ram[BOARD_RAM_MAX];
        unsigned ram_count;
        struct range reserved[BOARD_RAM_MAX]; /* /reserved-memory and the memory reservations */
        unsigned reserved_count;
        struct range gicd;
        struct range gicr[BOARD_REDISTS_MAX];
        unsigned gicr_count;
        uint64_t gicr_stride; /* 0: the architecture's */
        struct range uart;
        struct range nor;    /* the last bank of the "cfi-flash" node; size 0: none */
        struct range initrd; /* size 0: none */
        struct range pcie_ecam;
        struct range pcie_mmio; /* 32-bit, not prefetchable; PCI address = CPU address */
        struct range smmu;      /* that the PCIe host's functions are behind; size 0: none */
        uint32_t uart_intid;
        uint32_t pcie_intid;  /* the first of the four INTx; they are adjacent */
        uint32_t smmu_stream; /* of bus 0's function 0; the others follow by requester id */
        uint32_t smmu_event_intid;
        uint32_t smmu_error_intid;
        bool psci_smc; /* false: hvc, which leads nowhere from EL2 */
        bool pcie;
        uint8_t pcie_bus_last;
        uint8_t seed[BOARD_SEED_MAX];
        size_t seed_size;
};

/* What is missing, for the message: a node's or property's name. */
struct board_error {
        sg_err code;
        const char *what;
};

/* boot_mpidr: of the calling core. `limit` bounds the devicetree's size. */
sg_err board_read(const void *fdt, size_t limit, uint64_t boot_mpidr, struct board *board,
                  struct board_error *error);

/* Where early messages go: stdout-path's PL011, or any; 0 when there is none. Works on a devicetree
 * that board_read() refused, too. */
uint64_t board_early_uart(const void *fdt);

/* The affinity bits of an MPIDR. */
static inline uint64_t mpidr_affinity(uint64_t mpidr)
{
        return mpidr & 0xff00ffffffull;
}

#endif
