// SPDX-License-Identifier: Apache-2.0
/* Who may call what, with which arguments, and what comes out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/hypercall_rig.h"

static void who_is_there(void **state)
{
        (void)state;
        CALL(rt, SG_HC_CALL_UID, 0);
        assert_int_equal(result(rt, 0), SG_UID_0);
        assert_int_equal(result(rt, 1), SG_UID_1);
        assert_int_equal(result(rt, 2), SG_UID_2);
        assert_int_equal(result(rt, 3), SG_UID_3);
        assert_int_equal(CALL(rt, SG_HC_VERSION, 0), SG_HC_OK);
        assert_int_equal(result(rt, 1), SG_ABI_VERSION);
        assert_int_equal(result(rt, 2), 0xabc2);
}

/* ---- Refusals ---- */

struct snapshot {
        struct fake_system fake;
        uint8_t flash[NOR_BYTES_MAX];
        struct bf_guest guest[2];
        uint64_t operations;
};

static void take_snapshot(struct snapshot *s)
{
        memset(s, 0, sizeof(*s));
        s->fake = fake;
        for (unsigned i = 0; i < FAKE_VMS; i++)
                s->fake.vm[i].lock = (struct spinlock){0};
        memcpy(s->flash, nor.bytes, sizeof(s->flash));
        s->guest[0] = state_of(rt);
        s->guest[1] = state_of(personal);
        s->operations = nor.operations;
}

/* But for x0 of the caller and the log nothing may differ. */
static void expect_unchanged(struct snapshot *s, const struct vm *caller)
{
        static struct snapshot now;
        unsigned index = caller->index;

        take_snapshot(&now);
        memcpy(s->fake.log, now.fake.log, sizeof(now.fake.log));
        s->fake.vcpu[index][0].regs = now.fake.vcpu[index][0].regs;
        assert_memory_equal(&s->fake, &now.fake, sizeof(now.fake));
        assert_memory_equal(s->flash, now.flash, sizeof(now.flash));
        assert_memory_equal(s->guest, now.guest, sizeof(now.guest));
        assert_int_equal(s->operations, now.operations);
        for (unsigned i = 8; i < 31; i++)
                assert_int_equal(result(caller, i), 0xabc0 + i);
}

static void refuse(struct vm *caller, uint64_t function, const uint64_t args[7], int64_t expected)
{
        static struct snapshot before;

        take_snapshot(&before);
        assert_int_equal(call(caller, function, args, 7), expected);
        expect_unchanged(&before, caller);
        for (unsigned i = 0; i < 7; i++)
                assert_int_equal(result(caller, i + 1), args[i]);
}

static void guests_may_not_do_what_update_may(void **state)
{
        static const uint64_t updates_own[] = {
                SG_HC_EVENT_NEXT, SG_HC_LOAD_BEGIN,  SG_HC_LOAD_END,   SG_HC_LOAD_ABORT,
                SG_HC_STAGE,      SG_HC_UNSTAGE,     SG_HC_SLOT_OPEN,  SG_HC_RESTART,
                SG_HC_REFILL,     SG_HC_REPORTED,    SG_HC_BEAT,       SG_HC_AGENT_WRITE,
                SG_HC_AGENT_READ, SG_HC_CONFIRM_FOR, SG_HC_BOOT_REPORT};
        const uint64_t self[7] = {SG_VM_SELF, 1};
        const uint64_t other[7] = {1, 1};

        (void)state;
        event_send(SG_EV_AGENT, 1, 0, 0);
        for (size_t i = 0; i < sizeof(updates_own) / sizeof(updates_own[0]); i++) {
                refuse(personal, updates_own[i], self, SG_HC_DENIED);
                refuse(personal, updates_own[i], other, SG_HC_DENIED);
        }
        refuse(personal, SG_HC_VM_INFO, other, SG_HC_DENIED);
        refuse(personal, SG_HC_SLOT_INFO, other, SG_HC_DENIED);
        refuse(personal, SG_HC_COUNTER, other, SG_HC_DENIED);
        refuse(update, SG_HC_BOOT_REPORT, self, SG_HC_DENIED);
}

static void only_the_boot_vcpu_of_a_verifying_vm_reports(void **state)
{
        static const enum sg_vm_state others[] = {SG_VM_CREATED, SG_VM_STOPPED, SG_VM_LOADING,
                                                  SG_VM_RUNNING, SG_VM_TRIAL,   SG_VM_FAILED};
        struct vcpu *second = &personal->vcpu[1];
        const uint64_t args[7] = {0};

        (void)state;
        for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
                personal->life.state = others[i];
                refuse(personal, SG_HC_BOOT_REPORT, args, SG_HC_DENIED);
        }
        personal->life.state = SG_VM_VERIFYING;
        personal->requests = VM_REQUEST_STOP;
        refuse(personal, SG_HC_BOOT_REPORT, args, SG_HC_DENIED);
        personal->requests = 0;
        second->regs.x[0] = SG_HC_BOOT_REPORT;
        fake.calls = 0;
        hypercall(second);
        assert_int_equal((int64_t)second->regs.x[0], SG_HC_DENIED);
        assert_int_equal(fake.calls, 0);
        expect_no_event();
}

