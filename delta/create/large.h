/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory of an image's size. From 2 MiB on it goes back to the system as soon as it is freed,
 * whatever malloc() would keep. Each returns NULL without memory, and is for large_free().
 */
#ifndef SEGUE_DELTA_LARGE_H
#define SEGUE_DELTA_LARGE_H

#include <stddef.h>

/* For what is read all over: in large pages, where there are any. */
void *large_alloc(size_t size);

/* Zeros, which take memory only where they are overwritten. */
void *large_alloc_sparse(size_t size);

/* Of the same size; `p` may be NULL. */
void large_free(void *p, size_t size);

#endif
