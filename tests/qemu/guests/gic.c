// SPDX-License-Identifier: Apache-2.0
/*
 * A guest that tries out the GIC that it sees, from two vCPUs, and says `ok <what>` or
 * `FAILED <what>: ...` for each, `done` at the end. It polls: no interrupt is ever taken as an
 * exception. The same program passes at EL1 on QEMU's own GIC.
 */
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "images/rt/cpu.h"
#include "images/rt/gic.h"
#include "images/rt/layout.h"
#include "images/rt/uart.h"

#define GICD_CTLR     0x0000u
#define IGROUPR       0x0080u
#define ISENABLER     0x0100u
#define ICENABLER     0x0180u
#define ISPENDR       0x0200u
#define ICPENDR       0x0280u
#define ISACTIVER     0x0300u
#define ICACTIVER     0x0380u
#define IPRIORITYR    0x0400u
#define ICFGR         0x0c00u
#define IROUTER       0x6000u
#define RWP           (1u << 31)
#define REDIST_SIZE   0x20000u
#define SGI_FRAME     0x10000u

#define EOI_MODE      2u
#define POLLS         200000u /* until an interrupt counts as not coming */
#define FIRST         (32u + 50u)
#define SPIS          40u
#define UART_INTID    33u
#define TIMER_VIRT    27u
#define TIMER_PHYS    30u
#define SGI           3u

#define UART_IMSC     0x38u
#define UART_ICR      0x44u
#define UART_TX       (1u << 5)

#define PSCI_CPU_ON64 0xc4000003u

void rt_main(const void *dtb);
void rt_irq(void);
_Noreturn void rt_fault(uint64_t esr, uint64_t elr, uint64_t far);
void second_main(void);
extern char second_start[];

static struct uart console;

/* What the second vCPU was last told to do, and what it saw. */
static volatile unsigned order;
static volatile unsigned answer;

enum { IDLE, TAKE, FINISH };

static void print(const char *fmt, ...)
{
        char line[UART_LINE];
        va_list args;

        va_start(args, fmt);
        vsnprintf(line, sizeof(line), fmt, args);
        va_end(args);
        uart_puts(&console, line);
}

static bool good;

/* One check of the test that runs; the first failure is printed. */
static void check(bool ok, const char *what, unsigned got)
{
        if (!ok && good) {
                print("FAILED here: %s (%u)\n", what, got);
        }
        good = good && ok;
}

#define CHECK(condition, got) check(condition, #condition, (unsigned)(got))

static uintptr_t frame(unsigned intid)
{
        return intid < 32 ? RT_GICR + SGI_FRAME : RT_GICD;
}

static volatile uint32_t *word(uintptr_t at)
{
        return (volatile uint32_t *)at;
}

static void put_bit(unsigned reg, unsigned intid)
{
        *word(frame(intid) + reg + intid / 32 * 4) = 1u << (intid % 32);
        while (*word(RT_GICD + GICD_CTLR) & RWP) {
        }
}

static bool get_bit(unsigned reg, unsigned intid)
{
        return *word(frame(intid) + reg + intid / 32 * 4) >> (intid % 32) & 1;
}

static void set_priority(unsigned intid, unsigned priority)
{
        *(volatile uint8_t *)(frame(intid) + IPRIORITYR + intid) = (uint8_t)priority;
}

static void make_edge(unsigned intid)
{
        *word(frame(intid) + ICFGR + intid / 16 * 4) |= 2u << (intid % 16 * 2);
}

static volatile uint64_t *router(unsigned intid)
{
        return (volatile uint64_t *)((uintptr_t)RT_GICD + IROUTER + 8 * intid);
}

static void route(unsigned intid, unsigned vcpu)
{
        *router(intid) = vcpu;
}

/* Edge, group 1, enabled. */
static void prepare(unsigned intid, unsigned priority)
{
        make_edge(intid);
        gic_enable(intid);
        set_priority(intid, priority);
}

static unsigned take_now(void)
{
        unsigned intid = (unsigned)read_sysreg(icc_iar1_el1);

        __asm__ volatile("dsb sy" ::: "memory");
        return intid;
}

/* The next interrupt, given time to come. */
static unsigned take(void)
{
        for (unsigned i = 0; i < POLLS; i++) {
                unsigned intid = take_now();
                if (intid < GIC_SPURIOUS) {
                        return intid;
                }
        }
        return GIC_SPURIOUS;
}

/* Long enough for one that is on its way. */
static bool nothing_comes(void)
{
        uint64_t end = read_sysreg(cntvct_el0) + read_sysreg(cntfrq_el0) / 200;

        do {
                if (take_now() < GIC_SPURIOUS) {
                        return false;
                }
        } while (read_sysreg(cntvct_el0) < end);
        return true;
}

static void eoi(unsigned intid)
{
        write_sysreg(icc_eoir1_el1, intid);
}

