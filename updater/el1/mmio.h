/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Device registers, one access of exactly the width asked for. Inline assembly, so that the
 * compiler never chooses a write-back form, which a hypervisor cannot emulate (no syndrome). A
 * write is ordered after all earlier stores to memory, a read before all later loads: what a driver
 * needs around its doorbells and status registers.
 */
#ifndef UPDATER_EL1_MMIO_H
#define UPDATER_EL1_MMIO_H

#include <stdint.h>

static inline uint8_t mmio_read8(uintptr_t address)
{
        uint32_t value;

        __asm__ volatile("ldrb %w0, [%1]\n\tdmb oshld" : "=r"(value) : "r"(address) : "memory");
        return (uint8_t)value;
}

static inline uint16_t mmio_read16(uintptr_t address)
{
        uint32_t value;

        __asm__ volatile("ldrh %w0, [%1]\n\tdmb oshld" : "=r"(value) : "r"(address) : "memory");
        return (uint16_t)value;
}

static inline uint32_t mmio_read32(uintptr_t address)
{
        uint32_t value;

        __asm__ volatile("ldr %w0, [%1]\n\tdmb oshld" : "=r"(value) : "r"(address) : "memory");
        return value;
}

static inline uint64_t mmio_read64(uintptr_t address)
{
        uint64_t value;

        __asm__ volatile("ldr %0, [%1]\n\tdmb oshld" : "=r"(value) : "r"(address) : "memory");
        return value;
}

static inline void mmio_write8(uintptr_t address, uint8_t value)
{
        __asm__ volatile("dmb oshst\n\tstrb %w0, [%1]" : : "r"(value), "r"(address) : "memory");
}

static inline void mmio_write16(uintptr_t address, uint16_t value)
{
        __asm__ volatile("dmb oshst\n\tstrh %w0, [%1]" : : "r"(value), "r"(address) : "memory");
}

static inline void mmio_write32(uintptr_t address, uint32_t value)
{
        __asm__ volatile("dmb oshst\n\tstr %w0, [%1]" : : "r"(value), "r"(address) : "memory");
}

static inline void mmio_write64(uintptr_t address, uint64_t value)
{
        __asm__ volatile("dmb oshst\n\tstr %0, [%1]" : : "r"(value), "r"(address) : "memory");
}

#endif
