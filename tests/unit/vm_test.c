// SPDX-License-Identifier: Apache-2.0
/* A VM's starts, stops, crashes and restarts (hv/vm/vm.c). */
#include "tests/unit/vm_rig.h"

#define CALM (10u * 60 * 1000)

static void trial(struct vm *vm)
{
        rig_stage_image(vm);
        rig_start(vm, STARTED);
        assert_int_equal(vm->life.state, SG_VM_TRIAL);
}

static int64_t restart(const struct vm *vm)
{
        return CALL(update, SG_HC_RESTART, vm->index);
}

/* ---- Stops ---- */

static void the_first_cause_of_a_stop_counts(void **state)
{
        (void)state;
        trial(personal);
        vm_stop(personal, SG_CAUSE_FAULT);
        assert_false(vm_on_trial(personal));
        personal->parked = 1; /* of its two vCPUs */
        vm_stop(personal, SG_CAUSE_RESET);
        assert_int_equal(personal->parked, 1);
        assert_false(vm_work(personal));
        personal->parked = 2;
        assert_true(vm_work(personal));
        assert_int_equal(personal->life.cause, SG_CAUSE_FAULT);
        assert_int_equal(personal->slot, SG_SLOT_NONE);
        assert_int_equal(personal->requests, VM_REQUEST_START);
        assert_int_equal(rig_told_that(SG_EV_VM_STATE, personal, SG_VM_STOPPED, SG_CAUSE_FAULT), 1);
}

static void a_stop_reaches_all_of_its_cores(void **state)
{
        (void)state;
        rig_start(personal, STARTED);
        personal->vcpu[0].parked = personal->vcpu[1].parked = true; /* of the stop before */
        memset(fake.kicks, 0, sizeof(fake.kicks));
        vm_stop(personal, SG_CAUSE_FAULT);
        for (unsigned i = 0; i < 2; i++) {
                assert_int_equal(fake.kicks[personal->vcpu[i].cpu], 1);
                assert_false(personal->vcpu[i].parked);
        }
        assert_int_equal(fake.kicks[rt->vcpu[0].cpu], 0);
}

static void what_does_not_run_is_not_stopped(void **state)
{
        (void)state;
        vm_stop(rt, SG_CAUSE_FAULT);
        assert_int_equal(rt->requests, 0); /* CREATED */
        rig_start(rt, WANTED);
        vm_stop(rt, SG_CAUSE_FAULT);
        assert_int_equal(rt->requests, 0); /* STOPPED */
        rt->life.state = SG_VM_FAILED;
        vm_stop(rt, SG_CAUSE_FAULT);
        assert_int_equal(rt->requests, 0);
}

static void a_stop_says_why(void **state)
{
        (void)state;
        rig_start(rt, STARTED);
        assert_true(rig_logged("VM rt: loading\n"));
        rig_stop(rt, SG_CAUSE_FAULT);
        assert_true(rig_logged("VM rt: stopped (fault)\n"));
}

static void a_stop_resets_its_devices(void **state)
{
        (void)state;
        rig_start(rt, STARTED);
        rig_start(personal, STARTED);
        memset(fake_core.device_resets, 0, sizeof(fake_core.device_resets));
        rig_stop(rt, SG_CAUSE_RESET);
        assert_int_equal(fake_core.device_resets[FAKE_RT], 2); /* it has no agent */
        assert_int_equal(fake_core.device_resets[FAKE_PERSONAL], 0);
        rig_stop(personal, SG_CAUSE_RESET);
        assert_int_equal(fake_core.device_resets[FAKE_PERSONAL], 3);
}

static void what_the_table_of_lives_refuses_is_logged(void **state)
{
        (void)state;
        vm_move(rt, SG_VM_RUNNING, SG_CAUSE_NONE);
        assert_int_equal(rt->life.state, SG_VM_CREATED);
        assert_true(rig_logged("VM rt: refused to go from created to running\n"));
        assert_int_equal(rig_told(SG_EV_VM_STATE, rt), 0);
}

/* ---- Crashes ---- */

