/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The symbols sorted by name (equal names by number): the old list with old numbers replaced by new
 * ones is sorted already but for equal names; what was sent is sorted and merged into it, what was
 * copied again is inserted.
 */
#include "delta/decoder.h"
#include "delta/models/heap.h"

#define NONE UINT32_MAX

/* A name with its type letter, which does not count. */
struct name {
        const uint8_t *bytes;
        uint32_t size;
};

static bool name_less(struct name a, struct name b)
{
        uint32_t n = dl_least(a.size, b.size);
        int order = n > 1 ? memcmp(a.bytes + 1, b.bytes + 1, n - 1) : 0;

        return order != 0 ? order < 0 : a.size < b.size;
}

static struct name name_of_run(const struct dl_kallsyms *k, const struct kallsyms_run *r,
                               uint32_t symbol)
{
        const uint32_t *at = &k->sent_at[r->from + (symbol - r->to)];

        return (struct name){k->sent + at[0], at[1] - at[0] - 1};
}

static sg_err old_name(struct dl *dl, uint32_t old, uint8_t room[KALLSYMS_NAME_MAX], struct name *n)
{
        n->bytes = room;
        return dl_kallsyms_old_name(dl, old, room, &n->size);
}

static sg_err new_name(struct dl *dl, uint32_t symbol, uint8_t room[KALLSYMS_NAME_MAX],
                       struct name *n)
{
        const struct kallsyms_run *r = dl_kallsyms_run(&dl->kallsyms, symbol);

        if (!(r->count & KALLSYMS_SENT))
                return old_name(dl, r->from + (symbol - r->to), room, n);
        *n = name_of_run(&dl->kallsyms, r, symbol);
        return SG_OK;
}

/* ---- The old list, and what is sent ---- */

static struct name sent_name(const struct dl_kallsyms *k, uint32_t symbol)
{
        return name_of_run(k, dl_kallsyms_run(k, symbol), symbol);
}

static bool by_number(void *ctx, uint32_t a, uint32_t b)
{
        (void)ctx;
        return a < b;
}

static bool by_name_sent(void *ctx, uint32_t a, uint32_t b)
{
        const struct dl_kallsyms *k = ctx;
        struct name x = sent_name(k, a), y = sent_name(k, b);

        return name_less(x, y) || (a < b && !name_less(y, x));
}

/* The list as it grows at the front of k->order; the symbols sent wait at its end. */
struct list {
        uint32_t size, group; /* where the symbols of one old name begin */
        uint32_t next_sent;
};

static void queue_sent(struct dl_kallsyms *k)
{
        uint32_t *queue = k->order + (k->count - k->sent_count), *end = queue;

        for (uint32_t i = 0; i < k->run_count; i++) {
                const struct kallsyms_run *r = &k->runs[i];
                uint32_t n = r->count & KALLSYMS_SENT ? r->count & ~KALLSYMS_SENT : 0;
                for (uint32_t s = 0; s < n; s++)
                        *end++ = r->to + s;
        }
        dl_heap_sort(queue, k->sent_count, by_name_sent, k);
}

static void take_sent(const struct dl_kallsyms *k, struct list *l)
{
        k->order[l->size++] = k->order[l->next_sent++];
}

static void end_group(const struct dl_kallsyms *k, const struct list *l)
{
        dl_heap_sort(k->order + l->group, l->size - l->group, by_number, NULL);
}

/* A group begins behind what was sent and sorts before its name; what has its name is of it. */
static void begin_group(const struct dl_kallsyms *k, struct list *l, struct name n)
{
        while (l->next_sent < k->count && name_less(sent_name(k, k->order[l->next_sent]), n))
                take_sent(k, l);
        l->group = l->size;
        while (l->next_sent < k->count && !name_less(n, sent_name(k, k->order[l->next_sent])))
                take_sent(k, l);
}

