/* SPDX-License-Identifier: Apache-2.0 */
/* How long a guest was away, from hv's events and its agent's hello. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "updater/el1/boots.h"

static struct boots boots;
static struct boot done;

static int set_up(void **state)
{
        (void)state;
        memset(&boots, 0, sizeof(boots));
        memset(&done, 0, sizeof(done));
        return 0;
}

static void happens(enum sg_event kind, uint64_t a, uint64_t b, uint64_t ticks)
{
        const struct hv_event event = {.kind = kind, .vm = 2, .a = a, .b = b, .ticks = ticks};

        boots_event(&boots, &event);
}

static bool says(const char *text)
{
        return boots_agent_bytes(&boots, text, strlen(text), &done);
}

static void starts(uint64_t at, uint32_t slot, bool trial)
{
        happens(SG_EV_LOAD_WANTED, slot, 0, at);
        happens(SG_EV_LOADABLE, 0x1000, 0x1000, at + 10);
        happens(SG_EV_VM_STATE, SG_VM_VERIFYING, 0, at + 20);
        happens(SG_EV_STARTED, slot, trial, at + 30);
        happens(SG_EV_VM_STATE, trial ? SG_VM_TRIAL : SG_VM_RUNNING, 0, at + 30);
}

static void a_cold_start_counts_from_when_it_was_due(void **state)
{
        (void)state;
        starts(100, 0, false);
        assert_false(says("hel"));
        assert_true(says("lo 6.1.0\nalive\n"));
        assert_int_equal(done.since, 100);
        assert_int_equal(done.lent, 110);
        assert_int_equal(done.loaded, 120);
        assert_int_equal(done.entered, 130);
        assert_false(done.trial);
}

static void a_restart_counts_from_the_stop(void **state)
{
        (void)state;
        starts(100, 0, false);
        says("hello 1\n");
        happens(SG_EV_VM_STATE, SG_VM_STOPPED, SG_CAUSE_RESTART, 1000);
        starts(1005, 1, true);
        assert_true(says("hello 2\n"));
        assert_int_equal(done.since, 1000);
        assert_int_equal(done.slot, 1);
        assert_true(done.trial);
}

static void tries_that_fail_make_the_absence_longer(void **state)
{
        (void)state;
        happens(SG_EV_VM_STATE, SG_VM_STOPPED, SG_CAUSE_RESTART, 1000);
        starts(1005, 1, true);
        happens(SG_EV_VM_STATE, SG_VM_STOPPED, SG_CAUSE_RESET, 2000);
        starts(2005, 0, false);
        assert_true(says("hello 1\n"));
        assert_int_equal(done.since, 1000);
        assert_int_equal(done.entered, 2035);
}

static void only_the_first_hello_counts(void **state)
{
        (void)state;
        starts(100, 0, false);
        assert_true(says("hello 1\n"));
        assert_false(says("hello 1\n"));
}

static void a_line_cut_by_the_stop_does_not_spoil_the_next(void **state)
{
        (void)state;
        starts(100, 0, false);
        says("hello 1\nali");
        happens(SG_EV_VM_STATE, SG_VM_STOPPED, SG_CAUSE_RESET, 1000);
        starts(1005, 0, false);
        assert_true(says("hello 1\n"));
}

static void a_guest_older_than_this_program_is_not_measured(void **state)
{
        (void)state;
        assert_false(says("hello 1\n"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup(a_cold_start_counts_from_when_it_was_due, set_up),
                cmocka_unit_test_setup(a_restart_counts_from_the_stop, set_up),
                cmocka_unit_test_setup(tries_that_fail_make_the_absence_longer, set_up),
                cmocka_unit_test_setup(only_the_first_hello_counts, set_up),
                cmocka_unit_test_setup(a_line_cut_by_the_stop_does_not_spoil_the_next, set_up),
                cmocka_unit_test_setup(a_guest_older_than_this_program_is_not_measured, set_up),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
