// SPDX-License-Identifier: Apache-2.0
/*
 * hv's side of a load (vm.c, load.c) and update's (loads.c, loader.c), whatever comes between:
 * random walks in which cores take turns, in the middle of each other's steps, too, guests and
 * update end, the disk fails and time passes. At every step RAM has one owner; bootfw always finds
 * the whole slot; and left alone again, every guest comes to run.
 */
#include <stdlib.h>

#include <segue/bytes.h>

#include "bootflow/image.h"
#include "tests/unit/fake_update.h"
#include "tests/unit/vm_rig.h"

#define WALKS      60
#define STEPS      60
#define ROUNDS_MAX 1000 /* until every guest runs again */
#define TLVS       40
#define PAYLOAD    (FAKE_UPDATE_STEP + 1000)
#define IMAGE_SIZE (BF_IMAGE_HEADER_MIN + PAYLOAD + TLVS)

static uint8_t slot_bytes[BF_SLOTS][IMAGE_SIZE];
static bool unrest;         /* as long as anything may happen */
static bool busy[FAKE_VMS]; /* its boot core is in the middle of something */
static unsigned stages;     /* images that were staged: each is another one */
static uint64_t random_state;
static unsigned walks = WALKS, seed;

static uint64_t any(uint64_t below)
{
        random_state ^= random_state << 13;
        random_state ^= random_state >> 7;
        random_state ^= random_state << 17;
        return (random_state >> 20) % below;
}

static bool by_chance(unsigned one_in)
{
        return unrest && any(one_in) == 0;
}

/* ---- update's program ---- */

static unsigned program; /* the start of update that it was begun with */

static sg_err read_slot(void *ctx, uint64_t offset, void *data, size_t length)
{
        memcpy(data, (const uint8_t *)ctx + offset, length);
        return by_chance(40) ? SG_E_DISK_REQUEST : SG_OK;
}

static const struct storage slots[BF_SLOTS] = {
        {.ctx = slot_bytes[0], .size = IMAGE_SIZE, .read = read_slot},
        {.ctx = slot_bytes[1], .size = IMAGE_SIZE, .read = read_slot},
};

static int64_t call_of_update(uint64_t function, const uint64_t args[7], uint64_t results[7])
{
        int64_t result = rig_call(update, function, args);

        memcpy(results, &update->vcpu[0].regs.x[1], 7 * sizeof(results[0]));
        return result;
}

static void *region_of(unsigned n)
{
        const struct vm *vm = &fake.vm[n];

        if (!rig_update_reaches(vm, 0))
                return NULL;
        fake_ram_cached(rig_region(vm), vm->load_size);
        return fake_ram(rig_region(vm), vm->load_size);
}

static const struct fake_update ports = {.first_vm = FAKE_RT,
                                         .vms = 2,
                                         .slot = {&slots[0], &slots[1]},
                                         .call = call_of_update,
                                         .region = region_of};

static void update_ends(void)
{
        vm_stop(update, SG_CAUSE_FAULT);
}

static bool may_run(const struct vm *vm)
{
        return !busy[vm->index] && vm->vcpu[0].power == VCPU_ON &&
               !(vm->requests & VM_REQUEST_STOP);
}

static void update_runs(void)
{
        if (!may_run(update))
                return;
        busy[FAKE_UPDATE] = true;
        if (program != fake_core.bus_resets)
                fake_update_begin(&ports);
        program = fake_core.bus_resets;
        CALL(update, SG_HC_BEAT, 0);
        if (!fake_update_turn())
                update_ends();
        busy[FAKE_UPDATE] = false;
}

/* What the engine would ask for, or an operator. */
static void update_stages(const struct vm *vm)
{
        if (!may_run(update))
                return;
        stages++;
        for (unsigned slot = 0; slot < BF_SLOTS; slot++) {
                const uint64_t args[7] = {vm->index, slot, NEW_COUNTER, stages, 1, 2, 3};

                if (rig_call(update, SG_HC_SLOT_OPEN, args) == SG_HC_OK)
                        rig_call(update, SG_HC_STAGE, args);
        }
}

static void update_restarts(const struct vm *vm)
{
        if (may_run(update))
                CALL(update, SG_HC_RESTART, vm->index);
}

/* ---- A guest's programs ---- */

static void bootfw_runs(struct vm *vm)
{
        assert_true(fake_ram_is(vm->ram, 0, rig_region(vm).pa - vm->ram.pa));
        assert_int_equal(vm->loaded, IMAGE_SIZE);
        assert_memory_equal(fake_ram(rig_region(vm), IMAGE_SIZE), slot_bytes[vm->slot], IMAGE_SIZE);
        assert_true(fake_ram_is_clean(vm->ram, vm->ram_size));
        assert_false(fake_core.icache_stale);
        if (by_chance(8))
                CALL(vm, SG_HC_BOOT_REPORT, SG_E_IMAGE_MAGIC);
        else
                rig_report(vm);
}

static void image_runs(struct vm *vm)
{
        static const enum sg_cause causes[] = {SG_CAUSE_RESET, SG_CAUSE_OFF, SG_CAUSE_FAULT};

        fake_ram_write(vm->ram, GUESTS_RAM, vm->ram_size);
        if (by_chance(3))
                vm_stop(vm, causes[any(3)]);
        else if (by_chance(3))
                CALL(vm, SG_HC_CONFIRM, rig_state(vm).token);
}

static void guest_runs(struct vm *vm)
{
        if (!may_run(vm))
                return;
        busy[vm->index] = true;
        if (vm->life.state == SG_VM_VERIFYING)
                bootfw_runs(vm);
        else
                image_runs(vm);
        busy[vm->index] = false;
}

