// SPDX-License-Identifier: Apache-2.0
#include "hv/vm/events.h"

#include "hv/core/spinlock.h"
#include "hv/vm/timer.h"
#include "hv/vm/vm.h"

#define QUEUE_SIZE 128u
#define SPI_FIRST  32u /* INTID of SPI 0 */

/* The last free place is SG_EV_OVERFLOW's, so that it stands where events are missing. */
static struct {
        struct spinlock lock;
        struct event event[QUEUE_SIZE];
        uint32_t head;
        uint32_t count;
} queue;

static void push(const struct event *e)
{
        queue.event[(queue.head + queue.count) % QUEUE_SIZE] = *e;
        queue.count++;
}

static bool waiting(void)
{
        bool any;

        spin_lock(&queue.lock);
        any = queue.count != 0;
        spin_unlock(&queue.lock);
        return any;
}

/* The vGIC's lock is not taken under the queue's, so the queue may have changed when the line is
 * set; whoever set it last sees that and sets it right. */
static void update_line(void)
{
        bool level;

        do {
                level = waiting();
                vgic_set_level(&vm_update()->vgic, SPI_FIRST + SG_UPDATE_SPI, level);
        } while (level != waiting());
}

void event_send(enum sg_event kind, unsigned vm, uint64_t arg0, uint64_t arg1)
{
        struct event e = {.kind = kind, .vm = vm, .arg = {arg0, arg1}, .time = timer_now()};

        spin_lock(&queue.lock);
        if (queue.count < QUEUE_SIZE - 1)
                push(&e);
        else if (queue.count == QUEUE_SIZE - 1)
                push(&(struct event){.kind = SG_EV_OVERFLOW, .vm = SG_VM_SELF, .time = e.time});
        spin_unlock(&queue.lock);
        update_line();
}

bool event_next(struct event *out)
{
        bool any;

        spin_lock(&queue.lock);
        any = queue.count != 0;
        if (any) {
                *out = queue.event[queue.head];
                queue.head = (queue.head + 1) % QUEUE_SIZE;
                queue.count--;
        }
        spin_unlock(&queue.lock);
        update_line();
        return any;
}

void events_reset(void)
{
        spin_lock(&queue.lock);
        queue.head = 0;
        queue.count = 0;
        spin_unlock(&queue.lock);
        update_line();
}
