// SPDX-License-Identifier: Apache-2.0
/*
 * hv's slots and boot state where there is nothing to do, or where it cannot be done: what is not
 * written, not told and not logged then. `personal` has a state, `rt` has none.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bootflow/journal.h"
#include "hv/vm/boot_state.h"
#include "hv/vm/events.h"
#include "hv/vm/slots.h"
#include "tests/unit/fake_arch/fake_vm.h"
#include "tests/unit/strict_nor.h"

#define COUNTER 5u

static struct nor nor;
static struct vm *rt, *personal;

static const uint64_t digest_a[4] = {1}, digest_b[4] = {2};

static struct bf_image_id image_a(void)
{
        return (struct bf_image_id){.counter = COUNTER, .digest = {1}};
}

static int setup(void **state)
{
        static struct bf_journal journal;
        struct bf_initial initial = {.vm = 2};
        const struct bf_image_id a = image_a();

        (void)state;
        fake_system_reset();
        rt = &fake.vm[FAKE_RT];
        personal = &fake.vm[FAKE_PERSONAL];
        personal->slot = 0;
        assert_int_equal(bf_provision(&initial.guest, &a, NULL), SG_OK);
        nor_init(&nor, 4096, 4, 4);
        assert_int_equal(bf_journal_format(&journal, &nor.flash, &initial, 1), SG_OK);
        rt->desc = &fake.desc[FAKE_UPDATE]; /* at power-on nobody asks for a state of its */
        slots_init(&nor.flash);
        rt->desc = &fake.desc[FAKE_RT];
        events_reset();
        return 0;
}

static void expect_event(enum sg_event kind, uint64_t arg0, uint64_t arg1)
{
        struct event e;

        assert_true(event_next(&e));
        assert_int_equal(e.kind, kind);
        assert_int_equal(e.arg[0], arg0);
        assert_int_equal(e.arg[1], arg1);
}

static void expect_no_event(void)
{
        struct event e;

        assert_false(event_next(&e));
}

static void stage_b(void)
{
        assert_int_equal(slots_open(personal, 1, COUNTER, digest_b), SG_HC_OK);
        assert_int_equal(slots_stage(personal, 1, COUNTER, digest_b), SG_HC_OK);
        personal->slot = 1;
}

static enum slots_verdict report(uint64_t error, uint64_t counter, const uint64_t digest[4])
{
        struct boot_report r = {.error = error, .counter = counter};
        uint64_t token;

        memcpy(r.digest, digest, sizeof(r.digest));
        return slots_report(personal, &r, &token);
}

static void power_cycle(void)
{
        fake.log[0] = '\0';
        slots_init(&nor.flash);
        events_reset();
}

/* ---- Power-on ---- */

static void a_quiet_power_on_logs_nothing(void **state)
{
        (void)state;
        assert_string_equal(fake.log, "");
        assert_int_equal(slots_open(personal, 1, COUNTER, digest_b), SG_HC_OK);
        assert_string_equal(fake.log, "");
        assert_int_equal(slots_due(personal), 0);
        assert_string_equal(fake.log, "");
}

static void an_interrupted_trial_is_logged(void **state)
{
        (void)state;
        stage_b();
        for (unsigned cut = 1; cut <= 10; cut++) {
                assert_int_equal(report(0, COUNTER, digest_b), SLOTS_START_TRIAL);
                rt->desc = &fake.desc[FAKE_UPDATE];
                power_cycle();
                rt->desc = &fake.desc[FAKE_RT];
                assert_non_null(strstr(fake.log, "power went off during its trial"));
                assert_int_equal(strstr(fake.log, "given up") != NULL, cut == 10);
        }
}

static void an_interruption_that_cannot_be_written_is_logged(void **state)
{
        (void)state;
        stage_b();
        assert_int_equal(report(0, COUNTER, digest_b), SLOTS_START_TRIAL);
        nor_stop(&nor, 1, NOR_NOTHING, true);
        rt->desc = &fake.desc[FAKE_UPDATE];
        power_cycle();
        rt->desc = &fake.desc[FAKE_RT];
        assert_non_null(strstr(fake.log, "VM personal: boot state: error 101"));
}

