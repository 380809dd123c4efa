/* SPDX-License-Identifier: Apache-2.0 */
/* One segment: from its chunk's streams to its output. */
#include "delta/decoder.h"

static sg_err start_stream(struct dl *dl, uint32_t i, uint64_t offset, uint32_t length)
{
        uint32_t to = dl->segment * DL_SEGMENT_SIZE;

        if (i == DL_COPIES)
                return copy_reader_start(dl->reader, &dl->ops, offset, length,
                                         (uint32_t)dl->header.from_size, to);
        if (dl_blocks_sorted(dl) != &dl->streams[i])
                return dl_stream_start(&dl->streams[i], offset, length);
        dl_blocks_start(dl, offset, length);
        return SG_OK;
}

static sg_err start_streams(struct dl *dl, uint64_t offset, uint32_t length)
{
        uint32_t at, sizes[DL_STREAMS];
        sg_err e = dl_chunk_head(&dl->ops, &dl->header, offset, length, sizes, &at);

        for (uint32_t i = 0; !e && i < dl_stream_count(&dl->header); i++) {
                e = start_stream(dl, i, offset + at, sizes[i]);
                at += sizes[i];
        }
        return e;
}

static sg_err finish_streams(struct dl *dl)
{
        sg_err e = SG_OK;

        for (uint32_t i = 0; !e && i < DL_DEFLATED; i++)
                e = dl_stream_finish(&dl->streams[i]);
        if (!e && !(dl->header.flags & DL_F_RESIDENT))
                e = copy_reader_finish(dl->reader);
        if (e)
                return e;
        return dl->correcting ? SG_E_DELTA_SEGMENT : dl_blocks_finish(dl);
}

sg_err dl_copies_start(struct dl *dl, uint32_t to)
{
        if (dl->header.flags & DL_F_RESIDENT)
                dl->next = dl_map_find(&dl->map, to);
        dl->copy = (struct dl_copy){to, 0, 0};
        return dl_copies_next(dl);
}

static sg_err streamed_copy(struct dl *dl)
{
        uint64_t limit = ((uint64_t)dl->segment + 1u) * DL_SEGMENT_SIZE;

        if (limit > dl->header.to_size)
                limit = dl->header.to_size;
        dl->copying = dl->reader->left > 0;
        return dl->copying ? copy_reader_next(dl->reader, &dl->copy, limit) : SG_OK;
}

sg_err dl_copies_next(struct dl *dl)
{
        if (!(dl->header.flags & DL_F_RESIDENT))
                return streamed_copy(dl);
        dl->copying = dl->next < dl->map.count;
        if (dl->copying)
                dl->copy = dl->map.copies[dl->next++];
        return SG_OK;
}

static sg_err next_gap(struct dl *dl)
{
        struct dl_stream *gaps = &dl->streams[DL_GAPS];
        if (dl_blocks_joint(dl)) {
                dl->correcting = dl_blocks_more(&dl->blocks);
                return dl->correcting ? dl_blocks_varint(&dl->blocks, &dl->gap) : SG_OK;
        }
        sg_err e = dl_stream_more(gaps, &dl->correcting);
        if (e || !dl->correcting)
                return e;
        return dl_stream_varint(gaps, &dl->gap);
}

/* Take bytes of a stream that may be sorted. */
static sg_err take(struct dl *dl, enum dl_stream_id id, uint8_t *to, uint32_t n)
{
        struct dl_stream *s = &dl->streams[id];

        return dl_blocks_sorted(dl) == s ? dl_blocks_read(&dl->blocks, to, n)
                                         : dl_stream_read(s, to, n);
}

/* Mend what the prediction got wrong. */
static sg_err correct(struct dl *dl, uint8_t *out, uint32_t n)
{
        uint32_t at = 0;

        while (dl->correcting && dl->gap < n - at) {
                uint8_t value;
                at += dl->gap;
                sg_err e = take(dl, DL_VALUES, &value, 1);
                if (!e)
                        e = next_gap(dl);
                if (e)
                        return e;
                out[at] = (uint8_t)(out[at] + value);
                at++;
        }
        if (dl->correcting)
                dl->gap -= n - at;
        return SG_OK;
}

sg_err dl_made_add(struct dl *dl, uint32_t to, uint64_t length,
                   sg_err (*make)(struct dl *, uint32_t, uint8_t *, uint32_t))
{
        uint32_t i = dl->made_count;

        if (length == 0)
                return SG_OK;
        if (i == DL_MADE_MAX || to > dl->header.to_size || length > dl->header.to_size - to)
                return SG_E_DELTA_MODEL;
        for (; i > 0 && dl->made[i - 1].to > to; i--)
                dl->made[i] = dl->made[i - 1];
        dl->made[i] = (struct dl_made){to, (uint32_t)length, make};
        dl->made_count++;
        if ((i > 0 && to - dl->made[i - 1].to < dl->made[i - 1].length) ||
            (i + 1 < dl->made_count && dl->made[i + 1].to - to < length))
                return SG_E_DELTA_MODEL;
        return SG_OK;
}

const struct dl_made *dl_made_at(const struct dl *dl, uint32_t to)
{
        for (uint32_t i = 0; i < dl->made_count; i++) {
                if (to < dl->made[i].to + dl->made[i].length)
                        return &dl->made[i];
        }
        return NULL;
}

