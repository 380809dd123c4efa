// SPDX-License-Identifier: Apache-2.0
/* PSCI 1.1 and SMCCC 1.2 as a guest sees them. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "hv/vm/psci.h"
#include "hv/vm/smccc.h"
#include "tests/unit/fake_arch/fake_vm.h"

#define ENTRY (VM_RAM_BASE + 0x80000)

static struct vm *vm;

static int setup(void **state)
{
        (void)state;
        fake_system_reset();
        vm = &fake.vm[FAKE_PERSONAL];
        return 0;
}

static int64_t call4(struct vcpu *vcpu, uint64_t x0, uint64_t x1, uint64_t x2, uint64_t x3)
{
        vcpu->regs.x[0] = x0;
        vcpu->regs.x[1] = x1;
        vcpu->regs.x[2] = x2;
        vcpu->regs.x[3] = x3;
        smccc_call(vcpu);
        return (int64_t)vcpu->regs.x[0];
}

static int64_t call(uint64_t x0, uint64_t x1, uint64_t x2, uint64_t x3)
{
        return call4(&vm->vcpu[0], x0, x1, x2, x3);
}

void hypercall(struct vcpu *vcpu)
{
        vcpu->regs.x[0] = 4711;
}

static void smccc(void **state)
{
        (void)state;
        assert_int_equal(call(0x80000000, 0, 0, 0), 0x10002);
        assert_int_equal(call(0x80000001, 0x80000000, 0, 0), 0);
        assert_int_equal(call(0x80000001, 0x80008000, 0, 0), -1); /* ARCH_WORKAROUND_1 */
        assert_int_equal(call(0x80008000, 0, 0, 0), -1);
        assert_int_equal(call(0x8600ff01, 0, 0, 0), 4711);
        assert_int_equal(call(0xc6000005, 0, 0, 0), 4711);
        assert_int_equal(call(0x06000005, 0, 0, 0), -1); /* a yielding call */
        assert_int_equal(call(0xc5000020, 0, 0, 0), -1); /* PV time */
        assert_int_equal(call(0xb2000000, 0, 0, 0), -1); /* trusted OS */
        /* Only W0 counts. */
        assert_int_equal(call(0xdead000080000000, 0, 0, 0), 0x10002);
}

static void features_say_what_is_there(void **state)
{
        static const uint64_t there[] = {0x84000000, 0x84000001, 0xc4000001, 0x84000002, 0x84000003,
                                         0xc4000003, 0x84000004, 0xc4000004, 0x84000006, 0x84000008,
                                         0x84000009, 0x8400000a, 0x80000000};
        static const uint64_t absent[] = {0xc4000000, 0xc4000002, 0x84000005, 0x84000007,
                                          0xc4000008, 0x8400000b, 0x8400000e, 0xc400000e,
                                          0x84000012, 0xc4000012, 0x84000013, 0x8400001f};

        (void)state;
        assert_int_equal(call(PSCI_VERSION, 0, 0, 0), 0x10001);
        assert_int_equal(call(PSCI_MIGRATE_INFO, 0, 0, 0), 2);
        for (size_t i = 0; i < sizeof(there) / sizeof(there[0]); i++)
                assert_int_equal(call(PSCI_FEATURES, there[i], 0, 0), 0);
        for (size_t i = 0; i < sizeof(absent) / sizeof(absent[0]); i++) {
                assert_int_equal(call(PSCI_FEATURES, absent[i], 0, 0), -1);
                assert_int_equal(call(absent[i], 0, 0, 0), -1);
        }
        assert_int_equal(fake.calls, 0);
}

static void a_core_comes_and_goes(void **state)
{
        struct vcpu *second = &vm->vcpu[1];

        (void)state;
        assert_int_equal(call(PSCI_AFFINITY_INFO | PSCI_64, 1, 0, 0), 1);
        assert_int_equal(call(PSCI_CPU_ON | PSCI_64, 1, ENTRY, 99), PSCI_SUCCESS);
        assert_int_equal(second->entry, ENTRY);
        assert_int_equal(second->context, 99);
        assert_int_equal(fake.kicks[second->cpu], 1);
        assert_int_equal(call(PSCI_AFFINITY_INFO | PSCI_64, 1, 0, 0), 2);
        assert_int_equal(call(PSCI_CPU_ON | PSCI_64, 1, ENTRY, 0), PSCI_ON_PENDING);
        assert_int_equal(second->context, 99);
        second->power = VCPU_ON; /* its core entered it */
        assert_int_equal(call(PSCI_AFFINITY_INFO | PSCI_64, 1, 0, 0), 0);
        assert_int_equal(call(PSCI_CPU_ON | PSCI_64, 1, ENTRY, 0), PSCI_ALREADY_ON);
        call4(second, PSCI_CPU_OFF, 0, 0, 0);
        assert_int_equal(second->power, VCPU_OFF);
        assert_int_equal(call(PSCI_CPU_ON | PSCI_64, 1, ENTRY, 7), PSCI_SUCCESS);
        assert_int_equal(fake.kicks[second->cpu], 2);
}

