// SPDX-License-Identifier: Apache-2.0
/* A VM's time limits (hv/vm/vm.c): what each is for, when it ends, and what follows. */
#include "tests/unit/vm_rig.h"

/* The EL2 timer of its boot core fires. */
static void time_is_up(struct vm *vm)
{
        assert_int_equal(fake_core.timer, vm->deadline);
        fake.now = fake_core.timer;
        assert_int_equal(vm_deadline(vm), NEVER);
}

static void each_part_of_a_start_is_limited(void **state)
{
        static const struct {
                enum stage until;
                enum sg_vm_state at;
                uint64_t limit;
                const char *line;
        } rows[] = {
                {LENT, SG_VM_LOADING, START_LIMIT, "VM personal: loading: its time is up\n"},
                {WRITTEN, SG_VM_LOADING, START_LIMIT, "VM personal: loading: its time is up\n"},
                {ENTERED, SG_VM_VERIFYING, START_LIMIT, "VM personal, vCPU 0 on core 4"},
                {STARTED, SG_VM_TRIAL, TRIAL_LIMIT, "VM personal: trial: its time is up\n"},
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                rig_setup(state);
                rig_stage_image(personal);
                rig_start(personal, rows[i].until);
                assert_int_equal(fake_core.timer, fake.now + rows[i].limit);
                fake.now = fake_core.timer - 1;
                assert_int_equal(vm_deadline(personal), fake_core.timer);
                assert_int_equal(personal->requests, 0);
                time_is_up(personal);
                assert_int_equal(personal->life.state, rows[i].at);
                assert_int_equal(personal->requests, VM_REQUEST_STOP);
                assert_int_equal(personal->stop_cause, SG_CAUSE_DEADLINE);
                assert_true(rig_logged(rows[i].line));
                assert_int_equal(rig_logged("pc 0"), rows[i].at == SG_VM_VERIFYING);
                rig_work(personal);
                assert_int_equal(personal->life.state, SG_VM_STOPPED);
                assert_false(personal->lent);
        }
}

static void a_load_that_nobody_begins_is_asked_for_again(void **state)
{
        (void)state;
        rig_start(personal, WANTED);
        assert_int_equal(rig_told_that(SG_EV_LOAD_WANTED, personal, 0, 0), 1);
        time_is_up(personal);
        rig_work(personal);
        assert_int_equal(rig_told_that(SG_EV_LOAD_WANTED, personal, 0, 0), 2);
        assert_int_equal(vm_deadline(personal), fake.now + START_LIMIT);
        assert_int_equal(personal->crashes, 0);
        assert_false(rig_logged("its time is up"));
}

/* Each step has its limit from its own beginning. */
static void a_step_that_is_in_time_gives_the_next_one_its_own(void **state)
{
        (void)state;
        for (enum stage s = WANTED; s <= ENTERED; s++) {
                rig_step(personal, s);
                assert_int_equal(vm_deadline(personal) == NEVER, s == BEGUN || s == ENDED);
                fake.now += START_LIMIT / 2;
        }
        assert_int_equal(personal->deadline, fake.now + START_LIMIT / 2);
}

static void a_guest_that_runs_may_take_its_time(void **state)
{
        (void)state;
        rig_start(rt, STARTED);
        assert_int_equal(fake_core.timer, NEVER);
        fake.now += 1000 * TRIAL_LIMIT;
        assert_int_equal(vm_deadline(rt), NEVER);
        assert_int_equal(rt->requests, 0);
}

static void a_guest_that_is_off_may_take_its_time(void **state)
{
        (void)state;
        rig_stage_image(rt);
        rig_start(rt, STARTED);
        assert_int_equal(rt->deadline, fake.now + TRIAL_LIMIT);
        vm_confirmed(rt);
        rt->deadline = fake.now + 1; /* set before the stop */
        rig_stop(rt, SG_CAUSE_OFF);
        assert_int_equal(vm_deadline(rt), NEVER);
        assert_int_equal(rt->requests, 0);
}

