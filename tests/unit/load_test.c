// SPDX-License-Identifier: Apache-2.0
/* How a slot's bytes get into a VM (hv/vm/load.c): who owns the RAM at each step, what bootfw finds
 * in it, and what is refused. */
#include <segue/bootfw.h>

#include "tests/unit/vm_rig.h"

#define S2_XN (UINT64_C(1) << 54)

/* ---- The way of a load ---- */

enum holds { OLD, ZEROS, SLOT };

static void check_ram(const struct vm *vm, enum holds what)
{
        uint64_t behind = rig_region(vm).pa + LOADED;

        if (what == SLOT)
                assert_true(fake_ram_is(rig_region(vm), SLOTS_BYTE(vm->slot), LOADED));
        else
                assert_true(fake_ram_is(vm->ram, what == OLD ? GUESTS_RAM : 0, vm->ram_size));
        if (what != OLD)
                assert_true(fake_ram_is(pa_make(behind), 0, vm->load_size - LOADED));
}

static void check_owner(const struct vm *vm, bool is_update)
{
        uint64_t ipa = LOAD_WINDOW_BASE + vm->index * LOAD_WINDOW_SIZE;
        uint64_t pa, attr;

        assert_int_equal(vm->lent, is_update);
        assert_int_equal(rig_update_reaches(vm, 0), is_update);
        assert_int_equal(rig_update_reaches(vm, vm->load_size - 1), is_update);
        assert_false(rig_update_reaches(vm, vm->load_size));
        assert_false(rig_update_reaches(vm, -SIZE_4K));
        if (is_update && fake_mmu_access(&update->stage2.pt, ipa, &pa, &attr))
                assert_true(attr & S2_XN);
}

static void who_owns_the_ram_at_each_step(void **state)
{
        static const struct {
                enum sg_vm_state state;
                bool is_updates;
                bool is_clean; /* and so seen without caches */
                enum holds holds;
        } rows[] = {
                [WANTED] = {SG_VM_STOPPED, false, false, OLD},
                [BEGUN] = {SG_VM_LOADING, false, false, OLD},
                [LENT] = {SG_VM_LOADING, true, true, ZEROS},
                [WRITTEN] = {SG_VM_LOADING, true, false, SLOT},
                [ENDED] = {SG_VM_VERIFYING, false, true, SLOT},
                [ENTERED] = {SG_VM_VERIFYING, false, true, SLOT},
                [STARTED] = {SG_VM_RUNNING, false, true, SLOT},
        };
        struct vm *const guests[] = {rt, personal};

        (void)state;
        for (size_t i = 0; i < 2; i++) {
                struct vm *vm = guests[i];

                for (enum stage s = WANTED; s < NO_STAGE; s++) {
                        rig_step(vm, s);
                        assert_int_equal(vm->life.state, rows[s].state);
                        check_ram(vm, rows[s].holds);
                        check_owner(vm, rows[s].is_updates);
                        assert_int_equal(fake_ram_is_clean(vm->ram, vm->ram_size),
                                         rows[s].is_clean);
                        assert_int_equal(vm->vcpu[0].power, s < ENTERED ? VCPU_OFF : VCPU_ON);
                        assert_int_equal(vm->vcpu[1].power, VCPU_OFF);
                }
        }
        /* Of the others' RAM nothing was touched. */
        assert_true(fake_ram_is(pa_add(update->ram, update->ram_size / 2), 0, SIZE_4K));
}

static void update_hears_of_each_step(void **state)
{
        const uint64_t window = LOAD_WINDOW_BASE + FAKE_PERSONAL * LOAD_WINDOW_SIZE;

        (void)state;
        rig_start(personal, STARTED);
        assert_int_equal(rig_told_that(SG_EV_LOAD_WANTED, personal, 0, 0), 1);
        assert_int_equal(rig_told_that(SG_EV_VM_STATE, personal, SG_VM_LOADING, 0), 1);
        assert_int_equal(rig_told_that(SG_EV_LOADABLE, personal, window, personal->load_size), 1);
        assert_int_equal(rig_told_that(SG_EV_VM_STATE, personal, SG_VM_VERIFYING, 0), 1);
        assert_int_equal(rig_told_that(SG_EV_STARTED, personal, 0, 0), 1);
        assert_int_equal(rig_told(SG_EV_LOADABLE, personal), 1);
        assert_int_equal(rig_told(SG_EV_REFUSED, personal), 0);
        assert_false(rig_logged("cannot lend"));
}

