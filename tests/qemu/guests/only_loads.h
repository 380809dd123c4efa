/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An update partition that loads guests and does nothing else: what the test builds in the place of
 * updater/el1/service.c have in common.
 */
#ifndef TESTS_QEMU_ONLY_LOADS_H
#define TESTS_QEMU_ONLY_LOADS_H

#include <stdbool.h>

#include "updater/el1/event_queue.h"
#include "updater/el1/platform.h"
#include "updater/partition.h"

/* Opens the disk's partitions and asks what the guests wait for. */
void only_loads_start(const struct platform *platform, const struct sector_device *disk);

/* Waits until there is an event or a piece of a load to do, and does it. true: there was an event,
 * *event, which is dealt with already. */
bool only_loads_turn(struct hv_event *event);

/* The next event, without doing what it asks for. */
bool only_loads_event(struct hv_event *event);

/* Is a load under way, its region lent? */
bool only_loads_busy(void);

/* What is on the disk: a guest's slot, the inbox. */
const struct storage *only_loads_slot(uint32_t vm, uint32_t slot);
const struct storage *only_loads_inbox(void);

/* For the caller's pauses: events wait meanwhile. */
void only_loads_pause(uint64_t ms);

#endif
