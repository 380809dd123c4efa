/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/decoder.h"

static_assert(DL_BLOCK_PARTS * DL_STREAM_MEMORY(DL_PART_WINDOW_BITS, DL_SMALL_BUFFER) <=
                      DL_STREAM_MEMORY(DL_WINDOW_BITS, DL_STREAM_BUFFER),
              "the parts of a stream stand in its memory");

void dl_blocks_plan(struct dl *dl, struct dl_arena *arena)
{
        struct dl_blocks *b = &dl->blocks;
        uint32_t steps = b->tree.room = dl_count(dl, DL_S_BLOCKS, 0);

        b->sorted = dl_take(arena, dl->header.segment_count);
        b->tree.shape = dl_take_array(arena, 1, DL_TREE_SHAPE);
        b->tree.digits = dl_take_array(arena, steps, DL_TREE_STEP / 4);
        b->tree.counts = dl_take_array(arena, steps, sizeof(*b->tree.counts));
        b->tree.spans = dl_take_array(arena, steps / (DL_TREE_SPAN / DL_TREE_STEP) + 1,
                                      sizeof(*b->tree.spans));
}

static bool lawful(uint8_t sorted)
{
        uint8_t stream = sorted & (uint8_t)~BLOCK_PARTED;

        return sorted == 0 || stream == DL_VALUES || stream == (DL_VALUES | BLOCK_JOINT) ||
               stream == DL_LITERALS;
}

/* What section 9 says of this segment. */
static uint8_t sorted_here(const struct dl *dl)
{
        return dl->blocks.tree.room > 0 ? dl->blocks.sorted[dl->segment] : 0;
}

sg_err dl_blocks_open(struct dl *dl)
{
        struct dl_blocks *b = &dl->blocks;
        uint32_t count = dl->header.segment_count;

        if (b->tree.room == 0 || b->tree.room > BLOCK_STEPS)
                return SG_E_DELTA_MODEL;
        sg_err e = dl_section_start(dl, DL_S_BLOCKS);
        if (!e)
                e = dl_stream_read(&dl->streams[0], b->sorted, count);
        for (uint32_t i = 0; !e && i < count; i++) {
                if (!lawful(b->sorted[i]))
                        e = SG_E_DELTA_MODEL;
        }
        return e ? e : dl_section_finish(dl, DL_S_BLOCKS);
}

const struct dl_stream *dl_blocks_sorted(const struct dl *dl)
{
        uint8_t sorted = sorted_here(dl);

        return sorted != 0 ? &dl->streams[sorted & BLOCK_STREAM] : NULL;
}

bool dl_blocks_joint(const struct dl *dl)
{
        return sorted_here(dl) & BLOCK_JOINT;
}

static sg_err start_parts(struct dl *dl, uint8_t *memory, uint64_t offset, uint32_t length)
{
        struct dl_blocks *b = &dl->blocks;
        uint8_t head[BLOCK_SIZES];

        if (length < sizeof(head))
                return SG_E_DELTA_SEGMENT;
        sg_err e = dl->ops.patch_read(dl->ops.ctx, offset, head, sizeof(head));
        offset += sizeof(head);
        length -= (uint32_t)sizeof(head);
        for (uint32_t i = 0; !e && i < DL_BLOCK_PARTS; i++) {
                uint32_t size = i + 1 < DL_BLOCK_PARTS ? dl_get32(head + 4 * i) : length;
                if (size > length)
                        return SG_E_DELTA_SEGMENT;
                dl_stream_init(&b->part[i], &dl->ops, memory, DL_PART_WINDOW_BITS, DL_SMALL_BUFFER);
                e = dl_stream_start(&b->part[i], offset, size);
                memory += DL_STREAM_MEMORY(DL_PART_WINDOW_BITS, DL_SMALL_BUFFER);
                offset += size;
                length -= size;
        }
        return e;
}

sg_err dl_blocks_start(struct dl *dl, uint64_t offset, uint32_t length)
{
        struct dl_blocks *b = &dl->blocks;
        uint8_t sorted = b->sorted[dl->segment];
        struct dl_stream *s = &dl->streams[sorted & BLOCK_STREAM];
        uint8_t *memory = s->memory;

        b->parts = sorted & BLOCK_PARTED ? DL_BLOCK_PARTS : 1;
        b->size = BLOCK_LEAST;
        b->left = 0;
        dl_stream_init(s, &dl->ops, memory, DL_WINDOW_BITS, DL_STREAM_BUFFER);
        if (b->parts > 1)
                return start_parts(dl, memory, offset, length);
        dl_stream_init(&b->part[0], &dl->ops, memory, DL_WINDOW_BITS, DL_STREAM_BUFFER);
        return dl_stream_start(&b->part[0], offset, length);
}

