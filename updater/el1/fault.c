/* SPDX-License-Identifier: Apache-2.0 */
#include "updater/el1/fault.h"

#include <assert.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "updater/el1/console.h"
#include "updater/el1/hvc.h"
#include "updater/el1/sysreg.h"

/* Filled by vectors.S, which knows the offsets. */
struct fault_frame {
        uint64_t x[31];
        uint64_t sp;
        uint64_t vector; /* 0..15, in the order of the vector table */
        uint64_t taken;
};
static_assert(offsetof(struct fault_frame, sp) == 248, "vectors.S");
static_assert(offsetof(struct fault_frame, vector) == 256, "vectors.S");
static_assert(offsetof(struct fault_frame, taken) == 264, "vectors.S");

#define VECTOR_KINDS    4
#define ESR_EC_SHIFT    26
#define FRAME_DEPTH_MAX 12

extern char __image_start[];
extern char __stack_bottom[];
extern char __stack_top[];

struct fault_frame fault_frame;
void fault_report(const struct fault_frame *frame);

/* printf is not used here: it needs a working libc and a good deal of stack. */
static void put_register(const char *name, uint64_t value)
{
        console_puts(name);
        console_put_hex(value);
}

static void put_general_registers(const struct fault_frame *frame)
{
        for (unsigned i = 0; i < 31; i++) {
                const char number[] = {' ', 'x', (char)('0' + i / 10), (char)('0' + i % 10),
                                       ' ', '\0'};

                put_register(number, frame->x[i]);
                if (i % 4 == 3) {
                        console_puts("\n");
                }
        }
        put_register(" sp  ", frame->sp);
        console_puts("\n");
}

/* Return addresses by the chain of frame records, as offsets into update.elf. */
static void put_backtrace(uint64_t fp)
{
        const uint64_t low = (uintptr_t)__stack_bottom;
        const uint64_t high = (uintptr_t)__stack_top - 16;

        console_puts(" called from");
        for (unsigned depth = 0; depth < FRAME_DEPTH_MAX; depth++) {
                if (fp < low || fp > high || fp % 16 != 0) {
                        break;
                }
                const uint64_t *record = (const uint64_t *)(uintptr_t)fp;

                put_register(" ", record[1] - (uintptr_t)__image_start);
                if (record[0] <= fp) {
                        break;
                }
                fp = record[0];
        }
        console_puts("\n");
}

/* Called by vectors.S on the fault stack; returns to have the partition restarted. */
void fault_report(const struct fault_frame *frame)
{
        static const char *const kinds[VECTOR_KINDS] = {"synchronous exception", "IRQ", "FIQ",
                                                        "SError"};
        const uint64_t esr = sysreg_read("esr_el1");
        const uint64_t elr = sysreg_read("elr_el1");

        console_puts("\nfault: ");
        console_puts(kinds[frame->vector % VECTOR_KINDS]);
        put_register(", class ", esr >> ESR_EC_SHIFT & 0x3f);
        put_register(", esr ", esr);
        put_register(", far ", sysreg_read("far_el1"));
        put_register("\n elr ", elr);
        put_register(" (image + ", elr - (uintptr_t)__image_start);
        console_puts(")\n");
        put_general_registers(frame);
        put_backtrace(frame->x[29]);
        console_puts("asking for a restart\n");
}

void panic(const char *format, ...)
{
        va_list args;

        printf("panic: ");
        va_start(args, format);
        vprintf(format, args);
        va_end(args);
        printf("\nasking for a restart\n");
        hvc_reset();
}
