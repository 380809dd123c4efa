// SPDX-License-Identifier: Apache-2.0
#include "hv/vm/vm.h"

#include <stddef.h>

#include "hv/core/ipi.h"
#include "hv/core/log.h"
#include "hv/core/percpu.h"
#include "hv/vm/events.h"
#include "hv/vm/load.h"
#include "hv/vm/slots.h"
#include "hv/vm/timer.h"

/* A run as long as this forgives the crashes before it: the restart limit is for a VM that cannot
 * get on, not for one that crashes once a month. */
#define CALM_MS (10u * 60 * 1000)

void vm_move(struct vm *vm, enum sg_vm_state to, enum sg_cause cause)
{
        enum sg_vm_state from = vm->life.state;

        if (!life_move(&vm->life, to, cause, timer_now())) {
                hv_log("VM %s: refused to go from %s to %s", vm->desc->name, life_state_name(from),
                       life_state_name(to));
                return;
        }
        if (cause == SG_CAUSE_NONE)
                hv_log("VM %s: %s", vm->desc->name, life_state_name(to));
        else
                hv_log("VM %s: %s (%s)", vm->desc->name, life_state_name(to),
                       life_cause_name(cause));
        event_send(SG_EV_VM_STATE, vm->index, to, cause);
}

void vm_ask(struct vm *vm, uint32_t requests)
{
        spin_lock(&vm->lock);
        vm->requests |= requests;
        spin_unlock(&vm->lock);
        ipi_kick(vm_boot_core(vm));
}

static bool can_stop(enum sg_vm_state state)
{
        return life_may(state, SG_VM_STOPPED) && state != SG_VM_CREATED && state != SG_VM_FAILED;
}

/* vm->lock held. false: it does not run, or is being stopped already. */
static bool ask_stop(struct vm *vm, enum sg_cause cause)
{
        if (!can_stop(vm->life.state) || (vm->requests & VM_REQUEST_STOP))
                return false;
        vm->stop_cause = cause;
        vm->parked = 0;
        for (unsigned i = 0; i < vm->vcpu_count; i++)
                vm->vcpu[i].parked = false;
        /* Release: who sees the request sees the rest. */
        __atomic_store_n(&vm->requests, vm->requests | VM_REQUEST_STOP, __ATOMIC_RELEASE);
        for (unsigned i = 0; i < vm->vcpu_count; i++)
                ipi_kick(vm->vcpu[i].cpu);
        return true;
}

void vm_stop(struct vm *vm, enum sg_cause cause)
{
        spin_lock(&vm->lock);
        ask_stop(vm, cause);
        spin_unlock(&vm->lock);
}

bool vm_stop_lent(struct vm *vm, enum sg_cause cause)
{
        bool stop;

        spin_lock(&vm->lock);
        stop = vm->lent && ask_stop(vm, cause);
        spin_unlock(&vm->lock);
        return stop;
}

/* vm->lock held. */
static bool is_off(const struct vm *vm)
{
        return vm->life.state == SG_VM_FAILED ||
               (vm->life.state == SG_VM_STOPPED && vm->slot == SG_SLOT_NONE);
}

int64_t vm_restart(struct vm *vm)
{
        int64_t result = SG_HC_OK;

        spin_lock(&vm->lock);
        if (vm->life.state == SG_VM_RUNNING) {
                vm->crashes = 0;
                ask_stop(vm, SG_CAUSE_RESTART);
        } else if (is_off(vm)) {
                if (vm->life.state == SG_VM_FAILED)
                        vm_move(vm, SG_VM_STOPPED, SG_CAUSE_RESTART);
                vm->crashes = 0;
                vm->requests |= VM_REQUEST_START;
                ipi_kick(vm_boot_core(vm));
        } else {
                result = SG_HC_BAD_STATE;
        }
        spin_unlock(&vm->lock);
        return result;
}

/* ---- Time limits ---- */

/* The housekeeping core's EL2 timer is its own: it asks vm_deadline() at each turn. */
static bool is_boot_core_timer_ours(const struct vm *vm)
{
        return vm_boot_core(vm) != CPU_HOUSEKEEPING;
}

/* The VM's boot core. ms 0: no limit. */
static void limit(struct vm *vm, uint32_t ms)
{
        uint64_t deadline = ms ? timer_now() + timer_from_ms(ms) : 0;

        spin_lock(&vm->lock);
        vm->deadline = deadline;
        spin_unlock(&vm->lock);
        if (is_boot_core_timer_ours(vm))
                timer_hyp_set(deadline ? deadline : UINT64_MAX);
}

void vm_limit_start(struct vm *vm)
{
        limit(vm, vm->desc->start_limit_ms);
}

