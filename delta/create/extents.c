/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/create/extents.h"

#include <stdlib.h>

struct pairing {
        const struct extents *from, *to;
        uint32_t *old;    /* [new] the old one that most of it is copied from, or NO_EXTENT */
        uint64_t *bytes;  /* how much that is */
        uint64_t *chain;  /* the most bytes of a rising chain of pairs that ends here */
        uint32_t *before; /* the pair before in that chain, or NO_EXTENT */
        uint64_t *votes;  /* [old] scratch */
};

/* The first extent that ends above a position. */
static uint32_t extent_at(const struct extents *e, uint32_t position)
{
        uint32_t low = 0, high = e->count;

        while (low < high) {
                uint32_t mid = low + (high - low) / 2;
                if (e->list[mid].end > position)
                        high = mid;
                else
                        low = mid + 1;
        }
        return low;
}

static void vote(struct pairing *p, uint32_t new, const struct copies *copies, uint32_t *next)
{
        uint32_t start = p->to->list[new].start, end = p->to->list[new].end;

        memset(p->votes, 0, p->from->count * sizeof(*p->votes));
        while (*next < copies->count &&
               copies->list[*next].to + copies->list[*next].length <= start)
                ++*next;
        for (uint32_t i = *next; i < copies->count && copies->list[i].to < end; i++) {
                const struct dl_copy *c = &copies->list[i];
                /* Only what it makes of this one: a copy may lead over many. */
                uint32_t first = c->to > start ? c->to : start;
                uint32_t last = c->to + c->length < end ? c->to + c->length : end;
                uint32_t middle = c->from + (first - c->to) + (last - first) / 2;
                uint32_t old = extent_at(p->from, middle);
                if (old < p->from->count && p->from->list[old].start <= middle)
                        p->votes[old] += last - first;
        }
        p->old[new] = NO_EXTENT;
        p->bytes[new] = 0;
        for (uint32_t i = 0; i < p->from->count; i++) {
                if (p->votes[i] > p->bytes[new]) {
                        p->bytes[new] = p->votes[i];
                        p->old[new] = i;
                }
        }
}

/* Keep the pairs of the heaviest rising chain. */
static void keep_rising(struct pairing *p)
{
        uint32_t count = p->to->count, last = NO_EXTENT;

        for (uint32_t i = 0; i < count; i++) {
                p->chain[i] = 0;
                p->before[i] = NO_EXTENT;
                if (p->old[i] == NO_EXTENT)
                        continue;
                for (uint32_t k = 0; k < i; k++) {
                        if (p->old[k] != NO_EXTENT && p->old[k] < p->old[i] &&
                            p->chain[k] > p->chain[i]) {
                                p->chain[i] = p->chain[k];
                                p->before[i] = k;
                        }
                }
                p->chain[i] += p->bytes[i];
                if (last == NO_EXTENT || p->chain[i] > p->chain[last])
                        last = i;
        }
        for (uint32_t i = count; i-- > 0;) {
                if (i != last)
                        p->old[i] = NO_EXTENT;
                else
                        last = p->before[i];
        }
}

static void find_pairs(struct pairing *p, const struct copies *copies)
{
        uint32_t next = 0;

        for (uint32_t i = 0; i < p->to->count; i++)
                vote(p, i, copies, &next);
        if (p->from->count == 1 && p->to->count == 1)
                p->old[0] = 0;
        if (p->from->pinned && p->to->pinned) {
                p->old[p->to->pin] = p->from->pin;
                p->bytes[p->to->pin] = UINT32_MAX; /* more than all the others have */
        }
        keep_rising(p);
}

sg_err extents_pair(const struct extents *from, const struct extents *to,
                    const struct copies *copies, uint32_t *old)
{
        struct pairing p = {.from = from, .to = to};

        p.old = old;
        p.bytes = calloc(to->count + 1u, sizeof(*p.bytes));
        p.chain = calloc(to->count + 1u, sizeof(*p.chain));
        p.before = calloc(to->count + 1u, sizeof(*p.before));
        p.votes = calloc(from->count + 1u, sizeof(*p.votes));
        bool fine = p.bytes && p.chain && p.before && p.votes;
        if (fine)
                find_pairs(&p, copies);
        free(p.bytes);
        free(p.chain);
        free(p.before);
        free(p.votes);
        return fine ? SG_OK : SG_E_NO_MEMORY;
}
