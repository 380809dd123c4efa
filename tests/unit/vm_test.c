// SPDX-License-Identifier: Apache-2.0
/* A VM's starts, stops and time limits (hv/vm/vm.c) without cores: what another core does in the
 * middle of a step is `meanwhile`. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "hv/core/ipi.h"
#include "hv/core/log.h"
#include "hv/vm/events.h"
#include "hv/vm/load.h"
#include "hv/vm/slots.h"
#include "hv/vm/timer.h"
#include "hv/vm/vm.h"

enum { UPDATE, GUEST, VMS };

#define NEVER       UINT64_MAX
#define BEAT_LIMIT  7000
#define START_LIMIT 2000
#define TRIAL_LIMIT 30000
#define RESTARTS    2
#define CALM        (10u * 60 * 1000)

static const struct vm_description description[VMS] = {
        [UPDATE] = {.index = UPDATE,
                    .name = "update",
                    .role = VM_ROLE_UPDATE,
                    .cpus = 1,
                    .restart_limit = RESTARTS,
                    .beat_limit_ms = BEAT_LIMIT},
        [GUEST] = {.index = GUEST,
                   .name = "guest",
                   .role = VM_ROLE_RTOS,
                   .cpus = 2,
                   .restart_limit = RESTARTS,
                   .resident = true,
                   .start_limit_ms = START_LIMIT,
                   .trial_deadline_ms = TRIAL_LIMIT},
};

static struct {
        struct vm vm[VMS];
        struct vcpu vcpu[VMS][2];
        uint64_t now;   /* a tick is a millisecond */
        uint64_t timer; /* of the guest's boot core */
        uint8_t due;
        bool again; /* what slots_stopped() says */
        unsigned loads_wanted;
        unsigned resident_loads;
        void (*meanwhile)(void);
} world;

static struct vm *guest;
static struct vm *update;

static void another_core_acts(void)
{
        void (*act)(void) = world.meanwhile;

        world.meanwhile = NULL;
        if (act)
                act();
}

/* ---- What vm.c calls ---- */

struct vm *vm_by_index(unsigned index)
{
        return index < VMS ? &world.vm[index] : NULL;
}

struct vm *vm_update(void)
{
        return &world.vm[UPDATE];
}

uint64_t timer_now(void)
{
        return world.now;
}

uint64_t timer_from_ms(uint64_t ms)
{
        return ms;
}

void timer_hyp_set(uint64_t deadline)
{
        world.timer = deadline;
}

void ipi_kick(unsigned cpu)
{
        (void)cpu;
}

void hv_log(const char *fmt, ...)
{
        (void)fmt;
}

size_t log_format(char *buf, size_t size, const char *fmt, va_list args)
{
        (void)size;
        (void)fmt;
        (void)args;
        buf[0] = 0;
        return 0;
}

void events_reset(void)
{
}

void event_send(enum sg_event kind, unsigned vm, uint64_t arg0, uint64_t arg1)
{
        (void)arg0;
        (void)arg1;
        if (kind == SG_EV_LOAD_WANTED && vm == GUEST)
                world.loads_wanted++;
}

void vgic_reset(struct vgic *vgic)
{
        (void)vgic;
}

void vpl011_reset(struct vpl011 *console)
{
        (void)console;
}

void agent_reset(struct agent *agent)
{
        (void)agent;
}

void vcpu_dump_el1(void)
{
}

void stage2_dump(const struct stage2 *s2, unsigned lines, void (*print)(const char *fmt, ...))
{
        (void)s2;
        (void)lines;
        (void)print;
}

uint8_t slots_due(struct vm *vm)
{
        (void)vm;
        another_core_acts();
        return world.due;
}

bool slots_stopped(struct vm *vm, enum sg_vm_state was, enum sg_cause cause)
{
        (void)vm;
        (void)was;
        (void)cause;
        another_core_acts();
        return world.again;
}

void slots_tell_outcome(const struct vm *vm)
{
        (void)vm;
}

void load_update(struct vm *vm)
{
        (void)vm;
}

void load_withdraw(struct vm *vm)
{
        vm->lent = false;
}

void load_withdraw_all(void)
{
        load_withdraw(guest);
}

void load_scrub_and_lend(struct vm *vm)
{
        vm_limit_start(vm);
        vm->lent = true;
}

void load_place_bootfw(struct vm *vm)
{
        vm_limit_start(vm);
}

bool load_has_resident(const struct vm *vm)
{
        return vm->resident.size > 0;
}

void load_keep_resident(struct vm *vm)
{
        another_core_acts();
        vm->resident.size = 1;
}

