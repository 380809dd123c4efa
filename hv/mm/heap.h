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

#endif