static void its_core_is_kicked_for_its_part(void **state)
{
        (void)state;
        for (enum stage s = WANTED; s < NO_STAGE; s++) {
                memset(fake.kicks, 0, sizeof(fake.kicks));
                rig_step(personal, s);
                assert_int_equal(fake.kicks[personal->vcpu[0].cpu],
                                 s == WANTED || s == BEGUN || s == ENDED);
        }
}

static void translations_of_the_last_run_are_dropped(void **state)
{
        (void)state;
        rig_start(rt, BEGUN);
        assert_int_equal(fake_core.tlb_flushes[FAKE_RT], 0);
        rig_step(rt, LENT);
        assert_int_equal(fake_core.tlb_flushes[FAKE_RT], 1);
        rig_step(rt, ENDED);
        rig_step(rt, ENTERED);
        assert_int_equal(fake_core.tlb_flushes[FAKE_RT], 2);
        assert_int_equal(fake_core.tlb_flushes[FAKE_PERSONAL], 0);
}

/* ---- What bootfw finds ---- */

static void bootfw_finds_its_page(void **state)
{
        uint64_t top = VM_RAM_BASE + personal->ram_size;
        uint64_t region = personal->ram_size - BOOTFW_REGION_SIZE;
        const struct bootfw_info *info;
        const struct blob *key = &fake_system.key[0].key;
        uint8_t none[sizeof(info->key[1])] = {0};

        (void)state;
        fake.now = 4321;
        rig_start(personal, ENTERED);
        info = (const void *)fake_ram(pa_add(personal->ram, region + BOOTFW_INFO_OFFSET),
                                      sizeof(*info));
        assert_int_equal(info->magic, BOOTFW_INFO_MAGIC);
        assert_int_equal(info->ram_base, VM_RAM_BASE);
        assert_int_equal(info->ram_size, personal->ram_size);
        assert_int_equal(info->image, VM_RAM_BASE + (rig_region(personal).pa - personal->ram.pa));
        assert_int_equal(info->image_size, LOADED);
        assert_int_equal(info->dtb, top - BOOTFW_REGION_SIZE - BOOTFW_DTB_SIZE);
        assert_int_equal(info->dtb_size, BOOTFW_DTB_SIZE);
        assert_int_equal(info->dtb_at_base, 0);
        assert_memory_equal(info->vendor_id, personal->desc->vendor_id, 16);
        assert_memory_equal(info->class_id, personal->desc->class_id, 16);
        assert_int_equal(info->key_count, 2);
        for (unsigned i = 0; i < 2; i++)
                assert_memory_equal(info->key_hash[i], fake_system.key[i].hash, 32);
        assert_int_equal(info->key_size[0], key->size);
        assert_memory_equal(info->key[0], key->data, key->size);
        assert_int_equal(info->key_size[1], 0); /* known by its hash alone */
        assert_memory_equal(info->key[1], none, sizeof(none));
        assert_int_equal(personal->vcpu[0].entry, VM_RAM_BASE + region);
        assert_int_equal(personal->vcpu[0].context, VM_RAM_BASE + region + BOOTFW_INFO_OFFSET);
        assert_int_equal(personal->started_at, 4321);
}

static void bootfw_and_the_devicetree_stand_in_their_places(void **state)
{
        const struct blob *bootfw = &fake_system.bootfw;
        struct paddr top = pa_add(rt->ram, rt->ram_size);
        struct paddr tree = pa_make(top.pa - BOOTFW_REGION_SIZE - BOOTFW_DTB_SIZE);

        (void)state;
        rig_start(rt, ENDED);
        assert_true(fake_ram_is(tree, 0, SIZE_4K));
        rig_step(rt, ENTERED);
        assert_memory_equal(fake_ram(pa_make(top.pa - BOOTFW_REGION_SIZE), bootfw->size),
                            bootfw->data, bootfw->size);
        assert_memory_equal(fake_ram(tree, rt->fdt_size), rt->fdt, rt->fdt_size);
        assert_false(fake_core.icache_stale);
}

static void firmware_has_its_devicetree_at_the_base(void **state)
{
        const struct bootfw_info *info;

        (void)state;
        fake.desc[FAKE_RT].role = VM_ROLE_FIRMWARE;
        rig_start(rt, ENTERED);
        info = (const void *)fake_ram(
                pa_make(rt->ram.pa + rt->ram_size - BOOTFW_REGION_SIZE + BOOTFW_INFO_OFFSET),
                sizeof(*info));
        assert_int_equal(info->dtb_at_base, 1);
}