void load_resident(struct vm *vm)
{
        (void)vm;
        world.resident_loads++;
}

/* ---- What happens to the guest ---- */

static int setup(void **state)
{
        (void)state;
        memset(&world, 0, sizeof(world));
        world.timer = NEVER;
        for (unsigned i = 0; i < VMS; i++) {
                struct vm *vm = &world.vm[i];

                vm->desc = &description[i];
                vm->index = i;
                vm->vcpu = world.vcpu[i];
                vm->vcpu_count = description[i].cpus;
                vm->slot = SG_SLOT_NONE;
                for (unsigned n = 0; n < vm->vcpu_count; n++) {
                        vm->vcpu[n].vm = vm;
                        vm->vcpu[n].cpu = 2 * i + n;
                }
        }
        update = &world.vm[UPDATE];
        guest = &world.vm[GUEST];
        world.again = true;
        return 0;
}

static void work(struct vm *vm)
{
        while (vm_work(vm))
                ;
}

static void parked(struct vm *vm)
{
        assert_true(vm->requests & VM_REQUEST_STOP);
        vm->parked = vm->vcpu_count;
}

/* It stops for that cause, and what follows is done. */
static void stops(struct vm *vm, enum sg_cause cause)
{
        vm_stop(vm, cause);
        parked(vm);
        work(vm);
}

static void waits_for_its_load(void)
{
        vm_ask(guest, VM_REQUEST_START);
        work(guest);
        assert_int_equal(guest->life.state, SG_VM_STOPPED);
        assert_int_equal(guest->slot, world.due);
}

static void move(enum sg_vm_state to)
{
        assert_true(vm_move(guest, to, SG_CAUSE_NONE));
}

static void loads(void)
{
        waits_for_its_load();
        move(SG_VM_LOADING);
        load_scrub_and_lend(guest);
}

static void verifies(void)
{
        loads();
        load_withdraw(guest);
        move(SG_VM_VERIFYING);
        load_place_bootfw(guest);
}

static void runs(void)
{
        verifies();
        vm_started(guest, false);
        assert_int_equal(guest->life.state, SG_VM_RUNNING);
}

static void on_trial(void)
{
        verifies();
        vm_started(guest, true);
        assert_int_equal(guest->life.state, SG_VM_TRIAL);
}

/* ---- Time limits ---- */

static void each_part_of_a_start_is_limited(void **state)
{
        static const struct {
                void (*until)(void);
                uint64_t limit;
                enum sg_vm_state at;
        } rows[] = {
                {loads, START_LIMIT, SG_VM_LOADING},
                {verifies, START_LIMIT, SG_VM_VERIFYING},
                {on_trial, TRIAL_LIMIT, SG_VM_TRIAL},
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                setup(state);
                rows[i].until();
                assert_int_equal(world.timer, rows[i].limit);
                world.now = rows[i].limit - 1;
                assert_int_equal(vm_deadline(guest), rows[i].limit);
                assert_int_equal(guest->requests, 0);
                world.now++;
                assert_int_equal(vm_deadline(guest), NEVER);
                assert_int_equal(guest->life.state, rows[i].at);
                assert_int_equal(guest->stop_cause, SG_CAUSE_DEADLINE);
                parked(guest);
                work(guest);
                assert_int_equal(guest->life.state, SG_VM_STOPPED);
                assert_false(guest->lent);
        }
}

static void a_load_that_nobody_begins_is_asked_for_again(void **state)
{
        (void)state;
        waits_for_its_load();
        assert_int_equal(world.loads_wanted, 1);
        world.now = START_LIMIT;
        assert_int_equal(vm_deadline(guest), NEVER);
        work(guest);
        assert_int_equal(world.loads_wanted, 2);
        assert_int_equal(vm_deadline(guest), 2 * START_LIMIT);
}

static void a_guest_that_runs_may_take_its_time(void **state)
{
        (void)state;
        runs();
        assert_int_equal(world.timer, NEVER);
        world.now = 1000 * TRIAL_LIMIT;
        assert_int_equal(vm_deadline(guest), NEVER);
        assert_int_equal(guest->requests, 0);
}

static void update_that_misses_its_beat_is_stopped(void **state)
{
        (void)state;
        vm_ask(update, VM_REQUEST_START);
        work(update);
        world.now = BEAT_LIMIT - 1;
        assert_int_equal(vm_beat(update), BEAT_LIMIT);
        world.now = 2 * BEAT_LIMIT - 1;
        assert_int_equal(vm_deadline(update), NEVER);
        assert_int_equal(update->stop_cause, SG_CAUSE_DEADLINE);
        assert_int_equal(world.timer, NEVER); /* that core's timer has other things to do */
        parked(update);
        work(update);
        assert_int_equal(update->life.state, SG_VM_RUNNING);
        assert_int_equal(update->crashes, 1);
}

