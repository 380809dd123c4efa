// SPDX-License-Identifier: Apache-2.0
/* One core: delivery, nesting, linked interrupts; and storms on four. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/vgic_rig.h"

static void an_edge_is_delivered_once(void **state)
{
        unsigned spi = VGIC_SPI(16);

        (void)state;
        boot(1, 4);
        set_edge(spi);
        pulse(spi);
        assert_int_equal(ack(), FAKE_SPURIOUS); /* not enabled */
        put_bit(ISENABLER, spi);
        assert_true(get_bit(ISPENDR, spi));
        assert_int_equal(ack(), spi);
        assert_false(get_bit(ISPENDR, spi));
        assert_true(get_bit(ISACTIVER, spi));
        pulse(spi); /* while active: pending again */
        assert_true(get_bit(ISPENDR, spi));
        assert_int_equal(ack(), FAKE_SPURIOUS);
        eoi(spi);
        assert_int_equal(ack(), spi);
        eoi(spi);
        assert_int_equal(ack(), FAKE_SPURIOUS);
}

static void a_level_stays_pending_until_the_line_falls(void **state)
{
        (void)state;
        boot(1, 4);
        put_bit(ISENABLER, UART);
        vgic_set_level(&vgic, UART, true);
        assert_int_equal(ack(), UART);
        eoi(UART); /* the guest did not look at the device: an EOI exit brings it again */
        assert_int_equal(ack(), UART);
        vgic_set_level(&vgic, UART, false);
        enter();
        assert_false(fake_maintenance());
        fake_eoi(UART);
        assert_false(fake_maintenance()); /* a well-behaved handler's EOI costs no exit */
        assert_int_equal(ack(), FAKE_SPURIOUS);
        vgic_set_level(&vgic, UART, true);
        enter();
        vgic_set_level(&vgic, UART, false); /* before the guest acknowledged */
        assert_int_equal(ack(), FAKE_SPURIOUS);
}

static void a_level_pended_by_hand_is_remembered(void **state)
{
        (void)state;
        boot(1, 4);
        put_bit(ISENABLER, UART);
        put_bit(ISPENDR, UART);
        enter();
        assert_true(get_bit(ISPENDR, UART)); /* came back out of the LR */
        put_bit(ICPENDR, UART);
        assert_int_equal(ack(), FAKE_SPURIOUS);
        put_bit(ISPENDR, UART);
        assert_int_equal(ack(), UART);
        eoi(UART);
        assert_int_equal(ack(), FAKE_SPURIOUS);
}

static void forty_pending_are_delivered_in_order_through_four_registers(void **state)
{
        bool seen[VGIC_INTIDS] = {0};
        unsigned last = 0;

        (void)state;
        boot(1, 4);
        for (unsigned i = 0; i < 40; i++) {
                unsigned spi = VGIC_SPI(20 + i);
                set_edge(spi);
                set_priority(spi, (uint8_t)((i * 13 % 20) << 3));
                put_bit(ISENABLER, spi);
                pulse(spi);
        }
        for (unsigned i = 0; i < 40; i++) {
                unsigned spi = ack();
                assert_int_not_equal(spi, FAKE_SPURIOUS);
                assert_false(seen[spi]);
                seen[spi] = true;
                unsigned priority = ((spi - VGIC_SPI(20)) * 13 % 20) << 3;
                assert_true(priority >= last);
                last = priority;
                eoi(spi);
        }
        assert_int_equal(ack(), FAKE_SPURIOUS);
}

static void a_more_urgent_one_gets_a_register_though_all_are_full(void **state)
{
        (void)state;
        boot(1, 4);
        for (unsigned i = 0; i < 8; i++) {
                set_edge(VGIC_SPI(20 + i));
                put_bit(ISENABLER, VGIC_SPI(20 + i));
                pulse(VGIC_SPI(20 + i));
        }
        assert_int_equal(ack(), VGIC_SPI(20));
        assert_true(get_bit(ISACTIVER, VGIC_SPI(20)));
        assert_false(fake_core[0].hcr & 4); /* the one that runs keeps its LR */
        set_edge(VGIC_SPI(90));
        set_priority(VGIC_SPI(90), 0x20);
        put_bit(ISENABLER, VGIC_SPI(90));
        pulse(VGIC_SPI(90));
        assert_int_equal(ack(), VGIC_SPI(90)); /* preempts */
        eoi(VGIC_SPI(90));
        eoi(VGIC_SPI(20));
        for (unsigned i = 1; i < 8; i++) {
                assert_int_equal(ack(), VGIC_SPI(20 + i));
                eoi(VGIC_SPI(20 + i));
        }
}

