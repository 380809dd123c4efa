// SPDX-License-Identifier: Apache-2.0
/* The event queue towards update: order, level of the interrupt, overflow. */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "hv/vm/events.h"
#include "tests/unit/fake_arch/fake_vm.h"

static int setup(void **state)
{
        (void)state;
        fake_system_reset();
        events_reset();
        return 0;
}

static void first_in_first_out(void **state)
{
        struct event e;

        (void)state;
        assert_false(fake.level);
        assert_false(event_next(&e));
        event_send(SG_EV_AGENT, 2, 3, 4);
        assert_true(fake.level);
        fake.now = 2000;
        event_send(SG_EV_STARTED, 1, 5, 6);
        assert_true(event_next(&e));
        assert_int_equal(e.kind, SG_EV_AGENT);
        assert_int_equal(e.vm, 2);
        assert_int_equal(e.arg[0], 3);
        assert_int_equal(e.arg[1], 4);
        assert_int_equal(e.time, 1000);
        assert_true(fake.level);
        assert_true(event_next(&e));
        assert_int_equal(e.kind, SG_EV_STARTED);
        assert_int_equal(e.time, 2000);
        assert_false(fake.level);
        assert_false(event_next(&e));
}

/* Takes all; checks that arg[0] counts up by one but for one gap, where OVERFLOW stands. */
static unsigned drain(uint64_t *next, unsigned *overflows)
{
        struct event e;
        unsigned taken = 0;

        while (event_next(&e)) {
                taken++;
                if (e.kind == SG_EV_OVERFLOW) {
                        (*overflows)++;
                        continue;
                }
                assert_int_equal(e.arg[0], *next);
                (*next)++;
        }
        return taken;
}

static void overflow_stands_where_events_are_missing(void **state)
{
        uint64_t next = 0;
        unsigned overflows = 0;

        (void)state;
        for (unsigned i = 0; i < 1000; i++)
                event_send(SG_EV_AGENT, 1, i, 0);
        assert_true(drain(&next, &overflows) >= 64);
        assert_int_equal(overflows, 1);
        assert_false(fake.level);

        next = 1000;
        event_send(SG_EV_AGENT, 1, 1000, 0);
        assert_int_equal(drain(&next, &overflows), 1);
        assert_int_equal(overflows, 1);
}

static void reset_forgets_everything(void **state)
{
        struct event e;

        (void)state;
        event_send(SG_EV_AGENT, 1, 0, 0);
        events_reset();
        assert_false(fake.level);
        assert_false(event_next(&e));
}

#define SENDERS 2
#define EACH    100 /* ticket locks are slow where threads share a core */

static bool done;

static void *sender(void *arg)
{
        for (unsigned i = 0; i < EACH; i++)
                event_send(SG_EV_AGENT, (unsigned)(uintptr_t)arg, i, 0);
        return NULL;
}

static void *receiver(void *arg)
{
        uint64_t *last = arg; /* per sender, one more than the last seen */
        struct event e;

        for (;;) {
                bool over = __atomic_load_n(&done, __ATOMIC_ACQUIRE);

                while (event_next(&e)) {
                        if (e.kind == SG_EV_OVERFLOW)
                                continue;
                        assert_true(e.arg[0] + 1 > last[e.vm]);
                        last[e.vm] = e.arg[0] + 1;
                }
                if (over)
                        return NULL;
                sched_yield();
        }
}

/* However cores race, the line is low at the end and was not while an event waited for ever. */
static void many_cores(void **state)
{
        static uint64_t last[SENDERS];
        pthread_t senders[SENDERS];
        pthread_t reader;

        (void)state;
        done = false;
        pthread_create(&reader, NULL, receiver, last);
        for (uintptr_t i = 0; i < SENDERS; i++)
                pthread_create(&senders[i], NULL, sender, (void *)i);
        for (unsigned i = 0; i < SENDERS; i++)
                pthread_join(senders[i], NULL);
        __atomic_store_n(&done, true, __ATOMIC_RELEASE);
        pthread_join(reader, NULL);
        assert_false(fake.level);
        event_send(SG_EV_AGENT, 0, EACH, 0);
        assert_true(fake.level);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup(first_in_first_out, setup),
                cmocka_unit_test_setup(overflow_stands_where_events_are_missing, setup),
                cmocka_unit_test_setup(reset_forgets_everything, setup),
                cmocka_unit_test_setup(many_cores, setup),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
