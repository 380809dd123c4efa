/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/create/blocks.h"

#include <divsufsort.h>
#include <stdlib.h>

#include "delta/create/bits.h"

static uint8_t rank_of(const struct rank_order *o, uint8_t byte)
{
        uint8_t rank = 0;

        while (o->bytes[rank] != byte)
                rank++;
        return rank;
}

/* What blocks are written to. */
struct sorter {
        struct bits bits;
        struct ranks ranks;
        int32_t suffixes[DL_SEGMENT_SIZE + 1];
        uint8_t backwards[DL_SEGMENT_SIZE];
};

static void put_column(struct sorter *s, const uint8_t *last, uint32_t n)
{
        struct rank_order order;

        rank_order_start(&order);
        ranks_column(&s->ranks);
        for (uint32_t i = 0; i < n; i++) {
                uint8_t rank = rank_of(&order, last[i]);
                ranks_code(&s->ranks, &s->bits.coder, order.bytes[0], rank);
                rank_order_take(&order, rank);
        }
}

static void count_bytes(uint32_t counts[TREE_BYTES], const uint8_t *bytes, uint32_t n)
{
        memset(counts, 0, TREE_BYTES * sizeof(*counts));
        for (uint32_t i = 0; i < n; i++)
                counts[bytes[i]]++;
}

static uint32_t steps_of(const uint32_t counts[TREE_BYTES])
{
        struct tree_shape shape;

        return tree_plan(&shape, counts) / DL_TREE_STEP + 1;
}

/* The longest block of the next n bytes whose tree has room, but for a little. */
static uint32_t block_size(const uint8_t *bytes, uint32_t n, uint32_t room,
                           uint32_t counts[TREE_BYTES])
{
        for (;;) {
                count_bytes(counts, bytes, n);
                uint32_t steps = steps_of(counts);
                if (steps <= room)
                        return n;
                n = (uint32_t)((uint64_t)n * room / steps);
                n -= n / 256 + 1;
        }
}

static void put_number(struct sorter *s, uint32_t number)
{
        ranks_number(&s->ranks, &s->bits.coder, number);
}

/* false: no memory. */
static bool put_block(struct sorter *s, const uint8_t *bytes, uint32_t n,
                      const uint32_t counts[TREE_BYTES])
{
        for (uint32_t i = 0; i < n; i++)
                s->backwards[i] = bytes[n - 1 - i];
        int32_t end = divbwt(s->backwards, s->backwards, s->suffixes, (int32_t)n);
        if (end < 0)
                return false;
        for (uint32_t i = 0; i < TREE_BYTES; i++)
                put_number(s, counts[i]);
        put_number(s, (uint32_t)end);
        put_column(s, s->backwards, n);
        return true;
}

uint32_t blocks_sort(struct bytes *to, const struct bytes *raw, uint32_t room)
{
        uint32_t size = (uint32_t)raw->size, counts[TREE_BYTES], largest = 0;
        struct sorter *s = malloc(sizeof(*s));

        to->failed |= raw->failed || !s;
        if (to->failed) {
                free(s);
                return 0;
        }
        bits_start(&s->bits, to);
        ranks_start(&s->ranks);
        put_number(s, size);
        for (uint32_t at = 0; at < size && !to->failed;) {
                uint32_t left = size - at, most = left < DL_SEGMENT_SIZE ? left : DL_SEGMENT_SIZE;
                uint32_t n = block_size(raw->data + at, most, room, counts);
                uint32_t steps = steps_of(counts);
                to->failed |= !put_block(s, raw->data + at, n, counts);
                largest = largest < steps ? steps : largest;
                at += n;
        }
        bits_finish(&s->bits);
        free(s);
        return largest;
}

uint32_t blocks_room(uint64_t memory, uint32_t segments)
{
        uint64_t spans = BLOCK_STEPS / (DL_TREE_SPAN / DL_TREE_STEP) + 1;
        uint64_t fixed =
                segments + 5 * DL_ARENA_ALIGN + DL_TREE_SHAPE + spans * DL_TREE_SPAN_MEMORY;
        uint64_t steps = memory < fixed ? 0 : (memory - fixed) / DL_TREE_STEP_MEMORY;

        return steps < BLOCK_STEPS ? (uint32_t)steps : BLOCK_STEPS;
}
