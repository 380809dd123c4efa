/* SPDX-License-Identifier: Apache-2.0 */
#include "updater/el1/gic.h"

#include <stddef.h>

#include "updater/el1/fault.h"
#include "updater/el1/mmio.h"
#include "updater/el1/sysreg.h"

/* GICv3 (IHI 0069): distributor, 12.9; redistributor, 12.11; CPU interface, 12.2. */
#define GICD_CTLR            0x0000
#define GICD_IGROUPR(n)      (0x0080 + 4 * (n))
#define GICD_ISENABLER(n)    (0x0100 + 4 * (n))
#define GICD_IPRIORITYR      0x0400
#define GICD_ICFGR(n)        (0x0c00 + 4 * (n))
#define GICD_IROUTER         0x6000

#define GICR_TYPER           0x0008
#define GICR_WAKER           0x0014
#define GICR_SGI             0x10000 /* the frame whose registers are laid out as the distributor's */
#define GICR_STRIDE          0x20000
#define GICR_STRIDE4         0x40000 /* with virtual LPIs */

#define CTLR_GRP1            (1u << 1) /* non-secure view: EnableGrp1A */
#define CTLR_GRP1_SINGLE     (1u << 0)
#define CTLR_ARE             (1u << 4)
#define CTLR_RWP             (1u << 31)

#define TYPER_VLPIS          (UINT64_C(1) << 1)
#define TYPER_LAST           (UINT64_C(1) << 4)
#define TYPER_AFFINITY_SHIFT 32

#define WAKER_SLEEP          (1u << 1)
#define WAKER_CHILDREN       (1u << 2)

#define ICC_IAR1             "s3_0_c12_c12_0"
#define ICC_EOIR1            "s3_0_c12_c12_1"
#define ICC_BPR1             "s3_0_c12_c12_3"
#define ICC_CTLR             "s3_0_c12_c12_4"
#define ICC_SRE              "s3_0_c12_c12_5"
#define ICC_IGRPEN1          "s3_0_c12_c12_7"
#define ICC_PMR              "s3_0_c4_c6_0"

#define INTID_FIRST_SPI      32
#define INTID_FIRST_SPECIAL  1020
#define PRIORITY             0x80
#define PRIORITY_ANY         0xff
#define MPIDR_AFF3_SHIFT     32

#define SOURCES_MAX          4
#define TURN_MAX             16 /* interrupts handled before the caller gets its turn */

struct source {
        uint32_t intid;
        irq_handler handler;
        void *ctx;
};

static struct {
        uintptr_t gicd;
        uintptr_t gicr;
        unsigned count;
        struct source sources[SOURCES_MAX];
} gic;

/* Aff3:Aff2:Aff1:Aff0, as GICR_TYPER has it. */
static uint32_t own_affinity(void)
{
        const uint64_t mpidr = sysreg_read("mpidr_el1");

        return (uint32_t)((mpidr & 0xffffff) | (mpidr >> MPIDR_AFF3_SHIFT & 0xff) << 24);
}

static uintptr_t find_redistributor(const struct platform_range *range)
{
        const uint32_t own = own_affinity();
        uint64_t typer = 0;

        for (uint64_t at = 0; at + GICR_STRIDE <= range->size && (typer & TYPER_LAST) == 0;
             at += (typer & TYPER_VLPIS) != 0 ? GICR_STRIDE4 : GICR_STRIDE) {
                typer = mmio_read64(range->base + at + GICR_TYPER);
                if ((uint32_t)(typer >> TYPER_AFFINITY_SHIFT) == own) {
                        return range->base + at;
                }
        }
        panic("the interrupt controller has no redistributor for affinity 0x%x", (unsigned)own);
}

static void wake_redistributor(void)
{
        const uint32_t waker = mmio_read32(gic.gicr + GICR_WAKER);

        mmio_write32(gic.gicr + GICR_WAKER, waker & ~WAKER_SLEEP);
        while ((mmio_read32(gic.gicr + GICR_WAKER) & WAKER_CHILDREN) != 0) {
        }
}

static void enable_cpu_interface(void)
{
        sysreg_write(ICC_SRE, sysreg_read(ICC_SRE) | 1);
        isb();
        sysreg_write(ICC_PMR, PRIORITY_ANY);
        sysreg_write(ICC_BPR1, 0);
        sysreg_write(ICC_CTLR, 0); /* EOI drops the priority and deactivates */
        sysreg_write(ICC_IGRPEN1, 1);
        isb();
}

void gic_init(const struct platform *platform)
{
        gic.gicd = platform->gicd.base;
        gic.gicr = find_redistributor(&platform->gicr);
        gic.count = 0;
        /* ARE first: with it the enable bits take their GICv3 meaning. */
        mmio_write32(gic.gicd + GICD_CTLR, CTLR_ARE);
        mmio_write32(gic.gicd + GICD_CTLR, CTLR_ARE | CTLR_GRP1 | CTLR_GRP1_SINGLE);
        while ((mmio_read32(gic.gicd + GICD_CTLR) & CTLR_RWP) != 0) {
        }
        wake_redistributor();
        enable_cpu_interface();
}

static void set_bit(uintptr_t address, uint32_t bit)
{
        mmio_write32(address, mmio_read32(address) | bit);
}

static void route_here(uint32_t intid)
{
        const uint32_t own = own_affinity();

        mmio_write64(gic.gicd + GICD_IROUTER + 8 * (uintptr_t)intid,
                     (own & 0xffffff) | (uint64_t)(own >> 24) << MPIDR_AFF3_SHIFT);
}

void irq_attach(uint32_t intid, irq_handler handler, void *ctx)
{
        const bool spi = intid >= INTID_FIRST_SPI;
        const uintptr_t frame = spi ? gic.gicd : gic.gicr + GICR_SGI;
        const uint32_t bit = 1u << intid % 32;

        if (gic.count == SOURCES_MAX) {
                panic("no room for interrupt %u", (unsigned)intid);
        }
        gic.sources[gic.count++] = (struct source){.intid = intid, .handler = handler, .ctx = ctx};
        set_bit(frame + GICD_IGROUPR(intid / 32), bit);
        mmio_write8(frame + GICD_IPRIORITYR + intid, PRIORITY);
        if (spi) {
                const uintptr_t config = frame + GICD_ICFGR(intid / 16);

                mmio_write32(config, mmio_read32(config) & ~(3u << 2 * (intid % 16)));
                route_here(intid);
        }
        mmio_write32(frame + GICD_ISENABLER(intid / 32), bit);
}

static void dispatch(uint32_t intid)
{
        for (unsigned i = 0; i < gic.count; i++) {
                if (gic.sources[i].intid == intid) {
                        gic.sources[i].handler(gic.sources[i].ctx);
                        return;
                }
        }
}

bool irq_poll(void)
{
        bool any = false;

        for (unsigned i = 0; i < TURN_MAX; i++) {
                const uint32_t intid = (uint32_t)sysreg_read(ICC_IAR1);

                if (intid >= INTID_FIRST_SPECIAL) {
                        break;
                }
                /* The source is quiet before the interrupt may come again. */
                dispatch(intid);
                dsb_sy();
                sysreg_write(ICC_EOIR1, intid);
                isb();
                any = true;
        }
        return any;
}

void irq_wait(void)
{
        while (!irq_poll()) {
                dsb_sy();
                wfi();
        }
}
