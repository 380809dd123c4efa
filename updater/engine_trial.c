/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From STAGED to the end. hv decides where the image stands; its slot information is asked whenever
 * something happened to the guest, so a lost event loses nothing. Only consent is decided here.
 */
#include "updater/engine_internal.h"

#include <string.h>

static const char *job_guest_name(const struct engine *e)
{
        return engine_job_guest(e)->name;
}

static void tell_rolled_back(struct engine *e, uint32_t cause)
{
        struct event_line l;

        event_begin(&l, EVENT_ROLLED_BACK, job_guest_name(e));
        event_u64(&l, "slot", e->checkpoint.job.slot);
        event_u64(&l, "cause", cause);
        engine_event(e, &l);
}

static void tell_slot(struct engine *e, enum event_number number)
{
        struct event_line l;

        event_begin(&l, number, job_guest_name(e));
        event_u64(&l, "slot", e->checkpoint.job.slot);
        if (number != EVENT_TRIAL) {
                event_text(&l, "version", e->checkpoint.job.version);
        }
        engine_event(e, &l);
}

/* The guest may put its restart off until then. The time runs from staging, also when the update
 * partition was restarted meanwhile; after a power cut the guest's start is the restart. */
static void set_consent_deadline(struct engine *e)
{
        uint64_t now = engine_now(e);
        uint64_t latest = now + engine_job_guest(e)->consent_deadline_ms;
        struct checkpoint_job *job = &e->checkpoint.job;

        if (job->consent_until_ms == 0 || job->consent_until_ms > latest) {
                job->consent_until_ms = latest;
                job->deferrals = 0;
                engine_save(e); /* without it the deadline begins anew after a restart */
        }
        e->ask_ms = now;
        e->asked = false;
}

void engine_staged(struct engine *e)
{
        if (engine_go(e, ENGINE_STAGED)) {
                tell_slot(e, EVENT_STAGED);
                set_consent_deadline(e);
        }
}

static void scheduled(struct engine *e, uint64_t restart_ms)
{
        if (engine_go(e, ENGINE_SCHEDULED)) {
                e->restart_ms = restart_ms;
                e->restart_tries = 0;
        }
}

static void confirmed(struct engine *e)
{
        const struct engine_guest *guest = engine_job_guest(e);

        if (engine_go(e, ENGINE_CONFIRMED)) {
                tell_slot(e, EVENT_CONFIRMED);
                engine_guest_state(e, guest)->confirmed_told = true;
                e->ports->agent_send(e->ports->ctx, guest->vm, "confirmed");
        }
}

static void rolled_back(struct engine *e, uint32_t cause)
{
        if (engine_go(e, ENGINE_ROLLED_BACK)) {
                tell_rolled_back(e, cause);
                engine_guest_state(e, engine_job_guest(e))->rolled_back = true;
                e->error = SG_E_ROLLED_BACK;
        }
}

/* hv holds it for the next start. At the engine's own start it has to be found out how far that is.
 */
static void on_trial(struct engine *e)
{
        const struct checkpoint_job *job = &e->checkpoint.job;
        struct vm_info vm = {SG_VM_FAILED, SG_SLOT_NONE};

        e->ports->hv.vm_info(e->ports->ctx, job->vm, &vm);
        if (vm.state == SG_VM_TRIAL) {
                if (e->state != ENGINE_TRIAL && engine_go(e, ENGINE_TRIAL)) {
                        tell_slot(e, EVENT_TRIAL);
                }
        } else if (e->state == ENGINE_IDLE || e->state == ENGINE_DOWNLOADING) {
                if (vm.state == SG_VM_RUNNING) {
                        engine_staged(e);
                } else {
                        scheduled(e, engine_now(e));
                }
        }
}

/* hv holds it still, but could not record its start: that waits for the next power-on. */
static bool is_passed_over(uint32_t flags)
{
        return (flags & SG_SLOT_F_FAILED) != 0 && (flags & SG_SLOT_F_TRIAL) != 0;
}

static void put_off(struct engine *e)
{
        if (e->state != ENGINE_IDLE) {
                engine_fail(e, SG_E_BOOT_STATE);
        }
}

bool engine_reconcile(struct engine *e)
{
        const struct checkpoint_job *job = &e->checkpoint.job;
        struct slot_info info;

        if (engine_slot_info(e, job->vm, job->slot, &info) != SG_HC_OK ||
            memcmp(info.digest, job->digest, sizeof(info.digest)) != 0) {
                return false;
        }
        if (is_passed_over(info.flags)) {
                put_off(e);
        } else if ((info.flags & SG_SLOT_F_FAILED) != 0) {
                rolled_back(e, info.cause);
        } else if ((info.flags & SG_SLOT_F_SUCCESSFUL) != 0) {
                confirmed(e);
        } else if ((info.flags & SG_SLOT_F_TRIAL) != 0) {
                on_trial(e);
        } else {
                return false;
        }
        return true;
}

void engine_consent(struct engine *e, const char *by, bool restarting)
{
        struct event_line l;

        event_begin(&l, EVENT_CONSENT_GIVEN, job_guest_name(e));
        event_text(&l, "by", by);
        engine_event(e, &l);
        scheduled(e, restarting ? NO_DEADLINE : engine_now(e));
}

static uint64_t consent_left(const struct engine *e)
{
        uint64_t now = engine_now(e);
        uint64_t until = e->checkpoint.job.consent_until_ms;

        return until > now ? until - now : 0;
}

