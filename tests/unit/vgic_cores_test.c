// SPDX-License-Identifier: Apache-2.0
/* Several cores, registers, restarts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/vgic_rig.h"

static void sgis_reach_whom_they_name(void **state)
{
        (void)state;
        boot(4, 4);
        vgic_sgi_write(&vgic, 0, 5ull << 24 | 0x6, true);
        settle();
        fake_self = 1;
        assert_int_equal(ack(), 5);
        eoi(5);
        fake_self = 2;
        assert_int_equal(ack(), 5);
        eoi(5);
        fake_self = 3;
        assert_int_equal(ack(), FAKE_SPURIOUS);
        vgic_sgi_write(&vgic, 3, 7ull << 24 | 1ull << 40, true); /* all but itself */
        settle();
        for (fake_self = 0; fake_self < 4; fake_self++)
                assert_int_equal(ack(), fake_self == 3 ? FAKE_SPURIOUS : 7);
        fake_self = 0;
        eoi(7);
        vgic_sgi_write(&vgic, 0, 1ull << 24 | 1, false);          /* of the other group */
        vgic_sgi_write(&vgic, 0, 1ull << 24 | 1 << 16 | 1, true); /* of another cluster */
        vgic_sgi_write(&vgic, 0, 1ull << 24 | 1ull << 44 | 1, true);
        vgic_sgi_write(&vgic, 0, 1ull << 24 | 0xfff0, true); /* of nobody */
        assert_int_equal(ack(), FAKE_SPURIOUS);
        vgic_sgi_write(&vgic, 0, 1ull << 24 | 1, true);
        assert_int_equal(ack(), 1);
}

static void a_vcpu_that_is_off_collects_its_interrupts(void **state)
{
        (void)state;
        boot(2, 4);
        fake_self = 1;
        vgic_sgi_write(&vgic, 0, 3ull << 24 | 2, true);
        enter(); /* in an LR, not acknowledged */
        vgic_cpu_stop(&vgic, 1);
        fake_self = 0;
        unsigned kicks = fake_core[1].kicks;
        vgic_sgi_write(&vgic, 0, 9ull << 24 | 2, true);
        put(IROUTER + 8 * UART, 8, 1);
        put_bit(ISENABLER, UART);
        vgic_set_level(&vgic, UART, true);
        assert_int_equal(fake_core[1].kicks, kicks);
        fake_self = 1;
        assert_false(vgic_pending(&vgic, 1)); /* it cannot take one */
        vgic_cpu_start(&vgic, 1);
        assert_true(vgic_pending(&vgic, 1));
        unsigned got = 0;
        for (unsigned i = 0; i < 3; i++) {
                unsigned intid = ack();
                assert_int_not_equal(intid, FAKE_SPURIOUS);
                got |= intid == UART ? 1u << 16 : 1u << intid;
                if (intid == UART)
                        vgic_set_level(&vgic, UART, false);
                eoi(intid);
        }
        assert_int_equal(got, 1u << 16 | 1u << 3 | 1u << 9);
        assert_false(vgic_pending(&vgic, 1));
}

static void a_core_that_waits_is_kicked(void **state)
{
        (void)state;
        boot(2, 4);
        put(IROUTER + 8 * UART, 8, 1);
        put_bit(ISENABLER, UART);
        settle();
        fake_self = 1;
        assert_false(vgic_pending(&vgic, 1)); /* CPU_SUSPEND: it goes to sleep */
        fake_self = 0;
        vgic_set_level(&vgic, UART, true);
        assert_true(fake_core[1].kicked);
        assert_false(get(CTLR, 4) & RWP); /* its LRs count as empty: nobody has to wait for it */
        assert_int_equal(get_r(1, 0, 4), 0);
        fake_self = 1;
        assert_true(vgic_pending(&vgic, 1));
        assert_int_equal(ack(), UART);
}

