/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/create/match.h"

#include <divsufsort.h>
#include <stdlib.h>

#include "delta/create/large.h"

/* A match must beat what the last copy's diagonal gives by this many bytes. */
#define WORTH   8u
#define COST    12 /* right bytes less wrong ones that make up for a copy */
#define STEP    8  /* and for one that begins near where the copy before ended */
#define NEAR    64
#define BRIDGE  32u /* bytes between two copies that are better predicted than sent */
#define BUCKETS 65536u

struct matcher {
        const uint8_t *from, *to;
        uint32_t from_size, to_size;
        int32_t *suffixes;
        uint32_t *bucket; /* first suffix that starts with these two bytes, or above */
};

sg_err copies_add(struct copies *c, uint32_t to, uint32_t from, uint32_t length)
{
        if (c->count == c->room) {
                uint32_t room = c->room + c->room / 2 + 256;
                struct dl_copy *list = realloc(c->list, (size_t)room * sizeof(*list));
                if (!list)
                        return SG_E_NO_MEMORY;
                c->list = list;
                c->room = room;
        }
        c->list[c->count++] = (struct dl_copy){to, from, length};
        return SG_OK;
}

void copies_free(struct copies *c)
{
        free(c->list);
        memset(c, 0, sizeof(*c));
}

static uint32_t two(const uint8_t *p)
{
        return (uint32_t)p[0] << 8 | p[1];
}

static void index_buckets(struct matcher *m)
{
        uint32_t next = 0;

        for (uint32_t i = 0; i < m->from_size; i++) {
                uint32_t at = (uint32_t)m->suffixes[i];
                uint32_t b = (uint32_t)m->from[at] << 8;
                if (at + 1 < m->from_size)
                        b = two(m->from + at);
                while (next <= b)
                        m->bucket[next++] = i;
        }
        while (next <= BUCKETS)
                m->bucket[next++] = m->from_size;
}

static uint32_t common(const uint8_t *a, const uint8_t *b, uint32_t from, uint32_t limit)
{
        while (from + 8 <= limit && memcmp(a + from, b + from, 8) == 0)
                from += 8;
        while (from < limit && a[from] == b[from])
                from++;
        return from;
}

/* The longest match of the new image at `at`; its length, 0 for none. */
static uint32_t longest(const struct matcher *m, uint32_t at, uint32_t *where)
{
        const uint8_t *key = m->to + at;
        uint32_t left = m->to_size - at;
        uint32_t best = 0, low_common = 0, high_common = 0;

        if (left < 2)
                return 0;
        uint32_t low = m->bucket[two(key)], high = m->bucket[two(key) + 1];
        while (low < high) {
                uint32_t mid = low + (high - low) / 2;
                uint32_t suffix = (uint32_t)m->suffixes[mid];
                uint32_t limit = m->from_size - suffix < left ? m->from_size - suffix : left;
                uint32_t known = low_common < high_common ? low_common : high_common;
                uint32_t n = common(m->from + suffix, key, known, limit);
                if (n > best) {
                        best = n;
                        *where = suffix;
                }
                if (n == left)
                        break;
                if (n == m->from_size - suffix || m->from[suffix + n] < key[n]) {
                        low = mid + 1;
                        low_common = n;
                } else {
                        high = mid;
                        high_common = n;
                }
        }
        return best;
}

/* Bytes by which a copy that starts at (to, from) is worth extending forward. */
static uint32_t extend_forward(const struct matcher *m, uint32_t to, uint32_t from, uint32_t limit)
{
        int64_t score = 0, best = 0;
        uint32_t length = 0;

        for (uint32_t i = 0; i < limit && from + i < m->from_size; i++) {
                score += m->from[from + i] == m->to[to + i] ? 1 : -1;
                if (score > best) {
                        best = score;
                        length = i + 1;
                }
        }
        return length;
}

static uint32_t extend_backward(const struct matcher *m, uint32_t to, uint32_t from, uint32_t limit)
{
        int64_t score = 0, best = 0;
        uint32_t length = 0;

        for (uint32_t i = 1; i <= limit && i <= from; i++) {
                score += m->from[from - i] == m->to[to - i] ? 1 : -1;
                if (score > best) {
                        best = score;
                        length = i;
                }
        }
        return length;
}

/* Two extensions overlap by `overlap` bytes: how many of them the earlier copy should keep. */
static uint32_t share(const struct matcher *m, uint32_t to, uint32_t early, uint32_t late,
                      uint32_t overlap)
{
        int64_t score = 0, best = 0;
        uint32_t keep = 0;

        for (uint32_t i = 0; i < overlap; i++) {
                score += m->from[early + i] == m->to[to + i];
                score -= m->from[late + i] == m->to[to + i];
                if (score > best) {
                        best = score;
                        keep = i + 1;
                }
        }
        return keep;
}

struct scan {
        uint32_t last_to, last_from; /* start of the copy under way */
        uint32_t at, length, where;  /* the match in hand */
        bool better;                 /* than the diagonal of the copy under way */
};