static void what_counts_as_a_crash(void **state)
{
        static const struct {
                bool staged;
                enum stage was;
                enum sg_cause cause;
                unsigned crashes;
        } rows[] = {
                {false, STARTED, SG_CAUSE_FAULT, 1},         {false, STARTED, SG_CAUSE_RESET, 0},
                {false, STARTED, SG_CAUSE_OFF, 0},           {false, STARTED, SG_CAUSE_RESTART, 0},
                {true, STARTED, SG_CAUSE_DEADLINE, 0}, /* that is what tries are for */
                {true, STARTED, SG_CAUSE_FAULT, 1},          {false, LENT, SG_CAUSE_LOAD_FAILED, 1},
                {false, LENT, SG_CAUSE_DEADLINE, 1},         {false, ENTERED, SG_CAUSE_DEADLINE, 1},
                {false, ENTERED, SG_CAUSE_VERIFY_FAILED, 1},
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                rig_setup(state);
                if (rows[i].staged)
                        rig_stage_image(personal);
                rig_start(personal, rows[i].was);
                rig_stop(personal, rows[i].cause);
                assert_int_equal(personal->crashes, rows[i].crashes);
                assert_int_equal(personal->life.state, SG_VM_STOPPED);
        }
}

static void update_does_not_end_while_all_is_well(void **state)
{
        static const enum sg_cause causes[] = {SG_CAUSE_FAULT, SG_CAUSE_RESET, SG_CAUSE_OFF,
                                               SG_CAUSE_DEADLINE};

        for (size_t i = 0; i < sizeof(causes) / sizeof(causes[0]); i++) {
                rig_setup(state);
                rig_stop(update, causes[i]);
                assert_int_equal(update->crashes, 1);
                assert_int_equal(update->life.state, SG_VM_RUNNING);
                assert_int_equal(update->vcpu[0].power, VCPU_ON);
        }
}

static void too_many_crashes_fail_it_and_a_restart_lives_again(void **state)
{
        (void)state;
        for (unsigned i = 0; i <= RESTARTS; i++) {
                assert_int_equal(personal->crashes, i);
                rig_start(personal, STARTED);
                rig_stop(personal, SG_CAUSE_FAULT);
        }
        assert_int_equal(personal->life.state, SG_VM_FAILED);
        assert_int_equal(personal->life.cause, SG_CAUSE_FAULT);
        assert_int_equal(personal->requests, 0);
        assert_true(rig_logged("VM personal: its restarts are used up\n"));
        assert_int_equal(restart(personal), SG_HC_OK);
        assert_int_equal(personal->crashes, 0);
        rig_work(personal);
        assert_int_equal(personal->life.state, SG_VM_STOPPED);
        assert_int_equal(personal->slot, 0);
}

static void update_is_not_started_for_ever(void **state)
{
        (void)state;
        for (unsigned i = 0; i <= RESTARTS; i++) {
                assert_int_equal(update->life.state, SG_VM_RUNNING);
                rig_stop(update, SG_CAUSE_FAULT);
        }
        assert_int_equal(update->life.state, SG_VM_FAILED);
        assert_int_equal(update->requests, 0);
        assert_int_equal(update->vcpu[0].power, VCPU_OFF);
}

static void a_calm_run_forgives(void **state)
{
        (void)state;
        for (unsigned calm = 0; calm < 2; calm++) {
                rig_setup(state);
                rig_start(personal, STARTED);
                rig_stop(personal, SG_CAUSE_FAULT);
                rig_start(personal, STARTED);
                fake.now += CALM - 1 + calm;
                rig_stop(personal, SG_CAUSE_FAULT);
                assert_int_equal(personal->crashes, calm ? 1 : 2);
        }
}

static void a_confirm_forgives(void **state)
{
        (void)state;
        rig_start(personal, STARTED);
        rig_stop(personal, SG_CAUSE_FAULT);
        trial(personal);
        vm_confirmed(personal);
        assert_int_equal(personal->crashes, 0);
        assert_int_equal(personal->life.state, SG_VM_RUNNING);
}

/* ---- Restarts ---- */

static void a_restart_that_was_asked_for_forgives(void **state)
{
        (void)state;
        rig_start(personal, STARTED);
        rig_stop(personal, SG_CAUSE_FAULT);
        rig_start(personal, STARTED);
        assert_int_equal(restart(personal), SG_HC_OK);
        rig_work(personal);
        assert_int_equal(personal->crashes, 0);
        assert_int_equal(personal->life.cause, SG_CAUSE_RESTART);
        assert_int_equal(personal->slot, 0);
}