static void a_route_moves_an_interrupt(void **state)
{
        unsigned spi = VGIC_SPI(40);

        (void)state;
        boot(2, 4);
        set_edge(spi);
        put_bit(ISENABLER, spi);
        pulse(spi);
        enter(); /* pending in an LR of vCPU 0 */
        fake_self = 1;
        put(IROUTER + 8 * spi, 8, 1);
        assert_true(get(CTLR, 4) & RWP);
        settle();
        assert_false(get(CTLR, 4) & RWP);
        assert_int_equal(ack(), spi);
        put(IROUTER + 8 * spi, 8, 0); /* active: stays where it is */
        pulse(spi);
        settle();
        fake_self = 0;
        assert_int_equal(ack(), FAKE_SPURIOUS);
        fake_self = 1;
        eoi(spi);
        settle();
        fake_self = 0;
        assert_int_equal(ack(), spi);
        eoi(spi);
        put(IROUTER + 8 * spi, 8, 77); /* to nobody: it waits */
        pulse(spi);
        settle();
        assert_int_equal(ack(), FAKE_SPURIOUS);
        assert_true(get_bit(ISPENDR, spi));
        put(IROUTER + 8 * spi, 4, 0);
        assert_int_equal(ack(), spi);

        put(IROUTER + 8 * DISK, 8, 1); /* the physical one follows */
        assert_int_equal(fake_physical(0, DISK)->core, 1);
}

static void changes_reach_what_another_core_holds(void **state)
{
        unsigned spi = VGIC_SPI(40);

        (void)state;
        boot(2, 4);
        set_edge(spi);
        put_bit(ISENABLER, spi);
        pulse(spi);
        enter(); /* in vCPU 0's LR */

        fake_self = 1;
        assert_true(get_bit(ISPENDR, spi));
        put_bit(ICPENDR, spi);
        assert_false(get_bit(ISPENDR, spi));
        settle();
        fake_self = 0;
        assert_int_equal(ack(), FAKE_SPURIOUS);

        pulse(spi);
        assert_int_equal(ack(), spi);
        fake_self = 1;
        uint64_t v;
        for (unsigned i = 0; i < 3; i++) /* not known before vCPU 0 was there */
                assert_int_equal(vgic_dist_mmio.read(&vgic, 1, ISACTIVER + spi / 32 * 4, 4, &v),
                                 MMIO_AGAIN);
        assert_true(fake_core[0].kicked);
        assert_true(get_bit(ISACTIVER, spi));
        put_bit(ICENABLER, spi);
        settle();
        assert_true(get_bit(ISACTIVER, spi));
        put_bit(ICACTIVER, spi);
        assert_false(get_bit(ISACTIVER, spi));
        settle();
        assert_false(get_bit(ISACTIVER, spi));
        fake_core[0].depth = 0;

        put_bit(ISENABLER, spi);
        pulse(spi);
        settle();
        put_bit(ISACTIVER, spi); /* pending in vCPU 0's LR, now active too */
        settle();
        assert_true(get_bit(ISACTIVER, spi));
        assert_true(get_bit(ISPENDR, spi));
        put_bit(ICACTIVER, spi);
        settle();
        fake_self = 0;
        assert_int_equal(ack(), spi);
        fake_self = 1;
        put_bit(ICPENDR, spi); /* active only: nothing to clear */
        settle();
        assert_true(get_bit(ISACTIVER, spi));
        fake_self = 0;
        eoi(spi);
        assert_false(get_bit(ISACTIVER, spi));
}

