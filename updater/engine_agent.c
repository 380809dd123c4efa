/* SPDX-License-Identifier: Apache-2.0 */
/* What guests say on their agent channels, and what hv says happened to them. */
#include "updater/engine_internal.h"

#define LINES_PER_WINDOW 32 /* of one guest; more are ignored until the window ends */
#define WINDOW_MS        1000

/* The update under way is about that guest, and in one of these states. */
static bool is_job_in(const struct engine *e, uint32_t vm, enum engine_state first,
                      enum engine_state last)
{
        return e->checkpoint.job.present && e->checkpoint.job.vm == vm && e->state >= first &&
               e->state <= last;
}

static void reconcile(struct engine *e, uint32_t vm)
{
        if (is_job_in(e, vm, ENGINE_STAGED, ENGINE_TRIAL) && !engine_reconcile(e)) {
                engine_fail(e, SG_E_HV_REFUSED); /* hv no longer holds what it staged */
        }
}

static void on_hello(struct engine *e, const struct engine_guest *guest,
                     const struct agent_message *m)
{
        struct guest_state *g = engine_guest_state(e, guest);
        struct event_line l;

        event_begin(&l, EVENT_AGENT_HELLO, guest->name);
        event_text(&l, "release", m->release);
        engine_event(e, &l);
        if (g->rolled_back) {
                g->rolled_back = false;
                e->ports->agent_send(e->ports->ctx, guest->vm, "rolled back");
        }
        if (is_job_in(e, guest->vm, ENGINE_STAGED, ENGINE_STAGED)) {
                e->ask_ms = 0;
        }
}

/* hv alone judges the token. Images confirm at every start; outside of a trial nobody needs it. */
static void on_confirm(struct engine *e, const struct engine_guest *guest, uint64_t token)
{
        struct event_line l;
        struct vm_info vm = {SG_VM_FAILED, SG_SLOT_NONE};

        e->ports->hv.vm_info(e->ports->ctx, guest->vm, &vm);
        if (vm.state != SG_VM_TRIAL) {
                return;
        }
        int64_t result = e->ports->hv.confirm_for(e->ports->ctx, guest->vm, token);
        event_begin(&l, EVENT_CONFIRM_RELAYED, guest->name);
        event_i64(&l, "result", result);
        engine_event(e, &l);
        if (result == SG_HC_OK) {
                reconcile(e, guest->vm);
        }
}

static void on_beats(struct engine *e, const struct engine_guest *guest,
                     const struct agent_beats *b)
{
        struct event_line l;

        event_begin(&l, EVENT_AGENT_BEATS, guest->name);
        event_u64(&l, "count", b->count);
        event_u64(&l, "lost", b->lost);
        event_u64(&l, "worst_us", b->worst_us);
        event_u64(&l, "lt1ms", b->late[0]);
        event_u64(&l, "lt10ms", b->late[1]);
        event_u64(&l, "lt50ms", b->late[2]);
        event_u64(&l, "lt250ms", b->late[3]);
        engine_event(e, &l);
}

/* Told at each doubling: a guest that babbles does not fill the log. */
static void on_unknown(struct engine *e, const struct engine_guest *guest)
{
        struct guest_state *g = engine_guest_state(e, guest);
        struct event_line l;

        g->unknown_lines++;
        if ((g->unknown_lines & (g->unknown_lines - 1)) == 0) {
                event_begin(&l, EVENT_AGENT_UNKNOWN, guest->name);
                event_u64(&l, "count", g->unknown_lines);
                engine_event(e, &l);
        }
}

static void on_message(struct engine *e, const struct engine_guest *guest,
                       const struct agent_message *m)
{
        bool staged = is_job_in(e, guest->vm, ENGINE_STAGED, ENGINE_STAGED);

        switch (m->kind) {
        case AGENT_HELLO:
                on_hello(e, guest, m);
                break;
        case AGENT_CONFIRM:
                on_confirm(e, guest, m->token);
                break;
        case AGENT_READY:
                if (staged) {
                        engine_consent(e, "agent", false);
                }
                break;
        case AGENT_LATER:
                if (staged) {
                        engine_defer(e);
                }
                break;
        case AGENT_BEATS:
                on_beats(e, guest, &m->beats);
                break;
        case AGENT_UNKNOWN:
                on_unknown(e, guest);
                break;
        case AGENT_ALIVE:
        case AGENT_NONE:
                break;
        }
}

