/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/decoder.h"

void dl_blocks_plan(struct dl *dl, struct dl_arena *arena)
{
        struct dl_blocks *b = &dl->blocks;

        b->room = dl_count(dl, DL_S_BLOCKS, 0);
        b->sorted = dl_take(arena, dl->header.segment_count);
        b->last = dl_take(arena, b->room);
        b->counts = dl_take_array(arena, b->room / DL_BLOCK_STEP + 1, sizeof(*b->counts));
}

sg_err dl_blocks_open(struct dl *dl)
{
        struct dl_blocks *b = &dl->blocks;
        uint32_t count = dl->header.segment_count;

        if (b->room == 0 || b->room > DL_SEGMENT_SIZE)
                return SG_E_DELTA_MODEL;
        sg_err e = dl_section_start(dl, DL_S_BLOCKS);
        if (!e)
                e = dl_stream_read(&dl->streams[0], b->sorted, count);
        for (uint32_t i = 0; !e && i < count; i++) {
                if (b->sorted[i] != 0 && b->sorted[i] != DL_VALUES && b->sorted[i] != DL_LITERALS)
                        e = SG_E_DELTA_MODEL;
        }
        return e ? e : dl_section_finish(dl, DL_S_BLOCKS);
}

void dl_blocks_begin(struct dl *dl)
{
        struct dl_blocks *b = &dl->blocks;
        uint8_t id = b->room > 0 ? b->sorted[dl->segment] : 0;

        b->stream = id != 0 ? &dl->streams[id] : NULL;
        b->left = 0;
}

static uint8_t to_front(uint8_t ranks[256], uint32_t rank)
{
        uint8_t byte = ranks[rank];

        memmove(ranks + 1, ranks, rank);
        ranks[0] = byte;
        return byte;
}

/* Read the last column. */
static sg_err read_column(struct dl_blocks *b)
{
        uint8_t ranks[256], code, more = 0;
        uint32_t at = 0, run = 0, digit = 0;

        for (uint32_t i = 0; i < 256; i++)
                ranks[i] = (uint8_t)i;
        while (at + run < b->size) {
                sg_err e = dl_stream_byte(b->stream, &code);
                if (e)
                        return e;
                if (code < BLOCK_DIGITS) {
                        if (digit > 20 || (code + 1u) << digit > b->size - at - run)
                                return SG_E_DELTA_SEGMENT;
                        run += (code + 1u) << digit++;
                        continue;
                }
                memset(b->last + at, ranks[0], run);
                at += run;
                run = digit = 0;
                if (code == BLOCK_ESCAPE)
                        e = dl_stream_byte(b->stream, &more);
                if (e || (code == BLOCK_ESCAPE && more > 1))
                        return e ? e : SG_E_DELTA_SEGMENT;
                b->last[at++] = to_front(ranks, code - 1u + (code == BLOCK_ESCAPE ? more : 0));
        }
        memset(b->last + at, ranks[0], run);
        return SG_OK;
}

/* Row 0 is the empty context; those that end with a byte follow in its order. */
static void count_column(struct dl_blocks *b)
{
        uint32_t rows[256] = {0}, next = 1;

        for (uint32_t i = 0; i < b->size; i++)
                rows[b->last[i]]++;
        for (uint32_t i = 0; i < 256; i++) {
                uint32_t n = rows[i];
                rows[i] = next;
                next += n;
        }
        for (uint32_t i = 0; i <= b->size; i++) {
                if (i % DL_BLOCK_STEP == 0)
                        memcpy(b->counts[i / DL_BLOCK_STEP], rows, sizeof(rows));
                if (i < b->size)
                        rows[b->last[i]]++;
        }
}

static sg_err next_block(struct dl_blocks *b)
{
        sg_err e = dl_stream_varint(b->stream, &b->size);

        if (!e)
                e = dl_stream_varint(b->stream, &b->end);
        if (!e && (b->size == 0 || b->size > b->room || b->end == 0 || b->end > b->size))
                e = SG_E_DELTA_SEGMENT;
        if (!e)
                e = read_column(b);
        if (e)
                return e;
        count_column(b);
        b->left = b->size;
        b->row = 0;
        return SG_OK;
}

#define EACH(byte) (0x0101010101010101ull * (byte))

/* How often a byte stands among n, eight at a time; n <= DL_BLOCK_STEP / 2. */
static uint32_t occurrences(const uint8_t *p, uint32_t n, uint8_t byte)
{
        uint64_t sum = 0; /* in four lanes */
        uint32_t count = 0;

        for (; n >= 8; n -= 8, p += 8) {
                uint64_t x;
                memcpy(&x, p, 8);
                x ^= EACH(byte);
                uint64_t other = ((x & EACH(0x7fu)) + EACH(0x7fu)) | x;
                uint64_t ones = ~other >> 7 & EACH(1u);
                sum += (ones & 0x00ff00ff00ff00ffull) + (ones >> 8 & 0x00ff00ff00ff00ffull);
        }
        for (uint32_t i = 0; i < n; i++)
                count += p[i] == byte;
        return count + (uint32_t)(sum * 0x0001000100010001ull >> 48);
}

/* The row of the context that is longer by the byte at `at` of the column. */
static uint32_t longer(const struct dl_blocks *b, uint32_t at)
{
        uint32_t step = at / DL_BLOCK_STEP, start = step * DL_BLOCK_STEP;
        uint32_t next = start + DL_BLOCK_STEP;
        uint8_t byte = b->last[at];

        if (at - start > DL_BLOCK_STEP / 2 && next <= b->size)
                return b->counts[step + 1][byte] - occurrences(b->last + at, next - at, byte);
        uint32_t half = at - start < DL_BLOCK_STEP / 2 ? at - start : DL_BLOCK_STEP / 2;
        return b->counts[step][byte] + occurrences(b->last + start, half, byte) +
               occurrences(b->last + start + half, at - start - half, byte);
}

sg_err dl_blocks_read(struct dl_blocks *b, uint8_t *to, uint32_t n)
{
        while (n > 0) {
                if (b->left == 0) {
                        sg_err e = next_block(b);
                        if (e)
                                return e;
                }
                if (b->row == b->end)
                        return SG_E_DELTA_SEGMENT;
                uint32_t at = b->row < b->end ? b->row : b->row - 1;
                *to++ = b->last[at];
                b->row = longer(b, at);
                n--;
                if (--b->left == 0 && b->row != b->end)
                        return SG_E_DELTA_SEGMENT;
        }
        return SG_OK;
}