static void a_linked_spi_taken_on_one_core_is_disabled_from_another(void **state)
{
        struct fake_physical *disk;

        (void)state;
        boot(2, 4);
        disk = fake_physical(0, DISK);
        put_bit(ISENABLER, DISK);
        disk->line = true;
        enter();
        assert_true(disk->active);
        fake_self = 1;
        put_bit(ICENABLER, DISK);
        settle();
        assert_false(disk->active); /* pending: given back */
        put_bit(ISENABLER, DISK);
        fake_self = 0;
        assert_int_equal(ack(), DISK);
        fake_self = 1;
        put_bit(ICENABLER, DISK);
        settle();
        assert_true(disk->active); /* active: the guest still completes it */
        disk->line = false;
        fake_self = 0;
        eoi(DISK);
        assert_false(disk->active);
        /* Taken on its way while it was disabled already. */
        disk->active = true;
        assert_true(vgic_take_spi(&vgic, DISK));
        enter();
        assert_false(disk->active);
        disk->active = true;
        assert_true(vgic_take_spi(&vgic, DISK));
        assert_false(disk->active);
        assert_false(vgic_take_spi(&vgic, 99));

        /* Pending in vCPU 0's LR, and made active by vCPU 1. */
        put_bit(ISENABLER, DISK);
        disk->line = true;
        settle();
        fake_self = 1;
        put_bit(ISACTIVER, DISK);
        settle();
        fake_self = 0;
        assert_int_equal(ack(), FAKE_SPURIOUS);
        put_bit(ICACTIVER, DISK);
        assert_int_equal(ack(), DISK);
        assert_true(disk->active);
}

static void registers_take_every_size(void **state)
{
        (void)state;
        boot(2, 4);
        assert_int_equal(get(TYPER, 4), 3u | 9u << 19 | 1u << 25);
        assert_int_equal(get(TYPER, 4) & 0x1f, VGIC_INTIDS / 32 - 1);
        assert_int_equal(get(CTLR, 4), 0x52);
        assert_int_equal(get(PIDR2, 4) >> 4 & 0xf, 3);
        assert_int_equal(get_r(1, PIDR2, 4) >> 4 & 0xf, 3);
        assert_int_equal(get(0x0c, 4), 0);
        assert_int_equal(get(0x5000, 4), 0);
        put(0x5000, 4, ~0u);

        put(IPRIORITYR + 41, 1, 0x7f); /* five bits are kept */
        assert_int_equal(get(IPRIORITYR + 40, 4), 0xa0a078a0);
        put(IPRIORITYR + 42, 2, 0x1020);
        assert_int_equal(get(IPRIORITYR + 40, 4), 0x102078a0);
        assert_int_equal(get(IPRIORITYR + 43, 1), 0x10);
        put(IPRIORITYR, 4, ~0u); /* private ones are not here */
        assert_int_equal(get(IPRIORITYR, 4), 0);
        assert_int_equal(get(ISENABLER, 4), 0);
        assert_int_equal(get_r(0, SGI_FRAME + IPRIORITYR, 4), 0xa0a0a0a0);
        assert_int_equal(get_r(0, SGI_FRAME + ISENABLER, 4), 0xffff);
        put_r(0, SGI_FRAME + ISENABLER + 4, 4, ~0u);
        assert_int_equal(get_r(0, SGI_FRAME + ISENABLER + 4, 4), 0);
        put(IPRIORITYR + VGIC_INTIDS, 4, ~0u);
        assert_int_equal(get(IPRIORITYR + VGIC_INTIDS, 4), 0);

        put(IROUTER + 8 * 50, 4, 0x010203 | 1u << 31); /* halves; 1-of-N is not there */
        put(IROUTER + 8 * 50 + 4, 4, 0xffffff44);
        assert_true(get(IROUTER + 8 * 50, 8) == 0x4400010203ull);
        put(IROUTER + 8 * 50, 8, 0x0500000001ull);
        assert_int_equal(get(IROUTER + 8 * 50 + 4, 4), 5);
        assert_int_equal(get(IROUTER + 8 * 50, 4), 1);
        assert_int_equal(get(IROUTER + 8 * 31, 8), 0);

        assert_true(get_r(0, GICR_TYPER, 8) == 0);
        assert_true(get_r(1, GICR_TYPER, 8) == (1ull << 32 | 1u << 8 | 1u << 4));
        assert_int_equal(get_r(1, GICR_TYPER + 4, 4), 1);
        assert_int_equal(get_r(1, GICR_WAKER, 4), 6);
        put_r(1, GICR_WAKER, 4, 0);
        assert_int_equal(get_r(1, GICR_WAKER, 4), 0);
        assert_int_equal(get_r(0, 4, 4), get(8, 4));

        put(ICFGR + 8, 4, 0xffffffff);
        assert_int_equal(get(ICFGR + 8, 4), 0xaaaaaaaa);
        assert_int_equal(get_r(0, SGI_FRAME + ICFGR, 4), 0xaaaaaaaa); /* SGIs are edges */
        put_r(0, SGI_FRAME + ICFGR, 4, 0);
        assert_int_equal(get_r(0, SGI_FRAME + ICFGR, 4), 0xaaaaaaaa);
        put_r(0, SGI_FRAME + ICFGR + 4, 4, ~0u); /* a linked PPI is as the machine made it */
        assert_int_equal(get_r(0, SGI_FRAME + ICFGR + 4, 4) >> (TIMER - 16) * 2 & 3, 0);

        uint64_t v;
        assert_int_equal(vgic_redist_mmio.read(&vgic, 0, 2 * 0x20000, 4, &v), MMIO_REFUSED);
        assert_false(vgic_redist_mmio.write(&vgic, 0, 2 * 0x20000, 4, 0));
}

