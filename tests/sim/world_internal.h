/* SPDX-License-Identifier: Apache-2.0 */
/* What the world's parts share. */
#ifndef TESTS_SIM_WORLD_INTERNAL_H
#define TESTS_SIM_WORLD_INTERNAL_H

#include "tests/sim/hv.h"
#include "tests/sim/nor.h"
#include "tests/sim/world.h"
#include "updater/el1/disk_cache.h"
#include "updater/engine.h"
#include "updater/partition.h"

#define WORLD_GUESTS 2

enum world_part_name {
        PART_INBOX,
        PART_JOURNAL,
        PART_PERSONAL_A,
        PART_PERSONAL_B,
        PART_RT_A,
        PART_RT_B,
        PART_COUNT
};

struct world_part {
        uint64_t at; /* byte on the disk */
        uint64_t size;
        struct partition partition;
        struct storage storage;
};

struct world {
        const struct world_setup *setup;
        struct disk *disk;
        struct nor nor;
        struct world_part part[PART_COUNT];
        struct engine_guest guests[WORLD_GUESTS];
        struct engine_config config;
        struct ports ports;
        struct engine *engine;
        uint8_t *arena;
        uint64_t now_ms;

        struct disk_cache cache; /* by_gpt */
        struct sector_device cached_disk;

        bool off;    /* switched off in peace */
        bool down;   /* by a cut */
        bool killed; /* the update partition */
        uint64_t fault_seed;
        uint32_t boots;
        const char *stops_at;    /* world_run() returns when that was logged */
        bool pauses_after_fault; /* world_run() returns at the fault */
        bool rotten;             /* bits were changed on the disk on purpose */
        bool hostile_loader;     /* update gives `personal` other bytes than its slot's */
        bool failing_loader;     /* update cannot read `personal`'s slots */

        /* By VM index. */
        bool asked[SIM_VMS], said_hello[SIM_VMS];
        uint32_t confirms[SIM_VMS];
};

extern struct world world;

/* As update does at its start: by the partition table, through the read cache. */
void world_find_partitions(void);
void world_plug_ports(struct ports *ports);
void world_nor_fault(struct nor *n);

uint8_t *world_part_bytes(enum world_part_name part);
void world_forget_log(void);
/* Right after a mount: every slot that may boot holds what the boot state says. */
void world_check_media(void);

#endif
