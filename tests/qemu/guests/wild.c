// SPDX-License-Identifier: Apache-2.0
/*
 * A guest that does anything: calls, device accesses, system registers and instructions at random,
 * from a seed and the number of its life, for ever. It may well end itself by that; hv starts it
 * again, and it goes on with its next life. Its second vCPU resets it when the first gets nowhere.
 * Says `life <n> ops <count>` now and then. It runs in rt's place with two vCPUs.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <segue/hypercall.h>

#include "images/rt/cpu.h"
#include "images/rt/layout.h"
#include "images/rt/psci.h"
#include "images/rt/uart.h"

#define OPS_PER_LINE     250
#define STUCK_MS         500
#define REGISTERS        19 /* x0..x18 */

#define PSCI_CPU_SUSPEND 0x84000001u
#define PSCI_CPU_OFF     0x84000002u
#define PSCI_CPU_ON      0xc4000003u
#define PSCI_SYSTEM_OFF  0x84000008u
#define PSCI_RESET       0x84000009u
#define CONVENTION_64    0x40000000u

#define HVC_0            0xd4000002u /* instructions */
#define SMC_0            0xd4000003u
#define WFE              0xd503205fu
#define WFI              0xd503207fu
#define MRS_MSR          0xd5100000u /* op0 2 or 3 */
#define SYS              0xd5080000u /* op0 1: caches, TLBs, address translation */
#define MSR_IMMEDIATE    0xd500401fu
#define READS            (1u << 21)
#define BRANCH           0x14000000u

void rt_main(const void *dtb);
void rt_irq(void);
_Noreturn void rt_fault(uint64_t esr, uint64_t elr, uint64_t far);
void second_main(void);
void wild_try(const uint32_t *code, const uint64_t registers[REGISTERS]);
extern char second_start[], wild_out[], wild_vectors[];

/* The test writes the seed behind the mark. */
static volatile const struct {
        char mark[8];
        uint64_t seed;
} start = {"WILDSEED", 1};

static struct uart console;
static uint64_t state;
static uint32_t code[2];
static volatile uint64_t progress;

/* xorshift64 */
static uint64_t random_word(void)
{
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        return state;
}

static uint32_t below(uint32_t n)
{
        return (uint32_t)((random_word() >> 32) % n);
}

/* Small, or a single bit, or near an end, or anything. */
static uint64_t random_value(void)
{
        switch (below(5)) {
        case 0:
                return below(64);
        case 1:
                return UINT64_C(1) << below(64);
        case 2:
                return (below(2) ? UINT64_MAX : UINT32_MAX) - below(8);
        default:
                return random_word();
        }
}

/* Where something is, or might be, or surely is not. */
static uint64_t random_address(void)
{
        static const struct {
                uint64_t base;
                uint32_t size;
        } places[] = {
                {0x00000000, 0x8000000}, /* flash */
                {0x08000000, 0x10000},   /* GICD */
                {0x08000000, 0x1000},
                {0x08010000, 0x90000}, /* GICC, GICH, GICV, ITS of the machine */
                {0x080a0000, 0x40000}, /* GICR of both vCPUs */
                {0x080a0000, 0x1000},
                {0x080b0000, 0x1000},
                {0x080e0000, 0x100000}, /* behind the last */
                {0x09000000, 0x1000},   /* PL011 */
                {0x09010000, 0x1000},   /* PL031 */
                {0x09020000, 0x20000},  /* fw_cfg, GPIO */
                {0x09040000, 0x1000},   /* agent */
                {0x09050000, 0x20000},  /* the machine's SMMU */
                {0x0a000000, 0x4000},   /* virtio-mmio */
                {0x0a004000, 0x5ffc000},
                {0x10000000, 0x30000000}, /* PCIe windows */
                {0x40000000, 0x80000},    /* own RAM, below the program */
                {0x40200000, 0x600000},   /* own RAM, above it */
                {0x40800000, 0x7f800000}, /* behind own RAM */
                {0xc0000000, 0x40000000},
        };
        const unsigned n = below(sizeof(places) / sizeof(places[0]) + 1);

        if (n == sizeof(places) / sizeof(places[0])) {
                return random_word();
        }
        const uint64_t address = places[n].base + below(places[n].size);

        return below(8) == 0 ? address : address & ~UINT64_C(7);
}

static void run(uint32_t instruction, const uint64_t registers[REGISTERS])
{
        code[0] = instruction;
        code[1] = BRANCH | ((uint32_t)((wild_out - (char *)&code[1]) / 4) & 0x3ffffff);
        __asm__ volatile("dc cvau, %0\n\tdsb ish\n\tic ivau, %0\n\tdsb ish\n\tisb" ::"r"(code)
                         : "memory");
        wild_try(code, registers);
}

static void random_registers(uint64_t registers[REGISTERS])
{
        for (unsigned i = 0; i < REGISTERS; i++) {
                registers[i] = random_value();
        }
}

/* What ends a life, or is waited for till the second vCPU ends it: now and then only. Off is off.
 */
static bool is_spared(uint32_t function)
{
        switch (function & ~CONVENTION_64) {
        case PSCI_SYSTEM_OFF:
                return true;
        case PSCI_CPU_SUSPEND:
        case PSCI_CPU_OFF:
        case PSCI_RESET:
                return below(64) != 0;
        default:
                return false;
        }
}

