/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/decoder.h"

static_assert(sizeof(struct block_codes) <= DL_STREAM_MEMORY,
              "they stand in the memory of the stream");

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
        return sorted == 0 || sorted == DL_VALUES || sorted == (DL_VALUES | BLOCK_JOINT) ||
               sorted == DL_LITERALS;
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

/* What was read is wrong, or was it read at all? */
static sg_err refused(const struct dl_blocks *b, sg_err e)
{
        return b->codes->bits.err ? b->codes->bits.err : e;
}

static uint32_t number(struct dl_blocks *b)
{
        return ranks_number(&b->codes->ranks, &b->codes->bits.coder, 0);
}

void dl_blocks_start(struct dl *dl, uint64_t offset, uint32_t length)
{
        struct dl_blocks *b = &dl->blocks;
        struct dl_stream *s = &dl->streams[b->sorted[dl->segment] & BLOCK_STREAM];
        uint8_t *memory = s->memory;

        dl_stream_init(s, &dl->ops, memory);
        b->codes = (struct block_codes *)(void *)memory;
        ranks_start(&b->codes->ranks);
        dl_bits_start(&b->codes->bits, &dl->ops, offset, length);
        b->left = number(b);
        b->waiting = 0;
}

/* Read the last column. */
static sg_err read_column(struct dl_blocks *b)
{
        struct block_codes *c = b->codes;
        struct rank_order order;
        uint32_t run = 0;

        rank_order_start(&order);
        ranks_column(&c->ranks);
        for (uint32_t at = 0; at < b->size && !c->bits.err; at++) {
                uint8_t rank = ranks_code(&c->ranks, &c->bits.coder, order.bytes[0], 0);
                if (rank == 0) {
                        run++;
                        continue;
                }
                if (!tree_append(&b->tree, order.bytes[0], run) ||
                    !tree_append(&b->tree, rank_order_take(&order, rank), 1))
                        return refused(b, SG_E_DELTA_SEGMENT);
                run = 0;
        }
        if (c->bits.err)
                return c->bits.err;
        return tree_append(&b->tree, order.bytes[0], run) ? SG_OK : SG_E_DELTA_SEGMENT;
}

/* How often each byte stands in the block: so its size. */
static sg_err read_counts(struct dl_blocks *b)
{
        uint32_t counts[TREE_BYTES], size = 0;

        for (uint32_t i = 0; i < TREE_BYTES; i++) {
                counts[i] = number(b);
                if (counts[i] > DL_SEGMENT_SIZE - size)
                        return refused(b, SG_E_DELTA_SEGMENT);
                size += counts[i];
        }
        if (size > b->left || (size < BLOCK_LEAST && size < b->left))
                return refused(b, SG_E_DELTA_SEGMENT);
        b->size = size;
        return tree_begin(&b->tree, counts) ? SG_OK : refused(b, SG_E_DELTA_SEGMENT);
}

static sg_err next_block(struct dl_blocks *b)
{
        sg_err e = b->left > 0 ? read_counts(b) : refused(b, SG_E_DELTA_STREAM);

        if (e)
                return e;
        b->end = number(b);
        if (b->end > b->size)
                return refused(b, SG_E_DELTA_SEGMENT);
        e = read_column(b);
        if (e)
                return e;
        tree_finish(&b->tree);
        b->waiting = b->size;
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
                if (b->waiting == 0) {
                        sg_err e = next_block(b);
                        if (e)
                                return e;
                }
                if (b->row == b->end)
                        return SG_E_DELTA_SEGMENT;
                *to++ = tree_entry(&b->tree, b->row < b->end ? b->row : b->row - 1, &before);
                b->row = 1 + before;
                b->waiting--;
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

bool dl_blocks_more(const struct dl_blocks *b)
{
        return b->left > 0;
}

sg_err dl_blocks_finish(struct dl *dl)
{
        if (!dl_blocks_sorted(dl))
                return SG_OK;
        return dl->blocks.left > 0 ? refused(&dl->blocks, SG_E_DELTA_SEGMENT)
                                   : dl_bits_finish(&dl->blocks.codes->bits);
}
