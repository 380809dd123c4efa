/* SPDX-License-Identifier: Apache-2.0 */
/* What must hold after a cut, and at the end. */
#include <mbedtls/sha256.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/disk.h"
#include "tests/sim/watch.h"
#include "tests/sim/world_internal.h"
#include "updater/checkpoint.h"

/* How the undisturbed run ended. */
static struct {
        uint8_t *parts[PART_COUNT];
        struct bf_guest boot[SIM_VMS];
        struct checkpoint checkpoint;
} end;

static bool equal(const void *a, const void *b, size_t n)
{
        const uint8_t *x = a, *y = b;

        for (size_t i = 0; i < n; i++) {
                if (x[i] != y[i]) {
                        return false;
                }
        }
        return true;
}

static enum world_part_name slot_part(uint32_t vm, uint32_t slot)
{
        return (enum world_part_name)(PART_PERSONAL_A + 2 * (vm - SIM_PERSONAL) + slot);
}

static size_t image_size(uint32_t vm)
{
        return vm == SIM_PERSONAL ? fixture.image_size : FIXTURE_RT_SIZE;
}

/* "Never a mixed image": what may boot is whole on the medium. */
static void check_slot(uint32_t vm, uint32_t slot, const struct bf_slot *s)
{
        uint8_t digest[32];

        if (s->state != BF_STAGED && s->state != BF_GOOD) {
                return;
        }
        mbedtls_sha256(world_part_bytes(slot_part(vm, slot)), image_size(vm), digest, 0);
        if (!equal(digest, s->digest, sizeof(digest))) {
                sim_broken("slot %u of VM %u may boot (state %u) and does not hold its image", slot,
                           vm, s->state);
        }
}

static void check_others(void)
{
        const uint8_t *b = world_part_bytes(PART_RT_B);

        if (world.setup->kind == FIXTURE_TWO) {
                return;
        }
        if (!equal(world_part_bytes(PART_RT_A), fixture.rt_image, FIXTURE_RT_SIZE)) {
                sim_broken("rt's slot a was changed");
        }
        for (uint32_t i = 0; i < FIXTURE_RT_SIZE; i++) {
                if (b[i] != 0x5c) {
                        sim_broken("rt's slot b was changed at %u", i);
                        return;
                }
        }
}

void world_check_media(void)
{
        for (uint32_t vm = SIM_PERSONAL; vm < SIM_VMS && !world.rotten; vm++) {
                const struct bf_guest *g = watch_boot(vm);

                if (g == NULL) {
                        sim_broken("no boot state for VM %u", vm);
                        continue;
                }
                for (uint32_t slot = 0; slot < BF_SLOTS; slot++) {
                        check_slot(vm, slot, &g->slot[slot]);
                }
        }
        check_others();
}

/* The journal without the watch's own conclusions. */
static void read_journal(struct checkpoint *c)
{
        struct checkpoint_store store;

        memset(c, 0, sizeof(*c));
        if (checkpoint_load(&store, &world.part[PART_JOURNAL].storage, c) != SG_OK) {
                sim_broken("the engine's journal cannot be read at the end");
        }
}

void world_remember(void)
{
        for (uint32_t i = 0; i < PART_COUNT; i++) {
                free(end.parts[i]);
                end.parts[i] = malloc(world.part[i].size);
                if (end.parts[i] == NULL) {
                        abort();
                }
                memcpy(end.parts[i], world_part_bytes((enum world_part_name)i), world.part[i].size);
        }
        for (uint32_t vm = SIM_PERSONAL; vm < SIM_VMS; vm++) {
                end.boot[vm] = *watch_boot(vm);
        }
        read_journal(&end.checkpoint);
}

static void check_guests_run(void)
{
        for (uint32_t vm = SIM_PERSONAL; vm < SIM_VMS; vm++) {
                if (hv_vm_state(vm) != SG_VM_RUNNING) {
                        sim_broken("VM %u does not run: state %u", vm, hv_vm_state(vm));
                } else if (hv_vm_slot(vm) != bf_active(watch_boot(vm), 0)) {
                        sim_broken("VM %u runs from slot %u, which is not the active one", vm,
                                   hv_vm_slot(vm));
                }
        }
        if (engine_state(world.engine) != ENGINE_IDLE) {
                sim_broken("the engine ends in %s", engine_state_name(engine_state(world.engine)));
        }
}

/* The image of the slot, for a slot that says what it holds; bytes behind it do not count. */
static void check_slot_end(uint32_t vm, uint32_t slot)
{
        enum world_part_name part = slot_part(vm, slot);

        if (!equal(world_part_bytes(part), end.parts[part], image_size(vm))) {
                sim_broken("slot %u of VM %u holds something else than after the undisturbed run",
                           slot, vm);
        }
}

void world_check_end(void)
{
        struct checkpoint c;

        check_guests_run();
        check_others();
        for (uint32_t slot = 0; slot < BF_SLOTS; slot++) {
                check_slot_end(SIM_PERSONAL, slot);
                check_slot_end(SIM_RT, slot);
        }
        for (uint32_t vm = SIM_PERSONAL; vm < SIM_VMS; vm++) {
                if (!bf_guest_equal(watch_boot(vm), &end.boot[vm])) {
                        sim_broken("the boot state of VM %u is not that of the undisturbed run",
                                   vm);
                }
        }
        read_journal(&c);
        if (c.job.present || !equal(c.identity, end.checkpoint.identity, sizeof(c.identity)) ||
            !equal(c.finished[0].identity, end.checkpoint.finished[0].identity, 32) ||
            c.finished[0].outcome != end.checkpoint.finished[0].outcome ||
            c.finished[0].error != end.checkpoint.finished[0].error ||
            c.root_version != end.checkpoint.root_version ||
            c.targets_version != end.checkpoint.targets_version) {
                sim_broken("the engine's journal says something else: outcome %u, error %u",
                           c.finished[0].outcome, c.finished[0].error);
        }
        if (!equal(world_part_bytes(PART_INBOX), end.parts[PART_INBOX],
                   world.part[PART_INBOX].size)) {
                sim_broken("the inbox was changed");
        }
}

void world_check_alive(void)
{
        const struct bf_guest *g = watch_boot(SIM_PERSONAL);

        check_guests_run();
        check_others();
        for (uint32_t slot = 0; slot < BF_SLOTS; slot++) {
                check_slot(SIM_PERSONAL, slot, &g->slot[slot]);
        }
}
