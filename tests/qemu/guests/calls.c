// SPDX-License-Identifier: Apache-2.0
/*
 * A guest that calls hv in every way that it may not, and PSCI in the ways that it may. Says
 * `ok <what>` or `FAILED <what>` for each, `done` at the end. It runs in rt's place with two vCPUs.
 */
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <segue/hypercall.h>

#include "images/rt/cpu.h"
#include "images/rt/layout.h"
#include "images/rt/uart.h"

#define REGISTERS          18 /* x0..x17: what SMCCC 1.2 lets a call change at all */
#define MARK(n)            (UINT64_C(0x5e90000000000000) + (n))

#define RANDOM_CALLS       20000

#define PSCI_VERSION       0x84000000u
#define PSCI_CPU_SUSPEND   0x84000001u
#define PSCI_CPU_OFF       0x84000002u
#define PSCI_CPU_ON        0xc4000003u
#define PSCI_AFFINITY      0xc4000004u
#define PSCI_MIGRATE_INFO  0x84000006u
#define PSCI_SYSTEM_OFF    0x84000008u
#define PSCI_SYSTEM_RESET  0x84000009u
#define PSCI_FEATURES      0x8400000au
#define PSCI_SYSTEM_RESET2 0x84000012u

void rt_main(const void *dtb);
void rt_irq(void);
_Noreturn void rt_fault(uint64_t esr, uint64_t elr, uint64_t far);
void second_main(void);
extern char second_start[];

static struct uart console;
static bool good;
static volatile unsigned seconds; /* times that the second vCPU came up */

static void print(const char *fmt, ...)
{
        char line[UART_LINE];
        va_list args;

        va_start(args, fmt);
        vsnprintf(line, sizeof(line), fmt, args);
        va_end(args);
        uart_puts(&console, line);
}

static void expect(const char *what, uint64_t got, uint64_t wanted)
{
        if (got != wanted) {
                print("FAILED here: %s: %#llx, not %#llx\n", what, (unsigned long long)got,
                      (unsigned long long)wanted);
                good = false;
        }
}

/* x0..x17 go in from r and come back into it. */
static void raw_call(uint64_t r[REGISTERS], bool smc)
{
        register uint64_t *p __asm__("x19") = r;
        register uint64_t by_smc __asm__("x20") = smc;

        __asm__ volatile("ldp x0, x1, [x19]\n\t"
                         "ldp x2, x3, [x19, #16]\n\t"
                         "ldp x4, x5, [x19, #32]\n\t"
                         "ldp x6, x7, [x19, #48]\n\t"
                         "ldp x8, x9, [x19, #64]\n\t"
                         "ldp x10, x11, [x19, #80]\n\t"
                         "ldp x12, x13, [x19, #96]\n\t"
                         "ldp x14, x15, [x19, #112]\n\t"
                         "ldp x16, x17, [x19, #128]\n\t"
                         "cbnz x20, 1f\n\t"
                         "hvc #0\n\t"
                         "b 2f\n"
                         "1:\tsmc #0\n"
                         "2:\tstp x0, x1, [x19]\n\t"
                         "stp x2, x3, [x19, #16]\n\t"
                         "stp x4, x5, [x19, #32]\n\t"
                         "stp x6, x7, [x19, #48]\n\t"
                         "stp x8, x9, [x19, #64]\n\t"
                         "stp x10, x11, [x19, #80]\n\t"
                         "stp x12, x13, [x19, #96]\n\t"
                         "stp x14, x15, [x19, #112]\n\t"
                         "stp x16, x17, [x19, #128]"
                         : "+r"(p), "+r"(by_smc)::"x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7",
                           "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17",
                           "memory", "cc");
}

static void mark(uint64_t r[REGISTERS], uint64_t function)
{
        for (unsigned i = 0; i < REGISTERS; i++) {
                r[i] = MARK(i);
        }
        r[0] = function;
}

/* The registers from `first` on have kept what mark() put there. */
static void expect_marks(const char *what, const uint64_t r[REGISTERS], unsigned first)
{
        for (unsigned i = first; i < REGISTERS; i++) {
                expect(what, r[i], MARK(i));
        }
}

static int64_t call(uint64_t x0, uint64_t x1, uint64_t x2, uint64_t x3)
{
        uint64_t r[REGISTERS] = {x0, x1, x2, x3};

        raw_call(r, false);
        return (int64_t)r[0];
}