static void a_guest_without_a_state_is_told_apart(void **state)
{
        struct bf_guest g;
        bf_refused refused;

        (void)state;
        assert_int_equal(boot_state_read(rt, &g, &refused), SG_E_STATE_NO_GUEST);
        personal->desc = &fake.desc[FAKE_UPDATE];
        power_cycle();
        personal->desc = &fake.desc[FAKE_PERSONAL];
        assert_non_null(strstr(fake.log, "VM rt: boot state: error 607"));
        assert_int_equal(slots_due(rt), SG_SLOT_NONE);
        assert_non_null(strstr(fake.log, "nothing to start: error 607"));
        uint64_t written = nor.operations;
        assert_int_equal(slots_open(rt, 1, COUNTER, digest_b), SG_HC_BAD_STATE);
        assert_int_equal(nor.operations, written);
        assert_false(slots_is_resident(rt));
        assert_false(slots_stopped(rt, SG_VM_RUNNING, SG_CAUSE_OFF));
        slots_tell_outcome(rt);
        expect_no_event();
}

static void a_blank_bank_is_logged_once(void **state)
{
        (void)state;
        nor_init(&nor, 4096, 4, 4);
        power_cycle();
        assert_int_equal(strncmp(fake.log, "boot state: error 601", 21), 0);
}

static void both_slots_bad_is_logged(void **state)
{
        (void)state;
        assert_int_equal(report(SG_E_IMAGE_HASH, 0, digest_a), SLOTS_REFUSED);
        assert_int_equal(slots_due(personal), SG_SLOT_NONE);
        assert_non_null(strstr(fake.log, "no slot holds an image"));
}

/* ---- Erasing ahead ---- */

static void the_spare_block_is_erased_in_steps(void **state)
{
        unsigned steps = 0;

        (void)state;
        assert_true(slots_background_wanted());
        while (slots_background())
                steps++;
        assert_int_equal(steps, NOR_ERASE_STEPS);
        assert_false(slots_background_wanted());
        assert_false(slots_background());
        assert_int_equal(slots_open(personal, 1, COUNTER, digest_b), SG_HC_OK);
        assert_true(slots_background_wanted());
}

static void an_erase_that_fails_waits_for_the_next_write(void **state)
{
        (void)state;
        nor_stop(&nor, 1, NOR_NOTHING, false);
        while (slots_background())
                assert_string_equal(fake.log, "");
        assert_non_null(strstr(fake.log, "cannot erase ahead"));
        assert_false(slots_background_wanted());
        assert_int_equal(slots_open(personal, 1, COUNTER, digest_b), SG_HC_OK);
        assert_true(slots_background_wanted());
}

/* ---- Calls and reports ---- */

static void a_refused_call_forgives_no_slot(void **state)
{
        struct bf_guest g;
        bf_refused refused;

        (void)state;
        assert_int_equal(report(SG_E_IMAGE_HASH, 0, digest_a), SLOTS_REFUSED);
        assert_int_equal(slots_open(personal, 0, COUNTER - 1, digest_b), SG_HC_DOWNGRADE);
        assert_int_equal(boot_state_read(personal, &g, &refused), SG_OK);
        assert_int_equal(refused, BF_REFUSED(0));
}

static void what_bootfw_reports_is_passed_on_when_it_can_be(void **state)
{
        (void)state;
        assert_int_equal(report(1ull << 32, COUNTER, digest_a), SLOTS_REFUSED);
        expect_event(SG_EV_REFUSED, 0, SG_E_BAD_ARGUMENT);
        assert_int_equal(report(SG_E_IMAGE_HASH, 1ull << 32, digest_a), SLOTS_REFUSED);
        expect_event(SG_EV_REFUSED, 0, SG_E_IMAGE_HASH);
        power_cycle();
        assert_int_equal(report(0, 1ull << 32 | COUNTER, digest_a), SLOTS_REFUSED);
        expect_event(SG_EV_REFUSED, 0, SG_E_SLOT_MISMATCH);
        expect_no_event();
}

static void an_image_that_cannot_be_given_up_is_not_told_to_be(void **state)
{
        (void)state;
        stage_b();
        events_reset();
        nor_stop(&nor, 1, NOR_NOTHING, true);
        assert_int_equal(report(SG_E_IMAGE_HASH, 0, digest_b), SLOTS_REFUSED);
        expect_event(SG_EV_REFUSED, 1, SG_E_IMAGE_HASH);
        expect_no_event();
}

