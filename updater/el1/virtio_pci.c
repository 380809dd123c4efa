/* SPDX-License-Identifier: Apache-2.0 */
#include "updater/el1/virtio_pci.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "updater/el1/clock.h"
#include "updater/el1/mmio.h"

#define PCI_CAP_VENDOR 0x09
#define RESET_MS       2000

/* struct virtio_pci_cap, 4.1.4: never in memory, its fields are read one by one. */
#define CAP_TYPE              3
#define CAP_BAR               4
#define CAP_OFFSET            8
#define CAP_LENGTH            12
#define CAP_NOTIFY_MULTIPLIER 16

enum capability_type { CAP_COMMON = 1, CAP_NOTIFY = 2, CAP_ISR = 3, CAP_DEVICE = 4 };

/* 4.1.4.3 */
struct common_config {
        uint32_t device_feature_select;
        uint32_t device_feature;
        uint32_t driver_feature_select;
        uint32_t driver_feature;
        uint16_t config_msix_vector;
        uint16_t num_queues;
        uint8_t device_status;
        uint8_t config_generation;
        uint16_t queue_select;
        uint16_t queue_size;
        uint16_t queue_msix_vector;
        uint16_t queue_enable;
        uint16_t queue_notify_off;
        uint64_t queue_desc;
        uint64_t queue_driver;
        uint64_t queue_device;
};
static_assert(offsetof(struct common_config, device_status) == 20, "VIRTIO 1.2, 4.1.4.3");
static_assert(offsetof(struct common_config, queue_notify_off) == 30, "VIRTIO 1.2, 4.1.4.3");
static_assert(sizeof(struct common_config) == 56, "VIRTIO 1.2, 4.1.4.3");

#define COMMON(device, field) ((device)->common.base + offsetof(struct common_config, field))

/* 2.1 */
#define STATUS_ACKNOWLEDGE 1u
#define STATUS_DRIVER      2u
#define STATUS_DRIVER_OK   4u
#define STATUS_FEATURES_OK 8u

#define NO_VECTOR          0xffff /* MSI-X is not used: INTx (4.1.5.1.2) */

static sg_err locate(const struct pci_function *function, uint8_t cap, uint64_t least,
                     struct platform_range *found)
{
        const uintptr_t at = function->config + cap;
        const uint8_t bar = mmio_read8(at + CAP_BAR);
        const uint32_t offset = mmio_read32(at + CAP_OFFSET);
        const uint32_t length = mmio_read32(at + CAP_LENGTH);

        if (bar >= PCI_BARS || length < least || offset > function->bars[bar].size ||
            length > function->bars[bar].size - offset) {
                return SG_E_DISK_PROTOCOL;
        }
        found->base = function->bars[bar].base + offset;
        found->size = length;
        return SG_OK;
}

static sg_err take_capability(struct virtio_device *device, const struct pci_function *function,
                              uint8_t cap)
{
        switch (mmio_read8(function->config + cap + CAP_TYPE)) {
        case CAP_COMMON:
                return locate(function, cap, sizeof(struct common_config), &device->common);
        case CAP_NOTIFY:
                device->notify_multiplier =
                        mmio_read32(function->config + cap + CAP_NOTIFY_MULTIPLIER);
                return locate(function, cap, 2, &device->notify);
        case CAP_ISR:
                return locate(function, cap, 1, &device->isr);
        case CAP_DEVICE:
                return locate(function, cap, 4, &device->config);
        default:
                return SG_OK;
        }
}

sg_err virtio_pci_open(struct virtio_device *device, const struct pci_function *function)
{
        uint8_t cap = 0;

        memset(device, 0, sizeof(*device));
        while ((cap = pci_capability(function, PCI_CAP_VENDOR, cap)) != 0) {
                const sg_err err = take_capability(device, function, cap);

                if (err != SG_OK) {
                        return err;
                }
        }
        if (device->common.size == 0 || device->notify.size == 0 || device->isr.size == 0 ||
            device->config.size == 0) {
                return SG_E_DISK_PROTOCOL;
        }
        return SG_OK;
}

static void add_status(const struct virtio_device *device, unsigned bits)
{
        const uint8_t status = mmio_read8(COMMON(device, device_status));

        mmio_write8(COMMON(device, device_status), (uint8_t)(status | bits));
}