/* ---- Refusals ---- */

static struct sight {
        struct fake_system fake;
        uint64_t nor_operations;
        unsigned flushes, pages, windows;
        bool cached[FAKE_RAM_SIZE / SIZE_4K];
} before, after;

static void look(struct sight *s)
{
        s->fake = fake;
        for (unsigned i = 0; i < FAKE_VMS; i++) {
                s->fake.vm[i].lock = (struct spinlock){0};
                memset(&s->fake.vcpu[i][0].regs, 0, sizeof(s->fake.vcpu[i][0].regs));
        }
        memset(s->fake.log, 0, sizeof(s->fake.log));
        s->nor_operations = nor.operations;
        s->flushes = fake_mmu.flushes;
        s->pages = fake_mmu.pages_used;
        s->windows = fake_core.windows;
        memcpy(s->cached, fake_core.cached, sizeof(s->cached));
}

static void refuse(uint64_t function, const struct vm *vm, uint64_t arg, int64_t expected)
{
        rig_listen();
        look(&before);
        assert_int_equal(CALL(update, function, vm->index, arg), expected);
        look(&after);
        assert_memory_equal(&before, &after, sizeof(before));
}

static void is_stopping(void)
{
        rig_start(personal, LENT);
        vm_stop(personal, SG_CAUSE_RESTART);
}

static void waits_and_looks_again(void)
{
        rig_start(personal, WANTED);
        fake.now += START_LIMIT;
        vm_deadline(personal);
}

static void is_off(void)
{
        rig_start(personal, STARTED);
        rig_stop(personal, SG_CAUSE_OFF);
}

static void has_failed(void)
{
        slots_init(NULL);
        vm_ask(personal, VM_REQUEST_START);
        rig_work(personal);
        assert_int_equal(personal->life.state, SG_VM_FAILED);
}

static void is_on_trial(void)
{
        rig_stage_image(personal);
        rig_start(personal, STARTED);
}

static void is_created(void)
{
}

/* Everything that is not its turn; what is one's turn the other tests do. */
static void what_is_out_of_turn_is_refused(void **state)
{
        static const struct {
                void (*get_there)(void);
                enum stage stage; /* or by this */
                bool begin, end, abort;
        } rows[] = {
                {NULL, WANTED, .end = true, .abort = true},
                {NULL, BEGUN, true, true, true},
                {NULL, ENDED, true, true, true},
                {NULL, ENTERED, true, true, true},
                {NULL, STARTED, true, true, true},
                {is_created, NO_STAGE, true, true, true},
                {is_on_trial, NO_STAGE, true, true, true},
                {is_stopping, NO_STAGE, true, true, true},
                {waits_and_looks_again, NO_STAGE, true, true, true},
                {is_off, NO_STAGE, true, true, true},
                {has_failed, NO_STAGE, true, true, true},
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                rig_setup(state);
                if (rows[i].get_there)
                        rows[i].get_there();
                else
                        rig_start(personal, rows[i].stage);
                if (rows[i].begin)
                        refuse(SG_HC_LOAD_BEGIN, personal, 0, SG_HC_BAD_STATE);
                if (rows[i].end)
                        refuse(SG_HC_LOAD_END, personal, LOADED, SG_HC_BAD_STATE);
                if (rows[i].abort)
                        refuse(SG_HC_LOAD_ABORT, personal, SG_E_IO, SG_HC_BAD_STATE);
        }
}

static void a_size_that_cannot_be_is_refused(void **state)
{
        static const struct {
                uint64_t more_than_slot; /* added to slot_size */
                int64_t result;
        } rows[] = {
                {-(SIZE_2M + SIZE_2M - SIZE_4K), SG_HC_BAD_ARGUMENT}, /* 0 */
                {1, SG_HC_BAD_ARGUMENT},
                {SIZE_4K, SG_HC_BAD_ARGUMENT}, /* as large as the region */
                {UINT64_MAX / 2, SG_HC_BAD_ARGUMENT},
                {0, SG_HC_OK},
        };

        (void)state;
        rig_start(personal, WRITTEN);
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                uint64_t size = personal->desc->slot_size + rows[i].more_than_slot;

                if (rows[i].result == SG_HC_OK)
                        assert_int_equal(CALL(update, SG_HC_LOAD_END, FAKE_PERSONAL, size), 0);
                else
                        refuse(SG_HC_LOAD_END, personal, size, rows[i].result);
        }
        assert_int_equal(personal->loaded, personal->desc->slot_size);
}

