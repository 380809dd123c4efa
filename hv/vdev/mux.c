/* SPDX-License-Identifier: Apache-2.0 */
#include "hv/vdev/mux.h"

#include <stdbool.h>

#include "hv/core/ipi.h"
#include "hv/core/percpu.h"
#include "hv/machine/uart.h"
#include "hv/vdev/console.h"
#include "hv/vm/timer.h"

#define TYPED_AT_ONCE 64u /* bytes read in one poll */

static struct {
        struct console console;
        struct console_source source[CONSOLE_SOURCES];
        struct vpl011 *uart[CONSOLE_VMS];
        uint64_t due; /* atomic: when the next drain is; UINT64_MAX: nobody asked */
} mux;

static size_t send(void *ctx, const uint8_t *bytes, size_t size)
{
        (void)ctx;
        return uart_write(bytes, size);
}

/* Lowers the time of the next drain; false: it was not later. */
static bool due_at(uint64_t when)
{
        uint64_t was = __atomic_load_n(&mux.due, __ATOMIC_SEQ_CST);

        while (when < was) {
                if (__atomic_compare_exchange_n(&mux.due, &was, when, false, __ATOMIC_SEQ_CST,
                                                __ATOMIC_SEQ_CST))
                        return true;
        }
        return false;
}

static void wake(void *ctx, bool at_once)
{
        (void)ctx;
        /* The housekeeping core itself polls before it goes back to its guest. */
        if (due_at(timer_now() + (at_once ? 0 : timer_from_ms(MUX_BATCH_MS))) &&
            this_cpu()->index != CPU_HOUSEKEEPING)
                ipi_kick(CPU_HOUSEKEEPING);
}

static size_t receive(void *ctx, unsigned number, const uint8_t *bytes, size_t size)
{
        (void)ctx;
        return mux.uart[number] ? vpl011_receive(mux.uart[number], bytes, size) : size;
}

static const struct console_ops ops = {.send = send, .wake = wake, .receive = receive};

void mux_init(void)
{
        mux.due = UINT64_MAX;
        console_init(&mux.console, &ops, NULL, timer_from_ms(1));
        console_add(&mux.console, CONSOLE_HV, &mux.source[CONSOLE_HV], "hv");
}

void mux_add(unsigned vm, const char *name, struct vpl011 *uart)
{
        mux.uart[vm] = uart;
        console_add(&mux.console, vm, &mux.source[vm], name);
}

void mux_focus(unsigned vm)
{
        mux.console.focus = vm;
}

void mux_hv_line(const char *text, size_t size)
{
        console_put_line(&mux.source[CONSOLE_HV], (const uint8_t *)text, size);
}

void mux_guest_byte(unsigned vm, uint8_t byte)
{
        console_put(&mux.source[vm], &byte, 1);
}

uint64_t mux_dropped(unsigned vm)
{
        return __atomic_load_n(&mux.source[vm].dropped, __ATOMIC_RELAXED);
}

uint64_t mux_poll(void)
{
        uint64_t now = timer_now();
        bool typed = false;

        for (unsigned i = 0; i < TYPED_AT_ONCE; i++) {
                int byte = uart_read();
                if (byte < 0)
                        break;
                console_typed(&mux.console, (uint8_t)byte);
                typed = true;
        }

        uint64_t due = __atomic_load_n(&mux.due, __ATOMIC_SEQ_CST);
        if (now < due && !typed)
                return due;

        /* Before the drain: a wake during it must lower this again. */
        __atomic_store_n(&mux.due, UINT64_MAX, __ATOMIC_SEQ_CST);
        uint64_t when = console_drain(&mux.console, now);
        uart_want_room(when == CONSOLE_BLOCKED);
        if (when == CONSOLE_BLOCKED)
                when = now + timer_from_ms(1); /* should its interrupt fail to come */
        due_at(when);
        return __atomic_load_n(&mux.due, __ATOMIC_SEQ_CST);
}
