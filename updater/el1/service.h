/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The update partition at work: what hv and the guests say is carried to loaders and engine, and
 * what these want is done, in this order: events, agents, loads, the engine's next piece of work.
 */
#ifndef UPDATER_EL1_SERVICE_H
#define UPDATER_EL1_SERVICE_H

#include "updater/el1/platform.h"
#include "updater/partition.h"

/*
 * Opens the disk's partitions, finds out what every guest is doing, and serves for good. A disk
 * without a partition table leaves all slots empty: each load is then refused with its reason, and
 * guests that run go on.
 */
_Noreturn void service_run(const struct platform *platform, const struct sector_device *disk);

#endif