static void order_of_forty(void)
{
        bool seen[SPIS] = {0};
        unsigned last = 0;

        for (unsigned i = 0; i < SPIS; i++) {
                prepare(FIRST + i, (i * 7 % 20) << 3);
                put_bit(ISPENDR, FIRST + i);
        }
        for (unsigned i = 0; i < SPIS; i++) {
                unsigned n = take() - FIRST;
                CHECK(n < SPIS && !seen[n], n);
                if (n >= SPIS) {
                        return;
                }
                seen[n] = true;
                unsigned priority = (n * 7 % 20) << 3;
                CHECK(priority >= last, n);
                last = priority;
                eoi(FIRST + n);
        }
        CHECK(nothing_comes(), 0);
}

static void seven_nested(void)
{
        for (unsigned i = 0; i < 7; i++) {
                prepare(FIRST + i, 0xe0 - (i << 4));
                put_bit(ISPENDR, FIRST + i);
                unsigned got = take();
                CHECK(got == FIRST + i, got);
        }
        for (unsigned i = 7; i-- > 0;) {
                CHECK(get_bit(ISACTIVER, FIRST + i), i);
                eoi(FIRST + i);
                CHECK(!get_bit(ISACTIVER, FIRST + i), i);
        }
        CHECK(nothing_comes(), 0);
}

static void deactivation_apart(void)
{
        write_sysreg(icc_ctlr_el1, EOI_MODE);
        for (unsigned i = 0; i < 7; i++) {
                prepare(FIRST + i, 0xa0);
                put_bit(ISPENDR, FIRST + i);
                unsigned got = take();
                CHECK(got == FIRST + i, got);
                eoi(FIRST + i);
        }
        for (unsigned i = 7; i-- > 0;) {
                CHECK(get_bit(ISACTIVER, FIRST + i), i);
                write_sysreg(icc_dir_el1, FIRST + i);
                CHECK(!get_bit(ISACTIVER, FIRST + i), i);
        }
        write_sysreg(icc_ctlr_el1, 0);
}

static void disabled_while_active(void)
{
        prepare(FIRST, 0xa0);
        put_bit(ISPENDR, FIRST);
        CHECK(take() == FIRST, 0);
        put_bit(ICENABLER, FIRST);
        CHECK(get_bit(ISACTIVER, FIRST), 0);
        put_bit(ISPENDR, FIRST);
        eoi(FIRST);
        CHECK(!get_bit(ISACTIVER, FIRST), 0);
        CHECK(nothing_comes(), 0);
        put_bit(ISENABLER, FIRST);
        CHECK(take() == FIRST, 0);
        eoi(FIRST);
        put_bit(ISPENDR, FIRST);
        put_bit(ICPENDR, FIRST);
        CHECK(nothing_comes(), 0);
}

static void level_of_the_uart(void)
{
        gic_enable(UART_INTID);
        uart_puts(&console, "."); /* something was sent: the transmit interrupt is up */
        *word(RT_CONSOLE + UART_IMSC) = UART_TX;
        CHECK(take() == UART_INTID, 0);
        eoi(UART_INTID); /* its line is still high */
        CHECK(take() == UART_INTID, 1);
        *word(RT_CONSOLE + UART_ICR) = UART_TX;
        eoi(UART_INTID);
        CHECK(nothing_comes(), 0);
        *word(RT_CONSOLE + UART_IMSC) = 0;
        put_bit(ICENABLER, UART_INTID);
        uart_puts(&console, "\n");
}

struct timer {
        unsigned intid;
        void (*set)(bool on);
};

static void set_virtual(bool on)
{
        write_sysreg(cntv_cval_el0, 0);
        write_sysreg(cntv_ctl_el0, on);
}

static void set_physical(bool on)
{
        write_sysreg(cntp_cval_el0, 0);
        write_sysreg(cntp_ctl_el0, on);
}

static void a_timer(const struct timer *t)
{
        gic_enable(t->intid);
        for (unsigned i = 0; i < 5; i++) {
                t->set(true);
                CHECK(take() == t->intid, i);
                t->set(false);
                eoi(t->intid);
                CHECK(nothing_comes(), i);
        }
        t->set(true); /* still high at its end: comes again */
        CHECK(take() == t->intid, 10);
        eoi(t->intid);
        CHECK(take() == t->intid, 11);
        put_bit(ICENABLER, t->intid); /* while active */
        CHECK(get_bit(ISACTIVER, t->intid), 12);
        eoi(t->intid);
        CHECK(nothing_comes(), 13);
        CHECK(get_bit(ISPENDR, t->intid), 14);
        put_bit(ISENABLER, t->intid);
        CHECK(take() == t->intid, 15);
        t->set(false);
        eoi(t->intid);
        t->set(true); /* while pending, before it is taken */
        put_bit(ICENABLER, t->intid);
        t->set(false);
        put_bit(ISENABLER, t->intid);
        CHECK(nothing_comes(), 16);
        put_bit(ICENABLER, t->intid);
}

static void virtual_timer(void)
{
        a_timer(&(struct timer){TIMER_VIRT, set_virtual});
}

static void physical_timer(void)
{
        a_timer(&(struct timer){TIMER_PHYS, set_physical});
}

