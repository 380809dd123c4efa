// SPDX-License-Identifier: Apache-2.0
/*
 * A guest that does what no guest should have to: each has a defined answer. Says `ok <what>` or
 * `FAILED <what>` for each, `done` at the end. It runs in rt's place.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "images/rt/cpu.h"
#include "images/rt/layout.h"
#include "images/rt/uart.h"

#define DEVICE_HOLE "0x30000000"
#define MEMORY_HOLE "0xa0000000" /* no RAM; cacheable and executable by the guest's own tables */
#define UART        "0x09000000"

/* Arm ARM D19.2.37: exception classes, and the status of a synchronous external abort. */
#define EC(esr)          ((esr) >> 26)
#define FSC(esr)         ((esr)&0x3f)
#define ESR_IL           (1u << 25)
#define EC_FETCH         0x21
#define EC_DATA          0x25
#define FSC_EXTERNAL     0x10

#define HVC_1            0xd4000022u /* instructions */
#define SMC_1            0xd4000023u

#define FIELD(value, at) ((value) >> (at)&0xf)

void rt_main(const void *dtb);
void rt_irq(void);
_Noreturn void rt_fault(uint64_t esr, uint64_t elr, uint64_t far);
uint64_t attempt(void (*what)(void));
extern char attempt_vectors[];

static struct uart console;

static void expect(const char *what, bool good)
{
        char line[UART_LINE];

        snprintf(line, sizeof(line), "%s %s\n", good ? "ok" : "FAILED", what);
        uart_puts(&console, line);
}

#define CODE(name, ...)                                                       \
        static void name(void)                                                \
        {                                                                     \
                __asm__ volatile(__VA_ARGS__ ::: "x0", "x1", "x2", "memory"); \
        }

CODE(read_hole, "ldr x1, =" DEVICE_HOLE "\n\tldr w0, [x1]")
CODE(write_hole, "ldr x1, =" DEVICE_HOLE "\n\tstr w0, [x1]")
CODE(read_memory_hole, "ldr x1, =" MEMORY_HOLE "\n\tldr x0, [x1]")
CODE(fetch_hole, "ldr x1, =" MEMORY_HOLE "\n\tbr x1")
CODE(read_pair, "ldr x1, =" UART "\n\tldp x0, x2, [x1]")
CODE(read_writeback, "ldr x1, =" UART "\n\tldr w0, [x1], #4")
CODE(write_pair, "ldr x1, =" UART "\n\tstp x0, x2, [x1]")
CODE(read_simd, "ldr x1, =" UART "\n\tldr q0, [x1]")
CODE(exclusive, "ldr x1, =" MEMORY_HOLE "\n\tldxr w0, [x1]")
CODE(zero_hole, "ldr x1, =" MEMORY_HOLE "\n\tdc zva, x1")
CODE(clean_hole, "ldr x1, =" MEMORY_HOLE "\n\tdc civac, x1\n\tdc cvac, x1\n\tdsb sy")
CODE(by_set_way, "mov x0, xzr\n\tdc isw, x0\n\tdc csw, x0\n\tdc cisw, x0\n\tdsb sy")
CODE(smc_1, "smc #1")
CODE(hvc_1, "hvc #1")
CODE(own_register, "mrs x0, s3_0_c15_c2_0")
CODE(el2_register, "mrs x0, s3_4_c1_c1_0") /* HCR_EL2 */
CODE(counters, "mrs x0, pmcr_el0")
CODE(sampling, "mrs x0, s3_0_c9_c9_0") /* PMSCR_EL1 */
/* ZCR_EL1, with the guest's own trap (CPACR_EL1.ZEN) open. */
CODE(vectors_long, "mov x0, #0x330000\n\tmsr cpacr_el1, x0\n\tisb\n\tmrs x0, s3_0_c1_c2_0")
CODE(keys, "mrs x0, s3_0_c2_c1_0")   /* APIAKeyLo_EL1 */
CODE(tags, "mrs x0, s3_0_c1_c0_6")   /* GCR_EL1 */
CODE(errors, "mrs x0, s3_0_c5_c3_0") /* ERRIDR_EL1 */
CODE(debug, "mrs x0, mdscr_el1\n\tmsr mdscr_el1, x0\n\tmsr oslar_el1, xzr\n\tmrs x0, dbgbvr0_el1")
CODE(auxiliary, "mrs x0, actlr_el1\n\tmsr actlr_el1, x0")