/* The run of output at `to` that has one source, at most n bytes of it. */
static sg_err fill_run(struct dl *dl, uint8_t *out, uint32_t to, uint32_t n, uint32_t *run)
{
        const struct dl_made *made = dl_made_at(dl, to);
        const struct dl_copy *c = &dl->copy;
        sg_err e;

        if (made && to >= made->to) {
                *run = dl_least(n, made->to + made->length - to);
                if (!made->make)
                        return SG_OK;
                e = made->make(dl, to - made->to, out, *run);
                return e ? e : correct(dl, out, *run);
        }
        *run = made ? dl_least(n, made->to - to) : n;
        while (dl->copying && to >= c->to + c->length) {
                e = dl_copies_next(dl);
                if (e)
                        return e;
        }
        if (dl->copying && to >= c->to) {
                *run = dl_least(*run, c->to + c->length - to);
                e = dl_predict(dl, out, to, c->from + (to - c->to), *run);
                return e ? e : correct(dl, out, *run);
        }
        if (dl->copying)
                *run = dl_least(*run, c->to - to);
        return take(dl, DL_LITERALS, out, *run);
}

/* One piece of output: n <= DL_PIECE bytes at `to`, not across a piece's end. */
static sg_err fill(struct dl *dl, uint8_t *out, uint32_t to, uint32_t n)
{
        sg_err e = SG_OK;

        while (!e && n > 0) {
                uint32_t run;
                e = fill_run(dl, out, to, n, &run);
                if (e)
                        break;
                out += run;
                to += run;
                n -= run;
        }
        return e;
}

static sg_err open_chunk(struct dl *dl)
{
        uint32_t start = 0, end = 0, wanted = 0, crc;

        if (dl->header.table_size > 0) {
                const uint8_t *entry = dl->table + (size_t)dl->segment * DL_T_SIZE;
                if (dl->segment > 0)
                        start = dl_get32(entry - DL_T_SIZE + DL_T_END);
                end = dl_get32(entry + DL_T_END);
                wanted = dl_get32(entry + DL_T_CRC);
        }
        uint64_t offset = dl->header.chunk0_size + (uint64_t)start;
        sg_err e = dl_range_crc(dl, offset, end - start, &crc);
        if (!e && crc != wanted)
                e = SG_E_DELTA_SEGMENT;
        return e ? e : start_streams(dl, offset, end - start);
}

/* Write a window, but for what is written elsewhere. */
static sg_err write_window(struct dl *dl, uint32_t to, uint32_t n)
{
        const uint8_t *bytes = dl->window;
        sg_err e = SG_OK;

        if (dl->rela.on)
                e = dl_rela_empty(dl, to, dl->window, n);
        while (!e && n > 0) {
                const struct dl_made *elsewhere = NULL;
                uint32_t run = n;
                for (uint32_t i = 0; i < dl->made_count; i++) {
                        if (!dl->made[i].make && to < dl->made[i].to + dl->made[i].length)
                                elsewhere = &dl->made[i];
                }
                bool skip = elsewhere && to >= elsewhere->to;
                if (skip)
                        run = dl_least(n, elsewhere->to + elsewhere->length - to);
                else if (elsewhere)
                        run = dl_least(n, elsewhere->to - to);
                if (!skip)
                        e = dl->ops.new_write(dl->ops.ctx, to, bytes, run);
                bytes += run;
                to += run;
                n -= run;
        }
        return e;
}

static sg_err decode_windows(struct dl *dl, uint32_t to, uint32_t end)
{
        sg_err e = SG_OK;

        while (!e && to < end) {
                uint32_t n = dl_least(end - to, DL_OUTPUT_WINDOW);
                dl->window_at = to;
                for (uint32_t at = 0; !e && at < n; at += DL_PIECE)
                        e = fill(dl, dl->window + at, to + at, dl_least(n - at, DL_PIECE));
                if (!e)
                        e = write_window(dl, to, n);
                to += n;
        }
        return e;
}

static sg_err decode(struct dl *dl)
{
        uint64_t to = (uint64_t)dl->segment * DL_SEGMENT_SIZE;
        uint64_t left = dl->header.to_size - to;
        uint64_t end = to + (left < DL_SEGMENT_SIZE ? left : DL_SEGMENT_SIZE);
        sg_err e = open_chunk(dl);

        if (!e)
                e = dl_copies_start(dl, (uint32_t)to);
        if (!e)
                e = next_gap(dl);
        if (!e && dl->rela.on)
                dl_rela_begin(dl, (uint32_t)to);
        if (!e)
                e = decode_windows(dl, (uint32_t)to, (uint32_t)end);
        if (!e && dl->rela.on)
                e = dl_rela_end(dl);
        return e ? e : finish_streams(dl);
}

uint32_t dl_segment(const struct dl *dl)
{
        return dl->segment;
}

sg_err dl_step(struct dl *dl, bool *done)
{
        *done = false;
        if (!dl->failed && dl->segment < dl->header.segment_count) {
                dl->failed = decode(dl);
                if (!dl->failed)
                        dl->segment++;
        }
        *done = !dl->failed && dl->segment == dl->header.segment_count;
        return dl->failed;
}

sg_err dl_finish(const struct dl *dl, const uint8_t to_digest[DL_DIGEST_SIZE])
{
        if (dl->segment < dl->header.segment_count)
                return SG_E_DELTA_UNFINISHED;
        return memcmp(to_digest, dl->header.to_digest, DL_DIGEST_SIZE) == 0
                       ? SG_OK
                       : SG_E_DELTA_WRONG_RESULT;
}
