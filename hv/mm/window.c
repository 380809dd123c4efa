// SPDX-License-Identifier: Apache-2.0
#include "hv/mm/window.h"

#include <stddef.h>
#include <string.h>

#include "hv/arch/cpu.h"
#include "hv/core/percpu.h"
#include "hv/mm/stage1.h"

#define WINDOWS_BASE 0x0000f00000000000ull /* beyond all physical addresses that are in use */

static struct vaddr own_window(unsigned cpu)
{
        return va_make(WINDOWS_BASE + cpu * SIZE_2M);
}

sg_err window_init(unsigned cpus)
{
        for (unsigned i = 0; i < cpus; i++) {
                sg_err e = stage1_reserve_block(own_window(i));

                if (e)
                        return e;
        }
        return SG_OK;
}

bool window_each(struct paddr base, uint64_t size,
                 void (*piece)(void *ctx, uint8_t *p, uint64_t offset, uint64_t size),
                 bool (*between)(void *ctx), void *ctx)
{
        struct vaddr window = own_window(this_cpu()->index);
        uint64_t offset = 0;

        while (offset < size) {
                uint64_t pa = base.pa + offset;
                uint64_t block = align_down(pa, SIZE_2M);
                uint64_t n = block + SIZE_2M - pa;

                n = n < size - offset ? n : size - offset;
                stage1_map_block(window, pa_make(block));
                piece(ctx, (uint8_t *)(uintptr_t)(window.va + (pa - block)), offset, n);
                stage1_unmap_block(window);
                offset += n;
                if (between && !between(ctx))
                        return false;
        }
        return true;
}

static void write_piece(void *ctx, uint8_t *p, uint64_t offset, uint64_t size)
{
        memcpy(p, (const uint8_t *)ctx + offset, size);
        cache_clean_invalidate(p, size);
}

void window_write(struct paddr to, const void *from, uint64_t size)
{
        window_each(to, size, write_piece, NULL, (void *)(uintptr_t)from);
}