static void a_guest_that_turned_itself_off_stays_off_until_a_restart(void **state)
{
        (void)state;
        rig_start(personal, STARTED);
        rig_stop(personal, SG_CAUSE_OFF);
        assert_int_equal(personal->life.state, SG_VM_STOPPED);
        assert_int_equal(personal->slot, SG_SLOT_NONE);
        assert_int_equal(personal->requests, 0);
        fake.kicks[personal->vcpu[0].cpu] = 0;
        assert_int_equal(restart(personal), SG_HC_OK);
        assert_int_equal(fake.kicks[personal->vcpu[0].cpu], 1);
        rig_work(personal);
        assert_int_equal(personal->slot, 0);
        assert_false(rig_logged("refused to go"));
}

static void a_restart_is_refused_where_it_is_not_one(void **state)
{
        assert_int_equal(restart(update), SG_HC_BAD_ARGUMENT);
        assert_int_equal(restart(rt), SG_HC_BAD_STATE); /* CREATED */
        for (enum stage s = WANTED; s < STARTED; s++) {
                rig_setup(state);
                rig_start(rt, s);
                assert_int_equal(restart(rt), SG_HC_BAD_STATE);
                assert_false(rt->requests & (VM_REQUEST_START | VM_REQUEST_STOP));
        }
        rig_setup(state);
        trial(rt);
        assert_int_equal(restart(rt), SG_HC_BAD_STATE);
        assert_int_equal(rt->requests, 0);
}

static int64_t answer;

static void somebody_restarts_it(void)
{
        answer = restart(personal);
}

/* What was answered OK happens; what cannot happen is refused. */
static void a_restart_in_the_middle_of_a_stop_is_refused(void **state)
{
        (void)state;
        rig_start(personal, STARTED);
        fake_meanwhile(FAKE_SLOTS_STOPPED, 1, somebody_restarts_it);
        rig_stop(personal, SG_CAUSE_OFF);
        assert_int_equal(answer, SG_HC_BAD_STATE);
        assert_int_equal(personal->life.state, SG_VM_STOPPED);
        assert_int_equal(personal->requests, 0);
}

static void a_restart_in_the_middle_of_a_start_is_one_more(void **state)
{
        (void)state;
        fake_meanwhile(FAKE_SLOTS_DUE, 1, somebody_restarts_it);
        rig_start(personal, WANTED);
        assert_int_equal(answer, SG_HC_OK);
        assert_int_equal(rig_told_that(SG_EV_LOAD_WANTED, personal, 0, 0), 2);
}

static void somebody_restarts_the_resident(void)
{
        answer = restart(rt);
}

static void a_restart_in_the_middle_of_a_start_by_hv_itself_is_that_one(void **state)
{
        (void)state;
        rig_start(rt, STARTED);
        rig_stop(rt, SG_CAUSE_OFF);
        assert_int_equal(restart(rt), SG_HC_OK);
        fake_meanwhile(FAKE_SLOTS_DUE, 1, somebody_restarts_the_resident);
        rig_work(rt);
        assert_int_equal(answer, SG_HC_OK);
        assert_int_equal(rt->life.state, SG_VM_VERIFYING);
        assert_int_equal(rt->requests, 0);
        assert_int_equal(rig_told(SG_EV_LOAD_WANTED, rt), 1);
}

static void a_guest_with_nothing_to_start_has_failed(void **state)
{
        (void)state;
        for (unsigned slot = 0; slot < 2; slot++) {
                rig_start(personal, ENTERED);
                assert_int_equal(personal->slot, slot);
                assert_int_equal(CALL(personal, SG_HC_BOOT_REPORT, SG_E_IMAGE_MAGIC), SG_HC_DENIED);
                rig_work(personal);
        }
        assert_int_equal(personal->life.state, SG_VM_FAILED);
        assert_int_equal(personal->life.cause, SG_CAUSE_VERIFY_FAILED);
        assert_int_equal(personal->requests, 0);
        /* Either slot takes a full image, and then it starts again. */
        rig_stage_image(personal);
        assert_int_equal(restart(personal), SG_HC_OK);
        rig_start(personal, STARTED);
        assert_int_equal(personal->life.state, SG_VM_TRIAL);
}