static void more_nested_than_registers_unwind(void **state)
{
        (void)state;
        boot(1, 4);
        for (unsigned i = 0; i < 7; i++) {
                unsigned spi = VGIC_SPI(30 + i);
                set_edge(spi);
                set_priority(spi, (uint8_t)(0xe0 - (i << 4)));
                put_bit(ISENABLER, spi);
                pulse(spi);
                assert_int_equal(ack(), spi);
        }
        for (unsigned i = 7; i-- > 0;) {
                assert_true(get_bit(ISACTIVER, VGIC_SPI(30 + i)));
                eoi(VGIC_SPI(30 + i));
                assert_false(get_bit(ISACTIVER, VGIC_SPI(30 + i)));
        }
        for (unsigned i = 0; i < 7; i++) { /* none was lost */
                pulse(VGIC_SPI(30 + 6 - i));
                assert_int_equal(ack(), VGIC_SPI(30 + 6 - i));
                eoi(VGIC_SPI(30 + 6 - i));
        }
}

static void deactivation_by_itself_works_outside_the_registers(void **state)
{
        (void)state;
        boot(1, 4);
        fake_core[0].eoi_mode = true;
        for (unsigned i = 0; i < 7; i++) { /* dropped, not deactivated */
                set_edge(VGIC_SPI(30 + i));
                put_bit(ISENABLER, VGIC_SPI(30 + i));
                pulse(VGIC_SPI(30 + i));
                assert_int_equal(ack(), VGIC_SPI(30 + i));
                eoi(VGIC_SPI(30 + i));
        }
        for (unsigned i = 0; i < 7; i++) {
                unsigned spi = VGIC_SPI(36 - i); /* the last one first: it has no LR */
                assert_true(get_bit(ISACTIVER, spi));
                enter();
                if (fake_dir(spi))
                        vgic_dir_write(&vgic, 0, spi);
                enter();
                assert_false(get_bit(ISACTIVER, spi));
                enter();
        }
        vgic_dir_write(&vgic, 0, 0xffffff); /* nonsense is ignored */
        vgic_dir_write(&vgic, 0, VGIC_SPI(30));
}

static void disabling_an_active_interrupt_does_not_orphan_it(void **state)
{
        (void)state;
        boot(1, 4);
        put_bit(ISENABLER, UART);
        vgic_set_level(&vgic, UART, true);
        assert_int_equal(ack(), UART);
        put_bit(ICENABLER, UART);
        enter();
        assert_true(get_bit(ISACTIVER, UART));
        eoi(UART);
        assert_false(get_bit(ISACTIVER, UART));
        assert_int_equal(ack(), FAKE_SPURIOUS);
        put_bit(ISENABLER, UART);
        assert_int_equal(ack(), UART);
        vgic_set_level(&vgic, UART, false);
        eoi(UART);
}

static void disabling_a_pending_interrupt_withdraws_it(void **state)
{
        (void)state;
        boot(1, 4);
        set_edge(VGIC_SPI(16));
        put_bit(ISENABLER, VGIC_SPI(16));
        pulse(VGIC_SPI(16));
        enter();
        put_bit(ICENABLER, VGIC_SPI(16));
        assert_int_equal(ack(), FAKE_SPURIOUS);
        put_bit(ISENABLER, VGIC_SPI(16));
        assert_int_equal(ack(), VGIC_SPI(16));
        eoi(VGIC_SPI(16));
        put(CTLR, 4, 0); /* the same for the group */
        pulse(VGIC_SPI(16));
        assert_int_equal(ack(), FAKE_SPURIOUS);
        put(CTLR, 4, 2);
        assert_int_equal(ack(), VGIC_SPI(16));
        eoi(VGIC_SPI(16));
}