static void a_confirm_that_cannot_be_written_is_not_told(void **state)
{
        struct boot_report r = {.counter = COUNTER, .digest = {2}};
        uint64_t token;

        (void)state;
        stage_b();
        assert_int_equal(slots_report(personal, &r, &token), SLOTS_START_TRIAL);
        personal->life.state = SG_VM_TRIAL;
        events_reset();
        fake.calls = 0;
        nor_stop(&nor, 1, NOR_NOTHING, true);
        assert_int_equal(slots_confirm(personal, token), SG_HC_STORAGE);
        assert_int_equal(fake.calls, 0);
        expect_no_event();
}

static void only_a_rollback_is_told_again(void **state)
{
        (void)state;
        stage_b();
        assert_int_equal(slots_unstage(personal, 1), SG_HC_OK);
        slots_tell_outcome(personal);
        expect_no_event();
        assert_int_equal(slots_stage(personal, 1, COUNTER, digest_b), SG_HC_OK);
        assert_int_equal(report(SG_E_IMAGE_HASH, 0, digest_b), SLOTS_REFUSED);
        events_reset();
        slots_tell_outcome(personal);
        expect_event(SG_EV_ROLLED_BACK, 1, SG_CAUSE_VERIFY_FAILED);
        assert_int_equal(slots_reported(personal), SG_HC_OK);
        slots_tell_outcome(personal);
        expect_no_event();
}

/* ---- Stops ---- */

static void a_stop_that_is_nobodys_fault_refuses_no_slot(void **state)
{
        static const struct {
                enum sg_vm_state was;
                enum sg_cause cause;
        } rows[] = {
                {SG_VM_LOADING, SG_CAUSE_RESTART},   {SG_VM_LOADING, SG_CAUSE_DEADLINE},
                {SG_VM_VERIFYING, SG_CAUSE_RESTART}, {SG_VM_VERIFYING, SG_CAUSE_VERIFY_FAILED},
                {SG_VM_RUNNING, SG_CAUSE_FAULT},     {SG_VM_RUNNING, SG_CAUSE_LOAD_FAILED},
        };

        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                assert_true(slots_stopped(personal, rows[i].was, rows[i].cause));
                expect_no_event();
                assert_int_equal(slots_due(personal), 0);
        }
        assert_true(slots_stopped(personal, SG_VM_LOADING, SG_CAUSE_OFF));
}

static void nothing_is_resident_of_no_slot(void **state)
{
        (void)state;
        assert_int_equal(report(0, COUNTER, digest_a), SLOTS_START);
        assert_true(slots_is_resident(personal));
        personal->slot = SG_SLOT_NONE;
        assert_false(slots_is_resident(personal));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup(a_quiet_power_on_logs_nothing, setup),
                cmocka_unit_test_setup(an_interrupted_trial_is_logged, setup),
                cmocka_unit_test_setup(an_interruption_that_cannot_be_written_is_logged, setup),
                cmocka_unit_test_setup(a_guest_without_a_state_is_told_apart, setup),
                cmocka_unit_test_setup(a_blank_bank_is_logged_once, setup),
                cmocka_unit_test_setup(both_slots_bad_is_logged, setup),
                cmocka_unit_test_setup(the_spare_block_is_erased_in_steps, setup),
                cmocka_unit_test_setup(an_erase_that_fails_waits_for_the_next_write, setup),
                cmocka_unit_test_setup(a_refused_call_forgives_no_slot, setup),
                cmocka_unit_test_setup(what_bootfw_reports_is_passed_on_when_it_can_be, setup),
                cmocka_unit_test_setup(an_image_that_cannot_be_given_up_is_not_told_to_be, setup),
                cmocka_unit_test_setup(a_confirm_that_cannot_be_written_is_not_told, setup),
                cmocka_unit_test_setup(only_a_rollback_is_told_again, setup),
                cmocka_unit_test_setup(a_stop_that_is_nobodys_fault_refuses_no_slot, setup),
                cmocka_unit_test_setup(nothing_is_resident_of_no_slot, setup),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
