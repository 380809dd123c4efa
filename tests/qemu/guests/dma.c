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

#include "tests/qemu/guests/only_loads.h"
#include "updater/el1/clock.h"
#include "updater/el1/hv_calls.h"
#include "updater/el1/hvc.h"
#include "updater/el1/pci.h"
#include "updater/el1/ram.h"
#include "updater/el1/virtio_pci.h"

#define RT             1
#define SECTOR         512u
#define PATTERN_SECTOR 1  /* the partition table's header */
#define SPARE_SECTOR   40 /* between the partition table and the first partition */
#define LONG_READ      (1u << 20)
#define DONE_MS        1000
#define PAUSE_MS       500 /* for a look from outside, and longer than hv's log pauses */

/* Where QEMU puts the Image that -kernel names. */
#define HV_IMAGE      0x40200000u

#define VIRTIO_VENDOR 0x1af4
#define VIRTIO_BLK    0x1042

struct request {
        uint32_t type;
        uint32_t reserved;
        uint64_t sector;
};

enum request_type { DISK_TO_MEMORY = 0, MEMORY_TO_DISK = 1 };

static struct {
        struct virtio_device device;
        struct virtqueue queue;
        struct vq_memory rings;
        struct request request;
        volatile uint8_t status;
} disk;

static uint8_t pattern[SECTOR];

static void expect(const char *what, bool good)
{
        printf("%s %s\n", good ? "ok" : "FAILED", what);
}

static bool find_disk(const struct platform *platform)
{
        struct pci_bus bus;
        struct pci_function function;

        pci_init(&bus, &platform->pcie);
        return pci_find(&bus, VIRTIO_VENDOR, VIRTIO_BLK, VIRTIO_BLK, &function) &&
               pci_enable(&bus, &function) == SG_OK &&
               virtio_pci_open(&disk.device, &function) == SG_OK;
}

static void begin(enum request_type type, uint64_t sector, uint64_t address, uint32_t length)
{
        const struct vq_buffer buffers[] = {
                {(uintptr_t)&disk.request, sizeof(disk.request), false},
                {address, length, type == DISK_TO_MEMORY},
                {(uintptr_t)&disk.status, 1, true},
        };
        uint16_t head;

        disk.request = (struct request){.type = type, .sector = sector};
        if (virtio_pci_start(&disk.device, VIRTIO_F_VERSION_1 | VIRTIO_F_ACCESS_PLATFORM, 0,
                             &disk.queue, &disk.rings) != SG_OK ||
            virtqueue_add(&disk.queue, buffers, 3, &head) != SG_OK) {
                printf("FAILED to start the disk\n");
        }
        virtio_pci_notify(&disk.device);
}

/* One that was stopped may be given back, or never. */
static void finish(void)
{
        const uint64_t end = clock_ticks() + clock_ticks_of_ms(DONE_MS);
        uint16_t head;
        bool done = false;

        while (!done && clock_ticks() < end && virtqueue_take(&disk.queue, &done, &head) == SG_OK) {
                clock_wait_until(clock_ticks() + clock_ticks_of_ms(1));
        }
}

static uint64_t faults(void)
{
        uint64_t count = 0;

        hv_calls_counter(SG_VM_SELF, SG_CNT_DMA_FAULTS, &count);
        return count;
}

/* Waits until hv tells of an access that was stopped there. */
static void await_told(uint64_t address)
{
        struct hv_event event;

        while (!only_loads_turn(&event) || event.kind != SG_EV_DMA_FAULT || event.a < address ||
               event.a >= address + SECTOR) {
        }
}

static void aim(const char *what, enum request_type type, uint64_t sector, uint64_t address)
{
        const uint64_t before = faults();

        printf("aim %s %" PRIx64 "\n", what, address);
        begin(type, sector, address, SECTOR);
        finish();
        await_told(address);
        expect(what, faults() > before);
        only_loads_pause(PAUSE_MS);
}

static void aim_at_own(void)
{
        static uint8_t own[SECTOR];
        const uint64_t before = faults();

        printf("aim own %" PRIx64 "\n", (uint64_t)(uintptr_t)own);
        begin(DISK_TO_MEMORY, PATTERN_SECTOR, (uintptr_t)own, SECTOR);
        finish();
        expect("own", memcmp(own, pattern, SECTOR) == 0 && faults() == before);
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
        aim("below", DISK_TO_MEMORY, PATTERN_SECTOR, platform->ram.base - SECTOR);
        aim("leak", MEMORY_TO_DISK, SPARE_SECTOR, HV_IMAGE);
        aim_at_own();
        begin(DISK_TO_MEMORY, 0, (uintptr_t)at, LONG_READ);
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
        if (!find_disk(platform)) {
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