static void bad_arguments(void **state)
{
        static const struct {
                uint64_t function;
                uint64_t args[7];
                int64_t expected;
        } rows[] = {
                {SG_HC(0x04), {0}, SG_HC_NOT_SUPPORTED},
                {SG_HC(0x1b), {0}, SG_HC_NOT_SUPPORTED},
                {SG_HC(0xffff), {0}, SG_HC_NOT_SUPPORTED},
                {0x86000000, {0}, SG_HC_NOT_SUPPORTED}, /* KVM's features */
                {0x8600ff03, {0}, SG_HC_NOT_SUPPORTED},
                {SG_HC_VM_INFO, {3}, SG_HC_BAD_ARGUMENT},
                {SG_HC_VM_INFO, {8}, SG_HC_BAD_ARGUMENT},
                {SG_HC_VM_INFO, {UINT64_C(1) << 32 | 1}, SG_HC_BAD_ARGUMENT},
                {SG_HC_VM_INFO, {UINT64_MAX}, SG_HC_BAD_ARGUMENT},
                {SG_HC_COUNTER, {1, SG_CNT_COUNT}, SG_HC_BAD_ARGUMENT},
                {SG_HC_COUNTER, {1, UINT64_MAX}, SG_HC_BAD_ARGUMENT},
                {SG_HC_SLOT_INFO, {SG_VM_SELF, 0}, SG_HC_BAD_ARGUMENT}, /* update has no slots */
                {SG_HC_SLOT_INFO, {2, 2}, SG_HC_BAD_ARGUMENT},
                {SG_HC_SLOT_INFO, {2, 256}, SG_HC_BAD_ARGUMENT},
                {SG_HC_STAGE, {2, 2, 9}, SG_HC_BAD_ARGUMENT},
                {SG_HC_STAGE, {0, 1, 9}, SG_HC_BAD_ARGUMENT},
                {SG_HC_STAGE, {2, 1, UINT64_C(1) << 32, 1, 1, 1, 1}, SG_HC_BAD_ARGUMENT},
                {SG_HC_SLOT_OPEN, {2, 1, UINT64_C(1) << 32, 1, 1, 1, 1}, SG_HC_BAD_ARGUMENT},
                {SG_HC_SLOT_OPEN, {2, 1, 9, 0, 0, 0, 0}, SG_HC_BAD_ARGUMENT},
                {SG_HC_SLOT_OPEN, {2, 0, 9, 1, 1, 1, 1}, SG_HC_BUSY}, /* the active slot */
                {SG_HC_SLOT_OPEN, {2, 1, 4, 1, 1, 1, 1}, SG_HC_DOWNGRADE},
                {SG_HC_STAGE, {2, 1, 9, 1, 1, 1, 1}, SG_HC_BAD_STATE}, /* not opened */
                {SG_HC_UNSTAGE, {2, 1}, SG_HC_BAD_STATE},
                {SG_HC_REFILL, {2, 0}, SG_HC_BUSY},
                {SG_HC_REPORTED, {2}, SG_HC_BAD_STATE},
                {SG_HC_LOAD_BEGIN, {0}, SG_HC_BAD_ARGUMENT},
                {SG_HC_RESTART, {SG_VM_SELF}, SG_HC_BAD_ARGUMENT},
                {SG_HC_AGENT_WRITE, {1, 4}, SG_HC_BAD_ARGUMENT}, /* rt has no agent here */
                {SG_HC_AGENT_WRITE, {2, 0}, SG_HC_BAD_ARGUMENT},
                {SG_HC_AGENT_WRITE, {2, 41}, SG_HC_BAD_ARGUMENT},
                {SG_HC_AGENT_WRITE, {2, UINT64_MAX}, SG_HC_BAD_ARGUMENT},
                {SG_HC_AGENT_READ, {1}, SG_HC_BAD_ARGUMENT},
                {SG_HC_CONFIRM, {1}, SG_HC_BAD_STATE},
                {SG_HC_CONFIRM_FOR, {2, 1}, SG_HC_BAD_STATE},
                {SG_HC_EVENT_NEXT, {0}, SG_HC_EMPTY},
        };

        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
                refuse(update, rows[i].function, rows[i].args, rows[i].expected);
}

static void a_beat_says_when_the_next_is_due(void **state)
{
        (void)state;
        assert_int_equal(CALL(update, SG_HC_BEAT), SG_HC_OK);
        assert_string_equal(fake.called, "vm_beat");
        assert_ptr_equal(fake.called_vm, update);
        assert_int_equal(result(update, 1), 7000);
}

/* ---- Questions ---- */

