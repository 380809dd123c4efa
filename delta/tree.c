/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/tree.h"

#include <assert.h>

#define WORD  32u /* digits of a word */
#define SPAN  (DL_TREE_SPAN / DL_TREE_STEP)
#define EACH2 0x5555555555555555ull

static_assert(sizeof(struct tree_shape) <= DL_TREE_SHAPE, "the format's share");

/* The lightest of n nodes go to the end of the list. */
static void lightest_last(uint16_t *nodes, const uint32_t *weights, uint32_t n, uint32_t wanted)
{
        for (uint32_t end = n; end > n - wanted; end--) {
                uint32_t least = end - 1;
                for (uint32_t i = 0; i < end; i++) {
                        if (weights[nodes[i]] < weights[nodes[least]])
                                least = i;
                }
                uint16_t node = nodes[least];
                nodes[least] = nodes[end - 1];
                nodes[end - 1] = node;
        }
}

/* Put nodes below an inner node; returns what they weigh. */
static uint32_t adopt(struct tree_shape *s, uint32_t inner, const uint16_t *nodes, uint32_t n,
                      const uint32_t *weights)
{
        uint32_t weight = 0;

        for (uint32_t side = 0; side < n; side++) {
                s->inner[inner].child[side] = nodes[side];
                s->up[nodes[side]] = (uint16_t)((TREE_BYTES + inner) * TREE_SIDES + side);
                weight += weights[nodes[side]];
        }
        return weight;
}

uint32_t tree_plan(struct tree_shape *s, const uint32_t counts[TREE_BYTES])
{
        uint32_t weights[TREE_BYTES + TREE_INNER], n = 0, at = 0;
        uint16_t nodes[TREE_BYTES] = {0};

        memcpy(weights, counts, TREE_BYTES * sizeof(*weights));
        for (uint16_t i = 0; i < TREE_BYTES; i++) {
                if (counts[i] > 0)
                        nodes[n++] = i;
        }
        for (uint32_t inner = 0; n > 1; inner++) {
                /* The first has so few sides that all others have all. */
                uint32_t sides = (n - 2) % (TREE_SIDES - 1) + 2;
                lightest_last(nodes, weights, n, sides);
                n -= sides;
                weights[TREE_BYTES + inner] = adopt(s, inner, nodes + n, sides, weights);
                s->inner[inner].start = s->next[inner] = at;
                at += weights[TREE_BYTES + inner];
                nodes[n++] = (uint16_t)(TREE_BYTES + inner);
        }
        s->root = nodes[0];
        return at;
}

bool tree_begin(struct dl_tree *t, const uint32_t counts[TREE_BYTES])
{
        uint32_t before = 0;

        t->used = tree_plan(t->shape, counts);
        if (t->used > (uint64_t)t->room * DL_TREE_STEP)
                return false;
        memset(t->digits, 0, (t->used + WORD - 1) / WORD * sizeof(*t->digits));
        memcpy(t->shape->left, counts, sizeof(t->shape->left));
        for (uint32_t i = 0; i < TREE_BYTES; i++) {
                t->shape->first[i] = before;
                before += counts[i];
        }
        return true;
}

static void put_digits(uint64_t *digits, uint64_t digit, uint32_t at, uint32_t n)
{
        for (; n > 0 && (n < WORD || at % WORD != 0); at++, n--)
                digits[at / WORD] |= digit << 2 * (at % WORD);
        for (; n >= WORD; at += WORD, n -= WORD)
                digits[at / WORD] = digit * EACH2;
        for (; n > 0; at++, n--)
                digits[at / WORD] |= digit << 2 * (at % WORD);
}

bool tree_append(struct dl_tree *t, uint8_t byte, uint32_t n)
{
        struct tree_shape *s = t->shape;

        if (n > s->left[byte])
                return false;
        s->left[byte] -= n;
        for (uint16_t node = byte; n > 0 && node != s->root; node = s->up[node] / TREE_SIDES) {
                uint32_t *next = &s->next[s->up[node] / TREE_SIDES - TREE_BYTES];
                put_digits(t->digits, s->up[node] % TREE_SIDES, *next, n);
                *next += n;
        }
        return true;
}

