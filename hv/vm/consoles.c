// SPDX-License-Identifier: Apache-2.0
#include "hv/vm/consoles.h"

#include <stdbool.h>

#include "hv/core/ipi.h"
#include "hv/core/log.h"
#include "hv/core/percpu.h"
#include "hv/machine/uart.h"
#include "hv/vm/status.h"
#include "hv/vm/timer.h"
#include "hv/vm/vm.h"

#define BATCH_MS         5 /* how long output may wait for more */
#define BLOCKED_RETRY_MS 1
#define TYPED_MAX        32 /* bytes taken at once: the PL011's FIFO */

static struct console console;
static struct console_source log_source;

/* When the drain is due: written by producers (earlier only) and by the drain. */
static uint64_t due = UINT64_MAX;

static size_t send(void *ctx, const uint8_t *bytes, size_t size)
{
        (void)ctx;
        return uart_write(bytes, size);
}

static void wake(void *ctx, bool at_once)
{
        uint64_t when = timer_now() + (at_once ? 0 : timer_from_ms(BATCH_MS));
        /* Not before the producer's mark is seen: the drain still comes, or it is asked for. */
        uint64_t old = __atomic_load_n(&due, __ATOMIC_SEQ_CST);

        (void)ctx;
        while (when < old)
                if (__atomic_compare_exchange_n(&due, &old, when, false, __ATOMIC_RELEASE,
                                                __ATOMIC_RELAXED)) {
                        ipi_kick(CPU_HOUSEKEEPING);
                        return;
                }
}

static size_t receive(void *ctx, unsigned number, const uint8_t *bytes, size_t size)
{
        (void)ctx;
        return vpl011_receive(&vm_by_index(number)->console, bytes, size);
}

static void inform(void *ctx)
{
        (void)ctx;
        status_log();
}

static const struct console_ops ops = {
        .send = send, .wake = wake, .receive = receive, .inform = inform};

static void log_to_ring(const char *line, size_t size)
{
        console_put(&log_source, (const uint8_t *)line, size);
}

void consoles_init(void)
{
        console_init(&console, &ops, NULL, timer_from_ms(1));
        console_add(&console, CONSOLE_HV, &log_source, "hv");
}

void consoles_start(void)
{
        log_set_sink(log_to_ring);
}

void consoles_add(struct vm *vm)
{
        console_add(&console, vm->index, &vm->output, vm->desc->name);
}

uint64_t consoles_serve(uint64_t now)
{
        uint64_t next;

        if (now < __atomic_load_n(&due, __ATOMIC_ACQUIRE))
                return due;
        __atomic_store_n(&due, UINT64_MAX, __ATOMIC_SEQ_CST);
        next = console_drain(&console, now);
        if (next == CONSOLE_BLOCKED)
                next = now + timer_from_ms(BLOCKED_RETRY_MS);
        /* A producer may have asked for an earlier time meanwhile; the earlier one stands. */
        for (uint64_t old = UINT64_MAX; next < old;)
                if (__atomic_compare_exchange_n(&due, &old, next, false, __ATOMIC_RELEASE,
                                                __ATOMIC_RELAXED))
                        break;
        return __atomic_load_n(&due, __ATOMIC_ACQUIRE);
}

void consoles_interrupt(void)
{
        /* What is left after that interrupts again. */
        for (unsigned n = 0; n < TYPED_MAX; n++) {
                int c = uart_read();

                if (c < 0)
                        break;
                console_typed(&console, (uint8_t)c);
        }
        __atomic_store_n(&due, 0, __ATOMIC_RELEASE);
}