static void update_that_misses_its_beat_is_stopped(void **state)
{
        (void)state;
        assert_int_equal(vm_deadline(update), fake.now + BEAT_LIMIT);
        fake.now += BEAT_LIMIT - 1;
        assert_int_equal(CALL(update, SG_HC_BEAT, 0), SG_HC_OK);
        assert_int_equal(update->vcpu[0].regs.x[1], BEAT_LIMIT);
        fake.now += BEAT_LIMIT;
        assert_int_equal(vm_deadline(update), NEVER);
        assert_int_equal(update->stop_cause, SG_CAUSE_DEADLINE);
        assert_int_equal(fake_core.timer, NEVER); /* that core's timer has other things to do */
        assert_true(rig_logged("VM update: running: its time is up\n"));
        assert_true(rig_logged("VM update, vCPU 0 on core 0"));
        rig_work(update);
        assert_int_equal(update->life.state, SG_VM_RUNNING);
        assert_int_equal(update->crashes, 1);
        assert_int_equal(vm_deadline(update), fake.now + BEAT_LIMIT);
}

static void the_deadline_passes(void)
{
        fake.now += START_LIMIT;
        vm_deadline(rt);
}

/* The copy is hv's, and made when the start is durable. */
static void a_start_that_is_durable_is_on_time(void **state)
{
        (void)state;
        rig_stage_image(rt);
        rig_start(rt, ENTERED);
        fake_meanwhile(FAKE_POLL, 1, the_deadline_passes);
        assert_int_equal(rig_report(rt), SG_HC_OK);
        assert_int_equal(rt->requests, 0);
        assert_int_equal(rt->life.state, SG_VM_TRIAL);
        assert_int_equal(vm_deadline(rt), fake.now + TRIAL_LIMIT);
}

static int64_t answer;

static void somebody_confirms(void)
{
        answer = CALL(update, SG_HC_CONFIRM_FOR, FAKE_RT, rig_state(rt).token);
}

/* The token is known to nobody yet. */
static void a_confirm_before_the_trial_is_none(void **state)
{
        (void)state;
        rig_stage_image(rt);
        rig_start(rt, ENTERED);
        fake_meanwhile(FAKE_POLL, 1, somebody_confirms);
        assert_int_equal(rig_report(rt), SG_HC_OK);
        assert_int_equal(answer, SG_HC_BAD_STATE);
        assert_int_equal(rt->life.state, SG_VM_TRIAL);
        somebody_confirms();
        assert_int_equal(answer, SG_HC_OK);
}

static void a_confirm_ends_the_trials_limit(void **state)
{
        (void)state;
        rig_stage_image(rt);
        rig_start(rt, STARTED);
        assert_int_equal(CALL(update, SG_HC_CONFIRM_FOR, FAKE_RT, rig_state(rt).token), SG_HC_OK);
        assert_int_equal(rt->life.state, SG_VM_RUNNING);
        fake.now += TRIAL_LIMIT;
        assert_int_equal(vm_deadline(rt), NEVER);
        assert_int_equal(rt->requests, 0);
}

static void a_late_confirm_leaves_the_next_loads_limit(void **state)
{
        (void)state;
        rig_stage_image(personal);
        rig_start(personal, STARTED);
        rig_stop(personal, SG_CAUSE_RESET);
        rig_start(personal, LENT);
        vm_confirmed(personal);
        assert_int_equal(personal->life.state, SG_VM_LOADING);
        assert_int_equal(vm_deadline(personal), fake.now + START_LIMIT);
}

#define ROW(test) cmocka_unit_test_setup(test, rig_setup)

int main(void)
{
        const struct CMUnitTest tests[] = {
                ROW(each_part_of_a_start_is_limited),
                ROW(a_load_that_nobody_begins_is_asked_for_again),
                ROW(a_step_that_is_in_time_gives_the_next_one_its_own),
                ROW(a_guest_that_runs_may_take_its_time),
                ROW(a_guest_that_is_off_may_take_its_time),
                ROW(update_that_misses_its_beat_is_stopped),
                ROW(a_start_that_is_durable_is_on_time),
                ROW(a_confirm_before_the_trial_is_none),
                ROW(a_confirm_ends_the_trials_limit),
                ROW(a_late_confirm_leaves_the_next_loads_limit),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
