// SPDX-License-Identifier: Apache-2.0
#include "hv/mm/memory.h"

static bool insert(struct memory *m, unsigned at, struct range range)
{
        if (m->count == MEMORY_RANGES_MAX)
                return false;
        for (unsigned i = m->count++; i > at; i--)
                m->free[i] = m->free[i - 1];
        m->free[at] = range;
        return true;
}

static void delete (struct memory *m, unsigned at)
{
        m->count--;
        for (unsigned i = at; i < m->count; i++)
                m->free[i] = m->free[i + 1];
}

bool memory_add(struct memory *m, struct range range)
{
        unsigned at = 0;

        while (at < m->count && m->free[at].base < range.base)
                at++;
        return insert(m, at, range);
}

/* Cuts [base, end) out of free range i; true when the range is gone. */
static bool cut(struct memory *m, unsigned i, uint64_t base, uint64_t end, bool *ok)
{
        struct range *f = &m->free[i];
        uint64_t f_end = f->base + f->size;
        struct range behind = {.base = end, .size = f_end > end ? f_end - end : 0};

        if (base >= f_end || end <= f->base)
                return false;
        f->size = base > f->base ? base - f->base : 0;
        if (behind.size)
                *ok = *ok && insert(m, i + 1, behind);
        if (m->free[i].size)
                return false;
        delete (m, i);
        return true;
}

bool memory_reserve(struct memory *m, struct range range)
{
        uint64_t base = align_down(range.base, SIZE_4K);
        uint64_t end = align_up(range.base + range.size, SIZE_4K);
        bool ok = true;

        for (unsigned i = 0; i < m->count;)
                if (!cut(m, i, base, end, &ok))
                        i++;
        return ok;
}

bool memory_take(struct memory *m, uint64_t size, uint64_t align, struct paddr *out)
{
        for (unsigned i = 0; i < m->count; i++) {
                uint64_t base = align_up(m->free[i].base, align);
                uint64_t skipped = base - m->free[i].base;

                if (skipped > m->free[i].size || m->free[i].size - skipped < size)
                        continue;
                *out = pa_make(base);
                return memory_reserve(m, (struct range){.base = base, .size = size});
        }
        return false;
}

uint64_t memory_free(const struct memory *m)
{
        uint64_t sum = 0;

        for (unsigned i = 0; i < m->count; i++)
                sum += m->free[i].size;
        return sum;
}
