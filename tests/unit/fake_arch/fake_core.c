// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/fake_arch/fake_core.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "hv/arch/cpu.h"
#include "hv/core/log.h"
#include "hv/core/panic.h"
#include "hv/machine/pci.h"
#include "hv/mm/window.h"
#include "hv/vm/dma.h"
#include "hv/vm/run.h"
#include "hv/vm/slots.h"
#include "hv/vm/timer.h"
#include "tests/unit/fake_arch/fake_mmu.h"
#include "tests/unit/fake_arch/fake_vm.h"

struct fake_core fake_core;
struct system_description fake_system;

static struct {
        unsigned nth;
        void (*act)(void);
} meanwhile[FAKE_POINTS];

void fake_core_reset(void)
{
        memset(&fake_core, 0, sizeof(fake_core));
        fake_core_leave_alone();
        fake_core.timer = UINT64_MAX;
        fake_core.dma_open = true;
}

const struct system_description *vm_system(void)
{
        return &fake_system;
}

/* ---- Other cores ---- */

void fake_meanwhile(enum fake_point where, unsigned nth, void (*act)(void))
{
        meanwhile[where].nth = nth;
        meanwhile[where].act = act;
}

void fake_core_leave_alone(void)
{
        memset(meanwhile, 0, sizeof(meanwhile));
}

static void another_core_acts(enum fake_point where)
{
        void (*act)(void) = meanwhile[where].act;

        if (!act || --meanwhile[where].nth > 0)
                return;
        meanwhile[where].act = NULL;
        act();
}

void core_poll(void)
{
        another_core_acts(FAKE_POLL);
}

uint8_t __real_slots_due(struct vm *vm);
uint8_t __wrap_slots_due(struct vm *vm);
uint8_t __wrap_slots_due(struct vm *vm)
{
        another_core_acts(FAKE_SLOTS_DUE);
        return __real_slots_due(vm);
}

bool __real_slots_stopped(struct vm *vm, enum sg_vm_state was, enum sg_cause cause);
bool __wrap_slots_stopped(struct vm *vm, enum sg_vm_state was, enum sg_cause cause);
bool __wrap_slots_stopped(struct vm *vm, enum sg_vm_state was, enum sg_cause cause)
{
        another_core_acts(FAKE_SLOTS_STOPPED);
        return __real_slots_stopped(vm, was, cause);
}

bool __real_slots_is_resident(const struct vm *vm);
bool __wrap_slots_is_resident(const struct vm *vm);
bool __wrap_slots_is_resident(const struct vm *vm)
{
        another_core_acts(FAKE_RESIDENT);
        return __real_slots_is_resident(vm);
}

/* ---- RAM, caches, TLBs ---- */

static bool overlap(uint64_t a, uint64_t a_size, uint64_t b, uint64_t b_size)
{
        return a < b + b_size && b < a + a_size;
}

struct extent {
        uint64_t pa, size;
        bool reached;
};

static bool look_for(void *ctx, const struct pgtable_run *run)
{
        struct extent *e = ctx;

        e->reached |= overlap(run->oa, run->size, e->pa, e->size);
        return !e->reached;
}

static bool update_reaches(uint64_t pa, uint64_t size)
{
        struct extent e = {.pa = pa, .size = size};

        pgtable_walk(&vm_update()->stage2.pt, look_for, &e);
        for (unsigned i = 0; i < fake_mmu.tlb_count; i++)
                e.reached |= overlap(fake_mmu.tlb[i].oa, 1, pa, size);
        return e.reached;
}

uint8_t *fake_ram(struct paddr pa, uint64_t size)
{
        assert_in_range(pa.pa, FAKE_RAM_BASE, FAKE_RAM_BASE + FAKE_RAM_SIZE - size);
        return fake_core.ram + (pa.pa - FAKE_RAM_BASE);
}

static uint8_t *window(struct paddr pa, uint64_t size)
{
        const struct vm *update = vm_update();

        fake_core.windows++;
        if (overlap(pa.pa, size, update->ram.pa, update->ram_size))
                assert_false(fake_core.dma_open);
        else
                assert_false(update_reaches(pa.pa, size));
        return fake_ram(pa, size);
}

