// SPDX-License-Identifier: Apache-2.0
/* What breaks into a start: update that ends and time that is up, in each stage and in the middle
 * of a step; a bootfw that says no, lies, or is late. And hv's own copy, which needs no update. */
#include "tests/unit/vm_rig.h"

static struct bf_guest g_before;

static void expect_same_boot_state(const struct vm *vm)
{
        struct bf_guest now = rig_state(vm);

        assert_true(bf_guest_equal(&g_before, &now));
}

static void go_on(struct vm *vm, enum stage from)
{
        for (enum stage s = from; s < NO_STAGE; s++)
                rig_step(vm, s);
}

/* ---- update ends ---- */

static void update_ends(void)
{
        rig_stop(update, SG_CAUSE_FAULT);
}

static void update_ends_in_each_stage(void **state)
{
        static const struct {
                enum sg_vm_state then, next; /* at once, and when its core has attended to it */
                unsigned wanted, loadable;   /* that the next update hears */
                enum stage on;               /* where it goes on */
        } rows[] = {
                [WANTED] = {SG_VM_STOPPED, SG_VM_STOPPED, 1, 0, BEGUN},
                /* Its RAM is scrubbed and lent to the next one. */
                [BEGUN] = {SG_VM_LOADING, SG_VM_LOADING, 0, 1, WRITTEN},
                [LENT] = {SG_VM_LOADING, SG_VM_STOPPED, 1, 0, BEGUN},
                [WRITTEN] = {SG_VM_LOADING, SG_VM_STOPPED, 1, 0, BEGUN},
                [ENDED] = {SG_VM_VERIFYING, SG_VM_VERIFYING, 0, 0, STARTED},
                [ENTERED] = {SG_VM_VERIFYING, SG_VM_VERIFYING, 0, 0, STARTED},
                [STARTED] = {SG_VM_TRIAL, SG_VM_TRIAL, 0, 0, NO_STAGE},
        };

        for (enum stage s = WANTED; s < NO_STAGE; s++) {
                rig_setup(state);
                rig_stage_image(personal);
                rig_start(personal, s);
                g_before = rig_state(personal);
                rig_listen();
                update_ends();
                assert_int_equal(personal->life.state, rows[s].then);
                assert_false(rig_update_reaches(personal, 0));
                rig_work(personal);
                assert_int_equal(personal->life.state, rows[s].next);
                assert_int_equal(rig_told(SG_EV_LOAD_WANTED, personal), rows[s].wanted);
                assert_int_equal(rig_told(SG_EV_LOADABLE, personal), rows[s].loadable);
                assert_int_equal(rig_told(SG_EV_REFUSED, personal), 0);
                assert_int_equal(personal->crashes, 0); /* it was not its fault */
                expect_same_boot_state(personal);
                go_on(personal, rows[s].on);
                assert_int_equal(personal->life.state, SG_VM_TRIAL);
        }
}

static void update_that_ends_while_ram_is_scrubbed_leaves_it_to_the_next(void **state)
{
        (void)state;
        rig_start(personal, BEGUN);
        fake_meanwhile(FAKE_POLL, 2, update_ends);
        rig_step(personal, LENT);
        assert_true(fake_ram_is(personal->ram, 0, personal->ram_size));
        assert_int_equal(rig_told(SG_EV_LOADABLE, personal), 1);
        go_on(personal, WRITTEN);
}

static void update_that_ends_takes_nothing_from_the_others(void **state)
{
        (void)state;
        rig_start(rt, STARTED);
        rig_start(personal, WRITTEN);
        rig_listen();
        update_ends();
        rig_work(rt);
        assert_int_equal(rt->life.state, SG_VM_RUNNING);
        assert_int_equal(rig_told(SG_EV_VM_STATE, rt), 0);
}

static void a_guest_that_ends_takes_nothing_from_another_ones_load(void **state)
{
        (void)state;
        rig_start(rt, STARTED);
        rig_start(personal, WRITTEN);
        rig_stop(rt, SG_CAUSE_RESET);
        assert_true(rig_update_reaches(personal, 0));
        go_on(personal, ENDED);
}

/* ---- Time is up ---- */

static void time_is_up(void)
{
        fake.now = personal->deadline;
        vm_deadline(personal);
}

static void time_is_up_and_it_stops(void)
{
        time_is_up();
        rig_work(personal);
}