/* A guest that floods its channel costs itself its lines, nobody else their time. */
static bool within_rate(struct engine *e, struct guest_state *g)
{
        uint64_t now = engine_now(e);

        if (now - g->window_ms >= WINDOW_MS) {
                g->window_ms = now;
                g->window_lines = 0;
        }
        return ++g->window_lines <= LINES_PER_WINDOW;
}

void engine_agent_bytes(struct engine *e, uint32_t vm, const char *bytes, size_t count)
{
        const struct engine_guest *guest = engine_guest_by_vm(e, vm);
        struct agent_message m;

        if (guest == NULL) {
                return;
        }
        e->deadline_ms = 0;
        struct guest_state *g = engine_guest_state(e, guest);
        for (size_t i = 0; i < count; i++) {
                if (agent_feed(&g->rx, bytes[i], &m) != AGENT_NONE && within_rate(e, g)) {
                        on_message(e, guest, &m);
                }
        }
}

static void tell_two(struct engine *e, enum event_number number, const char *guest,
                     const char *field_a, uint64_t a, const char *field_b, uint64_t b)
{
        struct event_line l;

        event_begin(&l, number, guest);
        event_u64(&l, field_a, a);
        event_u64(&l, field_b, b);
        engine_event(e, &l);
}

static void on_vm_state(struct engine *e, uint32_t vm, uint64_t state, uint64_t cause)
{
        bool own = cause == SG_CAUSE_RESET || cause == SG_CAUSE_OFF;

        if (state == SG_VM_STOPPED && own && is_job_in(e, vm, ENGINE_STAGED, ENGINE_STAGED)) {
                engine_consent(e, "reset", true);
        }
}

static void on_started(struct engine *e, const struct engine_guest *guest, uint64_t slot,
                       uint64_t trial)
{
        struct guest_state *g = engine_guest_state(e, guest);

        g->confirmed_told = false;
        g->rx.length = 0;
        tell_two(e, EVENT_STARTED, guest->name, "slot", slot, "trial", trial);
}

/* A trial that the journal knows nothing of, confirmed. */
static void on_confirmed(struct engine *e, const struct engine_guest *guest, uint64_t slot)
{
        struct guest_state *g = engine_guest_state(e, guest);
        struct event_line l;

        if (g->confirmed_told || is_job_in(e, guest->vm, ENGINE_STAGED, ENGINE_TRIAL)) {
                return;
        }
        g->confirmed_told = true;
        event_begin(&l, EVENT_CONFIRMED, guest->name);
        event_u64(&l, "slot", slot);
        engine_event(e, &l);
        e->ports->agent_send(e->ports->ctx, guest->vm, "confirmed");
        e->ports->hv.reported(e->ports->ctx, guest->vm);
}

static void on_guest_event(struct engine *e, enum sg_event event, const struct engine_guest *guest,
                           uint64_t a, uint64_t b)
{
        switch (event) {
        case SG_EV_VM_STATE:
                on_vm_state(e, guest->vm, a, b);
                break;
        case SG_EV_STARTED:
                on_started(e, guest, a, b);
                break;
        case SG_EV_CONFIRMED:
                on_confirmed(e, guest, a);
                break;
        case SG_EV_TRY_SPENT:
                tell_two(e, EVENT_TRY_SPENT, guest->name, "left", a, "cause", b);
                break;
        case SG_EV_ROLLED_BACK:
                break; /* the slot says so, too */
        case SG_EV_REFUSED:
                tell_two(e, EVENT_IMAGE_REFUSED, guest->name, "slot", a, "error", b);
                break;
        case SG_EV_LOAD_WANTED:
        case SG_EV_LOADABLE:
        case SG_EV_AGENT:
        case SG_EV_LOAD_FAULT:
        case SG_EV_DMA_FAULT:
        case SG_EV_OVERFLOW:
                return;
        }
        engine_guest_state(e, guest)->refill_checked = false;
        reconcile(e, guest->vm);
}

void engine_hv_event(struct engine *e, enum sg_event event, uint32_t vm, uint64_t a, uint64_t b)
{
        const struct engine_guest *guest = engine_guest_by_vm(e, vm);

        e->deadline_ms = 0;
        if (event == SG_EV_OVERFLOW) {
                reconcile(e, e->checkpoint.job.vm);
        } else if (guest != NULL) {
                on_guest_event(e, event, guest, a, b);
        }
}
