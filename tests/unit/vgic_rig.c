/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/vgic_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

struct vgic vgic;

void enter(void)
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

void settle(void)
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

uint64_t get(uint64_t offset, unsigned size)
{
        return read_by(&vgic_dist_mmio, offset, size);
}

void put(uint64_t offset, unsigned size, uint64_t v)
{
        assert_true(vgic_dist_mmio.write(&vgic, fake_self, offset, size, v));
        enter();
}

uint64_t get_r(unsigned vcpu, uint64_t offset, unsigned size)
{
        return read_by(&vgic_redist_mmio, vcpu * 0x20000u + offset, size);
}

void put_r(unsigned vcpu, uint64_t offset, unsigned size, uint64_t v)
{
        assert_true(vgic_redist_mmio.write(&vgic, fake_self, vcpu * 0x20000u + offset, size, v));
        enter();
}

void put_bit(unsigned reg, unsigned intid)
{
        if (intid < 32)
                put_r(fake_self, SGI_FRAME + reg, 4, 1u << intid);
        else
                put(reg + intid / 32 * 4, 4, 1u << (intid % 32));
}

bool get_bit(unsigned reg, unsigned intid)
{
        uint64_t v =
                intid < 32 ? get_r(fake_self, SGI_FRAME + reg, 4) : get(reg + intid / 32 * 4, 4);
        return v >> (intid % 32) & 1;
}

void set_priority(unsigned intid, uint8_t priority)
{
        if (intid < 32)
                put_r(fake_self, SGI_FRAME + IPRIORITYR + intid, 1, priority);
        else
                put(IPRIORITYR + intid, 1, priority);
}

void set_edge(unsigned intid)
{
        put(ICFGR + intid / 16 * 4, 4, get(ICFGR + intid / 16 * 4, 4) | 2u << (intid % 16 * 2));
}

unsigned ack(void)
{
        enter();
        return fake_ack();
}

void eoi(unsigned intid)
{
        fake_eoi(intid);
        enter();
}

void boot(unsigned cpus, unsigned lrs)
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

void pulse(unsigned intid)
{
        vgic_set_level(&vgic, intid, true);
        vgic_set_level(&vgic, intid, false);
}
