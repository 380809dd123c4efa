/* SPDX-License-Identifier: Apache-2.0 */
/* A segment's chunk: its streams packed, one of them sorted where that saves (delta/blocks.h). */
#include "delta/create/encoder.h"

#include "delta/create/blocks.h"

#define LEAST      4096u /* bytes of a stream that is worth a try */
#define LEAST_ROOM 64u   /* steps of memory that blocks of BLOCK_LEAST are sure to fit in */
#define SHARE      128u  /* what sorting must save of a stream, as it takes the device's time */

/* A stream sorted, and the bytes that it saves. */
struct way {
        enum dl_stream_id id;
        const struct bytes *raw;
        struct bytes packed;
        uint8_t joint; /* 0, or the bit of section 9 */
        uint32_t steps;
        size_t saved;
};

static void try_way(const struct encoder *e, struct way *w, size_t plain)
{
        if (w->raw->size < LEAST || e->block_room < LEAST_ROOM)
                return;
        w->steps = blocks_sort(&w->packed, w->raw, e->block_room);
        size_t size = w->packed.size;
        w->saved = size + plain / SHARE < plain ? plain - size : 0;
}

static void take_way(struct encoder *e, const struct way *w, struct bytes packed[DL_STREAMS])
{
        bytes_free(&packed[w->id]);
        packed[w->id] = w->packed;
        if (w->joint)
                bytes_free(&packed[DL_GAPS]);
        e->block_steps = e->block_steps < w->steps ? w->steps : e->block_steps;
}

/* One stream may be sorted, as there is memory for one. */
static void sort_stream(struct encoder *e, const struct raw_chunk *raw,
                        struct bytes packed[DL_STREAMS])
{
        struct way ways[] = {
                {.id = DL_VALUES, .raw = &raw->streams[DL_VALUES]},
                {.id = DL_LITERALS, .raw = &raw->streams[DL_LITERALS]},
                {.id = DL_VALUES, .raw = &raw->joint, .joint = BLOCK_JOINT},
        };
        uint32_t count = sizeof(ways) / sizeof(ways[0]);
        struct way *best = &ways[0];

        try_way(e, &ways[0], packed[DL_VALUES].size);
        try_way(e, &ways[1], packed[DL_LITERALS].size);
        try_way(e, &ways[2], packed[DL_VALUES].size + packed[DL_GAPS].size);
        for (uint32_t i = 1; i < count; i++)
                best = ways[i].saved > best->saved ? &ways[i] : best;
        bytes_byte(&e->sorted, best->saved > 0 ? (uint8_t)(best->id | best->joint) : 0);
        if (best->saved > 0)
                take_way(e, best, packed);
        for (uint32_t i = 0; i < count; i++) {
                if (best->saved == 0 || &ways[i] != best)
                        bytes_free(&ways[i].packed);
        }
}

void chunk_pack(struct encoder *e, const struct raw_chunk *raw, struct bytes *chunk)
{
        uint32_t count = e->resident ? DL_DEFLATED : DL_STREAMS;
        struct bytes packed[DL_STREAMS] = {0};
        size_t total = 0;

        for (uint32_t i = 0; i < DL_DEFLATED; i++)
                bytes_deflate(&packed[i], &raw->streams[i]);
        if (raw->copies.count > 0)
                pack_copies(&packed[DL_COPIES], &raw->copies, (uint32_t)e->from->size, raw->start);
        sort_stream(e, raw, packed);
        for (uint32_t i = 0; i < count; i++) {
                total += packed[i].size;
                chunk->failed |= packed[i].failed;
        }
        for (uint32_t i = 0; i < count && total > 0; i++)
                bytes_varint(chunk, (uint32_t)packed[i].size);
        for (uint32_t i = 0; i < count; i++) {
                bytes_add(chunk, packed[i].data, packed[i].size);
                bytes_free(&packed[i]);
        }
}

void raw_chunk_free(struct raw_chunk *raw)
{
        for (uint32_t i = 0; i < DL_DEFLATED; i++)
                bytes_free(&raw->streams[i]);
        bytes_free(&raw->joint);
        copies_free(&raw->copies);
}
