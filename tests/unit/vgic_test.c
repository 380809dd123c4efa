// SPDX-License-Identifier: Apache-2.0
/* The virtual GIC against a strict model of the hardware that it drives. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "hv/vgic/vgic.h"
#include "tests/unit/fake_arch/fake_gic.h"

#define CTLR       0x0000
#define TYPER      0x0004
#define IGROUPR    0x0080
#define ISENABLER  0x0100
#define ICENABLER  0x0180
#define ISPENDR    0x0200
#define ICPENDR    0x0280
#define ISACTIVER  0x0300
#define ICACTIVER  0x0380
#define IPRIORITYR 0x0400
#define ICFGR      0x0c00
#define IROUTER    0x6000
#define PIDR2      0xffe8
#define GICR_TYPER 0x0008
#define GICR_WAKER 0x0014
#define SGI_FRAME  0x10000
#define RWP        (1u << 31)

#define TIMER      27
#define DISK       VGIC_SPI(3)
#define UART       VGIC_SPI(1)

static struct vgic vgic;

/* Back into the guest on core fake_self, as the exit loop does it: everything that is due is
 * taken first. */
static void enter(void)
{
        unsigned intid;

        fake_core[fake_self].kicked = false;
        vgic_enter(&vgic, fake_self);
        for (unsigned i = 0; i < 100; i++) {
                intid = fake_physical_ack();
                if (intid < 32)
                        vgic_take_ppi(&vgic, fake_self, intid);
                else if (intid != FAKE_SPURIOUS)
                        assert_true(vgic_take_spi(&vgic, intid));
                else if (fake_maintenance())
                        vgic_maintenance(&vgic, fake_self);
                else
                        return;
                vgic_enter(&vgic, fake_self);
        }
        fail_msg("the exit loop does not come to an end");
}

/* Every kicked core goes once through its exit loop. */
static void settle(void)
{
        unsigned self = fake_self;

        for (unsigned round = 0; round < 10; round++) {
                for (fake_self = 0; fake_self < FAKE_CORES; fake_self++) {
                        if (fake_core[fake_self].kicked)
                                enter();
                }
        }
        fake_self = self;
        enter();
}

/* A guest's access from core fake_self, on which vCPU fake_self runs. While the answer hangs on
 * others' LRs the instruction is repeated. */
static uint64_t read_by(const struct mmio_ops *ops, uint64_t offset, unsigned size)
{
        uint64_t v = ~0ull;

        for (unsigned i = 0; i < 3; i++) {
                enum mmio_result r = ops->read(&vgic, fake_self, offset, size, &v);
                enter();
                if (r == MMIO_DONE)
                        return v;
                assert_int_equal(r, MMIO_AGAIN);
                settle();
        }
        fail_msg("a read does not come to an end");
        return 0;
}

static uint64_t get(uint64_t offset, unsigned size)
{
        return read_by(&vgic_dist_mmio, offset, size);
}

static void put(uint64_t offset, unsigned size, uint64_t v)
{
        assert_true(vgic_dist_mmio.write(&vgic, fake_self, offset, size, v));
        enter();
}

static uint64_t get_r(unsigned vcpu, uint64_t offset, unsigned size)
{
        return read_by(&vgic_redist_mmio, vcpu * 0x20000u + offset, size);
}

static void put_r(unsigned vcpu, uint64_t offset, unsigned size, uint64_t v)
{
        assert_true(vgic_redist_mmio.write(&vgic, fake_self, vcpu * 0x20000u + offset, size, v));
        enter();
}

/* One bit of a set or clear register, for a private interrupt of fake_self or an SPI. */
static void put_bit(unsigned reg, unsigned intid)
{
        if (intid < 32)
                put_r(fake_self, SGI_FRAME + reg, 4, 1u << intid);
        else
                put(reg + intid / 32 * 4, 4, 1u << (intid % 32));
}

static bool get_bit(unsigned reg, unsigned intid)
{
        uint64_t v =
                intid < 32 ? get_r(fake_self, SGI_FRAME + reg, 4) : get(reg + intid / 32 * 4, 4);
        return v >> (intid % 32) & 1;
}

static void set_priority(unsigned intid, uint8_t priority)
{
        if (intid < 32)
                put_r(fake_self, SGI_FRAME + IPRIORITYR + intid, 1, priority);
        else
                put(IPRIORITYR + intid, 1, priority);
}

static void set_edge(unsigned intid)
{
        put(ICFGR + intid / 16 * 4, 4, get(ICFGR + intid / 16 * 4, 4) | 2u << (intid % 16 * 2));
}

static unsigned ack(void)
{
        enter();
        return fake_ack();
}

static void eoi(unsigned intid)
{
        fake_eoi(intid);
        enter();
}

/* All groups enabled, everything in group 1 at priority 0xa0. */
static void boot(unsigned cpus, unsigned lrs)
{
        static const uint8_t core[FAKE_CORES] = {0, 1, 2, 3};

        fake_gic_reset(lrs);
        memset(&vgic, 0, sizeof(vgic));
        vgic_init(&vgic, &fake_gic_ops, cpus, core);
        vgic_link(&vgic, TIMER, TIMER);
        vgic_link(&vgic, DISK, DISK);
        put(CTLR, 4, 2);
        for (unsigned i = 32; i < VGIC_INTIDS; i += 32)
                put(IGROUPR + i / 8, 4, ~0u);
        for (unsigned i = 32; i < VGIC_INTIDS; i += 4)
                put(IPRIORITYR + i, 4, 0xa0a0a0a0);
        for (fake_self = 0; fake_self < cpus; fake_self++) {
                vgic_cpu_start(&vgic, fake_self);
                put_r(fake_self, SGI_FRAME + IGROUPR, 4, ~0u);
                for (unsigned i = 0; i < 32; i += 4)
                        put_r(fake_self, SGI_FRAME + IPRIORITYR + i, 4, 0xa0a0a0a0);
                put_r(fake_self, SGI_FRAME + ISENABLER, 4, 0xffff);
        }
        fake_self = 0;
        settle();
}

static void pulse(unsigned intid)
{
        vgic_set_level(&vgic, intid, true);
        vgic_set_level(&vgic, intid, false);
}

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
                cmocka_unit_test(sgis_reach_whom_they_name),
                cmocka_unit_test(a_vcpu_that_is_off_collects_its_interrupts),
                cmocka_unit_test(a_core_that_waits_is_kicked),
                cmocka_unit_test(a_route_moves_an_interrupt),
                cmocka_unit_test(changes_reach_what_another_core_holds),
                cmocka_unit_test(a_linked_spi_taken_on_one_core_is_disabled_from_another),
                cmocka_unit_test(registers_take_every_size),
                cmocka_unit_test(a_restart_forgets_everything),
                cmocka_unit_test(idle_entries_touch_nothing),
                cmocka_unit_test(storms_lose_and_invent_nothing),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