static void the_guest_completes_a_linked_interrupt(void **state)
{
        struct fake_physical *timer;

        (void)state;
        boot(1, 4);
        timer = fake_physical(0, TIMER);
        timer->line = true;
        assert_int_equal(ack(), FAKE_SPURIOUS);
        assert_false(timer->active); /* not enabled by the guest: not taken */
        assert_true(get_bit(ISPENDR, TIMER));
        put_bit(ISENABLER, TIMER);
        assert_int_equal(ack(), TIMER);
        assert_true(timer->active);
        timer->line = false;
        fake_eoi(TIMER);
        assert_false(timer->active);
        assert_false(fake_maintenance());
        timer->line = true; /* fires again before anything was folded */
        assert_int_equal(ack(), TIMER);
        assert_true(timer->active);
        eoi(TIMER); /* the line is still high */
        assert_int_equal(ack(), TIMER);
        timer->line = false;
        eoi(TIMER);
        assert_false(timer->active);
        assert_int_equal(ack(), FAKE_SPURIOUS);
}

static void disabling_a_linked_interrupt_orphans_nothing(void **state)
{
        struct fake_physical *timer;
        struct fake_physical *disk;

        (void)state;
        boot(1, 4);
        timer = fake_physical(0, TIMER);
        disk = fake_physical(0, DISK);

        put_bit(ISENABLER, TIMER); /* while pending in an LR: the physical GIC has it again */
        timer->line = true;
        enter();
        assert_true(timer->active);
        put_bit(ICENABLER, TIMER);
        enter();
        assert_false(timer->active);
        assert_false(timer->enabled);
        assert_int_equal(ack(), FAKE_SPURIOUS);
        put_bit(ISENABLER, TIMER);
        assert_int_equal(ack(), TIMER);

        put_bit(ICENABLER, TIMER); /* while active */
        enter();
        assert_true(timer->active);
        timer->line = false;
        eoi(TIMER);
        assert_false(timer->active);
        put_bit(ISENABLER, TIMER);
        timer->line = true;
        assert_int_equal(ack(), TIMER);
        timer->line = false;
        eoi(TIMER);

        set_edge(DISK); /* an edge is not forgotten */
        assert_true(disk->edge);
        put_bit(ISENABLER, DISK);
        disk->pending = true;
        enter();
        assert_true(disk->active && !disk->pending);
        put_bit(ICENABLER, DISK);
        enter();
        assert_true(!disk->active && disk->pending);
        put_bit(ISENABLER, DISK);
        assert_int_equal(ack(), DISK);
        eoi(DISK);
        assert_false(disk->active);
}

static void linked_interrupts_survive_having_no_register(void **state)
{
        struct fake_physical *timer;

        (void)state;
        boot(1, 2);
        timer = fake_physical(0, TIMER);
        set_priority(TIMER, 0xe0);
        put_bit(ISENABLER, TIMER);
        timer->line = true;
        assert_int_equal(ack(), TIMER);
        timer->line = false;
        for (unsigned i = 0; i < 5; i++) {
                set_edge(VGIC_SPI(20 + i));
                set_priority(VGIC_SPI(20 + i), (uint8_t)(0xc0 - (i << 4)));
                put_bit(ISENABLER, VGIC_SPI(20 + i));
                pulse(VGIC_SPI(20 + i));
                assert_int_equal(ack(), VGIC_SPI(20 + i));
        }
        for (unsigned i = 5; i-- > 0;)
                eoi(VGIC_SPI(20 + i));
        assert_true(timer->active);
        eoi(TIMER);
        assert_false(timer->active);
}

static void pending_and_active_of_a_linked_interrupt_by_register(void **state)
{
        struct fake_physical *timer;

        (void)state;
        boot(1, 4);
        timer = fake_physical(0, TIMER);
        put_bit(ISENABLER, TIMER);
        put_bit(ISPENDR, TIMER);
        assert_int_equal(ack(), TIMER);
        put_bit(ICACTIVER, TIMER); /* kexec does it */
        assert_false(timer->active);
        fake_core[0].depth = 0;
        put_bit(ISACTIVER, TIMER);
        assert_true(timer->active);
        assert_true(get_bit(ISACTIVER, TIMER));
        enter();
        put_bit(ICACTIVER, TIMER);
        assert_false(timer->active);
        assert_false(get_bit(ISACTIVER, TIMER));

        timer->line = true;
        enter();
        timer->line = false;
        put_bit(ICPENDR, TIMER);
        assert_false(timer->active);
        assert_int_equal(ack(), FAKE_SPURIOUS);
        timer->line = true;
        assert_int_equal(ack(), TIMER);
}