/* "later" counts once per question, so that a guest that repeats it costs no journal writes. */
void engine_defer(struct engine *e)
{
        struct event_line l;

        if (!e->asked) {
                return;
        }
        e->asked = false;
        e->checkpoint.job.deferrals++;
        event_begin(&l, EVENT_CONSENT_DEFERRED, job_guest_name(e));
        event_u64(&l, "left_ms", consent_left(e));
        engine_event(e, &l);
        engine_save(e);
}

static void ask(struct engine *e)
{
        char line[AGENT_LINE_MAX + 1] = "update pending ";
        const struct engine_guest *guest = engine_job_guest(e);
        const char *version = e->checkpoint.job.version;
        struct event_line l;
        size_t n = strlen(line);

        for (; *version != '\0'; version++) {
                line[n++] = *version > ' ' && *version <= '~' ? *version : '_';
        }
        e->ports->agent_send(e->ports->ctx, guest->vm, line);
        e->ports->agent_send(e->ports->ctx, guest->vm, "reboot now?");
        e->asked = true;
        e->ask_ms = engine_now(e) + guest->consent_deadline_ms / ASK_PARTS + 1;
        event_begin(&l, EVENT_CONSENT_ASKED, guest->name);
        event_u64(&l, "left_ms", consent_left(e));
        engine_event(e, &l);
}

static enum sg_vm_state vm_state(const struct engine *e)
{
        struct vm_info vm = {SG_VM_RUNNING, SG_SLOT_NONE};

        e->ports->hv.vm_info(e->ports->ctx, e->checkpoint.job.vm, &vm);
        return vm.state;
}

enum engine_result engine_staged_step(struct engine *e)
{
        uint64_t now = engine_now(e);

        if (vm_state(e) == SG_VM_FAILED) { /* parked: the new image may be its remedy */
                engine_consent(e, "down", false);
                return ENGINE_BUSY;
        }
        if (!engine_job_guest(e)->has_agent || now >= e->checkpoint.job.consent_until_ms) {
                engine_consent(e, "deadline", false);
                return ENGINE_BUSY;
        }
        if (now >= e->ask_ms) {
                ask(e);
        }
        engine_wake_at(e, e->ask_ms);
        engine_wake_at(e, e->checkpoint.job.consent_until_ms);
        return ENGINE_WAITING;
}

static void tell_restart(struct engine *e, int64_t result)
{
        struct event_line l;

        event_begin(&l, EVENT_RESTART, job_guest_name(e));
        event_i64(&l, "result", result);
        engine_event(e, &l);
}

/* hv refuses a restart while it does something else for that guest: tried again, a bounded number
 * of times. */
static bool restart(struct engine *e)
{
        int64_t result = e->ports->hv.restart(e->ports->ctx, e->checkpoint.job.vm);

        tell_restart(e, result);
        e->restart_ms = result == SG_HC_OK ? NO_DEADLINE : engine_now(e) + RETRY_MS;
        return result == SG_HC_OK || ++e->restart_tries < RESTART_RETRIES;
}

/* A guest that is neither running nor parked is on its way already, by a reset of its own or a
 * power cut; its start comes as an event of hv. */
enum engine_result engine_scheduled_step(struct engine *e)
{
        enum sg_vm_state state = vm_state(e);
        bool stands = state == SG_VM_RUNNING || state == SG_VM_FAILED;

        if (stands && engine_now(e) >= e->restart_ms && !restart(e)) {
                engine_withdraw(e);
                engine_fail(e, SG_E_HV_REFUSED);
                return ENGINE_BUSY;
        }
        if (stands) {
                engine_wake_at(e, e->restart_ms);
        }
        return ENGINE_WAITING;
}

/* hv and the guest's agent carry it on; nothing is due here. */
enum engine_result engine_trial_step(struct engine *e)
{
        (void)e;
        return ENGINE_WAITING;
}

/* What may be better the next time: the journal keeps the job, and it is resumed after the next
 * start. */
static bool is_passing(sg_err error)
{
        return error == SG_E_IO || (error >= 500 && error < 600) || error == SG_E_JOURNAL ||
               error == SG_E_BOOT_STATE;
}

/* The guest is done with, for better or worse. */
static void close_target(struct engine *e, uint32_t vm, sg_err error)
{
        struct checkpoint *c = &e->checkpoint;

        c->done |= 1u << vm;
        if (c->error == 0) {
                c->error = (uint32_t)error;
        }
        memset(&c->job, 0, sizeof(c->job));
        e->no_delta = false;
        engine_save(e);
}

static void look_again(struct engine *e)
{
        e->peeked = false;
        e->look = true;
}

enum engine_result engine_end_step(struct engine *e)
{
        const struct engine_guest *guest =
                e->checkpoint.job.present ? engine_job_guest(e) : e->apply.guest;
        sg_err error = e->state == ENGINE_CONFIRMED ? SG_OK : e->error;

        if (e->state == ENGINE_CONFIRMED || e->state == ENGINE_ROLLED_BACK) {
                e->ports->hv.reported(e->ports->ctx, guest->vm);
        }
        if (error == SG_E_SUPERSEDED) {
                look_again(e); /* the other package is adopted next */
        } else if (error == SG_E_CANCELLED) {
                e->checkpoint.error = (uint32_t)error;
                engine_package_done(e);
        } else if (!e->package_refused && !is_passing(error)) {
                close_target(e, guest->vm, error);
                look_again(e); /* the package may have more targets */
        }
        e->package_refused = false;
        memset(&e->apply, 0, sizeof(e->apply));
        engine_go(e, ENGINE_IDLE);
        return ENGINE_BUSY;
}
