/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What vm.c and load.c reach of the machine: RAM through hv's window and its caches, EL2's timer,
 * update's devices; and what other cores do meanwhile. Stricter than any machine: the test fails
 * when hv touches RAM that update can reach, or update's own while its devices can.
 */
#ifndef TESTS_FAKE_CORE_H
#define TESTS_FAKE_CORE_H

#include <stdbool.h>
#include <stdint.h>

#include "hv/vm/vm.h"

#define FAKE_RAM_BASE UINT64_C(0x80000000)
#define FAKE_RAM_SIZE (12 * SIZE_2M)

struct fake_core {
        _Alignas(SIZE_4K) uint8_t ram[FAKE_RAM_SIZE];
        bool cached[FAKE_RAM_SIZE / SIZE_4K]; /* written, and not cleaned yet */
        unsigned windows;                     /* that hv opened on RAM */
        bool icache_stale;                    /* code was placed since it was invalidated */
        unsigned tlb_flushes[VM_MAX];         /* of all that a VM's stage 2 translates */
        uint64_t timer;                       /* EL2's, of whichever core set it last */
        unsigned device_resets[VM_MAX];       /* of its GIC, its console and its agent */
        bool dma_open;
        unsigned bus_resets;
};

extern struct fake_core fake_core;
extern struct system_description fake_system; /* what vm_system() says */

void fake_core_reset(void);

uint8_t *fake_ram(struct paddr pa, uint64_t size);
void fake_ram_write(struct paddr pa, uint8_t byte, uint64_t size); /* by software, into caches */
void fake_ram_cached(struct paddr pa, uint64_t size); /* software is about to write there */
bool fake_ram_is(struct paddr pa, uint8_t byte, uint64_t size);
bool fake_ram_is_clean(struct paddr pa, uint64_t size);

/* Where a core is when another one acts. The functions are wrapped by the linker: FAKE_WRAPS in
 * hv/hv.mk. */
enum fake_point {
        FAKE_POLL,          /* core_poll() */
        FAKE_SLOTS_DUE,     /* slots_due() */
        FAKE_SLOTS_STOPPED, /* slots_stopped() */
        FAKE_RESIDENT,      /* slots_is_resident() */
        FAKE_POINTS
};

/* When a core is there the nth time from now on, 1 being the next. Once. */
void fake_meanwhile(enum fake_point where, unsigned nth, void (*act)(void));
void fake_core_leave_alone(void); /* nobody does, from now on */

#endif
