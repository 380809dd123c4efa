// SPDX-License-Identifier: Apache-2.0
/*
 * An update partition that loads rt as it should and then aims the disk at memory: its own, hv's,
 * and that of rt, which runs. Says `aim <what> <address>` before and `ok <what>` or `FAILED <what>`
 * after each, `done` at the end. Its second life begins with a read of the first still under way.
 */
#include "updater/el1/service.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tests/qemu/guests/aim.h"
#include "tests/qemu/guests/only_loads.h"
#include "updater/el1/clock.h"
#include "updater/el1/hv_calls.h"
#include "updater/el1/hvc.h"
#include "updater/el1/ram.h"

#define RT             1
#define PATTERN_SECTOR 1  /* the partition table's header */
#define SPARE_SECTOR   40 /* between the partition table and the first partition */
#define LONG_READ      (1u << 20)
#define PAUSE_MS       500 /* for a look from outside, and longer than hv's log pauses */

/* Where QEMU puts the Image that -kernel names. */
#define HV_IMAGE 0x40200000u

static uint8_t pattern[AIM_SECTOR];

static void expect(const char *what, bool good)
{
        printf("%s %s\n", good ? "ok" : "FAILED", what);
}

/* Waits until hv tells of an access that was stopped there. */
static void await_told(uint64_t address)
{
        struct hv_event event;

        while (!only_loads_turn(&event) || event.kind != SG_EV_DMA_FAULT || event.a < address ||
               event.a >= address + AIM_SECTOR) {
        }
}

static void aim(const char *what, enum aim_direction type, uint64_t sector, uint64_t address)
{
        const uint64_t before = aim_faults();

        printf("aim %s %" PRIx64 "\n", what, address);
        aim_begin(type, sector, address, AIM_SECTOR);
        aim_finish();
        await_told(address);
        expect(what, aim_faults() > before);
        only_loads_pause(PAUSE_MS);
}

static void aim_at_own(void)
{
        static uint8_t own[AIM_SECTOR];
        const uint64_t before = aim_faults();

        printf("aim own %" PRIx64 "\n", (uint64_t)(uintptr_t)own);
        aim_begin(DISK_TO_MEMORY, PATTERN_SECTOR, (uintptr_t)own, AIM_SECTOR);
        aim_finish();
        expect("own", memcmp(own, pattern, AIM_SECTOR) == 0 && aim_faults() == before);
        only_loads_pause(PAUSE_MS);
}

static bool is_rt_running(void)
{
        struct hv_vm_info info;

        return hv_calls_vm_info(RT, &info) == SG_HC_OK && info.state == SG_VM_RUNNING;
}

static bool is_second_life(void)
{
        struct hv_vm_info info;

        return hv_calls_vm_info(SG_VM_SELF, &info) == SG_HC_OK && info.restarts != 0;
}

/* The same place in both lives: the first that is given out. */
static uint8_t *landing(void)
{
        return ram_take(LONG_READ, 4096);
}

static bool is_blank(const uint8_t *at)
{
        for (uint32_t i = 0; i < LONG_READ; i++) {
                if (at[i] != 0) {
                        return false;
                }
        }
        return true;
}

static void first_life(const struct platform *platform)
{
        uint8_t *at = landing();
        const uint64_t rt = platform->ram.base + platform->ram.size;

        aim_at_own();
        aim("hv", DISK_TO_MEMORY, PATTERN_SECTOR, HV_IMAGE);
        aim("rt", DISK_TO_MEMORY, PATTERN_SECTOR, rt);
        aim("below", DISK_TO_MEMORY, PATTERN_SECTOR, platform->ram.base - AIM_SECTOR);
        aim("leak", MEMORY_TO_DISK, SPARE_SECTOR, HV_IMAGE);
        aim_at_own();
        aim_begin(DISK_TO_MEMORY, 0, (uintptr_t)at, LONG_READ);
        hvc_reset();
}

void service_run(const struct platform *platform, const struct sector_device *device)
{
        struct hv_event event;

        printf("DMA test starts\n");
        device->read(device->ctx, PATTERN_SECTOR, pattern, 1);
        only_loads_start(platform, device);
        while (!is_rt_running()) {
                only_loads_turn(&event);
        }
        if (!aim_find_disk(platform)) {
                printf("FAILED to find the disk\n");
        }
        if (!is_second_life()) {
                first_life(platform);
        }
        expect("restarted", is_blank(landing()));
        aim_at_own();
        printf("done\n");
        for (;;) {
                clock_wait_until(CLOCK_NEVER);
        }
}