static void bad_cpu_on_changes_nothing(void **state)
{
        const uint64_t on = PSCI_CPU_ON | PSCI_64;

        (void)state;
        assert_int_equal(call(on, 2, ENTRY, 0), PSCI_INVALID_PARAMETERS);
        assert_int_equal(call(on, 0x100, ENTRY, 0), PSCI_INVALID_PARAMETERS);
        assert_int_equal(call(on, UINT64_C(1) << 32, ENTRY, 0), PSCI_INVALID_PARAMETERS);
        assert_int_equal(call(on, 1, 0, 0), PSCI_INVALID_ADDRESS);
        assert_int_equal(call(on, 1, ENTRY + 2, 0), PSCI_INVALID_ADDRESS);
        assert_int_equal(call(on, 1, VM_RAM_BASE + vm->ram_size, 0), PSCI_INVALID_ADDRESS);
        assert_int_equal(call(on, 1, VM_RAM_BASE - 4, 0), PSCI_INVALID_ADDRESS);
        assert_int_equal(call(on, 0, ENTRY, 0), PSCI_ALREADY_ON);
        assert_int_equal(call(PSCI_AFFINITY_INFO | PSCI_64, 1, 1, 0), PSCI_INVALID_PARAMETERS);
        assert_int_equal(call(PSCI_AFFINITY_INFO | PSCI_64, 9, 0, 0), PSCI_INVALID_PARAMETERS);

        vm->life.state = SG_VM_VERIFYING;
        assert_int_equal(call(on, 1, ENTRY, 0), PSCI_DENIED);
        vm->life.state = SG_VM_TRIAL;
        vm->requests = VM_REQUEST_STOP;
        assert_int_equal(call(on, 1, ENTRY, 0), PSCI_DENIED);
        assert_int_equal(vm->vcpu[1].power, VCPU_OFF);
        assert_int_equal(fake.kicks[vm->vcpu[1].cpu], 0);
}

static void calls_of_32_bits_take_32_bits(void **state)
{
        (void)state;
        assert_int_equal(call(PSCI_CPU_ON, UINT64_C(0xffffffff00000001),
                              UINT64_C(0xffffffff00000000) | ENTRY, UINT64_MAX),
                         PSCI_SUCCESS);
        assert_int_equal(vm->vcpu[1].entry, ENTRY);
        assert_int_equal(vm->vcpu[1].context, UINT32_MAX);
}

static void suspend(void **state)
{
        (void)state;
        assert_int_equal(call(PSCI_CPU_SUSPEND, 0, 0, 0), PSCI_SUCCESS);
        assert_string_equal(fake.called, "vcpu_wait");
        assert_int_equal(call(PSCI_CPU_SUSPEND | PSCI_64, 0x03010000, ENTRY, 0), PSCI_SUCCESS);
        assert_int_equal(fake.calls, 2);
        assert_int_equal(call(PSCI_CPU_SUSPEND, 0x80000000, 0, 0), PSCI_INVALID_PARAMETERS);
        assert_int_equal(call(PSCI_CPU_SUSPEND, 0x00020000, 0, 0), PSCI_INVALID_PARAMETERS);
        assert_int_equal(fake.calls, 2);
}

static void off_and_reset_stop_the_vm(void **state)
{
        (void)state;
        call(PSCI_SYSTEM_OFF, 0, 0, 0);
        assert_string_equal(fake.called, "vm_stop");
        assert_int_equal(fake.called_arg, SG_CAUSE_OFF);
        call(PSCI_SYSTEM_RESET, 0, 0, 0);
        assert_int_equal(fake.called_arg, SG_CAUSE_RESET);
        assert_ptr_equal(fake.called_vm, vm);
}

#define RACERS 8
#define ROUNDS 500

struct racer {
        pthread_t thread;
        pthread_barrier_t *barrier;
        struct vcpu vcpu;
        int64_t result[ROUNDS];
};

static void *race(void *arg)
{
        struct racer *r = arg;

        for (unsigned round = 0; round < ROUNDS; round++) {
                pthread_barrier_wait(r->barrier);
                r->result[round] = call4(&r->vcpu, PSCI_CPU_ON | PSCI_64, 1, ENTRY, r->vcpu.index);
                pthread_barrier_wait(r->barrier);
                if (r->vcpu.index == 0)
                        vm->vcpu[1].power = VCPU_OFF;
        }
        return NULL;
}

static void of_many_cpu_on_one_succeeds(void **state)
{
        static struct racer racer[RACERS];
        pthread_barrier_t barrier;

        (void)state;
        pthread_barrier_init(&barrier, NULL, RACERS);
        for (unsigned i = 0; i < RACERS; i++) {
                racer[i].barrier = &barrier;
                racer[i].vcpu = (struct vcpu){.vm = vm, .index = i};
                pthread_create(&racer[i].thread, NULL, race, &racer[i]);
        }
        for (unsigned i = 0; i < RACERS; i++)
                pthread_join(racer[i].thread, NULL);
        for (unsigned round = 0; round < ROUNDS; round++) {
                unsigned won = 0;

                for (unsigned i = 0; i < RACERS; i++) {
                        int64_t result = racer[i].result[round];

                        won += result == PSCI_SUCCESS;
                        assert_true(result == PSCI_SUCCESS || result == PSCI_ON_PENDING);
                }
                assert_int_equal(won, 1);
        }
        assert_int_equal(fake.kicks[vm->vcpu[1].cpu], ROUNDS);
        pthread_barrier_destroy(&barrier);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup(smccc, setup),
                cmocka_unit_test_setup(features_say_what_is_there, setup),
                cmocka_unit_test_setup(a_core_comes_and_goes, setup),
                cmocka_unit_test_setup(bad_cpu_on_changes_nothing, setup),
                cmocka_unit_test_setup(calls_of_32_bits_take_32_bits, setup),
                cmocka_unit_test_setup(suspend, setup),
                cmocka_unit_test_setup(off_and_reset_stop_the_vm, setup),
                cmocka_unit_test_setup(of_many_cpu_on_one_succeeds, setup),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
