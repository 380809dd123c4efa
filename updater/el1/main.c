/* SPDX-License-Identifier: Apache-2.0 */
/* From the first C instruction to the service's loop. */
#include <stdint.h>
#include <stdio.h>

#include <libfdt.h>
#include <mbedtls/memory_buffer_alloc.h>

#include <segue/hypercall.h>

#include "updater/el1/clock.h"
#include "updater/el1/console.h"
#include "updater/el1/disk.h"
#include "updater/el1/disk_cache.h"
#include "updater/el1/fault.h"
#include "updater/el1/gic.h"
#include "updater/el1/hv_calls.h"
#include "updater/el1/hvc.h"
#include "updater/el1/mmu.h"
#include "updater/el1/platform.h"
#include "updater/el1/ram.h"
#include "updater/el1/service.h"

#define CRYPTO_HEAP (256u << 10) /* one ECDSA verification takes less than 32 KiB */

void el1_start(uintptr_t dtb);

static struct platform platform;
static struct sector_device disk;
static struct disk_cache cache;
static struct sector_device cached;

static void read_platform(const void *dtb)
{
        const char *what;
        const sg_err err = platform_read(dtb, &platform, &what);

        if (err != SG_OK) {
                panic("error %d: %s: %s", (int)err, sg_strerror(err), what);
        }
        mmu_map(platform.gicd.base, platform.gicd.size, MMU_DEVICE);
        mmu_map(platform.gicr.base, platform.gicr.size, MMU_DEVICE);
        ram_init(&platform.ram, dtb);
}

/* Without hv nothing here makes sense: no guest to load, no boot state, nobody to trust. */
static void require_segue(void)
{
        const uint32_t wanted = SG_ABI_VERSION;
        uint32_t version;

        if (!hvc_segue_present()) {
                panic("no Segue below: this program runs in Segue's update partition only");
        }
        version = hv_calls_version();
        if (version >> 16 != wanted >> 16) {
                panic("hv speaks version %u.%u of the interface, %u.%u is needed",
                      (unsigned)(version >> 16), (unsigned)(version & 0xffff),
                      (unsigned)(wanted >> 16), (unsigned)(wanted & 0xffff));
        }
        if (platform.product == NULL) {
                panic("error %d: %s: segue", (int)SG_E_UPDATE_DT, sg_strerror(SG_E_UPDATE_DT));
        }
}

void el1_start(uintptr_t dtb)
{
        const void *tree = (const void *)dtb;
        sg_err err;

        console_init();
        mmu_start(dtb);
        read_platform(tree);
        gic_init(&platform);
        clock_init();
        require_segue();
        mbedtls_memory_buffer_alloc_init(ram_take(CRYPTO_HEAP, 16), CRYPTO_HEAP);

        printf("%s, %u MiB of RAM, %u guests\n", platform.product,
               (unsigned)(platform.ram.size >> 20), platform.vm_count);
        err = disk_start(tree, &platform, &disk);
        if (err != SG_OK) {
                panic("disk: error %d: %s", (int)err, sg_strerror(err));
        }
        printf("disk of %u MiB, sectors of %u bytes\n",
               (unsigned)(disk.sectors * disk.sector_size >> 20), (unsigned)disk.sector_size);
        disk_cache_init(&cache, &disk, ram_take(DISK_CACHE_MEMORY, DISK_CACHE_LINE), &cached);
        service_run(&platform, &cached);
}
