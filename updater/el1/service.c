/* SPDX-License-Identifier: Apache-2.0 */
#include "updater/el1/service.h"

#include <stdio.h>

#include "updater/el1/beat.h"
#include "updater/el1/clock.h"
#include "updater/el1/event_queue.h"
#include "updater/el1/fault.h"
#include "updater/el1/gic.h"
#include "updater/el1/guests.h"
#include "updater/el1/hv_calls.h"
#include "updater/el1/loads.h"
#include "updater/el1/ram.h"
#include "updater/el1/statistics.h"
#include "updater/engine.h"

#define ARENA_SIZE  (24u << 20)
#define ARENA_ALIGN 4096
#define AGENT_TURN  26 /* reads of a channel in one turn: about as much as hv keeps of it */
#define RAM_LIMIT   (ARENA_SIZE - ENGINE_ARENA_MIN) /* for a delta's decoder */

static struct {
        struct guests guests;
        struct event_queue queue;
        struct engine_config config;
        struct engine *engine;
        enum engine_state seen; /* of the engine, when last looked at */
        bool measured;          /* an outcome of this package was measured */
} service;

static sg_err port_agent_send(void *ctx, uint32_t vm, const char *line)
{
        struct guest *guest = guests_find(&service.guests, vm);

        (void)ctx;
        return guest == NULL ? SG_E_BAD_ARGUMENT : agent_tx_line(&guest->tx, line, clock_ms());
}

static uint64_t port_now_ms(void *ctx)
{
        (void)ctx;
        return clock_ms();
}

static uint64_t port_ticks(void *ctx)
{
        (void)ctx;
        return clock_ticks();
}

static void port_event(void *ctx, const char *line)
{
        (void)ctx;
        printf("%s\n", line);
}

static struct ports ports = {
        .agent_send = port_agent_send,
        .now_ms = port_now_ms,
        .ticks = port_ticks,
        .event = port_event,
};

static void measure_exits(void)
{
        for (unsigned i = 0; i < service.guests.count; i++) {
                const struct guest *guest = &service.guests.guest[i];

                statistics_exits(guest->vm->name, guest->vm->index, clock_ticks());
        }
}

static void measure(void)
{
        measure_exits();
        for (unsigned i = 0; i < service.guests.count; i++) {
                struct guest *guest = &service.guests.guest[i];

                statistics_beats(guest->vm->name, guest->vm->index, clock_ticks());
                if (guest->vm->agent) {
                        /* Without room for the line the guest does not read: no answer either. */
                        agent_tx_line(&guest->tx, "beats?", clock_ms());
                }
        }
}

static bool is_outcome(enum engine_state state)
{
        return state >= ENGINE_CONFIRMED;
}

/*
 * Has the statistics printed at the outcome of each target, and for a package that was looked at
 * without one (refused, or nothing in it for us). The exits are told at the begin of the work, too:
 * what an update cost the others is the difference.
 */
static void watch_engine(void)
{
        const enum engine_state before = service.seen;
        const enum engine_state state = engine_state(service.engine);

        if (state == before) {
                return;
        }
        service.seen = state;
        if (is_outcome(state)) {
                service.measured = true;
                measure();
        } else if (state == ENGINE_APPLYING) {
                measure_exits();
        } else if (state == ENGINE_IDLE && !is_outcome(before)) {
                if (!service.measured) {
                        measure();
                }
                service.measured = false;
        }
}

static void hear(struct guest *guest, const char *bytes, size_t count)
{
        struct boot boot;

        engine_agent_bytes(service.engine, guest->vm->index, bytes, count);
        if (boots_agent_bytes(&guest->boots, bytes, count, &boot)) {
                statistics_boot(guest->vm->name, guest->vm->index, &boot, clock_ticks());
        }
}

/* Reads until the channel is empty, or until it is another's turn: a guest may write faster. */
static void read_agent(struct guest *guest)
{
        char bytes[HV_CALLS_AGENT_MAX];

        for (unsigned turn = 0; turn < AGENT_TURN; turn++) {
                const size_t count = hv_calls_agent_read(guest->vm->index, bytes);

                if (count == 0) {
                        guest->unread = false;
                        return;
                }
                hear(guest, bytes, count);
        }
        guest->unread = true;
}

/* What the channels still hold; true when there is more. */
static bool read_agents(void)
{
        bool more = false;

        for (unsigned i = 0; i < service.guests.count; i++) {
                struct guest *guest = &service.guests.guest[i];

                if (guest->unread) {
                        read_agent(guest);
                        more |= guest->unread;
                }
        }
        return more;
}

