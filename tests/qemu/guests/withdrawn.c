// SPDX-License-Identifier: Apache-2.0
/*
 * An update partition that loads rt as it should and then touches what it has no right to: rt's RAM
 * while bootfw checks it and while rt runs, everybody else's RAM, and the NOR bank. Says `ok
 * <what>` or `FAILED <what>` for each, `done` at the end.
 */
#include "updater/el1/service.h"

#include <stdio.h>

#include "tests/qemu/guests/only_loads.h"
#include "tests/qemu/guests/probe.h"
#include "updater/el1/clock.h"
#include "updater/el1/hv_calls.h"
#include "updater/el1/mmu.h"
#include "updater/el1/sysreg.h"

#define RT           1
#define MIB(n)       ((uint64_t)(n) << 20)
#define WORDS        3

#define NOR_BANK     0x04000000u
#define NOR_SIZE     MIB(64)
#define MACHINE_RAM  0x40000000u /* of which all but our own is somebody else's, or nobody's */
#define MACHINE_SIZE MIB(2048)

static struct {
        uint64_t base; /* of rt's load region, as it was lent */
        uint64_t size;
        unsigned touched; /* accesses to it without a right */
        unsigned told;    /* of them by SG_EV_LOAD_FAULT */
} region;

static void expect(const char *what, bool good)
{
        printf("%s %s\n", good ? "ok" : "FAILED", what);
}

static enum sg_vm_state state_of_rt(void)
{
        struct hv_vm_info info;

        return hv_calls_vm_info(RT, &info) == SG_HC_OK ? info.state : SG_VM_CREATED;
}

static uint64_t word_of_region(unsigned n)
{
        const uint64_t offsets[WORDS] = {0, region.size / 2, region.size - 4};

        return region.base + offsets[n];
}

/* First, middle and last word; true when every access took an external abort. */
static bool region_is_away(void)
{
        bool away = true;

        for (unsigned n = 0; n < WORDS; n++) {
                const uint64_t read = probe_read(word_of_region(n));
                const uint64_t written = probe_write(word_of_region(n));

                away &= PROBE_EXTERNAL_ABORT(read) && PROBE_EXTERNAL_ABORT(written);
                region.touched += 2;
        }
        return away;
}

static bool region_is_there(void)
{
        bool there = true;

        for (unsigned n = 0; n < WORDS; n++) {
                there &= probe_read(word_of_region(n)) == 0;
        }
        return there;
}

/* rt's start in the order of hv's events; the check itself begins when the load has ended. */
static void while_it_is_checked(void)
{
        struct hv_event event;
        bool lent = false;

        while (!lent) {
                lent = only_loads_turn(&event) && event.kind == SG_EV_LOADABLE && event.vm == RT;
        }
        region.base = event.a;
        region.size = event.b;
        expect("lent-it-is-there", region_is_there());
        do {
                only_loads_turn(&event);
        } while (state_of_rt() == SG_VM_LOADING);
        /* The loader has taken away its own mapping, too: that is not the one in question. */
        mmu_map(region.base, region.size, MMU_DATA);
        expect("withdrawn-while-it-is-checked", state_of_rt() == SG_VM_VERIFYING &&
                                                        region_is_away() &&
                                                        state_of_rt() == SG_VM_VERIFYING);
}

static void while_it_runs(void)
{
        struct hv_event event;

        while (state_of_rt() != SG_VM_RUNNING) {
                if (only_loads_turn(&event) && event.kind == SG_EV_LOAD_FAULT) {
                        region.told++;
                }
        }
        expect("withdrawn-while-it-runs", region_is_away());
}

static bool all_aborts(uint64_t from, uint64_t to)
{
        bool all = true;

        if (from < to) {
                mmu_map(from, to - from, MMU_DATA);
        }
        for (uint64_t at = from; at < to; at += MIB(2)) {
                all &= PROBE_EXTERNAL_ABORT(probe_read(at)) &&
                       PROBE_EXTERNAL_ABORT(probe_write(at));
        }
        return all;
}

static void everybody_elses(const struct platform_range *own)
{
        expect("other-ram-below", all_aborts(MACHINE_RAM, own->base));
        expect("other-ram-above", all_aborts(own->base + own->size, MACHINE_RAM + MACHINE_SIZE));
        expect("nor-bank", all_aborts(NOR_BANK, NOR_BANK + NOR_SIZE));
}

/* Each access to the region was told once, with its address. */
static void was_told(void)
{
        struct hv_event event = {0};

        while (region.told < region.touched) {
                if (only_loads_turn(&event) && event.kind == SG_EV_LOAD_FAULT) {
                        region.told++;
                }
        }
        expect("told", event.vm == RT && event.a == word_of_region(WORDS - 1));
}

void service_run(const struct platform *platform, const struct sector_device *disk)
{
        printf("withdrawal test starts\n");
        sysreg_write("vbar_el1", (uintptr_t)probe_vectors);
        isb();
        only_loads_start(platform, disk);
        while_it_is_checked();
        while_it_runs();
        was_told();
        everybody_elses(&platform->ram);
        printf("done\n");
        for (;;) {
                clock_wait_until(CLOCK_NEVER);
        }
}