static void a_restart_forgets_everything(void **state)
{
        struct fake_physical *timer;
        struct fake_physical *disk;

        (void)state;
        boot(2, 4);
        timer = fake_physical(0, TIMER);
        disk = fake_physical(0, DISK);
        put_bit(ISENABLER, TIMER);
        put_bit(ISENABLER, DISK);
        timer->line = disk->line = true;
        enter();
        assert_true(timer->active && disk->active);
        assert_true(fake_ack() != FAKE_SPURIOUS);
        set_edge(VGIC_SPI(50));
        put_bit(ISENABLER, VGIC_SPI(50));
        pulse(VGIC_SPI(50));
        vgic_sgi_write(&vgic, 0, 4ull << 24 | 3, true);
        put(IROUTER + 8 * 50, 8, 1);
        settle();
        set_edge(DISK);
        assert_true(disk->edge);

        for (fake_self = 0; fake_self < 2; fake_self++)
                vgic_cpu_stop(&vgic, fake_self);
        timer->line = disk->line = false;
        fake_self = 3; /* whoever does it */
        vgic_reset(&vgic);
        assert_true(!timer->active && !timer->enabled && !timer->pending);
        assert_true(!disk->active && !disk->enabled && !disk->pending && !disk->edge);
        fake_self = 0;
        vgic_cpu_start(&vgic, 0);
        assert_int_equal(ack(), FAKE_SPURIOUS);
        assert_int_equal(get(CTLR, 4), 0x50);
        for (unsigned reg = IGROUPR; reg < IPRIORITYR; reg += 4)
                assert_int_equal(get(reg, 4), 0);
        for (unsigned reg = IGROUPR; reg < IPRIORITYR; reg += 4)
                assert_int_equal(get_r(0, SGI_FRAME + reg, 4), 0);
        assert_int_equal(get(IROUTER + 8 * 50, 8), 0);
        assert_int_equal(get_r(0, GICR_WAKER, 4), 6);
        put(CTLR, 4, 3);
        put_r(0, SGI_FRAME + ISENABLER, 4, ~0u);
        put(ISENABLER + 4, 4, ~0u);
        assert_int_equal(ack(), FAKE_SPURIOUS);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(sgis_reach_whom_they_name),
                cmocka_unit_test(a_vcpu_that_is_off_collects_its_interrupts),
                cmocka_unit_test(a_core_that_waits_is_kicked),
                cmocka_unit_test(a_route_moves_an_interrupt),
                cmocka_unit_test(changes_reach_what_another_core_holds),
                cmocka_unit_test(a_linked_spi_taken_on_one_core_is_disabled_from_another),
                cmocka_unit_test(registers_take_every_size),
                cmocka_unit_test(a_restart_forgets_everything),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