static void a_region_that_is_lent_is_told_again(void **state)
{
        const uint64_t window = LOAD_WINDOW_BASE + FAKE_RT * LOAD_WINDOW_SIZE;

        (void)state;
        rig_start(rt, WRITTEN);
        rig_listen();
        rig_step(rt, BEGUN);
        assert_int_equal(rig_told_that(SG_EV_LOADABLE, rt, window, rt->load_size), 1);
        assert_int_equal(rig_told(SG_EV_VM_STATE, rt), 0);
        assert_int_equal(rt->requests, 0);
        assert_int_equal(rt->loads, 1);
        assert_true(fake_ram_is(rig_region(rt), SLOTS_BYTE(0), LOADED)); /* not scrubbed again */
        rig_step(rt, ENDED);
}

/* ---- Where a load leads ---- */

/* The first try leaves nothing behind for the second. */
static void a_slot_is_loaded_a_second_time(void **state)
{
        (void)state;
        rig_start(personal, STARTED);
        fake_ram_write(personal->ram, GUESTS_RAM, personal->ram_size);
        rig_stop(personal, SG_CAUSE_RESET);
        assert_int_equal(personal->slot, 0);
        assert_int_equal(personal->crashes, 0);
        rig_step(personal, BEGUN);
        rig_step(personal, LENT);
        assert_true(fake_ram_is(personal->ram, 0, personal->ram_size));
        for (enum stage s = WRITTEN; s < NO_STAGE; s++)
                rig_step(personal, s);
        assert_int_equal(personal->loads, 2);
        assert_int_equal(personal->life.restarts, 1);
}

static void an_aborted_load_is_of_the_other_slot_next(void **state)
{
        struct bf_guest g = rig_state(personal), now;

        (void)state;
        rig_start(personal, WRITTEN);
        assert_int_equal(CALL(update, SG_HC_LOAD_ABORT, FAKE_PERSONAL, 105), SG_HC_OK);
        assert_false(rig_update_reaches(personal, 0)); /* at once */
        assert_true(rig_logged("VM personal: slot 0 could not be read: error 105\n"));
        rig_work(personal);
        now = rig_state(personal);
        assert_true(bf_guest_equal(&g, &now)); /* a good slot is only passed over */
        assert_int_equal(rig_told_that(SG_EV_REFUSED, personal, 0, SG_E_IO), 1);
        assert_int_equal(rig_told_that(SG_EV_LOAD_WANTED, personal, 1, 0), 1);
        assert_int_equal(personal->life.cause, SG_CAUSE_LOAD_FAILED);
        assert_int_equal(personal->crashes, 1);
        rig_step(personal, BEGUN);
        rig_step(personal, LENT);
        assert_true(fake_ram_is(personal->ram, 0, personal->ram_size));
        for (enum stage s = WRITTEN; s < NO_STAGE; s++)
                rig_step(personal, s);
        assert_int_equal(rig_told_that(SG_EV_STARTED, personal, 1, 0), 1);
}

static void a_staged_image_that_cannot_be_read_is_given_up(void **state)
{
        (void)state;
        rig_stage_image(rt);
        rig_start(rt, WRITTEN);
        assert_int_equal(rt->slot, 1);
        assert_int_equal(CALL(update, SG_HC_LOAD_ABORT, FAKE_RT, SG_E_IO), SG_HC_OK);
        rig_work(rt);
        assert_int_equal(rig_state(rt).slot[1].state, BF_FAILED);
        assert_int_equal(rig_told_that(SG_EV_ROLLED_BACK, rt, 1, SG_CAUSE_LOAD_FAILED), 1);
        assert_int_equal(rig_told_that(SG_EV_LOAD_WANTED, rt, 0, 0), 1);
}

static void a_region_that_cannot_be_lent_is_no_load(void **state)
{
        (void)state;
        rig_start(rt, BEGUN);
        fake_mmu.pages_max = fake_mmu.pages_used;
        rig_work(rt);
        assert_false(rt->lent);
        assert_int_equal(rig_told(SG_EV_LOADABLE, rt), 0);
        assert_int_equal(rt->life.cause, SG_CAUSE_LOAD_FAILED);
        assert_true(rig_logged("VM rt: cannot lend its load region: error "));
        fake_mmu.pages_max = FAKE_PAGES;
        rig_start(rt, STARTED);
}

/* ---- What update touches without having it ---- */

