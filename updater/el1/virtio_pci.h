/* SPDX-License-Identifier: Apache-2.0 */
/* A virtio device behind PCI, modern interface only (VIRTIO 1.2, 4.1), with its queue 0. */
#ifndef UPDATER_EL1_VIRTIO_PCI_H
#define UPDATER_EL1_VIRTIO_PCI_H

#include <stdbool.h>
#include <stdint.h>

#include <segue/error.h>

#include "updater/el1/pci.h"
#include "updater/el1/virtqueue.h"

#define VIRTIO_F_VERSION_1       (UINT64_C(1) << 32)
#define VIRTIO_F_ACCESS_PLATFORM (UINT64_C(1) << 33)

struct virtio_device {
        struct platform_range common; /* the four structures of 4.1.4, where the CPU sees them */
        struct platform_range notify;
        struct platform_range isr;
        struct platform_range config;
        uint32_t notify_multiplier;
        uintptr_t doorbell; /* of queue 0 */
        uint64_t features;  /* negotiated */
};

/* Finds the structures among the capabilities of an enabled function. SG_E_DISK_PROTOCOL: one is
 * missing or does not lie in its BAR. */
sg_err virtio_pci_open(struct virtio_device *device, const struct pci_function *function);

/* Reset, and wait for it to be done: after it the device touches no memory. SG_E_DISK_TIMEOUT. */
sg_err virtio_pci_reset(struct virtio_device *device);

/*
 * The start-up of 3.1.1: reset, features, queue 0, DRIVER_OK. `required` features must be offered,
 * `wanted` ones are taken when they are. SG_E_DISK_FEATURES; SG_E_DISK_PROTOCOL when the queue does
 * not fit; SG_E_DISK_TIMEOUT.
 */
sg_err virtio_pci_start(struct virtio_device *device, uint64_t required, uint64_t wanted,
                        struct virtqueue *queue, struct vq_memory *memory);

/* Tells the device that queue 0 has something new. */
void virtio_pci_notify(const struct virtio_device *device);

/* Reads, and so clears, the interrupt status: the line goes down. */
uint8_t virtio_pci_isr(const struct virtio_device *device);

/* Device-specific configuration, read until it did not change meanwhile (2.5.1). */
uint32_t virtio_pci_config32(const struct virtio_device *device, uint32_t offset);
uint64_t virtio_pci_config64(const struct virtio_device *device, uint32_t offset);

#endif
