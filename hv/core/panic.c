// SPDX-License-Identifier: Apache-2.0
#include "hv/core/panic.h"

#include <stddef.h>
#include <stdint.h>

#include "hv/arch/boot.h"
#include "hv/arch/sysreg.h"
#include "hv/core/crash.h"
#include "hv/core/log.h"
#include "hv/core/percpu.h"
#include "hv/machine/psci.h"
#include "hv/machine/uart.h"
#include "hv/mm/stage1.h"
#include "hv/vm/vm.h"

#define BACKTRACE_MAX 16

static const char *const vector_names[] = {"sync", "IRQ", "FIQ", "SError"};

void log_to_wire(const char *line, size_t size)
{
        uart_write_wait("[hv] ", 5);
        uart_write_wait(line, size);
}

static void print_who(void)
{
        const struct percpu *cpu = this_cpu();

        if (cpu->vcpu)
                hv_log("core %u, VM %s, vCPU %u, guest pc %lx", cpu->index,
                       cpu->vcpu->vm->desc->name, cpu->vcpu->index, cpu->vcpu->regs.pc);
        else
                hv_log("core %u, no VM", cpu->index);
}

/* Only one core tells its story; a second panic, on whichever core, just ends. */
static void begin(void)
{
        static bool begun;

        if (__atomic_exchange_n(&begun, true, __ATOMIC_ACQ_REL))
                machine_reset();
        log_set_sink(log_to_wire);
}

/* Frame records {next, return address} within this core's stacks. */
static void print_backtrace(uint64_t fp)
{
        const struct percpu *cpu = this_cpu();

        for (unsigned i = 0; i < BACKTRACE_MAX && fp; i++) {
                const uint64_t *record = (const uint64_t *)(uintptr_t)fp;

                if (fp % 16 || fp < (uintptr_t)hv_stacks || fp + 16 > cpu->stack_top)
                        break;
                hv_log("  called from hv+%lx", record[1] - (uintptr_t)hv_image_start);
                fp = record[0];
        }
}

_Noreturn void panic(const char *fmt, ...)
{
        char text[LOG_LINE_MAX];
        va_list args;

        begin();
        va_start(args, fmt);
        log_format(text, sizeof(text), fmt, args);
        va_end(args);
        hv_log("PANIC: %s", text);
        print_who();
        print_backtrace((uintptr_t)__builtin_frame_address(0));
        machine_reset();
}

_Noreturn void refuse(sg_err code, const char *fmt, ...)
{
        char text[LOG_LINE_MAX];
        va_list args;

        log_set_sink(log_to_wire);
        va_start(args, fmt);
        log_format(text, sizeof(text), fmt, args);
        va_end(args);
        hv_log("error %d: %s", code, sg_strerror(code));
        hv_log("  %s", text);
        hv_log("stopped.");
        machine_off();
}

static void print_registers(const struct crash_frame *f)
{
        for (unsigned i = 0; i < 30; i += 3)
                hv_log("x%-2u %016lx  x%-2u %016lx  x%-2u %016lx", i, f->x[i], i + 1, f->x[i + 1],
                       i + 2, f->x[i + 2]);
        hv_log("x30 %016lx  sp  %016lx", f->x[30], f->sp);
}

_Noreturn void crash_main(struct crash_frame *f, uint64_t kind)
{
        uint64_t esr = read_sysreg(esr_el2), far = read_sysreg(far_el2);

        begin();
        hv_log("PANIC: %s exception in hv, pc hv+%lx", vector_names[kind & 3],
               read_sysreg(elr_el2) - (uintptr_t)hv_image_start);
        hv_log("esr %lx (class %lx), far %lx, spsr %lx, image at %p", esr,
               bits(esr, 31, ESR_EC_SHIFT), far, read_sysreg(spsr_el2), (void *)hv_image_start);
        print_who();
        print_registers(f);
        if (bits(esr, 31, ESR_EC_SHIFT) == EC_DABT_SAME ||
            bits(esr, 31, ESR_EC_SHIFT) == EC_IABT_SAME)
                stage1_print_walk(va_make(far));
        print_backtrace(f->x[29]);
        machine_reset();
}

_Noreturn void __stack_chk_fail(void);
_Noreturn void __stack_chk_fail(void)
{
        panic("stack overrun");
}