static void time_that_is_up_ends_the_scrubbing(void **state)
{
        unsigned pieces = (unsigned)(personal->ram_size / SIZE_2M);

        for (unsigned n = 1; n <= pieces; n++) {
                rig_setup(state);
                rig_start(personal, BEGUN);
                fake_meanwhile(FAKE_POLL, n, time_is_up);
                rig_work(personal);
                assert_int_equal(fake_ram_is(pa_add(personal->ram, (n - 1) * SIZE_2M), 0, SIZE_2M),
                                 1);
                if (n < pieces)
                        assert_true(fake_ram_is(pa_add(personal->ram, n * SIZE_2M), GUESTS_RAM,
                                                SIZE_2M));
                assert_int_equal(rig_told(SG_EV_LOADABLE, personal), 0);
                assert_false(rig_update_reaches(personal, 0));
                assert_int_equal(personal->life.cause, SG_CAUSE_DEADLINE);
                assert_int_equal(personal->crashes, 1);
                go_on(personal, BEGUN);
        }
}

/* The image was loaded, and that was too late: it is not verified, nor held against the slot. */
static void time_that_is_up_while_a_load_ends(void **state)
{
        static void (*const acts[])(void) = {time_is_up, time_is_up_and_it_stops};

        for (size_t i = 0; i < 2; i++)
                for (unsigned piece = 1; piece <= 2; piece++) {
                        rig_setup(state);
                        rig_stage_image(personal);
                        rig_start(personal, WRITTEN);
                        g_before = rig_state(personal);
                        fake_meanwhile(FAKE_POLL, piece, acts[i]);
                        assert_int_equal(CALL(update, SG_HC_LOAD_END, FAKE_PERSONAL, LOADED),
                                         SG_HC_BAD_STATE);
                        assert_int_equal(personal->requests, i == 0 ? VM_REQUEST_STOP : 0);
                        assert_false(rig_update_reaches(personal, 0));
                        rig_work(personal);
                        assert_int_equal(personal->life.state, SG_VM_STOPPED);
                        assert_int_equal(personal->slot, 1);
                        assert_int_equal(rig_told(SG_EV_REFUSED, personal), 0);
                        assert_false(rig_logged("refused to go"));
                        expect_same_boot_state(personal);
                        go_on(personal, BEGUN);
                }
}

static void a_bootfw_that_is_late_is_refused_its_slot(void **state)
{
        (void)state;
        rig_stage_image(personal);
        rig_start(personal, ENTERED);
        time_is_up();
        assert_int_equal(rig_report(personal), SG_HC_DENIED);
        assert_int_equal(rig_state(personal).started, 0);
        rig_work(personal);
        assert_int_equal(rig_told_that(SG_EV_REFUSED, personal, 1, SG_E_BOOTFW_DIED), 1);
        assert_int_equal(rig_state(personal).slot[1].state, BF_FAILED);
        assert_int_equal(personal->slot, 0);
        assert_int_equal(personal->crashes, 1);
        go_on(personal, BEGUN);
        assert_int_equal(personal->life.state, SG_VM_RUNNING);
}

/* ---- bootfw's report ---- */

static const struct report {
        uint64_t error, counter, digest; /* of the true ones: added, added, changed in one word */
        uint64_t told;                   /* SG_EV_REFUSED's error */
} bad_reports[] = {
        {SG_E_IMAGE_MAGIC, 0, 0, SG_E_IMAGE_MAGIC},
        {999, 0, 0, 999},
        {1000, 0, 0, SG_E_BAD_ARGUMENT}, /* none of ours: it may hold anything */
        {UINT64_MAX, 0, 0, SG_E_BAD_ARGUMENT},
        {SG_OK, 0, 1, SG_E_SLOT_MISMATCH},
        {SG_OK, 0, UINT64_C(1) << 63, SG_E_SLOT_MISMATCH},
        {SG_OK, 1, 0, SG_E_SLOT_MISMATCH},
        {SG_OK, -UINT64_C(1), 0, SG_E_SLOT_MISMATCH},
        {SG_OK, UINT64_C(1) << 32, 0, SG_E_SLOT_MISMATCH},
};

static int64_t report(struct vm *vm, const struct report *r, unsigned word)
{
        uint64_t d[4];

        rig_digest(vm, vm->slot, d);
        d[word] ^= r->digest;
        return CALL(vm, SG_HC_BOOT_REPORT, r->error,
                    rig_state(vm).slot[vm->slot].counter + r->counter, VM_RAM_BASE, d[0], d[1],
                    d[2], d[3]);
}

static void a_bad_report_never_enters_the_guest(void **state)
{
        for (size_t i = 0; i < sizeof(bad_reports) / sizeof(bad_reports[0]); i++)
                for (unsigned staged = 0; staged < 2; staged++) {
                        const struct report *r = &bad_reports[i];

                        rig_setup(state);
                        if (staged)
                                rig_stage_image(personal);
                        g_before = rig_state(personal);
                        rig_start(personal, ENTERED);
                        assert_int_equal(report(personal, r, i % 4), SG_HC_DENIED);
                        assert_int_equal(personal->stop_cause, SG_CAUSE_VERIFY_FAILED);
                        assert_int_equal(rig_report(personal), SG_HC_DENIED); /* taken once */
                        rig_work(personal);
                        assert_int_equal(rig_told(SG_EV_STARTED, personal), 0);
                        assert_int_equal(rig_told_that(SG_EV_REFUSED, personal, staged, r->told),
                                         1);
                        assert_int_equal(rig_told(SG_EV_ROLLED_BACK, personal), staged);
                        if (!staged)
                                expect_same_boot_state(personal);
                        assert_int_equal(personal->slot, !staged);
                        assert_int_equal(personal->crashes, 1);
                }
}