static void set_cached(const uint8_t *p, uint64_t size, bool cached)
{
        uint64_t first = (uint64_t)(p - fake_core.ram) / SIZE_4K;
        uint64_t end = ((uint64_t)(p - fake_core.ram) + size + SIZE_4K - 1) / SIZE_4K;

        memset(fake_core.cached + first, cached, end - first);
}

void fake_ram_cached(struct paddr pa, uint64_t size)
{
        set_cached(fake_ram(pa, size), size, true);
}

void fake_ram_write(struct paddr pa, uint8_t byte, uint64_t size)
{
        memset(fake_ram(pa, size), byte, size);
        fake_ram_cached(pa, size);
}

bool fake_ram_is(struct paddr pa, uint8_t byte, uint64_t size)
{
        const uint8_t *p = fake_ram(pa, size);

        return p[0] == byte && memcmp(p, p + 1, size - 1) == 0;
}

bool fake_ram_is_clean(struct paddr pa, uint64_t size)
{
        return !memchr(fake_core.cached + (pa.pa - FAKE_RAM_BASE) / SIZE_4K, true, size / SIZE_4K);
}

bool window_each(struct paddr base, uint64_t size,
                 void (*piece)(void *ctx, uint8_t *p, uint64_t offset, uint64_t size),
                 bool (*between)(void *ctx), void *ctx)
{
        for (uint64_t offset = 0, n; offset < size; offset += n) {
                struct paddr pa = pa_add(base, offset);

                n = align_down(pa.pa, SIZE_2M) + SIZE_2M - pa.pa;
                n = n < size - offset ? n : size - offset;
                piece(ctx, window(pa, n), offset, n);
                if (between && !between(ctx))
                        return false;
        }
        return true;
}

void window_write(struct paddr to, const void *from, uint64_t size)
{
        uint8_t *p = window(to, size);

        memcpy(p, from, size);
        set_cached(p, size, false);
        fake_core.icache_stale = true;
}

void zero_pages(void *start, uint64_t size)
{
        memset(start, 0, size);
        set_cached(start, size, true);
}

void cache_clean_invalidate(const void *start, uint64_t size)
{
        set_cached(start, size, false);
}

void icache_invalidate_all(void)
{
        fake_core.icache_stale = false;
}

void tlb_flush_guest_all(uint64_t vttbr)
{
        fake_core.tlb_flushes[(vttbr >> 48) - 1]++;
}

/* ---- update's devices ---- */

void dma_shut(void)
{
        fake_core.dma_open = false;
}

void dma_open(void)
{
        fake_core.dma_open = true;
}

void pci_reset_bus(uintptr_t ecam, uint64_t (*now_us)(void), void (*poll)(void))
{
        assert_int_equal(ecam, vm_update()->ecam);
        assert_false(fake_core.dma_open);
        assert_int_equal(now_us(), timer_now());
        poll();
        fake_core.bus_resets++;
}

/* ---- The rest of the core ---- */

void timer_hyp_set(uint64_t deadline)
{
        fake_core.timer = deadline;
}

uint64_t timer_frequency(void)
{
        return 1000000;
}

size_t log_format(char *buf, size_t size, const char *fmt, va_list args)
{
        return (size_t)vsnprintf(buf, size, fmt, args);
}

void panic(const char *fmt, ...)
{
        fail_msg("hv panics: %s", fmt);
        __builtin_unreachable();
}

static void count_reset(const void *device)
{
        size_t vm = (size_t)((const char *)device - (const char *)fake.vm) / sizeof(fake.vm[0]);

        assert_in_range(vm, 0, FAKE_VMS - 1);
        fake_core.device_resets[vm]++;
}

void vgic_reset(struct vgic *vgic)
{
        count_reset(vgic);
}

void vpl011_reset(struct vpl011 *console)
{
        count_reset(console);
}

void agent_reset(struct agent *agent)
{
        count_reset(agent);
}

void vcpu_dump_el1(void)
{
}