/* hv tells of new bytes only when the old ones were read: after a loss all must be looked at. */
static void suspect_agents(void)
{
        for (unsigned i = 0; i < service.guests.count; i++) {
                service.guests.guest[i].unread = true;
        }
}

static void on_state(struct guest *guest, enum sg_vm_state state)
{
        if (state != SG_VM_LOADING && loader_busy(&guest->loader)) {
                loader_withdrawn(&guest->loader);
        }
        if (state == SG_VM_STOPPED || state == SG_VM_FAILED) {
                agent_tx_reset(&guest->tx);
        }
}

static void on_guest_event(struct guest *guest, const struct hv_event *event)
{
        boots_event(&guest->boots, event);
        switch (event->kind) {
        case SG_EV_VM_STATE:
                on_state(guest, (enum sg_vm_state)event->a);
                break;
        case SG_EV_LOAD_WANTED:
                loads_want(guest);
                break;
        case SG_EV_LOADABLE:
                loader_lent(&guest->loader, event->a, event->b);
                break;
        case SG_EV_AGENT:
                guest->unread = true;
                break;
        case SG_EV_LOAD_FAULT:
                panic("%s: touched a region that is no longer lent", guest->vm->name);
        default:
                break;
        }
}

static void handle_events(void)
{
        struct hv_event event;

        while (event_queue_take(&service.queue, &event)) {
                struct guest *guest = guests_find(&service.guests, event.vm);

                if (event.kind == SG_EV_OVERFLOW) {
                        printf("events were lost, asking hv about every guest\n");
                        loads_ask(&service.guests);
                        suspect_agents();
                } else if (guest != NULL) {
                        on_guest_event(guest, &event);
                }
                engine_hv_event(service.engine, event.kind, event.vm, event.a, event.b);
                watch_engine();
        }
}

/* The event interrupt: high as long as hv has an event. */
static void fetch_events(void *ctx)
{
        struct hv_event event;

        (void)ctx;
        for (unsigned i = 0; i < EVENT_QUEUE_SIZE && hv_calls_next_event(&event); i++) {
                event_queue_put(&service.queue, &event);
        }
}

/* Hands over what agents have room for; returns when that is due again, in milliseconds. */
static uint64_t flush_agents(void)
{
        const uint64_t now = clock_ms();
        uint64_t next = UINT64_MAX;

        for (unsigned i = 0; i < service.guests.count; i++) {
                struct agent_tx *tx = &service.guests.guest[i].tx;

                if (agent_tx_deadline_ms(tx) <= now) {
                        agent_tx_flush(tx, now);
                }
                if (agent_tx_deadline_ms(tx) < next) {
                        next = agent_tx_deadline_ms(tx);
                }
        }
        return next;
}

/* Everything that is due, a piece of the long work included; true when there is more. */
static bool work(void)
{
        bool more;

        irq_poll();
        handle_events();
        more = read_agents();
        watch_engine();
        more |= loads_step(&service.guests) || engine_step(service.engine) == ENGINE_BUSY;
        watch_engine();
        return more || service.queue.count != 0;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
        return a < b ? a : b;
}

static void start_engine(const struct platform *platform)
{
        void *arena = ram_take(ARENA_SIZE, ARENA_ALIGN);
        sg_err err;

        service.config = (struct engine_config){.product = platform->product,
                                                .root = platform->root,
                                                .root_size = platform->root_size,
                                                .inbox = &service.guests.inbox,
                                                .journal = &service.guests.journal,
                                                .guests = service.guests.slots,
                                                .guest_count = service.guests.count,
                                                .ram_limit = RAM_LIMIT};
        ports.hv = hv_calls_ops;
        err = engine_init(&service.engine, &service.config, &ports, arena, ARENA_SIZE);
        if (err != SG_OK) {
                panic("engine: error %d: %s", (int)err, sg_strerror(err));
        }
        engine_start(service.engine);
        service.seen = engine_state(service.engine);
}

void service_run(const struct platform *platform, const struct sector_device *disk)
{
        guests_open(&service.guests, platform, disk);
        irq_attach(GIC_SPI(SG_UPDATE_SPI), fetch_events, NULL);
        loads_ask(&service.guests);
        start_engine(platform);
        suspect_agents();
        for (;;) {
                const bool more = work();
                const uint64_t due = earlier(flush_agents(), beat());

                if (!more) {
                        /* One more, as milliseconds are rounded down. */
                        clock_wait_until(clock_ticks_of_ms(
                                earlier(due, engine_deadline_ms(service.engine)) + 1));
                }
        }
}
