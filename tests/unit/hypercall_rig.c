/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/hypercall_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

struct nor nor;
struct vm *update, *rt, *personal;

static void image_id(struct bf_image_id *id, uint8_t byte, uint32_t counter)
{
        memset(id->digest, byte, sizeof(id->digest));
        id->counter = counter;
}

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

int setup(void **state)
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

void power_cycle(void)
{
        slots_init(&nor.flash);
        while (slots_background())
                ;
        events_reset();
}

int64_t call(struct vm *vm, uint64_t function, const uint64_t *args, size_t count)
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

uint64_t result(const struct vm *vm, unsigned n)
{
        return vm->vcpu[0].regs.x[n];
}

int64_t four(struct vm *vm, uint64_t function, uint64_t slot, uint64_t counter, uint8_t byte)
{
        return CALL(vm, function, 2, slot, counter, DIGEST(byte), DIGEST(byte), DIGEST(byte),
                    DIGEST(byte));
}

struct bf_guest state_of(const struct vm *vm)
{
        struct bf_guest g;
        bf_refused refused;

        assert_int_equal(boot_state_read(vm, &g, &refused), SG_OK);
        return g;
}

void expect_event(enum sg_event kind, unsigned vm, uint64_t arg0, uint64_t arg1)
{
        struct event e;

        assert_true(event_next(&e));
        assert_int_equal(e.kind, kind);
        assert_int_equal(e.vm, vm);
        assert_int_equal(e.arg[0], arg0);
        assert_int_equal(e.arg[1], arg1);
}

void expect_no_event(void)
{
        struct event e;

        assert_false(event_next(&e));
}
