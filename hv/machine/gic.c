/* SPDX-License-Identifier: Apache-2.0 */
/* GICv3 with one security state, as EL2 sees it (Arm IHI 0069). */
#include "hv/machine/gic.h"

#include "hv/arch/sysreg.h"
#include "hv/core/ipi.h"
#include "hv/core/percpu.h"

/* Distributor; from 0x80 to 0xcff a redistributor's second frame has the same for its own. */
#define GICD_CTLR      0x0000u
#define GICD_TYPER     0x0004u
#define GIC_IGROUPR    0x0080u
#define GIC_ISENABLER  0x0100u
#define GIC_ICENABLER  0x0180u
#define GIC_ISPENDR    0x0200u
#define GIC_ICPENDR    0x0280u
#define GIC_ISACTIVER  0x0300u
#define GIC_ICACTIVER  0x0380u
#define GIC_IPRIORITYR 0x0400u
#define GIC_ICFGR      0x0c00u
#define GICD_IROUTER   0x6000u
#define GIC_PIDR2      0xffe8u

#define CTLR_GRP1      (1u << 1)
#define CTLR_ARE       (1u << 4)
#define GICD_RWP       (1u << 31)
#define PIDR2_ARCH(v)  ((v) >> 4 & 0xf)

/* Redistributor: control frame, then the frame of SGIs and PPIs. */
#define GICR_CTLR              0x0000u
#define GICR_TYPER             0x0008u
#define GICR_WAKER             0x0014u
#define GICR_SGI_FRAME         0x10000u
#define GICR_RWP               (1u << 3)
#define GICR_TYPER_VLPIS       (1ull << 1)
#define GICR_TYPER_LAST        (1ull << 4)
#define GICR_TYPER_AFFINITY(v) ((uint32_t)((v) >> 32))
#define WAKER_SLEEP            (1u << 1)
#define WAKER_CHILDREN         (1u << 2)

#define PRIORITY               0xa0u
#define PRIORITY_ALL           0xf8u
#define POLL_LIMIT             1000000u /* reads: far more than any GIC needs */

#define ICC_CTLR_EOIMODE       (1u << 1)
#define ICC_SRE_ALL            0xfu /* SRE, no bypass of FIQ and IRQ, EL1 may use it too */

#define ISB()                  __asm__ volatile("isb" ::: "memory")

static struct {
        struct gic_location at;
        unsigned intids;           /* SGIs, PPIs and SPIs */
        uintptr_t redist[CPU_MAX]; /* control frame of each core */
} gic;

static uint32_t get32(uintptr_t at)
{
        uint32_t v;
        __asm__ volatile("ldr %w0, [%1]" : "=r"(v) : "r"(at) : "memory");
        return v;
}

static void put32(uintptr_t at, uint32_t v)
{
        __asm__ volatile("str %w0, [%1]" : : "r"(v), "r"(at) : "memory");
}

static uint64_t get64(uintptr_t at)
{
        uint64_t v;
        __asm__ volatile("ldr %0, [%1]" : "=r"(v) : "r"(at) : "memory");
        return v;
}

static void put64(uintptr_t at, uint64_t v)
{
        __asm__ volatile("str %0, [%1]" : : "r"(v), "r"(at) : "memory");
}

/* False: the bit did not clear within any reasonable time. */
static bool wait_clear(uintptr_t at, uint32_t bit)
{
        for (unsigned i = 0; i < POLL_LIMIT; i++) {
                if (!(get32(at) & bit))
                        return true;
        }
        return false;
}

/* The frame that holds an interrupt's registers. */
static uintptr_t frame(unsigned core, unsigned intid)
{
        return intid < 32 ? gic.redist[core] + GICR_SGI_FRAME : gic.at.dist;
}

static uintptr_t bit_word(unsigned core, unsigned intid, unsigned reg)
{
        return frame(core, intid) + reg + intid / 32 * 4;
}

static void put_bit(unsigned core, unsigned intid, unsigned reg)
{
        put32(bit_word(core, intid, reg), 1u << (intid % 32));
}

sg_err gic_init(const struct gic_location *location)
{
        uintptr_t dist = location->dist;

        if (PIDR2_ARCH(get32(dist + GIC_PIDR2)) < 3)
                return SG_E_NO_GICV3;
        gic.at = *location;
        gic.intids = 32 * ((get32(dist + GICD_TYPER) & 0x1f) + 1);
        if (gic.intids > 1020)
                gic.intids = 1020;

        put32(dist + GICD_CTLR, 0);
        if (!wait_clear(dist + GICD_CTLR, GICD_RWP))
                return SG_E_GIC_STUCK;
        for (unsigned n = 32; n < gic.intids; n += 32) {
                put32(dist + GIC_ICENABLER + n / 8, ~0u);
                put32(dist + GIC_ICPENDR + n / 8, ~0u);
                put32(dist + GIC_ICACTIVER + n / 8, ~0u);
                put32(dist + GIC_IGROUPR + n / 8, ~0u);
        }
        for (unsigned n = 32; n < gic.intids; n += 4)
                put32(dist + GIC_IPRIORITYR + n, PRIORITY * 0x01010101u);
        put32(dist + GICD_CTLR, CTLR_ARE | CTLR_GRP1);
        return wait_clear(dist + GICD_CTLR, GICD_RWP) ? SG_OK : SG_E_GIC_STUCK;
}

static uint32_t own_affinity(void)
{
        uint64_t mpidr = read_sysreg(mpidr_el1);
        return (uint32_t)((mpidr >> 8 & 0xff000000u) | (mpidr & 0xffffffu));
}

