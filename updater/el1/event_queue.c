/* SPDX-License-Identifier: Apache-2.0 */
#include "updater/el1/event_queue.h"

void event_queue_put(struct event_queue *queue, const struct hv_event *event)
{
        if (queue->count == EVENT_QUEUE_SIZE) {
                queue->count = 1;
                queue->events[queue->head] =
                        (struct hv_event){.kind = SG_EV_OVERFLOW, .ticks = event->ticks};
        }
        queue->events[(queue->head + queue->count) % EVENT_QUEUE_SIZE] = *event;
        queue->count++;
}

bool event_queue_take(struct event_queue *queue, struct hv_event *event)
{
        if (queue->count == 0) {
                return false;
        }
        *event = queue->events[queue->head];
        queue->head = (queue->head + 1) % EVENT_QUEUE_SIZE;
        queue->count--;
        return true;
}