static void a_restart_when_nothing_is_due_looks_again(void **state)
{
        (void)state;
        slots_init(NULL); /* no boot state */
        fake_meanwhile(FAKE_SLOTS_DUE, 1, somebody_restarts_it);
        vm_ask(personal, VM_REQUEST_START);
        assert_true(vm_work(personal));
        assert_int_equal(answer, SG_HC_OK);
        assert_int_equal(personal->life.state, SG_VM_STOPPED);
        slots_init(&nor.flash);
        rig_work(personal);
        assert_int_equal(personal->slot, 0);
}

/* ---- In start order ---- */

static void the_next_vm_starts_after_this_one(void **state)
{
        (void)state;
        rt->start_next = personal;
        rig_start(rt, WANTED);
        assert_int_equal(personal->requests, VM_REQUEST_START);
        assert_null(rt->start_next);
        personal->requests = 0;
        rig_step(rt, WANTED);
        assert_int_equal(personal->requests, 0);
}

static void one_that_cannot_start_holds_up_nobody(void **state)
{
        (void)state;
        slots_init(NULL);
        rt->start_next = personal;
        vm_ask(rt, VM_REQUEST_START);
        rig_work(rt);
        assert_int_equal(rt->life.state, SG_VM_FAILED);
        assert_int_equal(personal->requests, VM_REQUEST_START);
}

static void update_that_comes_back_hears_what_was_wanted(void **state)
{
        (void)state;
        rig_start(rt, STARTED);
        rig_stop(rt, SG_CAUSE_OFF);
        rig_start(personal, WANTED);
        event_send(SG_EV_AGENT, FAKE_RT, 0, 0);
        rig_listen();
        event_send(SG_EV_AGENT, FAKE_RT, 0, 0);
        rig_stop(update, SG_CAUSE_FAULT);
        assert_int_equal(rig_told_that(SG_EV_LOAD_WANTED, personal, 0, 0), 1);
        assert_int_equal(rig_told(SG_EV_LOAD_WANTED, rt), 0);
        assert_int_equal(rig_told(SG_EV_LOAD_WANTED, update), 0);
        assert_int_equal(rig_told(SG_EV_AGENT, rt), 0); /* that was for its predecessor */
}

static void update_that_comes_back_hears_what_was_given_up(void **state)
{
        (void)state;
        rig_stage_image(rt);
        rig_start(rt, ENTERED);
        assert_int_equal(CALL(rt, SG_HC_BOOT_REPORT, SG_E_IMAGE_MAGIC), SG_HC_DENIED);
        rig_work(rt);
        rig_listen();
        rig_stop(update, SG_CAUSE_FAULT);
        assert_int_equal(rig_told_that(SG_EV_ROLLED_BACK, rt, 1, SG_CAUSE_VERIFY_FAILED), 1);
        assert_int_equal(rig_told(SG_EV_ROLLED_BACK, personal), 0);
}

#define ROW(test) cmocka_unit_test_setup(test, rig_setup)

int main(void)
{
        const struct CMUnitTest tests[] = {
                ROW(the_first_cause_of_a_stop_counts),
                ROW(a_stop_reaches_all_of_its_cores),
                ROW(what_does_not_run_is_not_stopped),
                ROW(a_stop_says_why),
                ROW(a_stop_resets_its_devices),
                ROW(what_the_table_of_lives_refuses_is_logged),
                ROW(what_counts_as_a_crash),
                ROW(update_does_not_end_while_all_is_well),
                ROW(too_many_crashes_fail_it_and_a_restart_lives_again),
                ROW(update_is_not_started_for_ever),
                ROW(a_calm_run_forgives),
                ROW(a_confirm_forgives),
                ROW(a_restart_that_was_asked_for_forgives),
                ROW(a_guest_that_turned_itself_off_stays_off_until_a_restart),
                ROW(a_restart_is_refused_where_it_is_not_one),
                ROW(a_restart_in_the_middle_of_a_stop_is_refused),
                ROW(a_restart_in_the_middle_of_a_start_is_one_more),
                ROW(a_restart_in_the_middle_of_a_start_by_hv_itself_is_that_one),
                ROW(a_guest_with_nothing_to_start_has_failed),
                ROW(a_restart_when_nothing_is_due_looks_again),
                ROW(the_next_vm_starts_after_this_one),
                ROW(one_that_cannot_start_holds_up_nobody),
                ROW(update_that_comes_back_hears_what_was_wanted),
                ROW(update_that_comes_back_hears_what_was_given_up),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