static void a_good_report_is_taken_once(void **state)
{
        struct bf_guest g;

        (void)state;
        rig_stage_image(rt);
        rig_start(rt, STARTED);
        g = rig_state(rt);
        assert_int_equal(rt->vcpu[0].regs.x[1], g.token);
        assert_int_equal(rig_told_that(SG_EV_STARTED, rt, 1, 1), 1);
        assert_int_equal(rt->deadline, fake.now + TRIAL_LIMIT);
        assert_int_equal(rig_report(rt), SG_HC_DENIED);
        assert_int_equal(report(rt, &bad_reports[0], 0), SG_HC_DENIED);
        assert_int_equal(rt->life.state, SG_VM_TRIAL);
        assert_int_equal(rt->requests, 0);
        assert_int_equal(rig_state(rt).token, g.token);
}

/* ---- hv's own copy ---- */

static void a_resident_guest_needs_no_update(void **state)
{
        (void)state;
        rig_start(rt, STARTED);
        for (unsigned i = 0; i <= RESTARTS; i++)
                update_ends();
        assert_int_equal(update->life.state, SG_VM_FAILED);
        fake_ram_write(rt->ram, GUESTS_RAM, rt->ram_size);
        rig_listen();
        rig_stop(rt, SG_CAUSE_RESET);
        assert_int_equal(rt->life.state, SG_VM_VERIFYING);
        assert_int_equal(rt->vcpu[0].power, VCPU_ON);
        assert_int_equal(rt->deadline, fake.now + START_LIMIT);
        assert_int_equal(rt->loaded, LOADED);
        assert_true(fake_ram_is(rig_region(rt), SLOTS_BYTE(0), LOADED));
        assert_true(fake_ram_is(pa_add(rig_region(rt), LOADED), 0, rt->load_size - LOADED));
        assert_true(fake_ram_is(rt->ram, 0, SIZE_2M));
        assert_true(fake_ram_is_clean(rt->ram, rt->ram_size));
        assert_false(fake_core.icache_stale);
        assert_int_equal(rig_told(SG_EV_LOAD_WANTED, rt) + rig_told(SG_EV_LOADABLE, rt), 0);
        rig_step(rt, STARTED);
        assert_int_equal(rt->life.state, SG_VM_RUNNING);
}

static void a_copy_is_of_the_image_that_ran_last(void **state)
{
        (void)state;
        rig_start(rt, STARTED);
        rig_stage_image(rt);
        assert_int_equal(CALL(update, SG_HC_RESTART, FAKE_RT), SG_HC_OK);
        rig_listen();
        rig_work(rt);
        assert_int_equal(rig_told_that(SG_EV_LOAD_WANTED, rt, 1, 0), 1);
        go_on(rt, BEGUN);
        /* Its second try is from the copy; when its tries are used up, the other one is loaded. */
        for (unsigned tries = rt->desc->tries; tries > 1; tries--) {
                rig_stop(rt, SG_CAUSE_RESET);
                assert_int_equal(rt->life.state, SG_VM_VERIFYING);
                assert_true(fake_ram_is(rig_region(rt), SLOTS_BYTE(1), LOADED));
                rig_step(rt, STARTED);
                assert_int_equal(rt->life.state, SG_VM_TRIAL);
        }
        rig_listen();
        rig_stop(rt, SG_CAUSE_RESET);
        assert_int_equal(rig_told_that(SG_EV_LOAD_WANTED, rt, 0, 0), 1);
}

static int64_t answers[3];

static void update_asks_out_of_turn(void)
{
        answers[0] = CALL(update, SG_HC_LOAD_BEGIN, FAKE_RT);
        answers[1] = CALL(update, SG_HC_LOAD_END, FAKE_RT, LOADED);
        answers[2] = CALL(update, SG_HC_LOAD_ABORT, FAKE_RT, SG_E_IO);
}

static void a_load_of_hvs_own_is_not_updates(void **state)
{
        (void)state;
        rig_start(rt, STARTED);
        fake_meanwhile(FAKE_POLL, 1, update_asks_out_of_turn);
        rig_stop(rt, SG_CAUSE_RESET);
        for (size_t i = 0; i < 3; i++)
                assert_int_equal(answers[i], SG_HC_BAD_STATE);
        assert_int_equal(rt->life.state, SG_VM_VERIFYING);
        rig_step(rt, STARTED);
}