/* Tells the second vCPU what to do and returns what it saw. */
static unsigned ask_second(unsigned what)
{
        answer = ~0u;
        __asm__ volatile("dsb sy" ::: "memory");
        order = what;
        while (order != IDLE) {
        }
        return answer;
}

static bool start_second(void)
{
        register uint64_t x0 __asm__("x0") = PSCI_CPU_ON64;
        register uint64_t x1 __asm__("x1") = 1;
        register uint64_t x2 __asm__("x2") = (uintptr_t)second_start;
        register uint64_t x3 __asm__("x3") = 0;

        __asm__ volatile("hvc #0" : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)::"memory");
        return x0 == 0;
}

static void between_two(void)
{
        CHECK(start_second(), 0);
        *word(RT_GICR + REDIST_SIZE + SGI_FRAME + IGROUPR) = ~0u;
        *word(RT_GICR + REDIST_SIZE + SGI_FRAME + ISENABLER) = 0xffff;
        for (unsigned i = 0; i < 100; i++) {
                write_sysreg(icc_sgi1r_el1, (uint64_t)SGI << 24 | 2);
                CHECK(ask_second(TAKE) == SGI, i);
                ask_second(FINISH);
        }
        write_sysreg(icc_sgi1r_el1, (uint64_t)SGI << 24 | 1ull << 40); /* all but itself */
        CHECK(nothing_comes(), 0);
        CHECK(ask_second(TAKE) == SGI, 0);
        ask_second(FINISH);

        prepare(FIRST, 0xa0); /* an SPI that is moved */
        route(FIRST, 1);
        put_bit(ISPENDR, FIRST);
        CHECK(ask_second(TAKE) == FIRST, 1);
        CHECK(get_bit(ISACTIVER, FIRST), 0);
        put_bit(ICENABLER, FIRST); /* active on the other: not orphaned */
        ask_second(FINISH);
        put_bit(ISENABLER, FIRST);
        put_bit(ISPENDR, FIRST);
        CHECK(ask_second(TAKE) == FIRST, 2);
        ask_second(FINISH);
        route(FIRST, 0);
        put_bit(ISPENDR, FIRST);
        CHECK(take() == FIRST, 3);
        eoi(FIRST);
}

void second_main(void)
{
        *word(RT_GICR + REDIST_SIZE + 0x14) = 0; /* awake */
        write_sysreg(icc_sre_el1, 1);
        write_sysreg(icc_pmr_el1, 0xff);
        write_sysreg(icc_igrpen1_el1, 1);
        for (unsigned taken = GIC_SPURIOUS;;) {
                switch (order) {
                case TAKE:
                        taken = take();
                        answer = taken;
                        break;
                case FINISH:
                        eoi(taken);
                        break;
                default:
                        continue;
                }
                __asm__ volatile("dsb sy" ::: "memory");
                order = IDLE;
        }
}

static void widths(void)
{
        volatile uint8_t *byte = (volatile uint8_t *)(RT_GICD + IPRIORITYR + FIRST);

        *word(RT_GICD + IPRIORITYR + FIRST / 4 * 4) = 0x40302010;
        CHECK(*(volatile uint8_t *)(RT_GICD + IPRIORITYR + FIRST / 4 * 4 + 1) == 0x20, 0);
        *byte = 0x80;
        CHECK(*byte == 0x80, *byte);
        *word(RT_GICD + IROUTER + 8 * FIRST) = 1;
        *word(RT_GICD + IROUTER + 8 * FIRST + 4) = 0;
        CHECK(*router(FIRST) == 1, 1);
        *router(FIRST) = 0;
        CHECK(*word(RT_GICD + IROUTER + 8 * FIRST) == 0, 2);
        CHECK((*word(RT_GICR + REDIST_SIZE + 0x08) & 0x10) != 0, 3); /* Last */
        CHECK(*word(RT_GICR + REDIST_SIZE + 0x0c) == 1, 4);          /* affinity */
}

static void run(const char *name, void (*test)(void))
{
        good = true;
        test();
        print("%s %s\n", good ? "ok" : "FAILED", name);
}

void rt_irq(void)
{
}

_Noreturn void rt_fault(uint64_t esr, uint64_t elr, uint64_t far)
{
        print("FAILED: fault, esr %#llx elr %#llx far %#llx\n", (unsigned long long)esr,
              (unsigned long long)elr, (unsigned long long)far);
        for (;;) {
        }
}

void rt_main(const void *dtb)
{
        (void)dtb;
        uart_start(&console, RT_CONSOLE);
        *word(RT_CONSOLE + UART_IMSC) = 0;
        gic_start();
        write_sysreg(icc_bpr1_el1, 0);
        print("gic test starts\n");
        run("widths", widths);
        run("order-of-forty", order_of_forty);
        run("seven-nested", seven_nested);
        run("deactivation-apart", deactivation_apart);
        run("disabled-while-active", disabled_while_active);
        run("level-of-the-uart", level_of_the_uart);
        run("virtual-timer", virtual_timer);
        run("physical-timer", physical_timer);
        run("between-two", between_two);
        print("done\n");
        for (;;) {
                __asm__ volatile("wfi");
        }
}