static void the_deadline_passes(void)
{
        world.now += START_LIMIT;
        vm_deadline(guest);
}

/* The copy is hv's, and made when the start is durable. */
static void a_start_that_is_durable_is_on_time(void **state)
{
        (void)state;
        verifies();
        world.meanwhile = the_deadline_passes;
        vm_started(guest, true);
        assert_int_equal(guest->requests, 0);
        assert_int_equal(guest->life.state, SG_VM_TRIAL);
        assert_int_equal(vm_deadline(guest), START_LIMIT + TRIAL_LIMIT);
}

static void a_confirm_ends_the_trials_limit(void **state)
{
        (void)state;
        on_trial();
        vm_confirmed(guest);
        assert_int_equal(guest->life.state, SG_VM_RUNNING);
        world.now = TRIAL_LIMIT;
        assert_int_equal(vm_deadline(guest), NEVER);
        assert_int_equal(guest->requests, 0);
}

static void a_late_confirm_leaves_the_next_loads_limit(void **state)
{
        (void)state;
        on_trial();
        stops(guest, SG_CAUSE_RESET);
        guest->resident.size = 0;
        loads();
        vm_confirmed(guest);
        assert_int_equal(guest->life.state, SG_VM_LOADING);
        assert_int_equal(vm_deadline(guest), START_LIMIT);
}

/* ---- Stops, crashes and restarts ---- */

static void the_first_cause_of_a_stop_counts(void **state)
{
        (void)state;
        on_trial();
        vm_stop(guest, SG_CAUSE_FAULT);
        assert_false(vm_on_trial(guest));
        vm_stop(guest, SG_CAUSE_RESET);
        assert_false(vm_work(guest)); /* its vCPUs have not parked */
        parked(guest);
        assert_true(vm_work(guest));
        assert_int_equal(guest->life.cause, SG_CAUSE_FAULT);
        assert_int_equal(guest->slot, SG_SLOT_NONE);
        assert_int_equal(guest->requests, VM_REQUEST_START);
}

static void what_counts_as_a_crash(void **state)
{
        static const struct {
                void (*was)(void);
                enum sg_cause cause;
                unsigned crashes;
        } rows[] = {
                {runs, SG_CAUSE_FAULT, 1},        {runs, SG_CAUSE_RESET, 0},
                {runs, SG_CAUSE_OFF, 0},          {runs, SG_CAUSE_RESTART, 0},
                {on_trial, SG_CAUSE_DEADLINE, 0}, {on_trial, SG_CAUSE_FAULT, 1},
                {loads, SG_CAUSE_LOAD_FAILED, 1}, {loads, SG_CAUSE_DEADLINE, 1},
                {verifies, SG_CAUSE_DEADLINE, 1}, {verifies, SG_CAUSE_VERIFY_FAILED, 1},
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                setup(state);
                rows[i].was();
                stops(guest, rows[i].cause);
                assert_int_equal(guest->crashes, rows[i].crashes);
                assert_int_equal(guest->life.state, SG_VM_STOPPED);
        }
}

static void too_many_crashes_fail_it_and_a_restart_lives_again(void **state)
{
        (void)state;
        for (unsigned i = 0; i <= RESTARTS; i++) {
                assert_int_equal(guest->crashes, i);
                guest->resident.size = 0;
                runs();
                stops(guest, SG_CAUSE_FAULT);
        }
        assert_int_equal(guest->life.state, SG_VM_FAILED);
        assert_int_equal(guest->requests, 0);
        assert_int_equal(vm_restart(guest), SG_HC_OK);
        assert_int_equal(guest->crashes, 0);
        work(guest);
        assert_int_equal(guest->life.state, SG_VM_STOPPED);
        assert_int_equal(guest->slot, world.due);
}

static void a_calm_run_forgives(void **state)
{
        (void)state;
        runs();
        stops(guest, SG_CAUSE_FAULT);
        guest->resident.size = 0;
        runs();
        world.now += CALM;
        stops(guest, SG_CAUSE_FAULT);
        assert_int_equal(guest->crashes, 1);
}

