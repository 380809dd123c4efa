/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/create/huffman.h"

#include <stdlib.h>
#include <zlib.h>

#define BYTES 256u
#define PIECE 512u /* bytes; blocks are made of whole ones */

struct piece {
        uint32_t counts[BYTES];
        uint32_t size, cost;
        uint32_t gain; /* bits saved by joining it with the next one */
        struct piece *before, *next;
};

static int by_value(const void *a, const void *b)
{
        uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

        return x < y ? -1 : x > y;
}

/* Bits that Huffman's code takes for n symbols with these weights, which are sorted. */
static uint32_t huffman_bits(const uint32_t *leaf, uint32_t n)
{
        uint32_t node[BYTES], bits = 0, leaves = 0, first = 0, nodes = 0;

        while (n - leaves + nodes - first > 1) {
                uint32_t sum = 0;
                for (int i = 0; i < 2; i++) {
                        bool inner = leaves == n || (first < nodes && node[first] < leaf[leaves]);
                        sum += inner ? node[first++] : leaf[leaves++];
                }
                node[nodes++] = sum;
                bits += sum;
        }
        return bits;
}

/* Bits of a block with these bytes, its head estimated. */
static uint32_t cost_of(const uint32_t counts[BYTES])
{
        uint32_t weights[BYTES], n = 0, head = 100;

        for (uint32_t i = 0; i < BYTES; i++) {
                if (counts[i] > 0)
                        weights[n++] = counts[i];
                if (i == 0 || (counts[i] > 0) != (counts[i - 1] > 0))
                        head += 5;
        }
        qsort(weights, n, sizeof(*weights), by_value);
        return head + 3 * n + huffman_bits(weights, n);
}

static void set_gain(struct piece *p)
{
        uint32_t counts[BYTES];

        p->gain = 0;
        if (!p->next)
                return;
        for (uint32_t i = 0; i < BYTES; i++)
                counts[i] = p->counts[i] + p->next->counts[i];
        uint32_t apart = p->cost + p->next->cost, joined = cost_of(counts);
        p->gain = joined < apart ? apart - joined : 0;
}

static void join_next(struct piece *p)
{
        struct piece *next = p->next;

        for (uint32_t i = 0; i < BYTES; i++)
                p->counts[i] += next->counts[i];
        p->size += next->size;
        p->cost = cost_of(p->counts);
        p->next = next->next;
        if (p->next)
                p->next->before = p;
        set_gain(p);
        if (p->before)
                set_gain(p->before);
}

/* Join neighbours, those first that gain the most. */
static void join(struct piece *first)
{
        for (;;) {
                struct piece *best = first;
                for (struct piece *p = first; p; p = p->next)
                        best = p->gain > best->gain ? p : best;
                if (!best->next || best->gain == 0)
                        return;
                join_next(best);
        }
}

static struct piece *cut(const struct bytes *raw)
{
        size_t count = (raw->size + PIECE - 1) / PIECE;
        struct piece *pieces = calloc(count, sizeof(*pieces));

        for (size_t i = 0; pieces && i < count; i++) {
                struct piece *p = &pieces[i];
                size_t left = raw->size - i * PIECE;
                p->size = left < PIECE ? (uint32_t)left : PIECE;
                for (uint32_t k = 0; k < p->size; k++)
                        p->counts[raw->data[i * PIECE + k]]++;
                p->cost = cost_of(p->counts);
                p->before = i > 0 ? p - 1 : NULL;
                p->next = i + 1 < count ? p + 1 : NULL;
        }
        for (size_t i = 0; pieces && i < count; i++)
                set_gain(&pieces[i]);
        return pieces;
}

static void deflate_blocks(z_stream *z, const struct piece *p)
{
        for (; p; p = p->next) {
                z->avail_in = p->size;
                deflate(z, p->next ? Z_BLOCK : Z_FINISH);
        }
}

void huffman_deflate(struct bytes *to, const struct bytes *raw)
{
        z_stream z = {.next_in = raw->data};

        to->failed |= raw->failed;
        if (to->failed || raw->size == 0)
                return;
        struct piece *pieces = cut(raw);
        if (pieces && deflateInit2(&z, Z_BEST_COMPRESSION, Z_DEFLATED, -(int)DL_WINDOW_BITS,
                                   MAX_MEM_LEVEL, Z_HUFFMAN_ONLY) == Z_OK) {
                join(pieces);
                size_t room = 2 * raw->size + 1024;
                z.next_out = bytes_room(to, room);
                z.avail_out = z.next_out ? (uInt)room : 0;
                deflate_blocks(&z, pieces);
                to->failed |= z.avail_in > 0 || z.avail_out == 0;
                to->size += to->failed ? 0 : z.total_out;
                (void)deflateEnd(&z);
        } else {
                to->failed = true;
        }
        free(pieces);
}