static void idle_entries_touch_nothing(void **state)
{
        (void)state;
        boot(1, 4);
        enter();
        memset(fake_core[0].lr, 0xff, sizeof(fake_core[0].lr)); /* would be noticed */
        vgic_enter(&vgic, 0);
        assert_true(fake_core[0].lr[0] == ~0ull);
        memset(fake_core[0].lr, 0, sizeof(fake_core[0].lr));
        put_bit(ISENABLER, UART);
        enter();
        vgic_set_level(&vgic, UART, false); /* no change, no kick, no work */
        assert_int_equal(vgic.cpu[0].stale, 0);
}

/* Random traffic on four vCPUs. No edge is lost or invented: what is delivered is counted against
 * what was sent, and at the end everything is idle. */
static void storm(unsigned seed, unsigned lrs)
{
        unsigned sent[VGIC_INTIDS] = {0}; /* since the last delivery */
        unsigned held[FAKE_CORES][32];
        unsigned depth[FAKE_CORES] = {0};

        boot(4, lrs);
        srand(seed);
        for (unsigned i = 0; i < VGIC_SPIS; i++) {
                put(ICFGR + VGIC_SPI(i) / 16 * 4, 4, ~0u);
                set_priority(VGIC_SPI(i), (uint8_t)(rand() & 0xf0));
                put_bit(ISENABLER, VGIC_SPI(i));
        }
        for (unsigned step = 0; step < 6000 || true; step++) {
                bool winding_down = step >= 6000;
                fake_self = (unsigned)rand() % FAKE_CORES;
                unsigned spi = VGIC_SPI(8 + (unsigned)rand() % 80);
                switch (rand() % (winding_down ? 2 : 8)) {
                case 0: { /* take one */
                        unsigned got = ack();
                        if (got == FAKE_SPURIOUS || depth[fake_self] == 30)
                                break;
                        assert_true(sent[got] > 0);
                        sent[got] = 0;
                        held[fake_self][depth[fake_self]++] = got;
                        break;
                }
                case 1: /* finish one */
                        if (depth[fake_self])
                                eoi(held[fake_self][--depth[fake_self]]);
                        break;
                case 2:
                case 3:
                case 4:
                        sent[spi]++;
                        pulse(spi);
                        break;
                case 5:
                        put(IROUTER + 8 * spi, 8, (unsigned)rand() % 4);
                        break;
                case 6:
                        put_bit(ICENABLER, spi);
                        if (rand() % 2)
                                settle();
                        put_bit(ISENABLER, spi);
                        break;
                default:
                        settle();
                        break;
                }
                if (!winding_down)
                        continue;
                settle();
                bool idle = true;
                for (unsigned i = 0; i < VGIC_INTIDS; i++)
                        idle &= sent[i] == 0;
                for (unsigned i = 0; i < FAKE_CORES; i++)
                        idle &= depth[i] == 0;
                if (idle)
                        break;
                if (step > 20000)
                        fail_msg("an interrupt got lost (seed %u)", seed);
        }
        for (fake_self = 0; fake_self < FAKE_CORES; fake_self++)
                assert_int_equal(ack(), FAKE_SPURIOUS);
        fake_self = 0;
        for (unsigned i = 1; i < VGIC_INTIDS / 32; i++)
                assert_int_equal(get(ISACTIVER + 4 * i, 4), 0);
}

static void storms_lose_and_invent_nothing(void **state)
{
        (void)state;
        for (unsigned seed = 1; seed <= 12; seed++)
                storm(seed, seed % 3 == 0 ? 1 : seed % 3 == 1 ? 4 : 16);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(an_edge_is_delivered_once),
                cmocka_unit_test(a_level_stays_pending_until_the_line_falls),
                cmocka_unit_test(a_level_pended_by_hand_is_remembered),
                cmocka_unit_test(forty_pending_are_delivered_in_order_through_four_registers),
                cmocka_unit_test(a_more_urgent_one_gets_a_register_though_all_are_full),
                cmocka_unit_test(more_nested_than_registers_unwind),
                cmocka_unit_test(deactivation_by_itself_works_outside_the_registers),
                cmocka_unit_test(disabling_an_active_interrupt_does_not_orphan_it),
                cmocka_unit_test(disabling_a_pending_interrupt_withdraws_it),
                cmocka_unit_test(the_guest_completes_a_linked_interrupt),
                cmocka_unit_test(disabling_a_linked_interrupt_orphans_nothing),
                cmocka_unit_test(linked_interrupts_survive_having_no_register),
                cmocka_unit_test(pending_and_active_of_a_linked_interrupt_by_register),
                cmocka_unit_test(idle_entries_touch_nothing),
                cmocka_unit_test(storms_lose_and_invent_nothing),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