static void call(void)
{
        static const uint32_t ranges[] = {0x80000000, 0x84000000, 0xc4000000, 0x86000000,
                                          0xc6000000, 0xc6000000, 0xc6000040, 0x00000000};
        uint64_t registers[REGISTERS];

        random_registers(registers);
        if (below(8) != 0) {
                registers[0] = ranges[below(8)] | below(64);
        }
        if (below(2) == 0) {
                registers[1] = below(3);
        }
        if (!is_spared((uint32_t)registers[0])) {
                /* hvc and smc with an immediate other than 0 once in a while. */
                run((below(2) ? HVC_0 : SMC_0) | (below(16) == 0 ? below(0x10000) << 5 : 0),
                    registers);
        }
}

/* Loads and stores of all sizes at x1, and those that tell no syndrome. */
static void access(void)
{
        static const uint32_t forms[] = {
                0x39400020, 0x39000020, /* ldrb, strb */
                0x79400020, 0x79000020, /* ldrh, strh */
                0xb9400020, 0xb9000020, /* ldr, str w0 */
                0xb9400020, 0xb9000020, 0xb9400020, 0xb9000020,
                0xf9400020, 0xf9000020,                         /* ldr, str x0 */
                0x39800020, 0x79800020, 0xb9800020,             /* signed */
                0xb940003f, 0xb900003f, 0xf940003f, 0xf900003f, /* to and from xzr */
                0xa9400820, 0xa9000820,                         /* ldp, stp */
                0xb8404420, 0xb8004420,                         /* with write-back */
                0x885f7c20, 0x88027c20,                         /* ldxr, stxr */
                0x88dffc20, 0x889ffc20,                         /* ldar, stlr */
                0x3dc00020, 0x3d800020, 0x4c407020,             /* SIMD */
                0xb8200020, 0x88a07c20, 0xb8208020,             /* ldadd, cas, swp */
                0xd50b7421, 0xd50b7e21, 0xd5087621,             /* dc zva, civac, ivac */
                0xf9800020,                                     /* prfm */
        };
        uint64_t registers[REGISTERS];

        random_registers(registers);
        registers[1] = random_address();
        run(forms[below(sizeof(forms) / sizeof(forms[0]))], registers);
}

/* Any register, read or written; every other time one of EL1's own. */
static void system_register(void)
{
        const uint32_t el1 = below(0x100) << 8 | (below(2) ? below(8) << 5 : 0);
        const uint32_t any = below(0x80000) >> 5 << 5;
        uint64_t registers[REGISTERS];

        random_registers(registers);
        run(MRS_MSR | (below(2) ? el1 : any) | (below(8) != 0 ? 1u << 19 : 0) |
                    (below(2) ? READS : 0),
            registers);
}

static void system_operation(void)
{
        uint64_t registers[REGISTERS];

        random_registers(registers);
        registers[0] = random_address();
        run(below(4) == 0 ? MSR_IMMEDIATE | below(0x80000) >> 5 << 5
                          : SYS | below(0x80000) >> 5 << 5 | (below(2) ? READS : 0),
            registers);
}

static void any_instruction(void)
{
        uint64_t registers[REGISTERS];

        random_registers(registers);
        registers[1] = random_address();
        run((uint32_t)random_word(), registers);
}

static void wait(void)
{
        uint64_t registers[REGISTERS] = {0};

        run(below(400) == 0 ? WFI : WFE, registers);
}

static void operate(void)
{
        const uint32_t n = below(100);

        if (n < 35) {
                access();
        } else if (n < 65) {
                call();
        } else if (n < 80) {
                system_register();
        } else if (n < 88) {
                system_operation();
        } else if (n < 96) {
                any_instruction();
        } else {
                wait();
        }
}

static uint64_t life(void)
{
        register uint64_t x0 __asm__("x0") = SG_HC_VM_INFO;
        register uint64_t x1 __asm__("x1") = SG_VM_SELF;
        register uint64_t x2 __asm__("x2") = 0;
        register uint64_t x3 __asm__("x3") = 0;

        __asm__ volatile("hvc #0"
                         : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)::"x4", "x5", "x6", "memory");
        return x3;
}

static void say(uint64_t number)
{
        char line[UART_LINE];

        snprintf(line, sizeof(line), "\nlife %llu ops %llu\n", (unsigned long long)number,
                 (unsigned long long)progress);
        uart_start(&console, RT_CONSOLE);
        uart_puts(&console, line);
}

void second_main(void)
{
        const uint64_t patience = read_sysreg(cntfrq_el0) / 1000 * STUCK_MS;
        uint64_t seen = progress, since = read_sysreg(cntvct_el0);

        for (;;) {
                const uint64_t now = read_sysreg(cntvct_el0);

                if (progress != seen) {
                        seen = progress;
                        since = now;
                }
                if (now - since > patience) {
                        psci_system_reset();
                }
        }
}

static void start_second(void)
{
        register uint64_t x0 __asm__("x0") = PSCI_CPU_ON;
        register uint64_t x1 __asm__("x1") = 1;
        register uint64_t x2 __asm__("x2") = (uintptr_t)second_start;
        register uint64_t x3 __asm__("x3") = 0;

        __asm__ volatile("hvc #0" : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)::"memory");
}

void rt_irq(void)
{
}

_Noreturn void rt_fault(uint64_t esr, uint64_t elr, uint64_t far)
{
        (void)esr;
        (void)elr;
        (void)far;
        psci_system_reset();
}

void rt_main(const void *dtb)
{
        const uint64_t number = life();

        (void)dtb;
        state = start.seed * UINT64_C(0x9e3779b97f4a7c15) + number * UINT64_C(0xbf58476d1ce4e5b9) +
                1;
        write_sysreg(vbar_el1, (uintptr_t)wild_vectors);
        start_second();
        for (;;) {
                operate();
                progress++;
                if (progress % OPS_PER_LINE == 0) {
                        say(number);
                }
        }
}
