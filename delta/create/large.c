/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/create/large.h"

#include <stdlib.h>
#include <sys/mman.h>

#define LARGE ((size_t)2 << 20) /* less is malloc()'s business */

static void *map(size_t size, int advice)
{
        void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        if (p == MAP_FAILED)
                return NULL;
        (void)madvise(p, size, advice); /* a system without large pages needs none */
        return p;
}

void *large_alloc(size_t size)
{
        return size < LARGE ? malloc(size + !size) : map(size, MADV_HUGEPAGE);
}

void *large_alloc_sparse(size_t size)
{
        return size < LARGE ? calloc(size + !size, 1) : map(size, MADV_NOHUGEPAGE);
}

void large_free(void *p, size_t size)
{
        if (size < LARGE)
                free(p);
        else if (p)
                munmap(p, size);
}
