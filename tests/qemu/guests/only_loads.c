// SPDX-License-Identifier: Apache-2.0
#include "tests/qemu/guests/only_loads.h"

#include "updater/el1/beat.h"
#include "updater/el1/clock.h"
#include "updater/el1/gic.h"
#include "updater/el1/guests.h"
#include "updater/el1/hv_calls.h"
#include "updater/el1/loads.h"

static struct guests guests;
static struct event_queue queue;

static void fetch_events(void *ctx)
{
        struct hv_event event;

        (void)ctx;
        for (unsigned i = 0; i < EVENT_QUEUE_SIZE && hv_calls_next_event(&event); i++) {
                event_queue_put(&queue, &event);
        }
}

void only_loads_start(const struct platform *platform, const struct sector_device *disk)
{
        guests_open(&guests, platform, disk);
        irq_attach(GIC_SPI(SG_UPDATE_SPI), fetch_events, NULL);
        loads_ask(&guests);
}

static void carry(struct guest *guest, const struct hv_event *event)
{
        switch (event->kind) {
        case SG_EV_VM_STATE:
                if (event->a != SG_VM_LOADING && loader_busy(&guest->loader)) {
                        loader_withdrawn(&guest->loader);
                }
                break;
        case SG_EV_LOAD_WANTED:
                loads_want(guest);
                break;
        case SG_EV_LOADABLE:
                loader_lent(&guest->loader, event->a, event->b);
                break;
        default:
                break;
        }
}

bool only_loads_turn(struct hv_event *event)
{
        const uint64_t beat_due = beat();
        struct guest *guest;

        irq_poll();
        if (event_queue_take(&queue, event)) {
                guest = guests_find(&guests, event->vm);
                if (guest != NULL) {
                        carry(guest, event);
                }
                return true;
        }
        if (!loads_step(&guests)) {
                clock_wait_until(clock_ticks_of_ms(beat_due + 1));
        }
        return false;
}

bool only_loads_event(struct hv_event *event)
{
        irq_poll();
        return event_queue_take(&queue, event);
}

bool only_loads_busy(void)
{
        bool busy = false;

        for (unsigned i = 0; i < guests.count; i++) {
                busy |= loader_busy(&guests.guest[i].loader);
        }
        return busy;
}

const struct storage *only_loads_slot(uint32_t vm, uint32_t slot)
{
        return &guests.slots[guests_find(&guests, vm) - guests.guest].slot[slot];
}

const struct storage *only_loads_inbox(void)
{
        return &guests.inbox;
}

void only_loads_pause(uint64_t ms)
{
        const uint64_t end = clock_ticks() + clock_ticks_of_ms(ms);

        while (clock_ticks() < end) {
                beat();
                clock_wait_until(end);
        }
}
