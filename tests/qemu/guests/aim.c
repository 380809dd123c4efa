// SPDX-License-Identifier: Apache-2.0
#include "tests/qemu/guests/aim.h"

#include <stdio.h>

#include "updater/el1/clock.h"
#include "updater/el1/hv_calls.h"
#include "updater/el1/pci.h"
#include "updater/el1/virtio_pci.h"

#define DONE_MS       1000
#define VIRTIO_VENDOR 0x1af4
#define VIRTIO_BLK    0x1042

struct request {
        uint32_t type;
        uint32_t reserved;
        uint64_t sector;
};

static struct {
        struct virtio_device device;
        struct virtqueue queue;
        struct vq_memory rings;
        struct request request;
        volatile uint8_t status;
} disk;

bool aim_find_disk(const struct platform *platform)
{
        struct pci_bus bus;
        struct pci_function function;

        pci_init(&bus, &platform->pcie);
        return pci_find(&bus, VIRTIO_VENDOR, VIRTIO_BLK, VIRTIO_BLK, &function) &&
               pci_enable(&bus, &function) == SG_OK &&
               virtio_pci_open(&disk.device, &function) == SG_OK;
}

void aim_begin(enum aim_direction type, uint64_t sector, uint64_t address, uint32_t length)
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

void aim_finish(void)
{
        const uint64_t end = clock_ticks() + clock_ticks_of_ms(DONE_MS);
        uint16_t head;
        bool done = false;

        while (!done && clock_ticks() < end && virtqueue_take(&disk.queue, &done, &head) == SG_OK) {
                clock_wait_until(clock_ticks() + clock_ticks_of_ms(1));
        }
}

uint64_t aim_faults(void)
{
        uint64_t count = 0;

        hv_calls_counter(SG_VM_SELF, SG_CNT_DMA_FAULTS, &count);
        return count;
}