static void who_is_there(bool smc)
{
        uint64_t r[REGISTERS];

        mark(r, SG_HC_CALL_UID);
        raw_call(r, smc);
        expect("uid 0", r[0], SG_UID_0);
        expect("uid 3", r[3], SG_UID_3);
        expect_marks("uid", r, 4);
        mark(r, SG_HC_VERSION);
        raw_call(r, smc);
        expect("version", r[0], SG_HC_OK);
        expect("version", r[1], SG_ABI_VERSION);
        expect_marks("version", r, 2);
        mark(r, PSCI_VERSION);
        raw_call(r, smc);
        expect("psci", r[0], 0x10001);
        expect_marks("psci", r, 1);
}

static void by_hvc(void)
{
        who_is_there(false);
}

static void by_smc(void)
{
        who_is_there(true);
}

static void updates_calls_are_denied(void)
{
        static const uint64_t functions[] = {
                SG_HC_EVENT_NEXT, SG_HC_LOAD_BEGIN,  SG_HC_LOAD_END,    SG_HC_LOAD_ABORT,
                SG_HC_STAGE,      SG_HC_UNSTAGE,     SG_HC_SLOT_OPEN,   SG_HC_RESTART,
                SG_HC_REFILL,     SG_HC_REPORTED,    SG_HC_BEAT,        SG_HC_AGENT_WRITE,
                SG_HC_AGENT_READ, SG_HC_CONFIRM_FOR, SG_HC_BOOT_REPORT,
        };
        static const uint64_t vms[] = {0, 1, 2, 7, SG_VM_SELF, UINT64_MAX};

        for (unsigned i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
                for (unsigned v = 0; v < sizeof(vms) / sizeof(vms[0]); v++) {
                        uint64_t r[REGISTERS];

                        mark(r, functions[i]);
                        r[1] = vms[v];
                        raw_call(r, v % 2 != 0);
                        expect("denied", r[0], (uint64_t)SG_HC_DENIED);
                        expect("denied, x1", r[1], vms[v]);
                        expect_marks("denied", r, 2);
                }
        }
}

static void only_about_itself(void)
{
        uint64_t r[REGISTERS];

        expect("other's state", (uint64_t)call(SG_HC_VM_INFO, 0, 0, 0), (uint64_t)SG_HC_DENIED);
        expect("other's slot", (uint64_t)call(SG_HC_SLOT_INFO, 2, 0, 0), (uint64_t)SG_HC_DENIED);
        expect("other's exits", (uint64_t)call(SG_HC_COUNTER, 0, 0, 0), (uint64_t)SG_HC_DENIED);
        expect("counter", (uint64_t)call(SG_HC_COUNTER, SG_VM_SELF, SG_CNT_COUNT, 0),
               (uint64_t)SG_HC_BAD_ARGUMENT);
        expect("slot 2", (uint64_t)call(SG_HC_SLOT_INFO, SG_VM_SELF, 2, 0),
               (uint64_t)SG_HC_BAD_ARGUMENT);
        mark(r, SG_HC_VM_INFO);
        r[1] = SG_VM_SELF;
        raw_call(r, false);
        expect("own state", r[0], SG_HC_OK);
        expect("own state", r[1], SG_VM_RUNNING);
        expect("own slot", r[2], 0);
        expect_marks("own state", r, 7);
        mark(r, SG_HC_SLOT_INFO);
        r[1] = 1;
        r[2] = 0;
        raw_call(r, false);
        expect("own slot", r[0], SG_HC_OK);
        expect("own slot's flags", r[1],
               SG_SLOT_F_PRESENT | SG_SLOT_F_SUCCESSFUL | SG_SLOT_F_ACTIVE);
        expect_marks("own slot", r, 8);
}

static void nothing_to_confirm(void)
{
        expect("confirm", (uint64_t)call(SG_HC_CONFIRM, 1, 0, 0), (uint64_t)SG_HC_BAD_STATE);
        expect("confirm 0", (uint64_t)call(SG_HC_CONFIRM, 0, 0, 0), (uint64_t)SG_HC_BAD_STATE);
}

static void unknown_functions(void)
{
        static const uint64_t functions[] = {
                0,          0x04000000, 0x80008000, 0x80007fff, 0x8400000b,
                0x8400001f, 0xc4000000, 0xc4000002, 0xc5000020, 0x86000000,
                0x8600ff02, 0x8600ff03, 0xc6000004, 0xc6000022, 0xc600ffff,
                0xc7000000, 0xb2000000, 0xff000000, 0xffffffff, PSCI_SYSTEM_RESET2,
        };

        for (unsigned i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
                uint64_t r[REGISTERS];

                mark(r, functions[i]);
                raw_call(r, i % 2 != 0);
                expect("unknown", r[0], (uint64_t)SG_HC_NOT_SUPPORTED);
                expect_marks("unknown", r, 1);
        }
}