/* The next position whose match beats the diagonal of the copy under way, or ends on it. */
static void next_match(const struct matcher *m, struct scan *s)
{
        int64_t shift = (int64_t)s->last_from - s->last_to;
        uint32_t scored = s->at += s->length; /* diagonal counted up to here */
        uint32_t on_diagonal = 0;

        s->length = 0;
        for (; s->at < m->to_size; s->at++) {
                s->length = longest(m, s->at, &s->where);
                for (; scored < s->at + s->length; scored++) {
                        int64_t p = scored + shift;
                        on_diagonal += p >= 0 && p < m->from_size && m->from[p] == m->to[scored];
                }
                s->better = s->length > on_diagonal + WORTH;
                if (s->better || (s->length != 0 && s->length == on_diagonal))
                        return;
                int64_t p = s->at + shift;
                if (on_diagonal > 0 && p >= 0 && p < m->from_size && m->from[p] == m->to[s->at])
                        on_diagonal--;
        }
        s->length = 0;
}

/* The copy under way ends where the match in hand begins. */
static sg_err close_copy(const struct matcher *m, struct scan *s, struct copies *copies)
{
        uint32_t gap = s->at - s->last_to;
        uint32_t forward = extend_forward(m, s->last_to, s->last_from, gap);
        uint32_t backward = 0;

        if (s->at < m->to_size)
                backward = extend_backward(m, s->at, s->where, gap);
        if (forward + backward > gap) {
                uint32_t overlap = forward + backward - gap;
                uint32_t keep =
                        share(m, s->last_to + forward - overlap, s->last_from + forward - overlap,
                              s->where - backward, overlap);
                forward = forward - overlap + keep;
                backward -= keep;
        }
        sg_err e = SG_OK;
        if (forward > 0)
                e = copies_add(copies, s->last_to, s->last_from, forward);
        s->last_to = s->at - backward;
        s->last_from = s->where - backward;
        return e;
}

/* Match the output up to m->to_size, from `at` on. */
static sg_err scan(const struct matcher *m, uint32_t at, const struct match_job *job,
                   struct copies *copies)
{
        struct scan s = {at, at < m->from_size ? at : 0, at, 0, 0, false};
        uint32_t told = at;
        sg_err e = SG_OK;

        while (!e && s.at < m->to_size) {
                next_match(m, &s);
                if (s.at == m->to_size || s.better)
                        e = close_copy(m, &s, copies);
                if (job->tell && s.at - told >= DL_SEGMENT_SIZE / 4) {
                        told = s.at;
                        job->tell(job->ctx, s.at, job->to_size);
                }
        }
        return e;
}

static sg_err scan_between_holes(struct matcher *m, const struct match_job *job,
                                 struct copies *copies)
{
        uint32_t at = 0;
        sg_err e = SG_OK;

        for (uint32_t i = 0; !e && i < job->hole_count; i++) {
                m->to_size = job->holes[i].at;
                e = scan(m, at, job, copies);
                at = job->holes[i].at + job->holes[i].size;
        }
        m->to_size = job->to_size;
        return e ? e : scan(m, at, job, copies);
}

/* Right bytes less wrong ones of what a copy predicts. */
static int64_t score(const struct matcher *m, const struct dl_copy *c)
{
        int64_t right = 0;

        for (uint32_t i = 0; i < c->length; i++)
                right += m->from[c->from + i] == m->to[c->to + i];
        return 2 * right - c->length;
}

static bool continues(const struct dl_copy *a, const struct dl_copy *b)
{
        return a->from - a->to == b->from - b->to;
}

static int64_t cost(const struct dl_copy *before, const struct dl_copy *c)
{
        int64_t seek = before ? (int64_t)c->from - before->from - before->length : c->from;

        return seek > -NEAR && seek < NEAR ? STEP : COST;
}

/*
 * Drop the copies that save less than they cost. Where that leaves two on one diagonal with little
 * between them they become one.
 */
static void prune(const struct matcher *m, struct copies *copies)
{
        uint32_t kept = 0;

        for (uint32_t i = 0; i < copies->count; i++) {
                struct dl_copy c = copies->list[i];
                struct dl_copy *last = kept > 0 ? &copies->list[kept - 1] : NULL;
                if (last && continues(last, &c) && c.to - last->to - last->length <= BRIDGE) {
                        last->length = c.to + c.length - last->to;
                        continue;
                }
                if (score(m, &c) >= cost(last, &c))
                        copies->list[kept++] = c;
        }
        copies->count = kept;
}

sg_err match(const struct match_job *job, struct copies *copies)
{
        struct matcher m = {job->from, job->to, job->from_size, job->to_size, NULL, NULL};
        size_t size = (size_t)job->from_size * sizeof(*m.suffixes);
        sg_err e = SG_E_NO_MEMORY;

        if (job->from_size == 0 || job->to_size == 0)
                return SG_OK;
        m.suffixes = large_alloc(size);
        m.bucket = malloc((BUCKETS + 1) * sizeof(*m.bucket));
        if (m.suffixes && m.bucket &&
            divsufsort(job->from, m.suffixes, (int32_t)job->from_size) == 0) {
                index_buckets(&m);
                e = scan_between_holes(&m, job, copies);
                prune(&m, copies);
        }
        large_free(m.suffixes, size);
        free(m.bucket);
        return e;
}