static void a_fault_in_a_load_window_is_counted_and_told(void **state)
{
        static const struct {
                uint64_t ipa;
                unsigned vm; /* FAKE_VMS: nobody's */
        } rows[] = {
                {LOAD_WINDOW_BASE + FAKE_RT * LOAD_WINDOW_SIZE, FAKE_RT},
                {LOAD_WINDOW_BASE + FAKE_PERSONAL * LOAD_WINDOW_SIZE - 1, FAKE_RT},
                {LOAD_WINDOW_BASE + FAKE_PERSONAL * LOAD_WINDOW_SIZE, FAKE_PERSONAL},
                {LOAD_WINDOW_BASE + FAKE_VMS * LOAD_WINDOW_SIZE - 1, FAKE_PERSONAL},
                {LOAD_WINDOW_BASE + FAKE_VMS * LOAD_WINDOW_SIZE, FAKE_VMS},
                {LOAD_WINDOW_BASE + FAKE_UPDATE * LOAD_WINDOW_SIZE, FAKE_VMS}, /* its own */
                {LOAD_WINDOW_BASE - 1, FAKE_VMS},
                {FAKE_RAM_BASE, FAKE_VMS},
                {0, FAKE_VMS},
                {UINT64_MAX, FAKE_VMS},
        };

        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                rig_listen();
                load_fault(ipa_make(rows[i].ipa));
                for (unsigned v = 0; v < FAKE_VMS; v++) {
                        struct vm *vm = &fake.vm[v];

                        assert_int_equal(rig_told(SG_EV_LOAD_FAULT, vm), v == rows[i].vm);
                        assert_int_equal(rig_told_that(SG_EV_LOAD_FAULT, vm, rows[i].ipa, 0),
                                         v == rows[i].vm);
                        assert_int_equal(vm->load_faults, v == rows[i].vm);
                        vm->load_faults = 0;
                }
        }
}

/* ---- update itself ---- */

static void update_starts_from_hvs_own_copy(void **state)
{
        uint64_t tree = update->ram_size - BOOTFW_DTB_SIZE;
        const struct blob *program = &fake_system.update;

        (void)state;
        fake_ram_write(update->ram, GUESTS_RAM, update->ram_size);
        fake_core.bus_resets = 0;
        rig_stop(update, SG_CAUSE_FAULT);
        /* Nothing of its predecessor's is left, and no device wrote meanwhile (fake_core.h). */
        assert_int_equal(fake_core.bus_resets, 1);
        assert_true(fake_core.dma_open);
        assert_memory_equal(fake_ram(update->ram, program->size), program->data, program->size);
        assert_true(fake_ram_is(pa_add(update->ram, program->size), 0, tree - program->size));
        assert_memory_equal(fake_ram(pa_add(update->ram, tree), update->fdt_size), update->fdt,
                            update->fdt_size);
        assert_true(fake_ram_is_clean(update->ram, update->ram_size));
        assert_false(fake_core.icache_stale);
        assert_int_equal(update->vcpu[0].entry, update->ram.pa);
        assert_int_equal(update->vcpu[0].context, update->ram.pa + tree);
}

static void update_without_a_disk_has_nothing_to_reset(void **state)
{
        (void)state;
        update->ecam = 0;
        fake_core.bus_resets = 0;
        rig_stop(update, SG_CAUSE_FAULT);
        assert_int_equal(fake_core.bus_resets, 0);
        assert_int_equal(update->life.state, SG_VM_RUNNING);
}

#define ROW(test) cmocka_unit_test_setup(test, rig_setup)

int main(void)
{
        const struct CMUnitTest tests[] = {
                ROW(who_owns_the_ram_at_each_step),
                ROW(update_hears_of_each_step),
                ROW(its_core_is_kicked_for_its_part),
                ROW(translations_of_the_last_run_are_dropped),
                ROW(bootfw_finds_its_page),
                ROW(bootfw_and_the_devicetree_stand_in_their_places),
                ROW(firmware_has_its_devicetree_at_the_base),
                ROW(what_is_out_of_turn_is_refused),
                ROW(a_size_that_cannot_be_is_refused),
                ROW(a_region_that_is_lent_is_told_again),
                ROW(a_slot_is_loaded_a_second_time),
                ROW(an_aborted_load_is_of_the_other_slot_next),
                ROW(a_staged_image_that_cannot_be_read_is_given_up),
                ROW(a_region_that_cannot_be_lent_is_no_load),
                ROW(a_fault_in_a_load_window_is_counted_and_told),
                ROW(update_starts_from_hvs_own_copy),
                ROW(update_without_a_disk_has_nothing_to_reset),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