static uint8_t to_front(uint8_t ranks[256], uint32_t rank)
{
        uint8_t byte = ranks[rank];

        memmove(ranks + 1, ranks, rank);
        ranks[0] = byte;
        return byte;
}

/* The next code; a rank is told with its escape. */
static sg_err read_code(struct dl_blocks *b, uint32_t *code)
{
        struct dl_stream *s = &b->part[block_part(b->height, b->parts)];
        uint8_t byte, more = 0;
        sg_err e = dl_stream_byte(s, &byte);

        if (!e && byte == BLOCK_ESCAPE)
                e = dl_stream_byte(s, &more);
        if (e || more > 1)
                return e ? e : SG_E_DELTA_SEGMENT;
        *code = (uint32_t)byte + more;
        b->height = block_height(b->height, byte < BLOCK_DIGITS ? 0 : *code - 1);
        return SG_OK;
}

/* Read the last column. */
static sg_err read_column(struct dl_blocks *b)
{
        uint8_t ranks[256];
        uint32_t at = 0, run = 0, digit = 0, code;

        for (uint32_t i = 0; i < 256; i++)
                ranks[i] = (uint8_t)i;
        b->height = 0;
        while (at + run < b->size) {
                sg_err e = read_code(b, &code);
                if (e)
                        return e;
                if (code < BLOCK_DIGITS) {
                        /* Digit 20 takes any run beyond the block: that ends the loop. */
                        run += (code + 1u) << digit++;
                        continue;
                }
                if (!tree_append(&b->tree, ranks[0], run) ||
                    !tree_append(&b->tree, to_front(ranks, code - 1), 1))
                        return SG_E_DELTA_SEGMENT;
                at += run + 1;
                run = digit = 0;
        }
        return tree_append(&b->tree, ranks[0], run) ? SG_OK : SG_E_DELTA_SEGMENT;
}

/* How often each byte stands in the block: so its size. */
static sg_err read_counts(struct dl_blocks *b)
{
        uint32_t counts[TREE_BYTES], size = 0;

        if (b->size < BLOCK_LEAST)
                return SG_E_DELTA_SEGMENT;
        for (uint32_t i = 0; i < TREE_BYTES; i++) {
                sg_err e = dl_stream_varint(&b->part[0], &counts[i]);
                if (e)
                        return e;
                if (counts[i] > DL_SEGMENT_SIZE - size)
                        return SG_E_DELTA_SEGMENT;
                size += counts[i];
        }
        b->size = size;
        return tree_begin(&b->tree, counts) ? SG_OK : SG_E_DELTA_SEGMENT;
}

static sg_err next_block(struct dl_blocks *b)
{
        sg_err e = read_counts(b);

        if (!e)
                e = dl_stream_varint(&b->part[0], &b->end);
        if (!e && b->end > b->size)
                e = SG_E_DELTA_SEGMENT;
        if (!e)
                e = read_column(b);
        if (e)
                return e;
        tree_finish(&b->tree);
        b->left = b->size;
        b->row = 0;
        return SG_OK;
}

/*
 * Row 0 is the empty context; those that end with a byte follow in its order. From each row but the
 * last one a step leads to another, never to row 0 and to none twice: so the walk comes to its end,
 * and only whether it does so too early is asked.
 */
sg_err dl_blocks_read(struct dl_blocks *b, uint8_t *to, uint32_t n)
{
        for (; n > 0; n--) {
                uint32_t before;
                if (b->left == 0) {
                        sg_err e = next_block(b);
                        if (e)
                                return e;
                }
                if (b->row == b->end)
                        return SG_E_DELTA_SEGMENT;
                *to++ = tree_entry(&b->tree, b->row < b->end ? b->row : b->row - 1, &before);
                b->row = 1 + before;
                b->left--;
        }
        return SG_OK;
}

sg_err dl_blocks_varint(struct dl_blocks *b, uint32_t *v)
{
        unsigned k = 0;
        uint8_t byte;

        *v = 0;
        do {
                sg_err e = dl_blocks_read(b, &byte, 1);
                if (e)
                        return e;
                if (!dl_varint_add(v, k++, byte))
                        return SG_E_DELTA_STREAM;
        } while (byte > 127);
        return SG_OK;
}

sg_err dl_blocks_more(struct dl_blocks *b, bool *more)
{
        *more = b->left > 0;
        return *more ? SG_OK : dl_stream_more(&b->part[0], more);
}

sg_err dl_blocks_finish(struct dl *dl)
{
        struct dl_blocks *b = &dl->blocks;
        sg_err e = SG_OK;

        if (!dl_blocks_sorted(dl))
                return SG_OK;
        for (uint32_t i = 0; !e && i < b->parts; i++)
                e = dl_stream_finish(&b->part[i]);
        return e ? e : b->left > 0 ? SG_E_DELTA_SEGMENT : SG_OK;
}