static sg_err old_number(struct dl *dl, uint32_t i, uint32_t *number)
{
        uint8_t b[3];
        sg_err e = dl_old_read(dl, dl->kallsyms.from_sorted + 3ull * i, b, sizeof(b));

        *number = (uint32_t)b[0] << 16 | (uint32_t)b[1] << 8 | b[2];
        return e || *number < dl->kallsyms.from_count ? e : SG_E_DELTA_MODEL;
}

static sg_err merge_sent(struct dl *dl, uint32_t *count)
{
        struct dl_kallsyms *k = &dl->kallsyms;
        struct list l = {.next_sent = k->count - k->sent_count};
        uint8_t room[2][KALLSYMS_NAME_MAX];
        struct name now = {room[1], 0}, before;

        queue_sent(k);
        for (uint32_t i = 0; i < k->from_count; i++) {
                uint32_t old;
                before = now;
                sg_err e = old_number(dl, i, &old);
                if (!e)
                        e = old_name(dl, old, room[i % 2], &now);
                if (e)
                        return e;
                if (i == 0 || name_less(before, now) || name_less(now, before)) {
                        end_group(k, &l);
                        begin_group(k, &l, now);
                }
                if (k->new_of[old] != NONE)
                        k->order[l.size++] = k->new_of[old];
                k->new_of[old] = NONE; /* once only, whatever the old list says */
        }
        end_group(k, &l);
        while (l.next_sent < k->count)
                take_sent(k, &l);
        *count = l.size;
        return SG_OK;
}

/* ---- What is copied again ---- */

/*
 * Give each old symbol the first new one that is copied from it; so many are copied from one that
 * has its own.
 */
static uint32_t match_numbers(const struct dl_kallsyms *k)
{
        uint32_t again = 0;

        memset(k->new_of, 0xff, (size_t)k->from_count * 4);
        for (uint32_t i = 0; i < k->run_count; i++) {
                const struct kallsyms_run *r = &k->runs[i];
                for (uint32_t n = 0; !(r->count & KALLSYMS_SENT) && n < r->count; n++) {
                        uint32_t *first = &k->new_of[r->from + n];
                        again += *first != NONE;
                        *first = *first != NONE ? *first : r->to + n;
                }
        }
        return again;
}

static sg_err insert(struct dl *dl, uint32_t symbol, uint32_t count)
{
        struct dl_kallsyms *k = &dl->kallsyms;
        uint8_t room[2][KALLSYMS_NAME_MAX];
        struct name name, other;
        uint32_t low = 0, high = count;
        sg_err e = new_name(dl, symbol, room[0], &name);

        while (!e && low < high) {
                uint32_t mid = low + (high - low) / 2, at = k->order[mid];
                e = new_name(dl, at, room[1], &other);
                if (!e && (name_less(other, name) || (at < symbol && !name_less(name, other))))
                        low = mid + 1;
                else
                        high = mid;
        }
        memmove(k->order + low + 1, k->order + low, (size_t)(count - low) * 4);
        k->order[low] = symbol;
        return e;
}

static sg_err insert_copied_again(struct dl *dl, uint32_t *count)
{
        const struct dl_kallsyms *k = &dl->kallsyms;
        sg_err e = SG_OK;

        for (uint32_t i = 0; !e && i < k->run_count; i++) {
                const struct kallsyms_run *r = &k->runs[i];
                for (uint32_t n = 0; !e && !(r->count & KALLSYMS_SENT) && n < r->count; n++) {
                        if (k->new_of[r->from + n] != r->to + n)
                                e = insert(dl, r->to + n, (*count)++);
                }
        }
        return e;
}

/* Each new symbol gets into the list once at most, by one of the ways. */
sg_err dl_kallsyms_sort(struct dl *dl)
{
        struct dl_kallsyms *k = &dl->kallsyms;
        uint32_t again = match_numbers(k), count;

        if ((uint64_t)again * k->count > KALLSYMS_WORK)
                return SG_E_DELTA_MODEL;
        sg_err e = merge_sent(dl, &count);
        if (!e && count != k->count - again)
                e = SG_E_DELTA_MODEL;
        match_numbers(k);
        return e ? e : insert_copied_again(dl, &count);
}
