/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/create/blocks.h"

#include <divsufsort.h>
#include <stdlib.h>

#include "delta/blocks.h"

static uint8_t rank_of(uint8_t ranks[256], uint8_t byte)
{
        uint32_t rank = 0;

        while (ranks[rank] != byte)
                rank++;
        memmove(ranks + 1, ranks, rank);
        ranks[0] = byte;
        return (uint8_t)rank;
}

static void put_run(struct bytes *to, uint32_t run)
{
        for (; run > 0; run = (run - 1) / 2)
                bytes_byte(to, run % 2 == 1 ? 0 : 1);
}

static void put_column(struct bytes *to, const uint8_t *last, uint32_t n)
{
        uint8_t ranks[256];
        uint32_t run = 0;

        for (uint32_t i = 0; i < 256; i++)
                ranks[i] = (uint8_t)i;
        for (uint32_t i = 0; i < n; i++) {
                uint8_t rank = rank_of(ranks, last[i]);
                if (rank == 0) {
                        run++;
                        continue;
                }
                put_run(to, run);
                run = 0;
                bytes_byte(to, (uint8_t)(rank + 1u < BLOCK_ESCAPE ? rank + 1u : BLOCK_ESCAPE));
                if (rank + 1u >= BLOCK_ESCAPE)
                        bytes_byte(to, (uint8_t)(rank + 1u - BLOCK_ESCAPE));
        }
        put_run(to, run);
}

static void sort_block(struct bytes *to, const uint8_t *bytes, uint32_t n, uint8_t *backwards,
                       int32_t *scratch)
{
        for (uint32_t i = 0; i < n; i++)
                backwards[i] = bytes[n - 1 - i];
        int32_t end = divbwt(backwards, backwards, scratch, (int32_t)n);
        to->failed |= end < 0;
        bytes_varint(to, n);
        bytes_varint(to, (uint32_t)end);
        put_column(to, backwards, n);
}

void blocks_sort(struct bytes *to, const struct bytes *raw, uint32_t room)
{
        uint32_t size = (uint32_t)raw->size;
        uint8_t *backwards = malloc(room);
        int32_t *scratch = malloc((room + 1ul) * sizeof(*scratch));

        to->failed |= raw->failed || !backwards || !scratch;
        for (uint32_t at = 0; at < size && !to->failed;) {
                uint32_t n = size - at < room ? size - at : room;
                sort_block(to, raw->data + at, n, backwards, scratch);
                at += n;
        }
        free(backwards);
        free(scratch);
}

uint32_t blocks_room(uint64_t memory, uint32_t segments)
{
        uint64_t fixed = segments + 3ull * DL_ARENA_ALIGN + DL_BLOCK_ROW;
        uint64_t steps = memory < fixed ? 0 : (memory - fixed) / (DL_BLOCK_STEP + DL_BLOCK_ROW);

        return steps * DL_BLOCK_STEP < DL_SEGMENT_SIZE ? (uint32_t)(steps * DL_BLOCK_STEP)
                                                       : DL_SEGMENT_SIZE;
}
