/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The three address spaces that meet in a hypervisor, as three types, so that mixing them does not
 * compile: physical, intermediate physical (what a guest believes to be physical), and hv's own
 * virtual addresses. hv's stage 1 is an identity map, but only of what is mapped: a physical
 * address becomes a pointer through pa_to_ptr() (hv's image and the machine's devices) or through a
 * window (hv/mm/window.h, guest RAM).
 */
#ifndef HV_MM_ADDR_H
#define HV_MM_ADDR_H

#include <stdbool.h>
#include <stdint.h>

#define SIZE_4K 0x1000ull
#define SIZE_2M 0x200000ull
#define SIZE_1G 0x40000000ull

struct paddr {
        uint64_t pa;
};

struct ipaddr {
        uint64_t ipa;
};

struct vaddr {
        uint64_t va;
};

static inline struct paddr pa_make(uint64_t a)
{
        return (struct paddr){a};
}

static inline struct ipaddr ipa_make(uint64_t a)
{
        return (struct ipaddr){a};
}

static inline struct vaddr va_make(uint64_t a)
{
        return (struct vaddr){a};
}

static inline struct paddr pa_add(struct paddr a, uint64_t n)
{
        return pa_make(a.pa + n);
}

static inline struct ipaddr ipa_add(struct ipaddr a, uint64_t n)
{
        return ipa_make(a.ipa + n);
}

/* Of something that the identity map covers. */
static inline void *pa_to_ptr(struct paddr a)
{
        return (void *)(uintptr_t)a.pa;
}

static inline struct paddr ptr_to_pa(const void *p)
{
        return pa_make((uintptr_t)p);
}

/* `align` is a power of two. */
static inline uint64_t align_up(uint64_t a, uint64_t align)
{
        return (a + align - 1) & ~(align - 1);
}

static inline uint64_t align_down(uint64_t a, uint64_t align)
{
        return a & ~(align - 1);
}

static inline bool is_aligned(uint64_t a, uint64_t align)
{
        return (a & (align - 1)) == 0;
}

#endif