/* 0: none of the regions has it. */
static uintptr_t find_redist(uint32_t affinity)
{
        for (unsigned i = 0; i < gic.at.redist_regions; i++) {
                uintptr_t at = gic.at.redist[i].base;
                uintptr_t end = at + gic.at.redist[i].size;

                while (at + 2 * GICR_SGI_FRAME <= end) {
                        uint64_t typer = get64(at + GICR_TYPER);
                        if (GICR_TYPER_AFFINITY(typer) == affinity)
                                return at;
                        if (typer & GICR_TYPER_LAST)
                                break;
                        if (gic.at.redist_stride)
                                at += gic.at.redist_stride;
                        else
                                at += typer & GICR_TYPER_VLPIS ? 0x40000 : 0x20000;
                }
        }
        return 0;
}

static void init_interface(void)
{
        write_sysreg(ICC_SRE_ALL, icc_sre_el2);
        ISB();
        write_sysreg(ICC_SRE_ALL & 7, icc_sre_el1);
        write_sysreg(PRIORITY_ALL, icc_pmr_el1);
        write_sysreg(0, icc_bpr1_el1);
        write_sysreg(ICC_CTLR_EOIMODE, icc_ctlr_el1);
        write_sysreg(1, icc_igrpen1_el1);
        ISB();
}

sg_err gic_cpu_init(unsigned core)
{
        uintptr_t redist = find_redist(own_affinity());
        if (!redist)
                return SG_E_GIC_REDIST;
        gic.redist[core] = redist;

        put32(redist + GICR_WAKER, get32(redist + GICR_WAKER) & ~WAKER_SLEEP);
        if (!wait_clear(redist + GICR_WAKER, WAKER_CHILDREN))
                return SG_E_GIC_STUCK;

        uintptr_t sgis = redist + GICR_SGI_FRAME;
        put32(sgis + GIC_ICENABLER, ~0u);
        put32(sgis + GIC_ICPENDR, ~0u);
        put32(sgis + GIC_ICACTIVER, ~0u);
        put32(sgis + GIC_IGROUPR, ~0u);
        for (unsigned n = 0; n < 32; n += 4)
                put32(sgis + GIC_IPRIORITYR + n, PRIORITY * 0x01010101u);
        if (!wait_clear(redist + GICR_CTLR, GICR_RWP))
                return SG_E_GIC_STUCK;
        init_interface();

        gic_enable(core, IPI_SGI, true);
        gic_enable(core, IPI_GUEST_SGI, true);
        gic_enable(core, GIC_PPI_MAINTENANCE, true);
        gic_enable(core, GIC_PPI_HYP_TIMER, true);
        return SG_OK;
}

uint32_t gic_acknowledge(void)
{
        uint32_t intid = (uint32_t)read_sysreg(icc_iar1_el1) & 0xffffffu;
        /* What the interrupt announces is read after the acknowledge. */
        __asm__ volatile("dsb sy" ::: "memory");
        return intid;
}

void gic_drop(uint32_t intid)
{
        write_sysreg(intid, icc_eoir1_el1);
        ISB();
}

void gic_end(uint32_t intid)
{
        gic_drop(intid);
        write_sysreg(intid, icc_dir_el1);
        ISB();
}

/* ICC_SGI1R_EL1 for one core: Aff3, Aff2, Aff1, which sixteen of Aff0, and which of them. */
static uint64_t sgi_value(uint64_t mpidr, unsigned sgi)
{
        return (mpidr >> 32 & 0xff) << 48 | (mpidr >> 16 & 0xff) << 32 | (mpidr >> 8 & 0xff) << 16 |
               (mpidr >> 4 & 0xf) << 44 | 1ull << (mpidr & 0xf) | (uint64_t)sgi << 24;
}

void gic_send_sgi(unsigned core, unsigned sgi)
{
        /* Before the barrier: what the other core is to see. */
        __asm__ volatile("dsb ishst" ::: "memory");
        write_sysreg(sgi_value(cpu_by_index(core)->mpidr, sgi), icc_sgi1r_el1);
        ISB();
}

void gic_enable(unsigned core, unsigned intid, bool on)
{
        put_bit(core, intid, on ? GIC_ISENABLER : GIC_ICENABLER);
        if (on)
                return;
        if (intid < 32)
                (void)wait_clear(gic.redist[core] + GICR_CTLR, GICR_RWP);
        else
                (void)wait_clear(gic.at.dist + GICD_CTLR, GICD_RWP);
}

void gic_set_pending(unsigned core, unsigned intid, bool on)
{
        put_bit(core, intid, on ? GIC_ISPENDR : GIC_ICPENDR);
}

void gic_set_active(unsigned core, unsigned intid, bool on)
{
        put_bit(core, intid, on ? GIC_ISACTIVER : GIC_ICACTIVER);
}

bool gic_is_pending(unsigned core, unsigned intid)
{
        return get32(bit_word(core, intid, GIC_ISPENDR)) >> (intid % 32) & 1;
}

void gic_set_edge(unsigned core, unsigned intid, bool edge)
{
        uintptr_t at = frame(core, intid) + GIC_ICFGR + intid / 16 * 4;
        uint32_t bit = 2u << (intid % 16 * 2);
        uint32_t v = get32(at);

        put32(at, edge ? v | bit : v & ~bit);
}

void gic_route(unsigned core, unsigned intid)
{
        put64(gic.at.dist + GICD_IROUTER + 8 * intid, cpu_by_index(core)->mpidr);
}
