/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hv's own memory, a fixed part of its image (hv/hv.lds): objects that are made at boot and stay,
 * and pages for translation tables, which come and go.
 */
#ifndef HV_MM_HEAP_H
#define HV_MM_HEAP_H

#include <stddef.h>

/* At boot; zeroed; never NULL: a heap that is too small for a legal description is a bug, and
 * panics. */
void *heap_alloc(size_t size, size_t align);

/* Any core. One zeroed page, or NULL. */
void *page_alloc(void);
void page_free(void *page);

/* Any core: what is taken now. */
struct heap_use {
        size_t size;  /* of the heap, bytes */
        size_t used;  /* bytes, pages that came back included: it only grows */
        size_t pages; /* pages that are in use */
};

struct heap_use heap_use(void);

#endif
