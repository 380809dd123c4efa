/* SPDX-License-Identifier: Apache-2.0 */
/* The device as it leaves the factory. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bootflow/journal.h"
#include "tests/sim/disk.h"
#include "tests/sim/watch.h"
#include "tests/sim/world_internal.h"
#include "updater/checkpoint.h"
#include "updater/gpt.h"

#define ALIGN         4096u
#define GPT_DISK_SIZE (8u << 20)
#define CONSENT_MS    30000u

static uint32_t aligned(uint32_t size)
{
        return (size + ALIGN - 1) / ALIGN * ALIGN;
}

/* ---- The disk ---- */

static void choose_sizes(uint64_t sizes[PART_COUNT])
{
        const struct world_setup *s = world.setup;
        size_t package = fixture.package_size > fixture.superseding_size ? fixture.package_size
                                                                         : fixture.superseding_size;

        sizes[PART_INBOX] = aligned((uint32_t)package) + ALIGN;
        sizes[PART_JOURNAL] = CHECKPOINT_JOURNAL_SIZE;
        sizes[PART_PERSONAL_A] = s->slot_size[0] ? s->slot_size[0] : s->image_size;
        sizes[PART_PERSONAL_B] = s->slot_size[1] ? s->slot_size[1] : s->image_size;
        sizes[PART_RT_A] = FIXTURE_RT_SIZE;
        sizes[PART_RT_B] = FIXTURE_RT_SIZE;
}

static void open_part(struct world_part *p, const struct sector_device *device, uint64_t first,
                      uint64_t last)
{
        if (partition_open(&p->partition, device, first, last, &p->storage) != SG_OK) {
                abort();
        }
}

/* The engine alone: small, one partition behind the other. */
static void lay_out_bare(const uint64_t sizes[PART_COUNT])
{
        const struct world_setup *s = world.setup;
        uint64_t at = ALIGN;

        for (uint32_t i = 0; i < PART_COUNT; i++) {
                world.part[i].at = at;
                at += aligned((uint32_t)sizes[i]) + ALIGN;
        }
        world.disk = disk_new(s->sector, s->physical, at);
        for (uint32_t i = 0; i < PART_COUNT; i++) {
                struct world_part *p = &world.part[i];

                open_part(p, disk_device(world.disk), p->at / s->sector,
                          (p->at + p->size + s->sector - 1) / s->sector - 1);
        }
}

static const char *const part_names[PART_COUNT] = {
        [PART_INBOX] = "inbox",
        [PART_JOURNAL] = "journal",
        [PART_PERSONAL_A] = "personal_a",
        [PART_PERSONAL_B] = "personal_b",
        [PART_RT_A] = "rt_a",
        [PART_RT_B] = "rt_b",
};

static uint8_t sector_buffer[PARTITION_SECTOR_MAX];

/* As the host tool does it. */
static void lay_out_by_gpt(const uint64_t sizes[PART_COUNT])
{
        const struct world_setup *s = world.setup;
        struct gpt gpt = {.sector_size = s->sector, .count = PART_COUNT};

        world.disk = disk_new(s->sector, s->physical, GPT_DISK_SIZE);
        gpt.sectors = GPT_DISK_SIZE / s->sector;
        for (uint32_t i = 0; i < PART_COUNT; i++) {
                struct gpt_partition *p = &gpt.part[i];

                snprintf(p->name, sizeof(p->name), "%s", part_names[i]);
                memcpy(p->type_guid, gpt_type_segue, sizeof(p->type_guid));
                memset(p->unique_guid, (int)i + 1, sizeof(p->unique_guid));
                p->last_lba = (sizes[i] + s->sector - 1) / s->sector;
        }
        if (gpt_layout(&gpt) != SG_OK ||
            gpt_write(&gpt, disk_device(world.disk), sector_buffer) != SG_OK) {
                abort();
        }
        for (uint32_t i = 0; i < PART_COUNT; i++) {
                world.part[i].at = gpt.part[i].first_lba * s->sector;
        }
}

