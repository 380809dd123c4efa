// SPDX-License-Identifier: Apache-2.0
/*
 * Hypercalls over the real slots, journal and event queue, with a strict NOR flash below and VMs
 * without cores above.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <segue/bytes.h>

#include "bootflow/journal.h"
#include "hv/vm/boot_state.h"
#include "hv/vm/events.h"
#include "hv/vm/slots.h"
#include "hv/vm/smccc.h"
#include "tests/unit/fake_arch/fake_vm.h"
#include "tests/unit/strict_nor.h"

#define DIGEST(byte) UINT64_C(0x0101010101010101) * (byte)

static struct nor nor;
static struct vm *update, *rt, *personal;

static void image_id(struct bf_image_id *id, uint8_t byte, uint32_t counter)
{
        memset(id->digest, byte, sizeof(id->digest));
        id->counter = counter;
}

/* personal: A good with counter 5, B good with counter 4 (stale); rt: A good with counter 1. */
static void provision(void)
{
        static struct bf_journal journal;
        struct bf_initial initial[2] = {{.vm = 1}, {.vm = 2}};
        struct bf_image_id a;
        struct bf_image_id b;

        image_id(&a, 0x21, 1);
        assert_int_equal(bf_provision(&initial[0].guest, &a, NULL), SG_OK);
        image_id(&a, 0xa0, 5);
        image_id(&b, 0xb0, 4);
        assert_int_equal(bf_provision(&initial[1].guest, &a, &b), SG_OK);
        nor_init(&nor, 4096, 4, 4);
        assert_int_equal(bf_journal_format(&journal, &nor.flash, initial, 2), SG_OK);
}

static int setup(void **state)
{
        (void)state;
        fake_system_reset();
        update = &fake.vm[FAKE_UPDATE];
        rt = &fake.vm[FAKE_RT];
        personal = &fake.vm[FAKE_PERSONAL];
        personal->slot = 0;
        provision();
        slots_init(&nor.flash);
        while (slots_background())
                ;
        events_reset();
        fake.calls = 0;
        return 0;
}

static void power_cycle(void)
{
        slots_init(&nor.flash);
        while (slots_background())
                ;
        events_reset();
}

/* x1.. from the caller; every other register holds a mark. */
static int64_t call(struct vm *vm, uint64_t function, const uint64_t *args, size_t count)
{
        uint64_t *x = vm->vcpu[0].regs.x;

        for (size_t i = 0; i < 31; i++)
                x[i] = 0xabc0 + i;
        x[0] = function;
        for (size_t i = 0; i < count; i++)
                x[1 + i] = args[i];
        hypercall(&vm->vcpu[0]);
        return (int64_t)x[0];
}

