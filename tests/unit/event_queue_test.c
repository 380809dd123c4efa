/* SPDX-License-Identifier: Apache-2.0 */
/* hv's events between their interrupt and the main loop. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "updater/el1/event_queue.h"

static struct event_queue queue;

static int set_up(void **state)
{
        (void)state;
        memset(&queue, 0, sizeof(queue));
        return 0;
}

static void put(uint32_t vm)
{
        const struct hv_event event = {.kind = SG_EV_AGENT, .vm = vm, .ticks = vm};

        event_queue_put(&queue, &event);
}

static uint32_t take(enum sg_event kind)
{
        struct hv_event event;

        assert_true(event_queue_take(&queue, &event));
        assert_int_equal(event.kind, kind);
        return event.vm;
}

static void events_keep_their_order(void **state)
{
        struct hv_event event;

        (void)state;
        for (uint32_t round = 0; round < 3 * EVENT_QUEUE_SIZE; round++) {
                put(2 * round);
                put(2 * round + 1);
                assert_int_equal(take(SG_EV_AGENT), 2 * round);
                assert_int_equal(take(SG_EV_AGENT), 2 * round + 1);
        }
        assert_false(event_queue_take(&queue, &event));
}

static void a_full_queue_gives_way_to_overflow_and_goes_on(void **state)
{
        struct hv_event event;

        (void)state;
        for (uint32_t i = 0; i < EVENT_QUEUE_SIZE + 2; i++) {
                put(i);
        }
        take(SG_EV_OVERFLOW);
        assert_int_equal(take(SG_EV_AGENT), EVENT_QUEUE_SIZE);
        assert_int_equal(take(SG_EV_AGENT), EVENT_QUEUE_SIZE + 1);
        assert_false(event_queue_take(&queue, &event));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup(events_keep_their_order, set_up),
                cmocka_unit_test_setup(a_full_queue_gives_way_to_overflow_and_goes_on, set_up),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
