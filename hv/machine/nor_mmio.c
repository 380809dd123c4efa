/* SPDX-License-Identifier: Apache-2.0 */
#include "hv/machine/nor.h"

#include "hv/vm/timer.h"

static uint32_t bus_read(void *ctx, uint32_t offset)
{
        uint32_t v;
        __asm__ volatile("ldr %w0, [%1]" : "=r"(v) : "r"((uintptr_t)ctx + offset) : "memory");
        return v;
}

static void bus_write(void *ctx, uint32_t offset, uint32_t value)
{
        __asm__ volatile("str %w0, [%1]" : : "r"(value), "r"((uintptr_t)ctx + offset) : "memory");
}

static uint64_t now_us(void *ctx)
{
        uint64_t now = timer_now();
        uint64_t hz = timer_frequency();

        (void)ctx;
        return now / hz * 1000000 + now % hz * 1000000 / hz;
}

sg_err nor_open_mmio(struct nor *nor, uintptr_t base, uint32_t window)
{
        const struct nor_bus bus = {
                .read = bus_read,
                .write = bus_write,
                .now_us = now_us,
                .ctx = (void *)base,
        };
        return nor_open(nor, &bus, window);
}