uint32_t vm_beat(struct vm *vm)
{
        limit(vm, vm->desc->beat_limit_ms);
        return vm->desc->beat_limit_ms;
}

static void tell_late(const struct vm *vm, enum sg_vm_state state)
{
        hv_log("VM %s: %s: its time is up", vm->desc->name, life_state_name(state));
        /* Where it hangs. A guest on trial is somebody else's to debug. */
        if (vm == vm_update() || state == SG_VM_VERIFYING)
                vm_dump(&vm->vcpu[0]);
}

uint64_t vm_deadline(struct vm *vm)
{
        enum sg_vm_state state;
        uint64_t deadline;
        bool stop = false;

        spin_lock(&vm->lock);
        state = vm->life.state;
        deadline = vm->deadline;
        if (deadline && timer_now() >= deadline) {
                deadline = vm->deadline = 0;
                stop = ask_stop(vm, SG_CAUSE_DEADLINE);
                /* It waits for update, which is asked again. */
                if (state == SG_VM_STOPPED)
                        vm->requests |= VM_REQUEST_START;
        }
        spin_unlock(&vm->lock);
        if (stop)
                tell_late(vm, state);
        return deadline ? deadline : UINT64_MAX;
}

/* ---- Starts and stops ---- */

void vm_started(struct vm *vm, bool trial)
{
        /* Its start is durable, so it is on time, however long the copy takes. */
        limit(vm, 0);
        load_keep_resident(vm);
        spin_lock(&vm->lock);
        vm_move(vm, trial ? SG_VM_TRIAL : SG_VM_RUNNING, SG_CAUSE_NONE);
        spin_unlock(&vm->lock);
        limit(vm, trial ? vm->desc->trial_deadline_ms : 0);
        event_send(SG_EV_STARTED, vm->index, vm->slot, trial);
}

bool vm_on_trial(struct vm *vm)
{
        bool on;

        spin_lock(&vm->lock);
        on = vm->life.state == SG_VM_TRIAL && !(vm->requests & VM_REQUEST_STOP);
        spin_unlock(&vm->lock);
        return on;
}

void vm_confirmed(struct vm *vm)
{
        spin_lock(&vm->lock);
        /* A stop that was asked for meanwhile goes on; the image is good all the same. */
        if (vm->life.state == SG_VM_TRIAL) {
                vm_move(vm, SG_VM_RUNNING, SG_CAUSE_NONE);
                vm->deadline = 0;
        }
        vm->crashes = 0;
        spin_unlock(&vm->lock);
}

/* How it ended counts against the VM's restart limit. */
static bool is_crash(const struct vm *vm, enum sg_vm_state was, enum sg_cause cause)
{
        switch (cause) {
        case SG_CAUSE_DEADLINE:
                return was != SG_VM_TRIAL; /* that is what tries are for */
        case SG_CAUSE_FAULT:
        case SG_CAUSE_LOAD_FAILED:
        case SG_CAUSE_VERIFY_FAILED:
                return true;
        case SG_CAUSE_RESET:
        case SG_CAUSE_OFF:
                /* update does neither while all is well. */
                return vm == vm_update();
        default:
                return false;
        }
}

static void reset_devices(struct vm *vm)
{
        vgic_reset(&vm->vgic);
        vpl011_reset(&vm->console);
        if (vm->desc->agent)
                agent_reset(&vm->agent);
}

/* The boot core, all vCPUs parked: the stop becomes a fact, and what follows is decided. */
static void settle(struct vm *vm)
{
        enum sg_vm_state was;
        enum sg_cause cause;
        bool again, used_up;

        spin_lock(&vm->lock);
        was = vm->life.state;
        cause = vm->stop_cause;
        if (life_was_calm(&vm->life, timer_now(), timer_from_ms(CALM_MS)))
                vm->crashes = 0;
        vm_move(vm, SG_VM_STOPPED, cause);
        spin_unlock(&vm->lock);

        limit(vm, 0);
        reset_devices(vm);
        load_withdraw(vm);
        if (vm == vm_update())
                load_withdraw_all();
        again = vm == vm_update() || slots_stopped(vm, was, cause);

        /* At once: SG_HC_RESTART comes before all of it, and is refused, or after. One that has
         * FAILED does not start. */
        spin_lock(&vm->lock);
        vm->crashes += is_crash(vm, was, cause);
        used_up = vm->crashes > vm->desc->restart_limit;
        vm->slot = SG_SLOT_NONE;
        vm->requests = again ? VM_REQUEST_START : 0;
        if (used_up) {
                hv_log("VM %s: its restarts are used up", vm->desc->name);
                vm_move(vm, SG_VM_FAILED, cause);
        }
        spin_unlock(&vm->lock);
}

