/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/create/blocks.h"

#include <divsufsort.h>
#include <stdlib.h>

#include "delta/create/huffman.h"

static uint8_t rank_of(uint8_t ranks[256], uint8_t byte)
{
        uint32_t rank = 0;

        while (ranks[rank] != byte)
                rank++;
        memmove(ranks + 1, ranks, rank);
        ranks[0] = byte;
        return (uint8_t)rank;
}

static void put_head(struct sorted *to, uint32_t v)
{
        bytes_varint(&to->whole, v);
        bytes_varint(&to->part[0], v);
}

static void put_code(struct sorted *to, uint32_t code, uint32_t *height)
{
        struct bytes *part = &to->part[block_part(*height, DL_BLOCK_PARTS)];
        uint8_t byte = (uint8_t)(code < BLOCK_ESCAPE ? code : BLOCK_ESCAPE);

        bytes_byte(&to->whole, byte);
        bytes_byte(part, byte);
        if (byte == BLOCK_ESCAPE) {
                bytes_byte(&to->whole, (uint8_t)(code - BLOCK_ESCAPE));
                bytes_byte(part, (uint8_t)(code - BLOCK_ESCAPE));
        }
        *height = block_height(*height, code < BLOCK_DIGITS ? 0 : code - 1);
}

static void put_run(struct sorted *to, uint32_t run, uint32_t *height)
{
        for (; run > 0; run = (run - 1) / 2)
                put_code(to, run % 2 == 1 ? 0 : 1, height);
}

static void put_column(struct sorted *to, const uint8_t *last, uint32_t n)
{
        uint8_t ranks[256];
        uint32_t run = 0, height = 0;

        for (uint32_t i = 0; i < 256; i++)
                ranks[i] = (uint8_t)i;
        for (uint32_t i = 0; i < n; i++) {
                uint8_t rank = rank_of(ranks, last[i]);
                if (rank == 0) {
                        run++;
                        continue;
                }
                put_run(to, run, &height);
                run = 0;
                put_code(to, rank + 1u, &height);
        }
        put_run(to, run, &height);
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

static void sort_block(struct sorted *to, const uint8_t *bytes, uint32_t n,
                       const uint32_t counts[TREE_BYTES], uint8_t *backwards, int32_t *scratch)
{
        uint32_t steps = steps_of(counts);

        for (uint32_t i = 0; i < n; i++)
                backwards[i] = bytes[n - 1 - i];
        int32_t end = divbwt(backwards, backwards, scratch, (int32_t)n);
        to->whole.failed |= end < 0;
        for (uint32_t i = 0; i < TREE_BYTES; i++)
                put_head(to, counts[i]);
        put_head(to, (uint32_t)end);
        put_column(to, backwards, n);
        to->steps = to->steps < steps ? steps : to->steps;
}

void blocks_sort(struct sorted *to, const struct bytes *raw, uint32_t room, uint32_t most)
{
        uint32_t size = (uint32_t)raw->size, counts[TREE_BYTES];
        uint8_t *backwards = malloc(most);
        int32_t *scratch = malloc((most + 1ul) * sizeof(*scratch));

        to->whole.failed |= raw->failed || !backwards || !scratch;
        for (uint32_t at = 0; at < size && !to->whole.failed;) {
                uint32_t n = size - at < most ? size - at : most;
                n = block_size(raw->data + at, n, room, counts);
                sort_block(to, raw->data + at, n, counts, backwards, scratch);
                at += n;
        }
        free(backwards);
        free(scratch);
}

void sorted_free(struct sorted *s)
{
        bytes_free(&s->whole);
        for (uint32_t i = 0; i < DL_BLOCK_PARTS; i++)
                bytes_free(&s->part[i]);
}

void blocks_pack_parts(struct bytes *to, const struct sorted *sorted)
{
        struct bytes packed[DL_BLOCK_PARTS] = {0};

        to->failed |= sorted->whole.failed;
        for (uint32_t i = 0; i < DL_BLOCK_PARTS; i++)
                huffman_deflate(&packed[i], &sorted->part[i]);
        for (uint32_t i = 0; i + 1 < DL_BLOCK_PARTS; i++)
                bytes_word(to, (uint32_t)packed[i].size);
        for (uint32_t i = 0; i < DL_BLOCK_PARTS; i++) {
                to->failed |= packed[i].failed;
                bytes_add(to, packed[i].data, packed[i].size);
                bytes_free(&packed[i]);
        }
}

uint32_t blocks_room(uint64_t memory, uint32_t segments)
{
        uint64_t spans = BLOCK_STEPS / (DL_TREE_SPAN / DL_TREE_STEP) + 1;
        uint64_t fixed =
                segments + 5 * DL_ARENA_ALIGN + DL_TREE_SHAPE + spans * DL_TREE_SPAN_MEMORY;
        uint64_t steps = memory < fixed ? 0 : (memory - fixed) / DL_TREE_STEP_MEMORY;

        return steps < BLOCK_STEPS ? (uint32_t)steps : BLOCK_STEPS;
}