#define CALL(vm, function, ...)                             \
        call(vm, function, (const uint64_t[]){__VA_ARGS__}, \
             sizeof((const uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t))

static uint64_t result(const struct vm *vm, unsigned n)
{
        return vm->vcpu[0].regs.x[n];
}

static int64_t four(struct vm *vm, uint64_t function, uint64_t slot, uint64_t counter, uint8_t byte)
{
        return CALL(vm, function, 2, slot, counter, DIGEST(byte), DIGEST(byte), DIGEST(byte),
                    DIGEST(byte));
}

static struct bf_guest state_of(const struct vm *vm)
{
        struct bf_guest g;
        bf_refused refused;

        assert_int_equal(boot_state_read(vm, &g, &refused), SG_OK);
        return g;
}

static void expect_event(enum sg_event kind, unsigned vm, uint64_t arg0, uint64_t arg1)
{
        struct event e;

        assert_true(event_next(&e));
        assert_int_equal(e.kind, kind);
        assert_int_equal(e.vm, vm);
        assert_int_equal(e.arg[0], arg0);
        assert_int_equal(e.arg[1], arg1);
}

static void expect_no_event(void)
{
        struct event e;

        assert_false(event_next(&e));
}

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

static void stage_new(void)
{
        assert_int_equal(four(update, SG_HC_SLOT_OPEN, 1, 6, 0xc0), SG_HC_OK);
        assert_int_equal(state_of(personal).slot[1].state, BF_OPEN);
        assert_int_equal(four(update, SG_HC_STAGE, 1, 6, 0xc0), SG_HC_OK);
}

static int64_t report(uint64_t error, uint64_t counter, uint8_t byte)
{
        personal->slot = slots_due(personal);
        personal->life.state = SG_VM_VERIFYING;
        return CALL(personal, SG_HC_BOOT_REPORT, error, counter, VM_RAM_BASE, DIGEST(byte),
                    DIGEST(byte), DIGEST(byte), DIGEST(byte));
}

static uint64_t start_trial(void)
{
        assert_int_equal(slots_due(personal), 1);
        assert_int_equal(report(0, 6, 0xc0), SG_HC_OK);
        assert_string_equal(fake.called, "vm_started");
        assert_int_equal(fake.called_arg, true);
        assert_int_not_equal(result(personal, 1), 0);
        return result(personal, 1);
}

static void a_trial_is_confirmed_once(void **state)
{
        struct bf_guest g;
        uint64_t token;

        (void)state;
        stage_new();
        token = start_trial();
        assert_int_equal(state_of(personal).started, 1);
        assert_int_equal(CALL(update, SG_HC_CONFIRM_FOR, 2, token + 1), SG_HC_BAD_TOKEN);
        assert_int_equal(CALL(update, SG_HC_CONFIRM_FOR, 1, token), SG_HC_BAD_STATE);
        assert_int_equal(four(update, SG_HC_SLOT_OPEN, 0, 7, 0xd0), SG_HC_BUSY);
        events_reset();
        assert_int_equal(CALL(personal, SG_HC_CONFIRM, token), SG_HC_OK);
        expect_event(SG_EV_CONFIRMED, 2, 1, 0);
        assert_string_equal(fake.called, "vm_confirmed");
        assert_int_equal(CALL(personal, SG_HC_CONFIRM, token), SG_HC_BAD_STATE);
        assert_int_equal(CALL(update, SG_HC_CONFIRM_FOR, 2, token), SG_HC_BAD_STATE);

        power_cycle();
        g = state_of(personal);
        assert_int_equal(g.slot[1].state, BF_GOOD);
        assert_int_equal(g.slot[0].state, BF_STALE);
        assert_int_equal(g.floor, 6);
        assert_int_equal(CALL(update, SG_HC_REPORTED, 2), SG_HC_OK);
        assert_int_equal(CALL(update, SG_HC_REFILL, 2, 0), SG_HC_OK);
        assert_int_equal(state_of(personal).slot[0].state, BF_GOOD);
}

static void tries_are_spent_and_then_it_goes_back(void **state)
{
        (void)state;
        stage_new();
        for (uint64_t left = 2;; left--) {
                start_trial();
                events_reset();
                assert_true(slots_stopped(personal, SG_VM_TRIAL, SG_CAUSE_DEADLINE));
                if (left == 0)
                        break;
                expect_event(SG_EV_TRY_SPENT, 2, left, SG_CAUSE_DEADLINE);
        }
        expect_event(SG_EV_ROLLED_BACK, 2, 1, SG_CAUSE_DEADLINE);
        expect_no_event();
        assert_int_equal(slots_due(personal), 0);
        assert_int_equal(report(0, 5, 0xa0), SG_HC_OK);
        assert_int_equal(fake.called_arg, false);
        assert_int_equal(four(update, SG_HC_SLOT_OPEN, 1, 6, 0xc0), SG_HC_FAILED_BEFORE);
}

static void power_cuts_spend_no_try(void **state)
{
        (void)state;
        stage_new();
        for (unsigned cut = 1; cut < 10; cut++) {
                start_trial();
                power_cycle();
                assert_int_equal(state_of(personal).slot[1].tries_remaining, 3);
                assert_int_equal(state_of(personal).slot[1].interrupted_remaining, 10 - cut);
        }
        start_trial();
        power_cycle();
        assert_int_equal(slots_due(personal), 0);
        /* update hears of it when it is there, until it says so. */
        slots_tell_outcome(update);
        slots_tell_outcome(rt);
        expect_no_event();
        slots_tell_outcome(personal);
        expect_event(SG_EV_ROLLED_BACK, 2, 1, SG_CAUSE_INTERRUPTED);
        assert_int_equal(CALL(update, SG_HC_SLOT_INFO, 2, 1), SG_HC_OK);
        assert_int_equal(result(update, 2) >> 24, SG_CAUSE_INTERRUPTED);
        assert_int_equal(CALL(update, SG_HC_REPORTED, 2), SG_HC_OK);
        slots_tell_outcome(personal);
        expect_no_event();
}

static void of_confirm_and_deadline_the_first_wins(void **state)
{
        uint64_t token;

        (void)state;
        stage_new();
        token = start_trial();
        assert_int_equal(CALL(personal, SG_HC_CONFIRM, token), SG_HC_OK);
        /* The deadline had fired meanwhile. */
        events_reset();
        assert_true(slots_stopped(personal, SG_VM_TRIAL, SG_CAUSE_DEADLINE));
        expect_no_event();
        assert_int_equal(state_of(personal).slot[1].state, BF_GOOD);

        setup(NULL);
        stage_new();
        token = start_trial();
        assert_true(slots_stopped(personal, SG_VM_TRIAL, SG_CAUSE_DEADLINE));
        assert_int_equal(CALL(update, SG_HC_CONFIRM_FOR, 2, token), SG_HC_BAD_STATE);
        assert_int_equal(state_of(personal).slot[1].tries_remaining, 2);
        assert_int_not_equal(start_trial(), token);
        assert_int_equal(CALL(update, SG_HC_CONFIRM_FOR, 2, token), SG_HC_BAD_TOKEN);
}

static void a_guest_that_repeats_nonsense_bothers_nobody(void **state)
{
        uint64_t token;
        unsigned errands;

        (void)state;
        assert_int_equal(report(0, 5, 0xa0), SG_HC_OK);
        errands = fake_errands;
        assert_int_equal(CALL(personal, SG_HC_CONFIRM, 1), SG_HC_BAD_STATE);
        assert_int_equal(fake_errands, errands);
        stage_new();
        token = start_trial();
        errands = fake_errands;
        fake.log[0] = '\0';
        assert_int_equal(CALL(personal, SG_HC_CONFIRM, token + 1), SG_HC_BAD_TOKEN);
        assert_int_equal(fake_errands, errands);
        assert_string_equal(fake.log, "");
        assert_int_equal(CALL(personal, SG_HC_CONFIRM, token), SG_HC_OK);
}

static void refused_calls_do_not_fill_the_log(void **state)
{
        static const uint64_t at_ms[] = {0, 0, 999, 1000, 1001};
        static const bool told[] = {true, false, false, true, false};

        (void)state;
        for (size_t i = 0; i < sizeof(at_ms) / sizeof(at_ms[0]); i++) {
                fake.now = 1000000 + at_ms[i];
                fake.log[0] = '\0';
                assert_int_equal(CALL(update, SG_HC_UNSTAGE, 2, 1), SG_HC_BAD_STATE);
                assert_int_equal(strstr(fake.log, "error") != NULL, told[i]);
        }
}

/* Its stop was asked for, and its try is not written yet. */
static void a_confirm_after_the_deadline_is_too_late(void **state)
{
        uint64_t token;

        (void)state;
        stage_new();
        token = start_trial();
        personal->life.state = SG_VM_STOPPED;
        assert_int_equal(CALL(update, SG_HC_CONFIRM_FOR, 2, token), SG_HC_BAD_STATE);
        assert_int_equal(state_of(personal).slot[1].state, BF_STAGED);
        assert_true(slots_stopped(personal, SG_VM_TRIAL, SG_CAUSE_DEADLINE));
        assert_int_equal(state_of(personal).slot[1].tries_remaining, 2);
}

static void unstaged_before_the_trial(void **state)
{
        (void)state;
        stage_new();
        assert_int_equal(CALL(update, SG_HC_UNSTAGE, 2, 1), SG_HC_OK);
        assert_int_equal(slots_due(personal), 0);
        assert_int_equal(four(update, SG_HC_STAGE, 1, 6, 0xc0), SG_HC_OK);
        start_trial();
        assert_int_equal(CALL(update, SG_HC_UNSTAGE, 2, 1), SG_HC_BUSY);
}

static void bytes_other_than_staged_never_start(void **state)
{
        (void)state;
        stage_new();
        events_reset();
        assert_int_equal(report(0, 6, 0xc1), SG_HC_DENIED);
        assert_string_equal(fake.called, "vm_stop");
        assert_int_equal(fake.called_arg, SG_CAUSE_VERIFY_FAILED);
        expect_event(SG_EV_REFUSED, 2, 1, SG_E_SLOT_MISMATCH);
        expect_event(SG_EV_ROLLED_BACK, 2, 1, SG_CAUSE_VERIFY_FAILED);
        assert_true(slots_stopped(personal, SG_VM_VERIFYING, SG_CAUSE_VERIFY_FAILED));
        expect_no_event();
        assert_int_equal(slots_due(personal), 0);
        assert_int_equal(four(update, SG_HC_SLOT_OPEN, 1, 6, 0xc0), SG_HC_FAILED_BEFORE);
}

/* It was not judged, so it may be tried again. */
static void a_staged_slot_that_cannot_be_read_is_given_up(void **state)
{
        (void)state;
        stage_new();
        personal->slot = slots_due(personal);
        events_reset();
        assert_true(slots_stopped(personal, SG_VM_LOADING, SG_CAUSE_LOAD_FAILED));
        expect_event(SG_EV_REFUSED, 2, 1, SG_E_IO);
        expect_event(SG_EV_ROLLED_BACK, 2, 1, SG_CAUSE_LOAD_FAILED);
        expect_no_event();
        slots_tell_outcome(personal);
        expect_event(SG_EV_ROLLED_BACK, 2, 1, SG_CAUSE_LOAD_FAILED);
        assert_int_equal(slots_due(personal), 0);
        assert_int_equal(four(update, SG_HC_SLOT_OPEN, 1, 6, 0xc0), SG_HC_OK);
}

static void a_lying_loader_costs_no_successful_slot(void **state)
{
        struct bf_guest before = state_of(personal);
        struct bf_guest after;

        (void)state;
        events_reset();
        assert_int_equal(report(0, 5, 0xee), SG_HC_DENIED);
        expect_event(SG_EV_REFUSED, 2, 0, SG_E_SLOT_MISMATCH);
        assert_true(slots_stopped(personal, SG_VM_LOADING, SG_CAUSE_LOAD_FAILED));
        expect_event(SG_EV_REFUSED, 2, 0, SG_E_IO);
        expect_no_event();
        after = state_of(personal);
        assert_true(bf_guest_equal(&before, &after));
        assert_int_equal(slots_due(personal), SG_SLOT_NONE); /* the other one is stale */
        power_cycle();
        assert_int_equal(slots_due(personal), 0);
}

static void bootfw_that_says_no_or_dies(void **state)
{
        (void)state;
        stage_new();
        events_reset();
        assert_int_equal(report(SG_E_SLOT_MISMATCH, 0, 0), SG_HC_DENIED);
        expect_event(SG_EV_REFUSED, 2, 1, SG_E_SLOT_MISMATCH);
        setup(NULL);
        stage_new();
        assert_int_equal(report(UINT64_MAX, 6, 0xc0), SG_HC_DENIED);
        setup(NULL);
        stage_new();
        personal->slot = slots_due(personal);
        events_reset();
        assert_true(slots_stopped(personal, SG_VM_VERIFYING, SG_CAUSE_FAULT));
        expect_event(SG_EV_REFUSED, 2, 1, SG_E_BOOTFW_DIED);
        expect_event(SG_EV_ROLLED_BACK, 2, 1, SG_CAUSE_VERIFY_FAILED);
}

static void turning_off_is_consent_when_an_update_waits(void **state)
{
        (void)state;
        assert_false(slots_stopped(personal, SG_VM_RUNNING, SG_CAUSE_OFF));
        assert_true(slots_stopped(personal, SG_VM_RUNNING, SG_CAUSE_RESET));
        stage_new();
        assert_true(slots_stopped(personal, SG_VM_RUNNING, SG_CAUSE_OFF));
        start_trial();
        assert_true(slots_stopped(personal, SG_VM_TRIAL, SG_CAUSE_OFF));
        assert_int_equal(state_of(personal).slot[1].tries_remaining, 2);
}

static void the_resident_copy_is_of_one_digest(void **state)
{
        (void)state;
        personal->slot = 0;
        assert_int_equal(report(0, 5, 0xa0), SG_HC_OK);
        assert_true(slots_is_resident(personal));
        stage_new();
        personal->slot = slots_due(personal);
        assert_false(slots_is_resident(personal));
}

static void write_errors_change_nothing(void **state)
{
        (void)state;
        nor_stop(&nor, 1, NOR_NOTHING, true);
        assert_int_equal(four(update, SG_HC_SLOT_OPEN, 1, 6, 0xc0), SG_HC_STORAGE);
        assert_int_equal(state_of(personal).slot[1].state, BF_STALE);
        nor_power_on(&nor, 1);
        power_cycle();
        stage_new();
        nor_stop(&nor, 1, NOR_NOTHING, true);
        /* START could not be made durable: the image is not entered. */
        assert_int_equal(report(0, 6, 0xc0), SG_HC_DENIED);
        assert_string_equal(fake.called, "vm_stop");
}

static void a_start_that_cannot_be_written_blames_no_image(void **state)
{
        static const uint8_t none[BF_DIGEST_SIZE];

        (void)state;
        stage_new();
        events_reset();
        nor_stop(&nor, 1, NOR_NOTHING, true);
        assert_int_equal(report(0, 6, 0xc0), SG_HC_DENIED);
        expect_event(SG_EV_REFUSED, 2, 1, SG_E_IO);
        expect_no_event();
        assert_true(slots_stopped(personal, SG_VM_VERIFYING, SG_CAUSE_VERIFY_FAILED));
        /* The confirmed image needs no record. */
        assert_int_equal(slots_due(personal), 0);
        assert_int_equal(report(0, 5, 0xa0), SG_HC_OK);
        assert_string_equal(fake.called, "vm_started");
        assert_int_equal(fake.called_arg, false);

        nor_power_on(&nor, 1);
        power_cycle();
        assert_memory_equal(state_of(personal).failed_digest, none, sizeof(none));
        start_trial();
}

static void a_try_that_cannot_be_written_is_spent_all_the_same(void **state)
{
        uint64_t token;

        (void)state;
        stage_new();
        token = start_trial();
        nor_stop(&nor, 1, NOR_NOTHING, true);
        assert_true(slots_stopped(personal, SG_VM_TRIAL, SG_CAUSE_DEADLINE));
        assert_int_equal(CALL(update, SG_HC_CONFIRM_FOR, 2, token), SG_HC_BAD_STATE);
        assert_int_equal(slots_due(personal), 1);
        assert_int_equal(report(0, 6, 0xc0), SG_HC_DENIED);
        assert_int_equal(slots_due(personal), 0);
        assert_int_equal(report(0, 5, 0xa0), SG_HC_OK);

        nor_power_on(&nor, 1);
        power_cycle();
        assert_int_equal(state_of(personal).slot[1].tries_remaining, 3);
        assert_int_equal(state_of(personal).slot[1].interrupted_remaining, 9);
}

static void without_a_boot_state_nothing_starts(void **state)
{
        (void)state;
        nor_init(&nor, 4096, 4, 4);
        slots_init(&nor.flash);
        assert_non_null(strstr(fake.log, "error 601"));
        assert_non_null(strstr(fake.log, "segue state create"));
        assert_int_equal(slots_due(personal), SG_SLOT_NONE);
        assert_int_equal(CALL(update, SG_HC_SLOT_INFO, 2, 0), SG_HC_STORAGE);
        assert_int_equal(four(update, SG_HC_SLOT_OPEN, 1, 6, 0xc0), SG_HC_STORAGE);
        slots_init(NULL);
        assert_non_null(strstr(fake.log, "error 763"));
        assert_int_equal(slots_due(personal), SG_SLOT_NONE);
        assert_false(slots_background());
}

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
                cmocka_unit_test_setup(a_trial_is_confirmed_once, setup),
                cmocka_unit_test_setup(tries_are_spent_and_then_it_goes_back, setup),
                cmocka_unit_test_setup(power_cuts_spend_no_try, setup),
                cmocka_unit_test_setup(of_confirm_and_deadline_the_first_wins, setup),
                cmocka_unit_test_setup(a_guest_that_repeats_nonsense_bothers_nobody, setup),
                cmocka_unit_test_setup(refused_calls_do_not_fill_the_log, setup),
                cmocka_unit_test_setup(a_confirm_after_the_deadline_is_too_late, setup),
                cmocka_unit_test_setup(unstaged_before_the_trial, setup),
                cmocka_unit_test_setup(bytes_other_than_staged_never_start, setup),
                cmocka_unit_test_setup(a_staged_slot_that_cannot_be_read_is_given_up, setup),
                cmocka_unit_test_setup(a_lying_loader_costs_no_successful_slot, setup),
                cmocka_unit_test_setup(bootfw_that_says_no_or_dies, setup),
                cmocka_unit_test_setup(turning_off_is_consent_when_an_update_waits, setup),
                cmocka_unit_test_setup(the_resident_copy_is_of_one_digest, setup),
                cmocka_unit_test_setup(write_errors_change_nothing, setup),
                cmocka_unit_test_setup(a_start_that_cannot_be_written_blames_no_image, setup),
                cmocka_unit_test_setup(a_try_that_cannot_be_written_is_spent_all_the_same, setup),
                cmocka_unit_test_setup(without_a_boot_state_nothing_starts, setup),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
