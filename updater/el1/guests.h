/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The guests that this partition serves, each with its slots on the disk, its loader and its agent
 * channel; and the two partitions that belong to no guest.
 */
#ifndef UPDATER_EL1_GUESTS_H
#define UPDATER_EL1_GUESTS_H

#include <stdbool.h>
#include <stdint.h>

#include "updater/el1/agent_tx.h"
#include "updater/el1/boots.h"
#include "updater/el1/loader.h"
#include "updater/el1/platform.h"
#include "updater/engine.h"
#include "updater/partition.h"

struct guest {
        const struct platform_vm *vm;
        struct partition parts[2];
        struct loader loader;
        struct agent_tx tx;
        struct boots boots;
        bool unread; /* the agent channel may hold something */
};

struct guests {
        unsigned count;
        struct guest guest[PLATFORM_MAX_VMS];
        struct engine_guest slots[PLATFORM_MAX_VMS]; /* as the engine wants them; same order */
        struct storage inbox;                        /* size 0: not there */
        struct storage journal;
        struct partition inbox_part;
        struct partition journal_part;
};

/*
 * Opens the partitions and prepares everything above; *guests is zero before. What is missing on
 * the disk is reported on the console, and left with size 0. Takes its buffers by ram_take().
 */
void guests_open(struct guests *guests, const struct platform *platform,
                 const struct sector_device *disk);

/* By index of the VM description; NULL: not a guest of ours. */
struct guest *guests_find(struct guests *guests, uint32_t vm);

#endif
