/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/fake_arch/fake_gic.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define PENDING (1ull << 62)
#define ACTIVE  (1ull << 63)
#define HW      (1ull << 61)
#define EOI     (1ull << 41)
#define EN      (1ull << 0)
#define UIE     (1ull << 1)
#define LRENPIE (1ull << 2)
#define NPIE    (1ull << 3)
#define TDIR    (1ull << 14)

struct fake_core fake_core[FAKE_CORES];
struct fake_physical fake_spi[256];
unsigned fake_lrs;
unsigned fake_self;

void fake_gic_reset(unsigned lrs)
{
        memset(fake_core, 0, sizeof(fake_core));
        memset(fake_spi, 0, sizeof(fake_spi));
        fake_lrs = lrs;
        fake_self = 0;
}

struct fake_physical *fake_physical(unsigned core, unsigned intid)
{
        assert_true(core < FAKE_CORES && intid < 256);
        return intid < 32 ? &fake_core[core].private[intid] : &fake_spi[intid];
}

static struct fake_core *self(void)
{
        return &fake_core[fake_self];
}

static unsigned lr_intid(uint64_t lr)
{
        return (unsigned)(lr & 0xffffffff);
}

static unsigned lr_priority(uint64_t lr)
{
        return (unsigned)(lr >> 48 & 0xff);
}

static unsigned lr_count(void)
{
        return fake_lrs;
}

static uint64_t read_lr(unsigned n)
{
        assert_true(n < fake_lrs);
        return self()->lr[n];
}

static void write_lr(unsigned n, uint64_t value)
{
        assert_true(n < fake_lrs);
        self()->lr[n] = value;
        if (!(value & (PENDING | ACTIVE)))
                return;
        /* Both states at once are not for linked interrupts, and no INTID stands in two LRs. */
        if (value & HW)
                assert_true((value & (PENDING | ACTIVE)) != (PENDING | ACTIVE));
        for (unsigned i = 0; i < n; i++) {
                if (self()->lr[i] & (PENDING | ACTIVE))
                        assert_int_not_equal(lr_intid(self()->lr[i]), lr_intid(value));
        }
}

static uint64_t read_hcr(void)
{
        return self()->hcr;
}

static void write_hcr(uint64_t value)
{
        self()->hcr = value;
}

static void reset_interface(void)
{
        self()->depth = 0;
}

static void enable(unsigned core, unsigned intid, bool on)
{
        fake_physical(core, intid)->enabled = on;
}

static void set_pending(unsigned core, unsigned intid, bool on)
{
        fake_physical(core, intid)->pending = on;
}

static void set_active(unsigned core, unsigned intid, bool on)
{
        fake_physical(core, intid)->active = on;
}

static bool is_pending(unsigned core, unsigned intid)
{
        const struct fake_physical *p = fake_physical(core, intid);
        return p->pending || (p->line && !p->edge);
}

static void set_edge(unsigned core, unsigned intid, bool edge)
{
        fake_physical(core, intid)->edge = edge;
}

static void route(unsigned core, unsigned intid)
{
        fake_physical(core, intid)->core = core;
}

static void kick(unsigned core)
{
        assert_true(core < FAKE_CORES);
        if (core == fake_self)
                return;
        fake_core[core].kicked = true;
        fake_core[core].kicks++;
}

const struct vgic_ops fake_gic_ops = {
        .lr_count = lr_count,
        .read_lr = read_lr,
        .write_lr = write_lr,
        .read_hcr = read_hcr,
        .write_hcr = write_hcr,
        .reset_interface = reset_interface,
        .enable = enable,
        .set_pending = set_pending,
        .set_active = set_active,
        .is_pending = is_pending,
        .set_edge = set_edge,
        .route = route,
        .kick = kick,
};

unsigned fake_ack(void)
{
        struct fake_core *c = self();
        uint64_t *best = NULL;

        assert_true(c->hcr & EN);
        for (unsigned i = 0; i < fake_lrs; i++) {
                /* Pending and active at once is not delivered again before it is deactivated. */
                if ((c->lr[i] & (PENDING | ACTIVE)) != PENDING)
                        continue;
                if (!best || lr_priority(c->lr[i]) < lr_priority(*best))
                        best = &c->lr[i];
        }
        if (!best || (c->depth && lr_priority(*best) >= c->running[c->depth - 1]))
                return FAKE_SPURIOUS;
        *best = (*best & ~PENDING) | ACTIVE;
        c->running[c->depth++] = lr_priority(*best);
        return lr_intid(*best);
}

static void deactivate(uint64_t *lr)
{
        *lr &= ~ACTIVE;
        if (!(*lr & HW))
                return;
        struct fake_physical *p = fake_physical(fake_self, lr_intid(*lr >> 32 & 0x3ff));
        assert_true(p->active);
        p->active = false;
}

static uint64_t *find_active(unsigned intid)
{
        for (unsigned i = 0; i < fake_lrs; i++) {
                if (lr_intid(self()->lr[i]) == intid && (self()->lr[i] & ACTIVE))
                        return &self()->lr[i];
        }
        return NULL;
}

void fake_eoi(unsigned intid)
{
        struct fake_core *c = self();
        uint64_t *lr = find_active(intid);

        assert_true(c->depth > 0);
        c->depth--;
        if (c->eoi_mode)
                return;
        if (lr)
                deactivate(lr);
        else
                c->hcr += 1ull << 27;
}

bool fake_dir(unsigned intid)
{
        uint64_t *lr = find_active(intid);

        assert_true(self()->eoi_mode);
        if (self()->hcr & TDIR)
                return true;
        if (lr)
                deactivate(lr);
        else
                self()->hcr += 1ull << 27;
        return false;
}

bool fake_maintenance(void)
{
        const struct fake_core *c = self();
        unsigned pending = 0;
        unsigned valid = 0;
        bool eoi = false;

        for (unsigned i = 0; i < fake_lrs; i++) {
                uint64_t lr = c->lr[i];
                pending += (lr & PENDING) != 0;
                valid += (lr & (PENDING | ACTIVE)) != 0;
                eoi |= !(lr & (PENDING | ACTIVE | HW)) && (lr & EOI);
        }
        return (c->hcr & EN) &&
               (eoi || ((c->hcr & UIE) && valid <= 1) || ((c->hcr & NPIE) && !pending) ||
                ((c->hcr & LRENPIE) && (c->hcr >> 27 & 0x1f)));
}

unsigned fake_physical_ack(void)
{
        for (unsigned intid = 16; intid < 256; intid++) {
                struct fake_physical *p = fake_physical(fake_self, intid);
                if (intid >= 32 && p->core != fake_self)
                        continue;
                if (!p->enabled || p->active || !is_pending(fake_self, intid))
                        continue;
                p->active = true;
                p->pending = false;
                return intid;
        }
        return FAKE_SPURIOUS;
}