static void vm_info(void **state)
{
        (void)state;
        personal->life = (struct life){
                .state = SG_VM_TRIAL, .cause = SG_CAUSE_RESET, .changed_at = 77, .restarts = 3};
        personal->load_faults = 9;
        assert_int_equal(CALL(update, SG_HC_VM_INFO, 2), SG_HC_OK);
        assert_int_equal(result(update, 1), SG_VM_TRIAL);
        assert_int_equal(result(update, 2), 0);
        assert_int_equal(result(update, 3), 3);
        assert_int_equal(result(update, 4), 77);
        assert_int_equal(result(update, 5), SG_CAUSE_RESET);
        assert_int_equal(result(update, 6), 9);
        assert_int_equal(result(update, 7), 0xabc7);
        assert_int_equal(CALL(personal, SG_HC_VM_INFO, 2), SG_HC_OK);
        assert_int_equal(CALL(personal, SG_HC_VM_INFO, SG_VM_SELF), SG_HC_OK);
        personal->vcpu[0].counters[SG_CNT_HVC] = 12;
        assert_int_equal(CALL(update, SG_HC_COUNTER, 2, SG_CNT_HVC), SG_HC_OK);
        assert_int_equal(result(update, 1), 12);
}

static void slot_info(void **state)
{
        (void)state;
        assert_int_equal(CALL(update, SG_HC_SLOT_INFO, 2, 0), SG_HC_OK);
        assert_int_equal(result(update, 1),
                         SG_SLOT_F_PRESENT | SG_SLOT_F_SUCCESSFUL | SG_SLOT_F_ACTIVE);
        assert_int_equal(result(update, 2), 15 << 16);
        assert_int_equal(result(update, 3), 5);
        for (unsigned i = 4; i <= 7; i++)
                assert_int_equal(result(update, i), DIGEST(0xa0));
        assert_int_equal(CALL(personal, SG_HC_SLOT_INFO, SG_VM_SELF, 1), SG_HC_OK);
        assert_true(result(personal, 1) & SG_SLOT_F_STALE);
}

static void agent_bytes(void **state)
{
        (void)state;
        assert_int_equal(CALL(update, SG_HC_AGENT_WRITE, 2, 9, 0x203f746f6f626572, 0x0a), SG_HC_OK);
        assert_int_equal(result(update, 1), 9);
        assert_int_equal(fake.agent_count, 9);
        assert_memory_equal(fake.agent_bytes, "reboot? \n", 9);
        fake.agent_said = "hello 6.1\n";
        assert_int_equal(CALL(update, SG_HC_AGENT_READ, 2), SG_HC_OK);
        assert_int_equal(result(update, 1), 10);
        assert_int_equal(result(update, 2), 0x2e36206f6c6c6568);
        assert_int_equal(result(update, 3), 0x0a31);
        assert_int_equal(result(update, 6), 0);
}

static void events_come_out(void **state)
{
        (void)state;
        event_send(SG_EV_LOAD_WANTED, 2, 1, 0);
        assert_int_equal(CALL(update, SG_HC_EVENT_NEXT, 0), SG_HC_OK);
        assert_int_equal(result(update, 1), SG_EV_LOAD_WANTED);
        assert_int_equal(result(update, 2), 2);
        assert_int_equal(result(update, 3), 1);
        assert_int_equal(result(update, 5), 1000);
        assert_int_equal(CALL(update, SG_HC_EVENT_NEXT, 0), SG_HC_EMPTY);
}

static void calls_reach_whom_they_name(void **state)
{
        static const struct {
                uint64_t function;
                const char *called;
        } rows[] = {{SG_HC_LOAD_BEGIN, "load_begin"},
                    {SG_HC_LOAD_END, "load_end"},
                    {SG_HC_LOAD_ABORT, "load_abort"},
                    {SG_HC_RESTART, "vm_restart"}};

        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                assert_int_equal(CALL(update, rows[i].function, 2, 0), SG_HC_OK);
                assert_string_equal(fake.called, rows[i].called);
                assert_ptr_equal(fake.called_vm, personal);
        }
        personal->slot = 1;
        assert_int_equal(CALL(update, SG_HC_LOAD_BEGIN, 2, 0), SG_HC_OK);
        assert_int_equal(result(update, 1), 1);
}

/* ---- The life of an update ---- */

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup(who_is_there, setup),
                cmocka_unit_test_setup(guests_may_not_do_what_update_may, setup),
                cmocka_unit_test_setup(only_the_boot_vcpu_of_a_verifying_vm_reports, setup),
                cmocka_unit_test_setup(bad_arguments, setup),
                cmocka_unit_test_setup(a_beat_says_when_the_next_is_due, setup),
                cmocka_unit_test_setup(vm_info, setup),
                cmocka_unit_test_setup(slot_info, setup),
                cmocka_unit_test_setup(agent_bytes, setup),
                cmocka_unit_test_setup(events_come_out, setup),
                cmocka_unit_test_setup(calls_reach_whom_they_name, setup),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