#define EACH4(v)  (0x1111111111111111ull * (v))
#define EACH8(v)  (0x0101010101010101ull * (v))
#define EACH16(v) (0x0001000100010001ull * (v))

/* How often a digit stands in [from, to), in one step. */
static uint32_t digits_in(const uint64_t *digits, uint32_t digit, uint32_t from, uint32_t to)
{
        uint64_t sum = 0,
                 mask = EACH2 << 2 * (from % WORD); /* eight lanes; what counts of a word */

        for (; from < to; from += WORD - from % WORD, mask = EACH2) {
                if (to - from < WORD - from % WORD)
                        mask &= (1ull << 2 * (to % WORD)) - 1;
                uint64_t x = digits[from / WORD] ^ EACH2 * digit;
                x = ~(x | x >> 1) & mask;
                x = (x & EACH4(3u)) + (x >> 2 & EACH4(3u));
                sum += (x + (x >> 4)) & EACH8(0x0fu);
        }
        sum = (sum & EACH16(0xffu)) + (sum >> 8 & EACH16(0xffu));
        return (uint32_t)(sum * EACH16(1u) >> 48);
}

/* How often a digit stands before a step. */
static uint32_t before_step(const struct dl_tree *t, uint32_t digit, uint32_t step)
{
        const uint32_t *span = t->spans[step / SPAN];
        const uint16_t *count = t->counts[step];

        if (digit < TREE_SIDES - 1)
                return span[digit] + count[digit];
        return step * DL_TREE_STEP - span[0] - span[1] - span[2] - count[0] - count[1] - count[2];
}

/* How often a digit stands before place `at`, from the nearer end of its step. */
static uint32_t digits_before(const struct dl_tree *t, uint32_t digit, uint32_t at)
{
        uint32_t step = at / DL_TREE_STEP, next = (step + 1) * DL_TREE_STEP;

        if (next - at < DL_TREE_STEP / 2 && next < t->used)
                return before_step(t, digit, step + 1) - digits_in(t->digits, digit, at, next);
        return before_step(t, digit, step) + digits_in(t->digits, digit, step * DL_TREE_STEP, at);
}

/* The counts of a step, from those of the one before. */
static void count_step(struct dl_tree *t, uint32_t step)
{
        for (uint32_t digit = 0; digit < TREE_SIDES - 1; digit++) {
                uint32_t start = step * DL_TREE_STEP, before = 0;
                if (step > 0)
                        before = before_step(t, digit, step - 1) +
                                 digits_in(t->digits, digit, start - DL_TREE_STEP, start);
                if (step % SPAN == 0)
                        t->spans[step / SPAN][digit] = before;
                t->counts[step][digit] = (uint16_t)(before - t->spans[step / SPAN][digit]);
        }
}

void tree_finish(struct dl_tree *t)
{
        for (uint32_t step = 0; step * DL_TREE_STEP < t->used; step++)
                count_step(t, step);
        for (uint32_t node = t->shape->root; node >= TREE_BYTES; node--) {
                struct tree_node *inner = &t->shape->inner[node - TREE_BYTES];
                for (uint32_t digit = 0; digit < TREE_SIDES; digit++)
                        inner->before[digit] = digits_before(t, digit, inner->start);
        }
}

uint8_t tree_entry(const struct dl_tree *t, uint32_t at, uint32_t *before)
{
        const struct tree_shape *s = t->shape;
        uint32_t node = s->root;

        while (node >= TREE_BYTES) {
                const struct tree_node *inner = &s->inner[node - TREE_BYTES];
                uint32_t place = inner->start + at;
                uint32_t digit = t->digits[place / WORD] >> 2 * (place % WORD) & 3u;
                at = digits_before(t, digit, place) - inner->before[digit];
                node = inner->child[digit];
        }
        *before = s->first[node] + at;
        return (uint8_t)node;
}