/* ---- Cores ---- */

static void core_works(struct vm *vm)
{
        if (busy[vm->index])
                return;
        busy[vm->index] = true;
        rig_work(vm);
        busy[vm->index] = false;
}

static void timers_fire(void)
{
        for (unsigned i = 0; i < FAKE_VMS; i++)
                if (fake.vm[i].deadline && fake.vm[i].deadline <= fake.now)
                        vm_deadline(&fake.vm[i]);
}

static void somebody_acts(void)
{
        static const uint64_t times[] = {1, START_LIMIT / 3, START_LIMIT, TRIAL_LIMIT};
        struct vm *vm = &fake.vm[any(FAKE_VMS)];
        struct vm *guest = by_chance(2) ? rt : personal;

        switch (any(12)) {
        case 0:
                fake.now += times[any(4)];
                break;
        case 1:
                if (by_chance(3))
                        update_ends();
                break;
        case 2:
                update_stages(guest);
                break;
        case 3:
                update_restarts(guest);
                break;
        case 4:
        case 5:
                guest_runs(guest);
                break;
        case 6:
        case 7:
        case 8:
                update_runs();
                break;
        default:
                core_works(vm);
        }
}

static void somebody_acts_meanwhile(void)
{
        somebody_acts();
        timers_fire();
}

static void meanwhile(void)
{
        fake_meanwhile(FAKE_POLL, 1 + (unsigned)any(6), somebody_acts_meanwhile);
        fake_meanwhile((enum fake_point)(FAKE_SLOTS_DUE + any(3)), 1, somebody_acts);
}

static void ram_has_one_owner(const struct vm *vm)
{
        struct bf_guest g = rig_state(vm);

        assert_int_equal(rig_update_reaches(vm, 0), vm->lent);
        assert_int_equal(rig_update_reaches(vm, vm->load_size - 1), vm->lent);
        if (vm->lent) {
                assert_int_equal(vm->life.state, SG_VM_LOADING);
                assert_int_equal(vm->vcpu[0].power, VCPU_OFF);
        }
        if (vm->vcpu[0].power != VCPU_OFF)
                assert_in_range(vm->life.state, SG_VM_VERIFYING, SG_VM_TRIAL);
        assert_int_equal(bf_guest_check(&g), SG_OK);
}

static void walk(void)
{
        unrest = true;
        for (unsigned i = 0; i < STEPS; i++) {
                meanwhile();
                somebody_acts();
                timers_fire();
                ram_has_one_owner(rt);
                ram_has_one_owner(personal);
        }
        unrest = false;
        fake_core_leave_alone();
}

/* ---- Left alone ---- */

static bool runs(struct vm *vm)
{
        if (vm->life.state == SG_VM_FAILED)
                update_stages(vm);
        if (vm->life.state == SG_VM_FAILED ||
            (vm->life.state == SG_VM_STOPPED && vm->slot == SG_SLOT_NONE))
                update_restarts(vm);
        core_works(vm);
        guest_runs(vm);
        return vm->life.state == SG_VM_RUNNING || vm->life.state == SG_VM_TRIAL;
}

static void all_come_to_run(void)
{
        unsigned round = 0;

        for (bool all = false; !all; round++) {
                assert_true(round < ROUNDS_MAX);
                core_works(update);
                update_runs();
                all = runs(rt) & runs(personal);
                fake.now += START_LIMIT / 50;
                timers_fire();
        }
}

static void make_images(void)
{
        for (unsigned s = 0; s < BF_SLOTS; s++) {
                uint8_t *image = slot_bytes[s], *tlvs = image + BF_IMAGE_HEADER_MIN + PAYLOAD;

                memset(image, SLOTS_BYTE(s), IMAGE_SIZE);
                memset(image, 0, BF_IMAGE_HEADER_MIN);
                put_le32(image, BF_IMAGE_MAGIC);
                put_le16(image + 8, BF_IMAGE_HEADER_MIN);
                put_le32(image + 12, PAYLOAD);
                put_le16(tlvs, BF_TLV_INFO_MAGIC);
                put_le16(tlvs + 2, TLVS);
        }
}

static void every_guest_comes_to_run_again(void **state)
{
        make_images();
        for (seed = 1; seed <= walks; seed++) {
                rig_setup(state);
                random_state = seed * UINT64_C(0x9e3779b97f4a7c15);
                fake.desc[FAKE_UPDATE].restart_limit = 2 * STEPS;
                program = 0;
                vm_ask(rt, VM_REQUEST_START);
                vm_ask(personal, VM_REQUEST_START);
                walk();
                all_come_to_run();
        }
}

/* Before update has heard of the first wish there is another one, for the image that was staged
 * meanwhile. */
static void an_old_wish_loads_what_is_due_now(void **state)
{
        make_images();
        rig_setup(state);
        program = 0;
        update_runs();
        rig_start(personal, WANTED);
        rig_stage_image(personal);
        fake.now = personal->deadline;
        timers_fire();
        core_works(personal);
        for (unsigned events = 0; events < 3; events++)
                update_runs();
        vm_ask(rt, VM_REQUEST_START);
        all_come_to_run();
        assert_int_equal(personal->life.state, SG_VM_TRIAL);
        assert_int_equal(personal->slot, 1);
}

static int tell_seed(void **state)
{
        (void)state;
        if (seed <= walks)
                print_error("seed %u\n", seed);
        return 0;
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_teardown(every_guest_comes_to_run_again, tell_seed),
                cmocka_unit_test(an_old_wish_loads_what_is_due_now),
        };

        const char *more = getenv("WALKS"); /* make soak */

        if (more)
                walks = (unsigned)strtoul(more, NULL, 10);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