static void update_that_ends_does_not_disturb_a_load_of_hvs_own(void **state)
{
        (void)state;
        rig_start(rt, STARTED);
        rig_listen();
        fake_meanwhile(FAKE_POLL, 2, update_ends);
        rig_stop(rt, SG_CAUSE_RESET);
        assert_int_equal(rt->life.state, SG_VM_VERIFYING);
        assert_int_equal(rt->loads, 2);
        assert_false(rig_logged("VM rt: stopped (restart)\n"));
        rig_step(rt, STARTED);
}

static void update_begins_first(void)
{
        answers[0] = CALL(update, SG_HC_LOAD_BEGIN, FAKE_RT);
}

static void of_two_loads_the_first_to_begin_counts(void **state)
{
        (void)state;
        rig_start(rt, STARTED);
        rig_listen();
        fake_meanwhile(FAKE_RESIDENT, 1, update_begins_first);
        rig_stop(rt, SG_CAUSE_RESET);
        assert_int_equal(answers[0], SG_HC_OK);
        assert_int_equal(rt->life.state, SG_VM_LOADING);
        assert_int_equal(rt->loads, 2);
        assert_int_equal(rig_told(SG_EV_LOADABLE, rt), 1);
        go_on(rt, WRITTEN);
}

static void the_residents_time_is_up(void)
{
        fake.now = rt->deadline;
        vm_deadline(rt);
}

static void a_load_of_hvs_own_is_limited_too(void **state)
{
        (void)state;
        rig_start(rt, STARTED);
        rig_listen();
        fake_meanwhile(FAKE_POLL, 1, the_residents_time_is_up);
        rig_stop(rt, SG_CAUSE_RESET);
        assert_int_equal(rig_told_that(SG_EV_VM_STATE, rt, SG_VM_STOPPED, SG_CAUSE_DEADLINE), 1);
        assert_int_equal(rt->crashes, 1);
        assert_int_equal(rt->life.state, SG_VM_VERIFYING); /* the second time */
        assert_int_equal(rt->loads, 3);
}

static jmp_buf its_core;

static void its_core_is_still_at_it(void)
{
        longjmp(its_core, 1);
}

static void a_load_of_hvs_own_begins(void)
{
        the_residents_time_is_up();
        fake_meanwhile(FAKE_POLL, 1, its_core_is_still_at_it);
        if (!setjmp(its_core))
                rig_work(rt);
}

static void the_end_of_one_load_is_not_the_next_ones(void **state)
{
        (void)state;
        rig_start(rt, STARTED);
        fake_meanwhile(FAKE_RESIDENT, 1, update_begins_first);
        rig_stop(rt, SG_CAUSE_RESET);
        fake_meanwhile(FAKE_POLL, 1, a_load_of_hvs_own_begins);
        assert_int_equal(CALL(update, SG_HC_LOAD_END, FAKE_RT, LOADED), SG_HC_BAD_STATE);
        assert_int_equal(rt->loads, 3);
        assert_int_equal(rt->life.state, SG_VM_LOADING);
        assert_int_equal(rt->requests, 0);
}

static void another_guest_has_no_copy(void **state)
{
        (void)state;
        rig_start(personal, STARTED);
        assert_int_equal(personal->resident.size, 0);
        rig_stop(personal, SG_CAUSE_RESET);
        assert_int_equal(personal->life.state, SG_VM_STOPPED);
        assert_int_equal(rig_told(SG_EV_LOAD_WANTED, personal), 2);
}

#define ROW(test) cmocka_unit_test_setup(test, rig_setup)

int main(void)
{
        const struct CMUnitTest tests[] = {
                ROW(update_ends_in_each_stage),
                ROW(update_that_ends_while_ram_is_scrubbed_leaves_it_to_the_next),
                ROW(update_that_ends_takes_nothing_from_the_others),
                ROW(a_guest_that_ends_takes_nothing_from_another_ones_load),
                ROW(time_that_is_up_ends_the_scrubbing),
                ROW(time_that_is_up_while_a_load_ends),
                ROW(a_bootfw_that_is_late_is_refused_its_slot),
                ROW(a_bad_report_never_enters_the_guest),
                ROW(a_good_report_is_taken_once),
                ROW(a_resident_guest_needs_no_update),
                ROW(a_copy_is_of_the_image_that_ran_last),
                ROW(a_load_of_hvs_own_is_not_updates),
                ROW(update_that_ends_does_not_disturb_a_load_of_hvs_own),
                ROW(of_two_loads_the_first_to_begin_counts),
                ROW(a_load_of_hvs_own_is_limited_too),
                ROW(the_end_of_one_load_is_not_the_next_ones),
                ROW(another_guest_has_no_copy),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
