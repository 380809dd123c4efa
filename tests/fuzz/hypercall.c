// SPDX-License-Identifier: Apache-2.0
/*
 * Rows of hypercalls by update and by guests, with starts, stops and power cycles between them,
 * over the real slots, journal and event queue (as tests/unit/hypercall_rig.c has it). A refused
 * call changes no boot state; no call leads to a state that cannot be, or touches a register that
 * is not its own; a slot that was confirmed is never lost by a call.
 */
#include <string.h>

#include "bootflow/journal.h"
#include "hv/vm/boot_state.h"
#include "hv/vm/events.h"
#include "hv/vm/slots.h"
#include "hv/vm/smccc.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/fake_arch/fake_vm.h"
#include "tests/unit/strict_nor.h"

/* One step: what, who, function, then seven arguments of one byte each. */
enum { WHAT, WHO, FUNCTION, ARGUMENT, ARGUMENTS = 7, STEP_SIZE = ARGUMENT + ARGUMENTS };
enum { STEPS_MAX = 96, REGISTERS = 31, RESULTS_END = 8 };

static struct nor nor;
static struct nor provisioned;
static uint64_t token; /* of the last start on trial */

/* rt: A good. personal: A good, B stale. */
static void provision(void)
{
        static struct bf_journal journal;
        struct bf_initial initial[2] = {{.vm = FAKE_RT}, {.vm = FAKE_PERSONAL}};
        struct bf_image_id a = {.counter = 5}, b = {.counter = 4};

        memset(a.digest, 0xa0, sizeof(a.digest));
        memset(b.digest, 0xb0, sizeof(b.digest));
        FUZZ_REQUIRE(bf_provision(&initial[0].guest, &a, NULL) == SG_OK);
        FUZZ_REQUIRE(bf_provision(&initial[1].guest, &a, &b) == SG_OK);
        nor_init(&nor, 4096, 4, 4);
        FUZZ_REQUIRE(bf_journal_format(&journal, &nor.flash, initial, 2) == SG_OK);
        provisioned = nor;
}

static void power_on(void)
{
        slots_init(&nor.flash);
        events_reset();
        for (unsigned i = FAKE_RT; i < FAKE_VMS; i++)
                fake.vm[i].slot = slots_due(&fake.vm[i]);
}

static void begin(void)
{
        if (provisioned.flash.blocks == 0)
                provision();
        nor = provisioned;
        token = 0;
        fake_system_reset();
        fake.agent_said = "hello 6.1\n";
        power_on();
}

/* Bytes of an argument stand for the values that matter: small, wide, negative, a digest, the
 * token.
 */
static uint64_t widen(uint8_t byte)
{
        if (byte == 0xff)
                return token;
        if (byte < 0x40)
                return byte;
        if (byte < 0x50)
                return SG_VM_SELF - (byte - 0x40u);
        if (byte < 0x60)
                return UINT64_C(1) << (4 * (byte - 0x50u)) | 1;
        return UINT64_C(0x0101010101010101) * byte;
}

static void require_state(const struct vm *vm, struct bf_guest *g)
{
        bf_refused refused;

        FUZZ_REQUIRE(boot_state_read(vm, g, &refused) == SG_OK);
        FUZZ_REQUIRE(bf_guest_check(g) == SG_OK);
}

static void call(struct vm *vm, const uint8_t *step)
{
        struct vcpu *vcpu = &vm->vcpu[step[WHO] / 16 % vm->vcpu_count];
        uint64_t *x = vcpu->regs.x;
        struct bf_guest before[FAKE_VMS], after;

        for (unsigned i = FAKE_RT; i < FAKE_VMS; i++)
                require_state(&fake.vm[i], &before[i]);
        for (unsigned i = 0; i < REGISTERS; i++)
                x[i] = 0xabc0 + i;
        x[0] = step[FUNCTION] < 0x80 ? SG_HC((uint32_t)step[FUNCTION])
                                     : UINT64_C(0x8600ff00) + step[FUNCTION] % 8;
        for (unsigned i = 0; i < ARGUMENTS; i++)
                x[1 + i] = widen(step[ARGUMENT + i]);
        const bool report = x[0] == SG_HC_BOOT_REPORT;
        hypercall(vcpu);
        if (report && x[0] == SG_HC_OK && x[1] != 0)
                token = x[1];
        for (unsigned i = RESULTS_END; i < REGISTERS; i++)
                FUZZ_REQUIRE(x[i] == 0xabc0 + i);
        for (unsigned i = FAKE_RT; i < FAKE_VMS; i++) {
                require_state(&fake.vm[i], &after);
                if ((int64_t)x[0] < 0 && !report)
                        FUZZ_REQUIRE(bf_guest_equal(&before[i], &after));
                if (vm != &fake.vm[FAKE_UPDATE] && vm != &fake.vm[i])
                        FUZZ_REQUIRE(bf_guest_equal(&before[i], &after));
                FUZZ_REQUIRE(after.floor >= before[i].floor);
        }
}

static void stop(struct vm *vm, uint8_t cause)
{
        enum sg_vm_state was = vm->life.state;

        if (was == SG_VM_VERIFYING || was == SG_VM_RUNNING || was == SG_VM_TRIAL)
                (void)slots_stopped(vm, was, (enum sg_cause)(cause % (SG_CAUSE_INTERRUPTED + 1)));
        vm->slot = slots_due(vm);
        vm->life.state = SG_VM_STOPPED;
}

/* bootfw runs; what it says is another step's call. */
static void verify(struct vm *vm)
{
        if (vm->life.state != SG_VM_STOPPED || vm->slot == SG_SLOT_NONE)
                return;
        vm->requests = 0;
        vm->life.state = SG_VM_VERIFYING;
}

static void step(const uint8_t *s)
{
        struct vm *vm = &fake.vm[s[WHO] % FAKE_VMS];
        struct vm *guest = &fake.vm[FAKE_RT + s[WHO] % 2];

        switch (s[WHAT] % 8) {
        case 0:
                stop(guest, s[FUNCTION]);
                break;
        case 1:
                verify(guest);
                break;
        case 2:
                (void)slots_background();
                break;
        case 3:
                if (s[FUNCTION] % 4 == 0) {
                        fake_system_reset();
                        power_on();
                }
                break;
        default:
                call(vm, s);
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        begin();
        for (size_t i = 0; i < STEPS_MAX && size - i * STEP_SIZE >= STEP_SIZE; i++)
                step(data + i * STEP_SIZE);
        return 0;
}
