/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The disk: virtio-blk (VIRTIO 1.2, 5.2) on PCIe. Calls return when the device is done; meanwhile
 * the core sleeps, and the handlers of other interrupts run (gic.h). Data goes straight between
 * the device and the caller's memory, which must be the partition's own RAM.
 */
#ifndef UPDATER_EL1_DISK_H
#define UPDATER_EL1_DISK_H

#include <segue/error.h>

#include "updater/el1/platform.h"
#include "updater/partition.h"

/*
 * Finds and starts the disk. *device then serves whole sectors of 512 or 4096 bytes, `count` of
 * them at most 4 GiB at a time, in requests of at most 1 MiB. Its operations return
 * SG_E_DISK_TIMEOUT (the device was reset and works again, or the next call says so),
 * SG_E_DISK_REQUEST, SG_E_DISK_PROTOCOL, and SG_E_BAD_ARGUMENT for sectors beyond the end or memory
 * that is not ours.
 */
sg_err disk_start(const void *dtb, const struct platform *platform, struct sector_device *device);

#endif