static void a_guest_that_turned_itself_off_stays_off_until_a_restart(void **state)
{
        (void)state;
        runs();
        world.again = false;
        stops(guest, SG_CAUSE_OFF);
        assert_int_equal(guest->life.state, SG_VM_STOPPED);
        assert_int_equal(guest->slot, SG_SLOT_NONE);
        assert_int_equal(vm_restart(guest), SG_HC_OK);
        work(guest);
        assert_int_equal(world.resident_loads, 1);
}

static void a_restart_is_refused_where_it_is_not_one(void **state)
{
        (void)state;
        assert_int_equal(vm_restart(update), SG_HC_BAD_STATE);
        loads();
        assert_int_equal(vm_restart(guest), SG_HC_BAD_STATE);
        assert_int_equal(guest->requests, 0);
}

static int64_t answer;

static void somebody_restarts_it(void)
{
        answer = vm_restart(guest);
}

/* What was answered OK happens; what cannot happen is refused. */
static void a_restart_in_the_middle_of_a_start_or_a_stop(void **state)
{
        (void)state;
        world.due = SG_SLOT_NONE;
        vm_ask(guest, VM_REQUEST_START);
        world.meanwhile = somebody_restarts_it;
        assert_true(vm_work(guest));
        assert_int_equal(answer, SG_HC_OK);
        assert_int_equal(guest->life.state, SG_VM_STOPPED);
        world.due = 1;
        work(guest);
        assert_int_equal(guest->slot, 1);

        move(SG_VM_LOADING);
        world.again = false;
        world.meanwhile = somebody_restarts_it;
        stops(guest, SG_CAUSE_FAULT);
        assert_int_equal(answer, SG_HC_BAD_STATE);
        assert_int_equal(guest->requests, 0);
}

static void a_guest_with_nothing_to_start_has_failed(void **state)
{
        (void)state;
        world.due = SG_SLOT_NONE;
        vm_ask(guest, VM_REQUEST_START);
        work(guest);
        assert_int_equal(guest->life.state, SG_VM_FAILED);
        assert_int_equal(guest->requests, 0);
}

static void only_a_lent_load_is_updates_to_stop(void **state)
{
        (void)state;
        waits_for_its_load();
        move(SG_VM_LOADING);
        assert_false(vm_stop_lent(guest, SG_CAUSE_LOAD_FAILED));
        assert_int_equal(guest->requests, 0);
        load_scrub_and_lend(guest);
        assert_true(vm_stop_lent(guest, SG_CAUSE_LOAD_FAILED));
        assert_false(vm_stop_lent(guest, SG_CAUSE_LOAD_FAILED));
        parked(guest);
        assert_true(vm_work(guest));
        assert_int_equal(guest->life.cause, SG_CAUSE_LOAD_FAILED);
}

static void the_next_vm_starts_after_this_one(void **state)
{
        (void)state;
        update->start_next = guest;
        vm_ask(update, VM_REQUEST_START);
        work(update);
        assert_int_equal(guest->requests, VM_REQUEST_START);
        stops(update, SG_CAUSE_FAULT);
        assert_null(update->start_next);
}

static void update_that_comes_back_hears_what_was_wanted(void **state)
{
        (void)state;
        waits_for_its_load();
        assert_int_equal(world.loads_wanted, 1);
        vm_ask(update, VM_REQUEST_START);
        work(update);
        assert_int_equal(world.loads_wanted, 2);
}

#define ROW(test) cmocka_unit_test_setup(test, setup)

int main(void)
{
        const struct CMUnitTest tests[] = {
                ROW(each_part_of_a_start_is_limited),
                ROW(a_load_that_nobody_begins_is_asked_for_again),
                ROW(a_guest_that_runs_may_take_its_time),
                ROW(update_that_misses_its_beat_is_stopped),
                ROW(a_start_that_is_durable_is_on_time),
                ROW(a_confirm_ends_the_trials_limit),
                ROW(a_late_confirm_leaves_the_next_loads_limit),
                ROW(the_first_cause_of_a_stop_counts),
                ROW(what_counts_as_a_crash),
                ROW(too_many_crashes_fail_it_and_a_restart_lives_again),
                ROW(a_calm_run_forgives),
                ROW(a_guest_that_turned_itself_off_stays_off_until_a_restart),
                ROW(a_restart_is_refused_where_it_is_not_one),
                ROW(a_restart_in_the_middle_of_a_start_or_a_stop),
                ROW(a_guest_with_nothing_to_start_has_failed),
                ROW(only_a_lent_load_is_updates_to_stop),
                ROW(the_next_vm_starts_after_this_one),
                ROW(update_that_comes_back_hears_what_was_wanted),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
