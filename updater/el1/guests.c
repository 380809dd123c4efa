/* SPDX-License-Identifier: Apache-2.0 */
#include "updater/el1/guests.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "updater/el1/hv_calls.h"
#include "updater/el1/ram.h"
#include "updater/gpt.h"

static_assert(PLATFORM_MAX_VMS <= ENGINE_GUESTS_MAX, "every guest is the engine's too");
static_assert(PLATFORM_NAME_MAX <= ENGINE_NAME_MAX + 1, "a name fits");

#define SECTOR_ALIGN 4096

static const struct gpt *read_table(const struct sector_device *disk)
{
        struct gpt *gpt = ram_take(sizeof(*gpt), _Alignof(struct gpt));
        const sg_err err = gpt_read(gpt, disk, ram_take(disk->sector_size, SECTOR_ALIGN));

        if (err != SG_OK) {
                gpt->count = 0;
                printf("disk: error %d: %s\n", (int)err, sg_strerror(err));
        } else if (gpt->backup) {
                printf("disk: the first partition table is damaged, using its backup\n");
        }
        return gpt;
}

static void open_part(const struct sector_device *disk, const struct gpt *gpt, const char *name,
                      struct partition *part, struct storage *storage)
{
        const struct gpt_partition *found = gpt_find(gpt, name);
        sg_err err = SG_E_PARTITION;

        if (found != NULL) {
                err = partition_open(part, disk, found->first_lba, found->last_lba, storage);
        }
        if (err != SG_OK) {
                storage->size = 0;
                printf("partition %s: error %d: %s\n", name, (int)err, sg_strerror(err));
        }
}

static void add(struct guests *guests, const struct platform_vm *vm, uint8_t *buffer)
{
        struct guest *guest = &guests->guest[guests->count];
        struct engine_guest *slots = &guests->slots[guests->count];

        guests->count++;
        guest->vm = vm;
        slots->vm = vm->index;
        slots->consent_deadline_ms = vm->consent_deadline_ms;
        slots->has_agent = vm->agent;
        memcpy(slots->name, vm->name, sizeof(vm->name));
        loader_init(&guest->loader, &hv_calls_loader_ops, vm->index, slots->slot, buffer);
        agent_tx_init(&guest->tx, vm->index, hv_calls_agent_write, NULL);
}

static void open_slots(const struct sector_device *disk, const struct gpt *gpt, struct guest *guest,
                       struct engine_guest *slots)
{
        for (unsigned slot = 0; slot < 2; slot++) {
                char name[PLATFORM_NAME_MAX + 2];

                snprintf(name, sizeof(name), "%s_%c", guest->vm->name, "ab"[slot]);
                open_part(disk, gpt, name, &guest->parts[slot], &slots->slot[slot]);
        }
}

void guests_open(struct guests *guests, const struct platform *platform,
                 const struct sector_device *disk)
{
        const struct gpt *gpt = read_table(disk);
        uint8_t *buffer = ram_take(LOADER_STEP, SECTOR_ALIGN);

        open_part(disk, gpt, "inbox", &guests->inbox_part, &guests->inbox);
        open_part(disk, gpt, "journal", &guests->journal_part, &guests->journal);
        for (unsigned i = 0; i < platform->vm_count; i++) {
                add(guests, &platform->vms[i], buffer);
                open_slots(disk, gpt, &guests->guest[i], &guests->slots[i]);
        }
}

struct guest *guests_find(struct guests *guests, uint32_t vm)
{
        for (unsigned i = 0; i < guests->count; i++) {
                if (guests->guest[i].vm->index == vm) {
                        return &guests->guest[i];
                }
        }
        return NULL;
}
