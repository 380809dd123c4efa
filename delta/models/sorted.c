/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The symbols sorted by name (equal names by number): the old list with old numbers replaced by new
 * ones is sorted already but for equal names; what was sent, or copied twice, is inserted.
 */
#include "delta/decoder.h"

#define NONE UINT32_MAX

/* A new symbol's name without its type letter. */
struct name {
        uint8_t bytes[KALLSYMS_NAME_MAX];
        uint32_t size;
};

static sg_err name_of(struct dl *dl, const struct kallsyms_run *r, uint32_t symbol, struct name *n)
{
        struct dl_kallsyms *k = &dl->kallsyms;
        uint32_t at = r->from + (symbol - r->to);

        if (!(r->count & KALLSYMS_SENT))
                return dl_kallsyms_old_name(dl, at, n->bytes, &n->size);
        n->size = k->sent_at[at + 1] - k->sent_at[at] - 1;
        memcpy(n->bytes, k->sent + k->sent_at[at], n->size);
        return SG_OK;
}

static int compare(const struct name *a, const struct name *b)
{
        uint32_t n = a->size < b->size ? a->size : b->size;
        int order = n > 1 ? memcmp(a->bytes + 1, b->bytes + 1, n - 1) : 0;

        return order != 0 ? order : a->size < b->size ? -1 : a->size > b->size;
}

/*
 * Give each old symbol the first new one that is copied from it; the others, so many, await
 * insertion.
 */
static uint32_t match_numbers(struct dl_kallsyms *k)
{
        uint32_t others = k->count;

        memset(k->new_of, 0xff, (size_t)k->from_count * 4);
        for (uint32_t i = 0; i < k->run_count; i++) {
                const struct kallsyms_run *r = &k->runs[i];
                for (uint32_t n = 0; !(r->count & KALLSYMS_SENT) && n < r->count; n++) {
                        if (k->new_of[r->from + n] != NONE)
                                continue;
                        k->new_of[r->from + n] = r->to + n;
                        others--;
                }
        }
        return others;
}

static sg_err old_number(struct dl *dl, uint32_t i, uint32_t *number)
{
        uint8_t b[3];
        sg_err e = dl_old_read(dl, dl->kallsyms.from_sorted + 3ull * i, b, sizeof(b));

        *number = (uint32_t)b[0] << 16 | (uint32_t)b[1] << 8 | b[2];
        return e || *number < dl->kallsyms.from_count ? e : SG_E_DELTA_MODEL;
}

/* Put a symbol behind those with its name and lower numbers, among the last of the list. */
static void settle(struct dl_kallsyms *k, uint32_t first, uint32_t last)
{
        uint32_t symbol = k->order[last];

        for (; last > first && k->order[last - 1] > symbol; last--)
                k->order[last] = k->order[last - 1];
        k->order[last] = symbol;
}

static sg_err take_old_order(struct dl *dl, uint32_t *count)
{
        struct dl_kallsyms *k = &dl->kallsyms;
        struct name names[2];
        uint32_t first = 0;

        names[1].size = 0;
        *count = 0;
        for (uint32_t i = 0; i < k->from_count; i++) {
                struct name *now = &names[i % 2], *before = &names[(i + 1) % 2];
                uint32_t old;
                sg_err e = old_number(dl, i, &old);
                if (!e)
                        e = dl_kallsyms_old_name(dl, old, now->bytes, &now->size);
                if (e)
                        return e;
                if (compare(before, now) != 0)
                        first = *count;
                if (k->new_of[old] == NONE)
                        continue;
                k->order[*count] = k->new_of[old];
                k->new_of[old] = NONE; /* once only, whatever the old list says */
                settle(k, first, (*count)++);
        }
        return SG_OK;
}

static sg_err insert(struct dl *dl, const struct kallsyms_run *r, uint32_t symbol, uint32_t count)
{
        struct dl_kallsyms *k = &dl->kallsyms;
        struct name name, other;
        uint32_t low = 0, high = count;
        sg_err e = name_of(dl, r, symbol, &name);

        while (!e && low < high) {
                uint32_t mid = low + (high - low) / 2;
                e = name_of(dl, dl_kallsyms_run(k, k->order[mid]), k->order[mid], &other);
                int order = e ? 0 : compare(&other, &name);
                if (order < 0 || (order == 0 && k->order[mid] < symbol))
                        low = mid + 1;
                else
                        high = mid;
        }
        memmove(k->order + low + 1, k->order + low, (size_t)(count - low) * 4);
        k->order[low] = symbol;
        return e;
}

/* Each new symbol gets into the list once at most, by either way. */
sg_err dl_kallsyms_sort(struct dl *dl)
{
        struct dl_kallsyms *k = &dl->kallsyms;
        uint32_t count;

        if ((uint64_t)match_numbers(k) * k->count > KALLSYMS_WORK)
                return SG_E_DELTA_MODEL;
        sg_err e = take_old_order(dl, &count);
        match_numbers(k);
        for (uint32_t i = 0; !e && i < k->run_count; i++) {
                const struct kallsyms_run *r = &k->runs[i];
                uint32_t n = r->count & ~KALLSYMS_SENT;
                for (uint32_t s = 0; !e && s < n; s++) {
                        bool sent = r->count & KALLSYMS_SENT;
                        if (!sent && k->new_of[r->from + s] == r->to + s)
                                continue;
                        e = insert(dl, r, r->to + s, count++);
                }
        }
        return e || count == k->count ? e : SG_E_DELTA_MODEL;
}
