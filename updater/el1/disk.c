/* SPDX-License-Identifier: Apache-2.0 */
#include "updater/el1/disk.h"

#include <assert.h>
#include <string.h>

#include "updater/el1/clock.h"
#include "updater/el1/gic.h"
#include "updater/el1/pci.h"
#include "updater/el1/virtio_pci.h"
#include "updater/el1/virtqueue.h"

#define VIRTIO_VENDOR           0x1af4
#define VIRTIO_BLK              0x1042 /* 4.1.2.1: 0x1040 + device type 2 */
#define VIRTIO_BLK_TRANSITIONAL 0x1001

/* 5.2.3 */
#define BLK_F_BLK_SIZE (UINT64_C(1) << 6)
#define BLK_F_FLUSH    (UINT64_C(1) << 9)

/* 5.2.4 */
#define CONFIG_CAPACITY 0 /* in sectors of 512 bytes, whatever the block size */
#define CONFIG_BLK_SIZE 20

/* 5.2.6 */
struct request_header {
        uint32_t type;
        uint32_t reserved;
        uint64_t sector; /* of 512 bytes */
};
static_assert(sizeof(struct request_header) == 16, "VIRTIO 1.2, 5.2.6");

enum request_type { REQUEST_READ = 0, REQUEST_WRITE = 1, REQUEST_FLUSH = 4 };

#define STATUS_OK      0
#define STATUS_PENDING 0xff /* not a value of the device's */

#define UNIT           512u
#define REQUEST_MAX    (1u << 20)
#define REQUEST_MS     10000

static struct {
        struct virtio_device device;
        struct virtqueue queue;
        struct vq_memory rings;
        struct request_header header;
        volatile uint8_t status;
        bool broken; /* to be started anew before the next request */
        struct platform_range ram;
        uint32_t sector_size;
        uint64_t sectors;
} disk;

static void on_interrupt(void *ctx)
{
        (void)ctx;
        /* The rings say what is done; this only takes the line down. */
        virtio_pci_isr(&disk.device);
}

static sg_err start_device(void)
{
        const sg_err err =
                virtio_pci_start(&disk.device, VIRTIO_F_VERSION_1 | VIRTIO_F_ACCESS_PLATFORM,
                                 BLK_F_BLK_SIZE | BLK_F_FLUSH, &disk.queue, &disk.rings);

        disk.broken = err != SG_OK;
        return err;
}

/* Sleeps until the one request under way is done. */
static sg_err await_request(void)
{
        const uint64_t deadline = clock_ticks() + clock_ticks_of_ms(REQUEST_MS);

        for (;;) {
                uint16_t head;
                bool done;
                const sg_err err = virtqueue_take(&disk.queue, &done, &head);

                if (err != SG_OK || done) {
                        return err;
                }
                if (clock_ticks() >= deadline) {
                        return SG_E_DISK_TIMEOUT;
                }
                clock_wait_until(deadline);
        }
}

static sg_err run_request(enum request_type type, uint64_t unit, void *data, uint32_t length)
{
        struct vq_buffer buffers[3];
        unsigned count = 0;
        uint16_t head;
        sg_err err = disk.broken ? start_device() : SG_OK;

        if (err != SG_OK) {
                return err;
        }
        disk.header = (struct request_header){.type = type, .sector = unit};
        disk.status = STATUS_PENDING;
        buffers[count++] = (struct vq_buffer){(uintptr_t)&disk.header, sizeof(disk.header), false};
        if (length != 0) {
                buffers[count++] =
                        (struct vq_buffer){(uintptr_t)data, length, type == REQUEST_READ};
        }
        buffers[count++] = (struct vq_buffer){(uintptr_t)&disk.status, 1, true};

        err = virtqueue_add(&disk.queue, buffers, count, &head);
        if (err == SG_OK) {
                virtio_pci_notify(&disk.device);
                err = await_request();
        }
        if (err != SG_OK) {
                /* Nothing may land in the caller's memory after we return. */
                disk.broken = true;
                virtio_pci_reset(&disk.device);
                return err;
        }
        return disk.status == STATUS_OK ? SG_OK : SG_E_DISK_REQUEST;
}

static bool is_own_memory(const void *data, uint64_t length)
{
        const uint64_t at = (uintptr_t)data;

        return at >= disk.ram.base && length <= disk.ram.size &&
               at - disk.ram.base <= disk.ram.size - length;
}

static sg_err transfer(enum request_type type, uint64_t sector, void *data, uint32_t count)
{
        uint64_t length = (uint64_t)count * disk.sector_size;
        uint64_t unit = sector * (disk.sector_size / UNIT);
        uint8_t *at = data;

        if (sector > disk.sectors || count > disk.sectors - sector ||
            !is_own_memory(data, length)) {
                return SG_E_BAD_ARGUMENT;
        }
        while (length != 0) {
                const uint32_t step = length < REQUEST_MAX ? (uint32_t)length : REQUEST_MAX;
                const sg_err err = run_request(type, unit, at, step);

                if (err != SG_OK) {
                        return err;
                }
                at += step;
                unit += step / UNIT;
                length -= step;
        }
        return SG_OK;
}

static sg_err disk_read(void *ctx, uint64_t sector, void *data, uint32_t count)
{
        (void)ctx;
        return transfer(REQUEST_READ, sector, data, count);
}

static sg_err disk_write(void *ctx, uint64_t sector, const void *data, uint32_t count)
{
        (void)ctx;
        return transfer(REQUEST_WRITE, sector, (void *)(uintptr_t)data, count);
}

static sg_err disk_flush(void *ctx)
{
        (void)ctx;
        /* A device without the feature writes through (5.2.5.2). */
        if ((disk.device.features & BLK_F_FLUSH) == 0) {
                return SG_OK;
        }
        return run_request(REQUEST_FLUSH, 0, NULL, 0);
}

static sg_err read_geometry(struct sector_device *device)
{
        const bool has_size = (disk.device.features & BLK_F_BLK_SIZE) != 0;

        disk.sector_size = has_size ? virtio_pci_config32(&disk.device, CONFIG_BLK_SIZE) : UNIT;
        if (disk.sector_size != 512 && disk.sector_size != 4096) {
                return SG_E_DISK_GEOMETRY;
        }
        disk.sectors =
                virtio_pci_config64(&disk.device, CONFIG_CAPACITY) / (disk.sector_size / UNIT);
        *device = (struct sector_device){.sector_size = disk.sector_size,
                                         .sectors = disk.sectors,
                                         .read = disk_read,
                                         .write = disk_write,
                                         .flush = disk_flush};
        return SG_OK;
}

sg_err disk_start(const void *dtb, const struct platform *platform, struct sector_device *device)
{
        struct pci_bus bus;
        struct pci_function function;
        uint32_t spi;
        sg_err err;

        disk.ram = platform->ram;
        pci_init(&bus, &platform->pcie);
        if (!pci_find(&bus, VIRTIO_VENDOR, VIRTIO_BLK, VIRTIO_BLK_TRANSITIONAL, &function)) {
                return SG_E_DISK_NONE;
        }
        err = platform_pci_spi(dtb, function.device, function.pin, &spi);
        if (err == SG_OK) {
                err = pci_enable(&bus, &function);
        }
        if (err == SG_OK) {
                err = virtio_pci_open(&disk.device, &function);
        }
        if (err != SG_OK) {
                return err;
        }
        err = start_device();
        if (err == SG_OK) {
                err = read_geometry(device);
        }
        if (err == SG_OK) {
                irq_attach(GIC_SPI(spi), on_interrupt, NULL);
        }
        return err;
}