static void start_update(struct vm *vm)
{
        events_reset();
        load_update(vm);
        spin_lock(&vm->lock);
        vm_move(vm, SG_VM_RUNNING, SG_CAUSE_NONE);
        spin_unlock(&vm->lock);
        vm_beat(vm);
        /* How updates ended while it was away, and what its predecessor was asked for and did not
         * begin. */
        for (unsigned i = 0; i < VM_MAX; i++) {
                const struct vm *other = vm_by_index(i);

                if (!other)
                        continue;
                slots_tell_outcome(other);
                if (other->life.state == SG_VM_STOPPED && other->slot != SG_SLOT_NONE)
                        event_send(SG_EV_LOAD_WANTED, i, other->slot, 0);
        }
}

/* Nothing else wakes this core if nobody begins. */
static void want_load(struct vm *vm)
{
        vm_limit_start(vm);
        event_send(SG_EV_LOAD_WANTED, vm->index, vm->slot, 0);
}

/* A start that was asked for since then looks again. */
static void nothing_due(struct vm *vm)
{
        hv_log("VM %s: neither slot can be started", vm->desc->name);
        spin_lock(&vm->lock);
        if (!(vm->requests & VM_REQUEST_START))
                vm_move(vm, SG_VM_FAILED, vm->life.cause);
        spin_unlock(&vm->lock);
}

static void start_guest(struct vm *vm)
{
        uint8_t slot = slots_due(vm);

        if (slot == SG_SLOT_NONE) {
                nothing_due(vm);
                return;
        }
        spin_lock(&vm->lock);
        vm->slot = slot;
        spin_unlock(&vm->lock);
        if (load_has_resident(vm))
                load_resident(vm);
        else
                want_load(vm);
}

static void start(struct vm *vm)
{
        if (vm->life.state == SG_VM_CREATED) {
                spin_lock(&vm->lock);
                vm_move(vm, SG_VM_STOPPED, SG_CAUSE_NONE);
                spin_unlock(&vm->lock);
        }
        if (vm->life.state != SG_VM_STOPPED)
                return;
        if (vm == vm_update())
                start_update(vm);
        else
                start_guest(vm);
        if (vm->start_next)
                vm_ask(vm->start_next, VM_REQUEST_START);
        vm->start_next = NULL;
}

static bool all_parked(struct vm *vm)
{
        bool all;

        spin_lock(&vm->lock);
        all = vm->parked == vm->vcpu_count;
        spin_unlock(&vm->lock);
        return all;
}

static bool take_request(struct vm *vm, enum vm_request request)
{
        bool taken;

        spin_lock(&vm->lock);
        taken = vm->requests & request;
        vm->requests &= ~(uint32_t)request;
        spin_unlock(&vm->lock);
        return taken;
}

bool vm_work(struct vm *vm)
{
        static const struct {
                enum vm_request request;
                void (*work)(struct vm *vm);
        } works[] = {
                {VM_REQUEST_START, start},
                {VM_REQUEST_SCRUB, load_scrub_and_lend},
                {VM_REQUEST_VERIFY, load_place_bootfw},
        };
        uint32_t requests = __atomic_load_n(&vm->requests, __ATOMIC_ACQUIRE);

        if (requests & VM_REQUEST_STOP) {
                if (!all_parked(vm))
                        return false;
                settle(vm);
                return true;
        }
        for (size_t i = 0; requests && i < sizeof(works) / sizeof(works[0]); i++) {
                if (take_request(vm, works[i].request)) {
                        works[i].work(vm);
                        return true;
                }
        }
        return false;
}

static void dump_line(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void dump_line(const char *fmt, ...)
{
        char line[LOG_LINE_MAX];
        va_list args;

        va_start(args, fmt);
        log_format(line, sizeof(line), fmt, args);
        va_end(args);
        hv_log("  %s", line);
}

#define DUMP_LINES 12

void vm_dump(const struct vcpu *vcpu)
{
        const struct vcpu_regs *r = &vcpu->regs;

        hv_log("VM %s, vCPU %u on core %u: pc %016lx, pstate %lx", vcpu->vm->desc->name,
               vcpu->index, vcpu->cpu, r->pc, r->pstate);
        for (unsigned i = 0; i < 30; i += 3)
                hv_log("  x%-2u %016lx  x%-2u %016lx  x%-2u %016lx", i, r->x[i], i + 1, r->x[i + 1],
                       i + 2, r->x[i + 2]);
        hv_log("  x30 %016lx", r->x[30]);
        vcpu_dump_el1();
        stage2_dump(&vcpu->vm->stage2, DUMP_LINES, dump_line);
}
