/* SPDX-License-Identifier: Apache-2.0 */
/* Rows that need more than a fault at some operation. */
#include <stdio.h>
#include <string.h>

#include "tests/sim/disk.h"
#include "tests/sim/rows.h"
#include "tests/sim/watch.h"
#include "tests/sim/world_internal.h"

#define RESUMES     10u
#define INTERRUPTED 10u

/* CMocka has these names; a row that breaks its promise goes on to the next. */
#define EXPECT(condition)                                                    \
        do {                                                                 \
                if (!(condition)) {                                          \
                        sim_broken("%s: not so: %s", row->name, #condition); \
                }                                                            \
        } while (0)

static const struct bf_guest *boot(void)
{
        return watch_boot(SIM_PERSONAL);
}

static bool runs_old(void)
{
        return hv_vm_state(SIM_PERSONAL) == SG_VM_RUNNING && hv_vm_slot(SIM_PERSONAL) == 0 &&
               boot()->slot[0].counter == FIXTURE_OLD_COUNTER;
}

static bool runs_new(void)
{
        uint32_t slot = hv_vm_slot(SIM_PERSONAL);

        return hv_vm_state(SIM_PERSONAL) == SG_VM_RUNNING && slot < BF_SLOTS &&
               boot()->slot[slot].counter == FIXTURE_NEW_COUNTER;
}

static void make(const struct sim_row *row)
{
        world_make(row->setup);
        sim_arm(NULL);
}

/* What the undisturbed run leaves, and the device as it was before. */
static void make_with_end(const struct sim_row *row)
{
        make(row);
        world_run();
        world_remember();
        world_reset();
}

static void run_until(const char *text)
{
        world.stops_at = text;
        world_run();
        world.stops_at = NULL;
}

static void power_off(void)
{
        world_power_off(0, 3);
}

static void put_package(const uint8_t *package, size_t size)
{
        memset(world_part_bytes(PART_INBOX), 0, world.part[PART_INBOX].size);
        memcpy(world_part_bytes(PART_INBOX), package, size);
        disk_settle(world.disk);
}

/* ---- What is on the disk is not what was signed ---- */

void scene_bit_rot(const struct sim_row *row)
{
        make(row);
        world.rotten = true;
        world_run(); /* the guest runs; its image in RAM is good */
        world_reset();
        world.rotten = true;
        run_until("event 46 started guest=personal");
        world_part_bytes(PART_PERSONAL_A)[20000] ^= 4;
        disk_settle(world.disk);
        world_run();
        EXPECT(world_logged("event 23 base-mismatch guest=personal slot=0"));
        EXPECT(world_logged("outcome=failed error=818"));
        EXPECT(!world_logged("apply-begin"));
        EXPECT(boot()->slot[1].state == BF_EMPTY);
        EXPECT(runs_old());
}

void scene_bit_rot_with_image(const struct sim_row *row)
{
        make(row);
        world.rotten = true;
        run_until("event 46 started guest=personal");
        world_part_bytes(PART_PERSONAL_A)[20000] ^= 4;
        disk_settle(world.disk);
        world_run();
        EXPECT(world_logged("kind=image"));
        EXPECT(world_logged("outcome=applied error=0"));
        EXPECT(runs_new());
        world_check_alive();
}

void scene_forged(const struct sim_row *row)
{
        make(row);
        fixture_forge();
        world_reset();
        world_run();
        EXPECT(world_logged("event 12 package-refused"));
        EXPECT(!world_logged("apply-begin"));
        EXPECT(boot()->slot[1].state == BF_EMPTY);
        EXPECT(runs_old());
}

/* A byte in the second piece of the payload. */
void scene_flipped_chunk(const struct sim_row *row)
{
        make(row);
        uint8_t *inbox = world_part_bytes(PART_INBOX);
        for (size_t i = 0; i + 64 < world.part[PART_INBOX].size; i++) {
                if (memcmp(inbox + i, fixture.new_image + 10000, 64) == 0) {
                        inbox[i] ^= 1;
                        break;
                }
        }
        disk_settle(world.disk);
        world_run();
        EXPECT(world_logged("event 24 apply-begin"));
        EXPECT(world_logged("event 28 target-failed"));
        EXPECT(!world_logged("verify-progress"));
        EXPECT(boot()->slot[1].state == BF_OPEN);
        EXPECT(runs_old());
        for (size_t i = 0; i < 8192; i++) {
                if (world_part_bytes(PART_PERSONAL_B)[8192 + i] != 0) {
                        sim_broken("a byte of the flipped chunk was written");
                        return;
                }
        }
}

/* The bytes that are copied over the stale slot are no longer those that hv knows. */
void scene_rotten_refill(const struct sim_row *row)
{
        make(row);
        run_until("event 50 refill-begin");
        world.rotten = true;
        world_part_bytes(PART_PERSONAL_B)[9000] ^= 1;
        disk_settle(world.disk);
        world_run();
        EXPECT(world_logged("event 53 refill-failed"));
        EXPECT(boot()->slot[0].state == BF_STALE);
        EXPECT(runs_new());
}

/* ---- Checkpoints ---- */

void scene_superseded(const struct sim_row *row)
{
        make(row);
        run_until("event 25 apply-progress");
        put_package(fixture.superseding, fixture.superseding_size);
        power_off();
        world_forget_log();
        world_run();
        EXPECT(world_logged("event 15 package-superseded"));
        EXPECT(world_logged("segment=0 segments=3 resumes=0"));
        EXPECT(runs_new());
        world_check_alive();
}

void scene_resumes(const struct sim_row *row)
{
        char text[32];

        make(row);
        run_until("event 25 apply-progress");
        for (uint32_t i = 1; i <= RESUMES; i++) {
                power_off();
                world_forget_log();
                run_until("event 24 apply-begin");
                snprintf(text, sizeof(text), "segment=1 segments=3 resumes=%u", i);
                EXPECT(world_logged(text));
        }
        power_off();
        world_run();
        EXPECT(world_logged("outcome=failed error=812"));
        EXPECT(runs_old());
        world_check_alive();
}

/* ---- Trials ---- */

void scene_cycles(const struct sim_row *row)
{
        make_with_end(row);
        run_until("event 40 trial");
        for (uint32_t i = 1; i < INTERRUPTED; i++) {
                power_off();
                world_forget_log();
                run_until("slot=1 trial=1");
                EXPECT(boot()->slot[1].tries_remaining == 3);
                EXPECT(boot()->slot[1].interrupted_remaining == INTERRUPTED - i);
        }
        world_run();
        world_check_end();
        world_reset();
        run_until("event 40 trial");
        for (uint32_t i = 0; i < INTERRUPTED; i++) {
                power_off();
                world_forget_log();
                run_until("event 46 started guest=personal");
        }
        world_run();
        EXPECT(memcmp(boot()->failed_digest, fixture.new_digest, 32) == 0);
        EXPECT(world_logged("event 44 rolled-back guest=personal slot=1 cause=8"));
        EXPECT(runs_old());
        world_check_alive();
}

void scene_cycles_before_start(const struct sim_row *row)
{
        make_with_end(row);
        run_until("event 30 staged");
        power_off();
        world.pauses_after_fault = true;
        for (uint32_t i = 0; i < 3 * INTERRUPTED; i++) {
                sim_fail_at(1 + i % 2, SIM_POWER, sim_hash(sim_options.seed, i));
                world_run();
                EXPECT(world.down);
                EXPECT(boot()->slot[1].tries_remaining == 3);
                EXPECT(boot()->slot[1].interrupted_remaining == INTERRUPTED);
        }
        world.pauses_after_fault = false;
        world_run();
        world_check_end();
}

void scene_old_token(const struct sim_row *row)
{
        make_with_end(row);
        run_until("event 40 trial");
        uint64_t old = hv_token(SIM_PERSONAL);
        power_off();
        world_forget_log();
        run_until("slot=1 trial=1");
        EXPECT(hv_token(SIM_PERSONAL) != old);
        EXPECT(hv_call_confirm(SIM_PERSONAL, old) == SG_HC_BAD_TOKEN);
        EXPECT(hv_call_confirm(SIM_PERSONAL, 0) == SG_HC_BAD_TOKEN);
        EXPECT(boot()->slot[1].state == BF_STAGED);
        EXPECT(hv_call_confirm(SIM_RT, hv_token(SIM_PERSONAL)) != SG_HC_OK);
        world_run();
        world_check_end();
        EXPECT(hv_call_confirm(SIM_PERSONAL, hv_token(SIM_PERSONAL)) != SG_HC_OK);
}

#define CONFIRM_OPERATIONS 12u /* more than a record has: the last ones come after it */
#define CONFIRM_WAYS       4u

/* Cut at each operation of the record that a confirm makes. */
void scene_cut_confirm(const struct sim_row *row)
{
        uint32_t durable = 0, repeated = 0;

        make_with_end(row);
        for (uint32_t i = 0; i < CONFIRM_OPERATIONS * CONFIRM_WAYS; i++) {
                world_reset();
                run_until("event 40 trial");
                uint64_t old = hv_token(SIM_PERSONAL);
                world.pauses_after_fault = true;
                sim_fail_at(1 + i % CONFIRM_OPERATIONS, SIM_POWER, sim_hash(sim_options.seed, i));
                world_run();
                world.pauses_after_fault = false;
                EXPECT(world.down);
                world_forget_log();
                run_until("event 46 started guest=personal");
                if (boot()->slot[1].state == BF_GOOD) {
                        durable++;
                } else {
                        repeated++;
                        EXPECT(boot()->slot[1].state == BF_STAGED);
                        EXPECT(boot()->slot[1].tries_remaining == 3);
                        EXPECT(hv_token(SIM_PERSONAL) != old);
                        EXPECT(hv_call_confirm(SIM_PERSONAL, old) == SG_HC_BAD_TOKEN);
                }
                world_run();
                world_check_end();
        }
        EXPECT(durable > 0 && repeated > 0);
        if (!sim_options.quiet) {
                printf("%s: %u cuts, %u before it was durable\n", row->name, durable + repeated,
                       repeated);
        }
}

void scene_rotten_confirmed(const struct sim_row *row)
{
        make(row);
        world_run();
        struct bf_guest before = *boot();
        EXPECT(hv_vm_slot(SIM_PERSONAL) == 1);
        world_forget_log();
        world.rotten = true;
        world_part_bytes(PART_PERSONAL_B)[12345] ^= 1;
        disk_settle(world.disk);
        world_power_cycle();
        EXPECT(hv_vm_state(SIM_PERSONAL) == SG_VM_RUNNING);
        EXPECT(hv_vm_slot(SIM_PERSONAL) == 0);
        EXPECT(bf_guest_equal(boot(), &before));
        /* The engine has put the good slot's bytes into the other one meanwhile. */
        EXPECT(world_logged("event 52 refilled guest=personal slot=1"));
        world.rotten = false;
        world_power_cycle();
        EXPECT(hv_vm_slot(SIM_PERSONAL) == 1);
        EXPECT(bf_guest_equal(boot(), &before));
}

void scene_no_flapping(const struct sim_row *row)
{
        make(row);
        world_run();
        struct bf_guest before = *boot();
        EXPECT(world_logged("event 44 rolled-back"));
        EXPECT(runs_old());
        for (uint32_t i = 0; i < 5; i++) {
                world_forget_log();
                power_off();
                world_run();
                EXPECT(runs_old());
                EXPECT(!world_logged("apply-begin"));
                EXPECT(bf_guest_equal(boot(), &before));
        }
        put_package(fixture.superseding, fixture.superseding_size);
        world_forget_log();
        world_power_cycle();
        EXPECT(runs_old());
        EXPECT(!world_logged("event 30 staged"));
}

void scene_bad_loader(const struct sim_row *row)
{
        make(row);
        world_run();
        struct bf_guest before = *boot();
        for (uint32_t i = 0; i < 4; i++) {
                world.hostile_loader = i % 2 == 0;
                world.failing_loader = i % 2 != 0;
                world_power_cycle();
                EXPECT(hv_vm_state(SIM_PERSONAL) == SG_VM_FAILED);
                EXPECT(hv_vm_state(SIM_RT) == SG_VM_RUNNING);
                EXPECT(bf_guest_equal(boot(), &before));
        }
        world.hostile_loader = false;
        world.failing_loader = false;
        world_power_cycle();
        EXPECT(runs_new());
        EXPECT(bf_guest_equal(boot(), &before));
        world_check_alive();
}

/* ---- Journals that cannot be written ---- */

void scene_read_only_journal(const struct sim_row *row)
{
        make_with_end(row);
        const struct world_part *journal = &world.part[PART_JOURNAL];
        disk_set_read_only(world.disk, journal->at, journal->at + journal->size);
        world_run();
        EXPECT(world_logged("event 71 journal-error"));
        EXPECT(!world_logged("apply-begin"));
        EXPECT(boot()->slot[1].state == BF_EMPTY);
        EXPECT(runs_old());
        disk_set_read_only(world.disk, 0, 0);
        world_power_cycle();
        world_check_end();
}

void scene_dead_nor(const struct sim_row *row)
{
        make_with_end(row);
        run_until("event 22 base-check");
        world.nor.dead = true;
        world_run();
        EXPECT(world_logged("event 28 target-failed"));
        EXPECT(!world_logged("apply-begin"));
        EXPECT(runs_old());
        EXPECT(boot()->slot[1].state == BF_EMPTY);
        world.nor.dead = false;
        world_power_cycle();
        world_check_end();
}