static void psci_refuses(void)
{
        const uint64_t entry = (uintptr_t)second_start;

        expect("features", (uint64_t)call(PSCI_FEATURES, PSCI_CPU_ON, 0, 0), 0);
        expect("features", (uint64_t)call(PSCI_FEATURES, 0x80000000, 0, 0), 0);
        expect("features", (uint64_t)call(PSCI_FEATURES, PSCI_SYSTEM_RESET2, 0, 0), UINT64_MAX);
        expect("migrate", (uint64_t)call(PSCI_MIGRATE_INFO, 0, 0, 0), 2);
        expect("target", (uint64_t)call(PSCI_CPU_ON, 2, entry, 0), (uint64_t)-2);
        expect("target", (uint64_t)call(PSCI_CPU_ON, 0x100, entry, 0), (uint64_t)-2);
        expect("itself", (uint64_t)call(PSCI_CPU_ON, 0, entry, 0), (uint64_t)-4);
        expect("entry", (uint64_t)call(PSCI_CPU_ON, 1, 0x08000000, 0), (uint64_t)-9);
        expect("entry", (uint64_t)call(PSCI_CPU_ON, 1, UINT64_MAX & ~3ull, 0), (uint64_t)-9);
        expect("affinity", (uint64_t)call(PSCI_AFFINITY, 1, 1, 0), (uint64_t)-2);
        expect("suspend", (uint64_t)call(PSCI_CPU_SUSPEND, 0x80000000, 0, 0), (uint64_t)-2);
}

static void a_core_comes_and_goes(void)
{
        for (unsigned n = 1; n <= 20 && good; n++) {
                expect("off", (uint64_t)call(PSCI_AFFINITY, 1, 0, 0), 1);
                expect("on", (uint64_t)call(PSCI_CPU_ON, 1, (uintptr_t)second_start, n), 0);
                /* It counts itself and turns itself off. */
                while (call(PSCI_AFFINITY, 1, 0, 0) != 1) {
                }
                expect("came up", seconds, n);
        }
}

void second_main(void)
{
        seconds++;
        __asm__ volatile("dsb sy");
        call(PSCI_CPU_OFF, 0, 0, 0);
}

/* Any function, any argument, and for once in a while a plausible one (xorshift64). */
static uint64_t random_word(void)
{
        static uint64_t s = 88172645463325252u;

        s ^= s << 13;
        s ^= s >> 7;
        s ^= s << 17;
        return s % 3 == 0 ? s >> 56 : s;
}

/* Calls that would end the test, or wait. */
static bool ends_the_test(uint32_t function)
{
        switch (function) {
        case PSCI_SYSTEM_OFF:
        case PSCI_SYSTEM_RESET:
        case PSCI_CPU_OFF:
        case PSCI_CPU_ON & ~0x40000000u:
        case PSCI_CPU_ON:
        case PSCI_CPU_SUSPEND:
        case PSCI_CPU_SUSPEND | 0x40000000u:
                return true;
        default:
                return false;
        }
}

static void at_random(void)
{
        static const uint32_t ranges[] = {0x80000000, 0x84000000, 0xc4000000, 0x86000000,
                                          0xc6000000, 0xc6000000, 0xc6000000, 0x00000000};

        for (unsigned i = 0; i < RANDOM_CALLS; i++) {
                uint32_t function = ranges[i % 8] | (random_word() & 0x3f);
                uint64_t r[REGISTERS];

                mark(r, function);
                for (unsigned n = 1; n < 8; n++) {
                        r[n] = random_word();
                }
                if (!ends_the_test(function)) {
                        raw_call(r, i % 2 != 0);
                        expect_marks("random", r, 8);
                }
        }
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
        print("call test starts\n");
        run("by-hvc", by_hvc);
        run("by-smc", by_smc);
        run("updates-calls-are-denied", updates_calls_are_denied);
        run("only-about-itself", only_about_itself);
        run("nothing-to-confirm", nothing_to_confirm);
        run("unknown-functions", unknown_functions);
        run("psci-refuses", psci_refuses);
        run("a-core-comes-and-goes", a_core_comes_and_goes);
        run("at-random", at_random);
        print("done\n");
        for (;;) {
                __asm__ volatile("wfi");
        }
}