sg_err virtio_pci_reset(struct virtio_device *device)
{
        const uint64_t deadline = clock_ticks() + clock_ticks_of_ms(RESET_MS);

        mmio_write8(COMMON(device, device_status), 0);
        while (mmio_read8(COMMON(device, device_status)) != 0) {
                if (clock_ticks() > deadline) {
                        return SG_E_DISK_TIMEOUT;
                }
        }
        return SG_OK;
}

static uint64_t offered_features(const struct virtio_device *device)
{
        uint64_t features;

        mmio_write32(COMMON(device, device_feature_select), 0);
        features = mmio_read32(COMMON(device, device_feature));
        mmio_write32(COMMON(device, device_feature_select), 1);
        return features | (uint64_t)mmio_read32(COMMON(device, device_feature)) << 32;
}

static sg_err negotiate(struct virtio_device *device, uint64_t required, uint64_t wanted)
{
        const uint64_t offered = offered_features(device);

        if ((offered & required) != required) {
                return SG_E_DISK_FEATURES;
        }
        device->features = offered & (required | wanted);
        mmio_write32(COMMON(device, driver_feature_select), 0);
        mmio_write32(COMMON(device, driver_feature), (uint32_t)device->features);
        mmio_write32(COMMON(device, driver_feature_select), 1);
        mmio_write32(COMMON(device, driver_feature), (uint32_t)(device->features >> 32));
        add_status(device, STATUS_FEATURES_OK);
        if ((mmio_read8(COMMON(device, device_status)) & STATUS_FEATURES_OK) == 0) {
                return SG_E_DISK_FEATURES;
        }
        return SG_OK;
}

static void write_address(uintptr_t field, const void *pointer)
{
        /* As two halves: 4.1.3.1 asks for it. */
        mmio_write32(field, (uint32_t)(uintptr_t)pointer);
        mmio_write32(field + 4, (uint32_t)((uintptr_t)pointer >> 32));
}

static sg_err set_up_queue(struct virtio_device *device, struct vq_memory *memory)
{
        mmio_write16(COMMON(device, config_msix_vector), NO_VECTOR);
        mmio_write16(COMMON(device, queue_select), 0);
        if (mmio_read16(COMMON(device, queue_size)) < VIRTQUEUE_SIZE) {
                return SG_E_DISK_PROTOCOL;
        }
        const uint64_t doorbell =
                (uint64_t)mmio_read16(COMMON(device, queue_notify_off)) * device->notify_multiplier;

        if (doorbell > device->notify.size - 2) {
                return SG_E_DISK_PROTOCOL;
        }
        device->doorbell = device->notify.base + doorbell;
        mmio_write16(COMMON(device, queue_msix_vector), NO_VECTOR);
        mmio_write16(COMMON(device, queue_size), VIRTQUEUE_SIZE);
        write_address(COMMON(device, queue_desc), memory->descriptors);
        write_address(COMMON(device, queue_driver), &memory->available);
        write_address(COMMON(device, queue_device), &memory->used);
        mmio_write16(COMMON(device, queue_enable), 1);
        return SG_OK;
}

sg_err virtio_pci_start(struct virtio_device *device, uint64_t required, uint64_t wanted,
                        struct virtqueue *queue, struct vq_memory *memory)
{
        sg_err err = virtio_pci_reset(device);

        if (err != SG_OK) {
                return err;
        }
        add_status(device, STATUS_ACKNOWLEDGE);
        add_status(device, STATUS_DRIVER);
        err = negotiate(device, required, wanted);
        if (err == SG_OK) {
                virtqueue_init(queue, memory);
                err = set_up_queue(device, memory);
        }
        if (err == SG_OK) {
                add_status(device, STATUS_DRIVER_OK);
        }
        return err;
}

void virtio_pci_notify(const struct virtio_device *device)
{
        mmio_write16(device->doorbell, 0);
}

uint8_t virtio_pci_isr(const struct virtio_device *device)
{
        return mmio_read8(device->isr.base);
}

uint32_t virtio_pci_config32(const struct virtio_device *device, uint32_t offset)
{
        return mmio_read32(device->config.base + offset);
}

uint64_t virtio_pci_config64(const struct virtio_device *device, uint32_t offset)
{
        uint8_t before;
        uint64_t value;

        do {
                before = mmio_read8(COMMON(device, config_generation));
                value = virtio_pci_config32(device, offset) |
                        (uint64_t)virtio_pci_config32(device, offset + 4) << 32;
        } while (mmio_read8(COMMON(device, config_generation)) != before);
        return value;
}