static void aborts_outside(const char *name, void (*what)(void), uint64_t class, uint64_t far)
{
        const uint64_t esr = attempt(what);

        expect(name, EC(esr) == class && FSC(esr) == FSC_EXTERNAL && read_sysreg(far_el1) == far);
}

static void is_undefined(const char *name, void (*what)(void))
{
        const uint64_t esr = attempt(what);

        /* Class 0; of the rest only the length of the instruction is told. */
        expect(name, esr == ESR_IL);
}

static void is_undefined_there(const char *name, void (*what)(void), uint32_t instruction)
{
        const uint64_t esr = attempt(what);
        const uint32_t *at = (const uint32_t *)(uintptr_t)read_sysreg(sp_el0);

        expect(name, esr == ESR_IL && *at == instruction);
}

static void does_nothing(const char *name, void (*what)(void))
{
        expect(name, attempt(what) == 0);
}

static void memory(void)
{
        aborts_outside("read-hole", read_hole, EC_DATA, 0x30000000);
        aborts_outside("write-hole", write_hole, EC_DATA, 0x30000000);
        aborts_outside("read-memory-hole", read_memory_hole, EC_DATA, 0xa0000000);
        aborts_outside("fetch-hole", fetch_hole, EC_FETCH, 0xa0000000);
        aborts_outside("exclusive-hole", exclusive, EC_DATA, 0xa0000000);
        aborts_outside("zero-hole", zero_hole, EC_DATA, 0xa0000000);
        /* What a device cannot be asked for with one transfer of a general register. */
        aborts_outside("read-pair", read_pair, EC_DATA, RT_CONSOLE);
        aborts_outside("read-writeback", read_writeback, EC_DATA, RT_CONSOLE);
        aborts_outside("write-pair", write_pair, EC_DATA, RT_CONSOLE);
        aborts_outside("read-simd", read_simd, EC_DATA, RT_CONSOLE);
        does_nothing("clean-hole", clean_hole);
        does_nothing("set-way", by_set_way);
}

static void registers(void)
{
        is_undefined_there("smc-1", smc_1, SMC_1);
        is_undefined_there("hvc-1", hvc_1, HVC_1);
        is_undefined("implementation-defined", own_register);
        is_undefined("el2", el2_register);
        is_undefined("pmu", counters);
        is_undefined("spe", sampling);
        is_undefined("sve", vectors_long);
        is_undefined("pauth", keys);
        is_undefined("mte", tags);
        is_undefined("ras", errors);
        does_nothing("debug", debug);
        does_nothing("auxiliary", auxiliary);
}

static void id_registers(void)
{
        const uint64_t pfr0 = read_sysreg(id_aa64pfr0_el1);
        const uint64_t pfr1 = read_sysreg(id_aa64pfr1_el1);
        const uint64_t dfr0 = read_sysreg(id_aa64dfr0_el1);
        const uint64_t isar1 = read_sysreg(id_aa64isar1_el1);

        expect("id-el", FIELD(pfr0, 4) == 1 && FIELD(pfr0, 8) == 0 && FIELD(pfr0, 12) == 0);
        expect("id-gic", FIELD(pfr0, 24) == 1);
        expect("id-ras-sve-amu",
               FIELD(pfr0, 28) == 0 && FIELD(pfr0, 32) == 0 && FIELD(pfr0, 44) == 0);
        expect("id-mte-sme", FIELD(pfr1, 8) == 0 && FIELD(pfr1, 24) == 0);
        expect("id-pmu-spe", FIELD(dfr0, 8) == 0 && FIELD(dfr0, 32) == 0);
        expect("id-pauth", FIELD(isar1, 4) == 0 && FIELD(isar1, 8) == 0 && FIELD(isar1, 24) == 0 &&
                                   FIELD(isar1, 28) == 0);
        expect("id-zfr-smfr", read_sysreg(s3_0_c0_c4_4) == 0 && read_sysreg(s3_0_c0_c4_5) == 0);
}

void rt_irq(void)
{
}

_Noreturn void rt_fault(uint64_t esr, uint64_t elr, uint64_t far)
{
        (void)esr;
        (void)elr;
        (void)far;
        uart_puts(&console, "FAILED: fault\n");
        for (;;) {
        }
}

void rt_main(const void *dtb)
{
        (void)dtb;
        uart_start(&console, RT_CONSOLE);
        uart_puts(&console, "oddities start\n");
        write_sysreg(vbar_el1, (uintptr_t)attempt_vectors);
        memory();
        registers();
        id_registers();
        uart_puts(&console, "done\n");
        for (;;) {
                __asm__ volatile("wfi");
        }
}