static void configure(void)
{
        static const char *const names[SIM_VMS] = {
                [SIM_PERSONAL] = "personal",
                [SIM_RT] = "rt",
        };

        for (uint32_t i = 0; i < WORLD_GUESTS; i++) {
                struct engine_guest *g = &world.guests[i];

                g->vm = SIM_PERSONAL + i;
                snprintf(g->name, sizeof(g->name), "%s", names[g->vm]);
                g->slot[0] = world.part[PART_PERSONAL_A + 2 * i].storage;
                g->slot[1] = world.part[PART_PERSONAL_B + 2 * i].storage;
                g->consent_deadline_ms = CONSENT_MS;
                g->has_agent = true;
        }
        world.config = (struct engine_config){
                .product = "segue-sim",
                .root = (const uint8_t *)fixture.root,
                .root_size = fixture.root_size,
                .inbox = &world.part[PART_INBOX].storage,
                .journal = &world.part[PART_JOURNAL].storage,
                .guests = world.guests,
                .guest_count = WORLD_GUESTS,
                .ram_limit = 8u << 20,
        };
        world_plug_ports(&world.ports);
}

void world_find_partitions(void)
{
        static uint8_t cache_memory[DISK_CACHE_MEMORY];
        static struct gpt gpt;

        if (!world.setup->by_gpt) {
                return;
        }
        disk_cache_init(&world.cache, disk_device(world.disk), cache_memory, &world.cached_disk);
        if (gpt_read(&gpt, &world.cached_disk, sector_buffer) != SG_OK) {
                sim_broken("the partition table cannot be read");
                exit(1);
        }
        for (uint32_t i = 0; i < PART_COUNT; i++) {
                const struct gpt_partition *p = gpt_find(&gpt, part_names[i]);

                if (p == NULL) {
                        sim_broken("partition %s is not there", part_names[i]);
                        exit(1);
                }
                open_part(&world.part[i], &world.cached_disk, p->first_lba, p->last_lba);
        }
        configure();
}

static void lay_out(void)
{
        uint64_t sizes[PART_COUNT];

        choose_sizes(sizes);
        for (uint32_t i = 0; i < PART_COUNT; i++) {
                world.part[i].size = sizes[i];
        }
        if (world.setup->by_gpt) {
                lay_out_by_gpt(sizes);
        } else {
                lay_out_bare(sizes);
        }
}

/* ---- Everything else ---- */

uint8_t *world_part_bytes(enum world_part_name part)
{
        return disk_bytes(world.disk) + world.part[part].at;
}

static void provision_guest(struct bf_initial *initial, uint32_t vm, const uint8_t digest[32],
                            uint32_t counter)
{
        struct bf_image_id id = {.counter = counter};

        memcpy(id.digest, digest, sizeof(id.digest));
        initial->vm = vm;
        if (bf_provision(&initial->guest, &id, NULL) != SG_OK) {
                abort();
        }
}

static void provision(void)
{
        const struct world_setup *s = world.setup;
        static struct bf_journal journal;
        struct bf_initial initial[WORLD_GUESTS];

        nor_init(&world.nor, s->erase_size, s->blocks, s->unit);
        provision_guest(&initial[0], SIM_PERSONAL, fixture.old_digest, FIXTURE_OLD_COUNTER);
        provision_guest(&initial[1], SIM_RT, fixture.rt_digest, 1);
        if (bf_journal_format(&journal, &world.nor.flash, initial, WORLD_GUESTS) != SG_OK) {
                abort();
        }
        memcpy(world_part_bytes(PART_PERSONAL_A), fixture.old_image, fixture.image_size);
        memcpy(world_part_bytes(PART_RT_A), fixture.rt_image, FIXTURE_RT_SIZE);
        memset(world_part_bytes(PART_RT_B), 0x5c, FIXTURE_RT_SIZE);
        memcpy(world_part_bytes(PART_INBOX), fixture.package, fixture.package_size);
        disk_settle(world.disk);
        nor_power_on(&world.nor, 1);
        world.nor.hook = world_nor_fault;
}

void world_reset(void)
{
        const struct world_setup *setup = world.setup;
        uint8_t *arena = world.arena;

        disk_free(world.disk);
        memset(&world, 0, sizeof(world));
        world.setup = setup;
        world.arena = arena;
        world_forget_log();
        watch_reset();
        lay_out();
        configure();
        provision();
        world.off = true;
}

void world_make(const struct world_setup *setup)
{
        fixture_make(setup->image_size, setup->kind, setup->piece);
        world.setup = setup;
        world_reset();
}
