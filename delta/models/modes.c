/* SPDX-License-Identifier: Apache-2.0 */
/* The modes: how each kind of reference moves. One row each. */
#include "delta/models/refs.h"

/* Where a mode finds and puts one value: `bytes` at old position `from`. */
struct place {
        uint8_t *bytes;
        uint32_t from, to;
};

static void move_prel32(const struct dl_refs *r, const struct dl_copy *copy, struct place p)
{
        int64_t target = p.from + (int64_t)(int32_t)dl_get32(p.bytes);

        if (target >= r->from_base && target < r->from_limit)
                dl_put32(p.bytes, dl_refs_map(r, copy, (uint32_t)target) - p.to);
}

static void move_abs64(const struct dl_refs *r, const struct dl_copy *copy, struct place p)
{
        uint64_t offset = dl_get64(p.bytes) - r->from_va;

        if (offset >= r->from_limit - r->from_base)
                return;
        uint32_t to = dl_refs_map(r, copy, r->from_base + (uint32_t)offset);
        dl_put64(p.bytes, r->to_va + (uint64_t)((int64_t)to - r->to_base));
}

static void move_off32(const struct dl_refs *r, const struct dl_copy *copy, struct place p)
{
        uint32_t offset = dl_get32(p.bytes);

        if (offset < r->from_limit - r->from_base)
                dl_put32(p.bytes, dl_refs_map(r, copy, r->from_base + offset) - r->to_base);
}

/* Values of `size` bytes at multiples of it. */
static void move_values(const struct dl_refs *r, const struct dl_window *w, uint32_t size,
                        uint32_t low, uint32_t high,
                        void (*move)(const struct dl_refs *, const struct dl_copy *, struct place))
{
        uint32_t phase = (w->from + low - r->from_base) % size;
        uint8_t value[8];

        if ((w->shift - ((int64_t)r->to_base - r->from_base)) % size != 0)
                return;
        uint32_t first = low >= phase ? low - phase : low - phase + size;
        for (uint32_t at = first; at < high && size <= w->size - at; at += size) {
                struct place p = {value, w->from + at, (uint32_t)(w->from + at + w->shift)};
                memcpy(value, w->bytes + at, size);
                move(r, w->copy, p);
                for (uint32_t i = 0; i < size; i++) {
                        if (at + i >= low && at + i < high)
                                w->bytes[at + i] = value[i];
                }
        }
}

static void predict_raw(const struct dl_refs *r, const struct dl_window *w, uint32_t low,
                        uint32_t high)
{
        (void)r, (void)w, (void)low, (void)high;
}

static void predict_prel32(const struct dl_refs *r, const struct dl_window *w, uint32_t low,
                           uint32_t high)
{
        move_values(r, w, 4, low, high, move_prel32);
}

static void predict_abs64(const struct dl_refs *r, const struct dl_window *w, uint32_t low,
                          uint32_t high)
{
        move_values(r, w, 8, low, high, move_abs64);
}

static void predict_off32(const struct dl_refs *r, const struct dl_window *w, uint32_t low,
                          uint32_t high)
{
        move_values(r, w, 4, low, high, move_off32);
}

static void put_word(const struct dl_window *w, uint32_t at, uint32_t low, uint32_t high,
                     uint32_t word)
{
        for (uint32_t i = 0; i < 4; i++) {
                if (at + i >= low && at + i < high)
                        w->bytes[at + i] = (uint8_t)(word >> 8 * i);
        }
}

static void predict_a64(const struct dl_refs *r, const struct dl_window *w, uint32_t low,
                        uint32_t high)
{
        uint32_t phase = (r->from_base - w->from) % 4; /* to the first whole word */
        uint32_t start = phase, end;

        if ((w->shift - ((int64_t)r->to_base - r->from_base)) % 4 != 0 || w->size < phase + 4)
                return;
        if (low > phase + DL_WINDOW_LEAD)
                start = phase + (low - phase - DL_WINDOW_LEAD) / 4 * 4;
        end = w->size - high < DL_WINDOW_TAIL ? w->size : high + DL_WINDOW_TAIL;
        uint32_t count = (end - start) / 4;
        a64_analyse(w->bytes + start, count, w->from + start, r->from_base, r->from_limit,
                    r->words);
        for (uint32_t i = 0, at = start; i < count && at < high; i++, at += 4) {
                enum a64_kind kind = (enum a64_kind)r->words[i].kind;
                if (kind == A64_NONE || at + 4 <= low)
                        continue;
                uint32_t target = dl_refs_map(r, w->copy, r->words[i].target);
                put_word(w, at, low, high,
                         a64_retarget(dl_get32(w->bytes + at), kind,
                                      (uint32_t)(w->from + at + w->shift), r->to_base, target));
        }
}

struct mode {
        const char *name;
        void (*predict)(const struct dl_refs *r, const struct dl_window *w, uint32_t low,
                        uint32_t high);
};

static const struct mode modes[DL_MODES] = {
        [DL_MODE_RAW] = {"raw", predict_raw},          [DL_MODE_A64] = {"a64", predict_a64},
        [DL_MODE_PREL32] = {"prel32", predict_prel32}, [DL_MODE_ABS64] = {"abs64", predict_abs64},
        [DL_MODE_OFF32] = {"off32", predict_off32},
};

const char *dl_mode_name(enum dl_mode_id mode)
{
        return modes[mode].name;
}

void dl_refs_predict_mode(const struct dl_refs *r, const struct dl_window *w, enum dl_mode_id mode,
                          uint32_t low, uint32_t high)
{
        modes[mode].predict(r, w, low, high);
}
