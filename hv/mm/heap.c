// SPDX-License-Identifier: Apache-2.0
#include "hv/mm/heap.h"

#include <stdint.h>
#include <string.h>

#include "hv/core/panic.h"
#include "hv/core/spinlock.h"
#include "hv/mm/addr.h"

#define HEAP_SIZE 0x300000

/* Zeroed with bss, and nothing is ever given back but pages. */
static _Alignas(4096) uint8_t heap[HEAP_SIZE];
static size_t used;
static void *free_pages; /* linked through their first word */
static size_t pages;     /* in use */
static struct spinlock lock;

static void *take(size_t size, size_t align)
{
        /* By address: the heap itself is aligned to a page alone, wherever hv was loaded. */
        uintptr_t start = (uintptr_t)heap;
        size_t at = (size_t)(align_up(start + used, align) - start);

        if (at > HEAP_SIZE || size > HEAP_SIZE - at)
                return NULL;
        used = at + size;
        return &heap[at];
}

void *heap_alloc(size_t size, size_t align)
{
        void *p;

        spin_lock(&lock);
        p = take(size, align);
        spin_unlock(&lock);
        if (!p)
                panic("hv's heap is too small for %zu bytes", size);
        return p;
}

void *page_alloc(void)
{
        void *page;

        spin_lock(&lock);
        page = free_pages;
        if (page)
                memcpy(&free_pages, page, sizeof(free_pages));
        else
                page = take(SIZE_4K, SIZE_4K);
        if (page)
                pages++;
        spin_unlock(&lock);
        return page ? memset(page, 0, SIZE_4K) : NULL;
}

void page_free(void *page)
{
        spin_lock(&lock);
        memcpy(page, &free_pages, sizeof(free_pages));
        free_pages = page;
        pages--;
        spin_unlock(&lock);
}

struct heap_use heap_use(void)
{
        struct heap_use use = {.size = HEAP_SIZE};

        spin_lock(&lock);
        use.used = used;
        use.pages = pages;
        spin_unlock(&lock);
        return use;
}
