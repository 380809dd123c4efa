/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/decoder.h"

#define INDEX_SIZE 512u

void dl_kallsyms_plan(struct dl *dl, struct dl_arena *arena)
{
        struct dl_kallsyms *k = &dl->kallsyms;

        k->from_count = dl_count(dl, DL_S_KALLSYMS, 0);
        k->count = dl_count(dl, DL_S_KALLSYMS, 1);
        k->run_count = dl_count(dl, DL_S_KALLSYMS, 2);
        k->sent_count = dl_count(dl, DL_S_KALLSYMS, 3);
        k->sent_size = dl_count(dl, DL_S_KALLSYMS_NEW, 0);
        k->token_size = dl_count(dl, DL_S_KALLSYMS_NEW, 1);
        k->old_token_size = dl_count(dl, DL_S_KALLSYMS_NEW, 2);
        k->runs = dl_take_array(arena, k->run_count, sizeof(*k->runs));
        k->old_steps = dl_take_array(arena, (uint64_t)k->from_count / KALLSYMS_STEP + 1, 4);
        k->new_of = dl_take_array(arena, k->from_count, 4);
        k->order = dl_take_array(arena, k->count, 4);
        k->blocks = dl_take_array(arena, (uint64_t)k->count / KALLSYMS_BLOCK + 1, 4);
        k->sent_at = dl_take_array(arena, (uint64_t)k->sent_count + 1, 4);
        k->sent = dl_take(arena, k->sent_size);
        k->token_text = dl_take(arena, k->token_size);
        k->old_token_text = dl_take(arena, k->old_token_size);
        k->pairs = dl_take(arena, KALLSYMS_PAIRS);
        k->old_tokens = dl_take_array(arena, 1, KALLSYMS_TOKENS_MEMORY);
        k->new_tokens = dl_take_array(arena, 1, KALLSYMS_TOKENS_MEMORY);
        k->name = dl_take(arena, KALLSYMS_NAME_MAX + 2);
}

/* The length that stands before a name, and how many bytes it takes. */
static sg_err name_length(struct dl *dl, uint32_t at, uint32_t *length, uint32_t *bytes)
{
        struct dl_kallsyms *k = &dl->kallsyms;
        uint32_t left = k->from_size - at;
        uint8_t b[2] = {0, 0};

        if (left == 0)
                return SG_E_DELTA_MODEL;
        sg_err e = dl_old_read(dl, (uint64_t)k->from_names + at, b, left < 2 ? 1 : 2);
        *bytes = b[0] & 0x80u ? 2 : 1;
        *length = b[0] & 0x80u ? (b[0] & 0x7fu) | (uint32_t)b[1] << 7 : b[0];
        if (!e && (*bytes > left || *length > left - *bytes || *length > KALLSYMS_NAME_MAX))
                e = SG_E_DELTA_MODEL;
        return e;
}

static sg_err index_old_names(struct dl *dl)
{
        struct dl_kallsyms *k = &dl->kallsyms;
        uint32_t at = 0;

        for (uint32_t i = 0; i < k->from_count; i++) {
                uint32_t length, bytes;
                sg_err e = name_length(dl, at, &length, &bytes);
                if (e)
                        return e;
                if (i % KALLSYMS_STEP == 0)
                        k->old_steps[i / KALLSYMS_STEP] = at;
                at += bytes + length;
        }
        return at == k->from_size ? SG_OK : SG_E_DELTA_MODEL;
}

/* Texts: sent symbols, then tokens, each closed by NUL. */
static sg_err read_texts(struct dl *dl)
{
        struct dl_kallsyms *k = &dl->kallsyms;
        uint32_t count = 0;
        sg_err e = dl_section_start(dl, DL_S_KALLSYMS_NEW);

        if (!e)
                e = dl_stream_read(&dl->streams[0], k->sent, k->sent_size);
        if (!e)
                e = dl_stream_read(&dl->streams[0], k->token_text, k->token_size);
        if (!e)
                e = dl_section_finish(dl, DL_S_KALLSYMS_NEW);
        if (e)
                return e;
        k->sent_at[0] = 0;
        for (uint32_t i = 0; i < k->sent_size; i++) {
                if (k->sent[i] != 0)
                        continue;
                if (count == k->sent_count)
                        return SG_E_DELTA_MODEL;
                k->sent_at[++count] = i + 1;
                if (k->sent_at[count] - k->sent_at[count - 1] > KALLSYMS_NAME_MAX)
                        return SG_E_DELTA_MODEL;
        }
        return count == k->sent_count && k->sent_at[count] == k->sent_size ? SG_OK
                                                                           : SG_E_DELTA_MODEL;
}

#define RUN_WORDS 3u
static_assert(sizeof(struct kallsyms_run) == RUN_WORDS * sizeof(uint32_t), "a stride of columns");

static sg_err read_runs(struct dl *dl)
{
        struct dl_kallsyms *k = &dl->kallsyms;
        struct dl_stream *s = &dl->streams[0];
        uint32_t to = 0, old = 0, sent = 0;
        sg_err e = dl_stream_column(s, &k->runs->count, k->run_count, RUN_WORDS);

        if (!e)
                e = dl_stream_column(s, &k->runs->from, k->run_count, RUN_WORDS);
        for (uint32_t i = 0; !e && i < k->run_count; i++) {
                struct kallsyms_run *r = &k->runs[i];
                uint32_t start = r->from;
                if (r->count == 0 || r->count > k->count - to)
                        return SG_E_DELTA_MODEL;
                r->to = to;
                to += r->count;
                uint32_t *next = start == 0 ? &sent : &old;
                uint32_t limit = start == 0 ? k->sent_count : k->from_count;
                if (start != 0)
                        old += (uint32_t)dl_unzigzag(start - 1);
                if (*next > limit || r->count > limit - *next)
                        return SG_E_DELTA_MODEL;
                r->from = *next;
                *next += r->count;
                if (start == 0)
                        r->count |= KALLSYMS_SENT;
        }
        if (!e && (to != k->count || sent != k->sent_count))
                e = SG_E_DELTA_MODEL;
        return e ? e : dl_section_finish(dl, DL_S_KALLSYMS);
}

/* Move the reading of old names to symbol `old`. */
static sg_err seek_old(struct dl *dl, uint32_t old)
{
        struct dl_kallsyms *k = &dl->kallsyms;
        struct kallsyms_place *p = &k->place;

        if (old - p->old > KALLSYMS_STEP) { /* it wraps where the symbol is before */
                p->old = old / KALLSYMS_STEP * KALLSYMS_STEP;
                p->old_at = k->old_steps[old / KALLSYMS_STEP];
        }
        for (; p->old < old; p->old++) {
                uint32_t length, bytes;
                sg_err e = name_length(dl, p->old_at, &length, &bytes);
                if (e)
                        return e;
                p->old_at += bytes + length;
        }
        return SG_OK;
}

sg_err dl_kallsyms_old_name(struct dl *dl, uint32_t old, uint8_t *name, uint32_t *size)
{
        struct dl_kallsyms *k = &dl->kallsyms;
        uint8_t packed[KALLSYMS_NAME_MAX];
        uint32_t length, bytes;
        sg_err e = seek_old(dl, old);

        if (!e)
                e = name_length(dl, k->place.old_at, &length, &bytes);
        if (!e)
                e = dl_old_read(dl, (uint64_t)k->from_names + k->place.old_at + bytes, packed,
                                length);
        if (e)
                return e;
        *size = kallsyms_expand(k->old_tokens, packed, length, name);
        return *size == 0 && length > 0 ? SG_E_DELTA_MODEL : SG_OK;
}

/* The new symbol at k->place, compressed, its length before it. */
static sg_err make_name(struct dl *dl, uint32_t *size)
{
        struct dl_kallsyms *k = &dl->kallsyms;
        const struct kallsyms_run *r = &k->runs[k->place.run];
        uint32_t at = r->from + (k->place.symbol - r->to), n;
        uint8_t *name = k->name + 2;
        sg_err e = SG_OK;

        if (r->count & KALLSYMS_SENT) {
                n = k->sent_at[at + 1] - k->sent_at[at] - 1;
                memcpy(name, k->sent + k->sent_at[at], n);
        } else {
                e = dl_kallsyms_old_name(dl, at, name, &n);
        }
        if (e)
                return e;
        n = kallsyms_squeeze(k->pairs, name, n);
        if (n > 0x7f) {
                k->name[0] = (uint8_t)(n | 0x80u);
                k->name[1] = (uint8_t)(n >> 7);
                *size = n + 2;
                return SG_OK;
        }
        k->name[1] = (uint8_t)n;
        memmove(k->name, k->name + 1, n + 1);
        *size = n + 1;
        return SG_OK;
}

static void next_symbol(struct dl_kallsyms *k, uint32_t size)
{
        const struct kallsyms_run *r = &k->runs[k->place.run];

        k->place.at += size;
        k->place.symbol++;
        if (k->place.symbol - r->to == (r->count & ~KALLSYMS_SENT))
                k->place.run++;
}

const struct kallsyms_run *dl_kallsyms_run(const struct dl_kallsyms *k, uint32_t symbol)
{
        uint32_t low = 0, high = k->run_count - 1;

        while (low < high) {
                uint32_t mid = high - (high - low) / 2;
                if (k->runs[mid].to <= symbol)
                        low = mid;
                else
                        high = mid - 1;
        }
        return &k->runs[low];
}

/* Go to the last block that starts at or below the offset. */
static void seek_new(struct dl_kallsyms *k, uint32_t at)
{
        uint32_t low = 0, high = (k->count - 1) / KALLSYMS_BLOCK;

        while (low < high) {
                uint32_t mid = high - (high - low) / 2;
                if (k->blocks[mid] <= at)
                        low = mid;
                else
                        high = mid - 1;
        }
        k->place.symbol = low * KALLSYMS_BLOCK;
        k->place.at = k->blocks[low];
        k->place.run = (uint32_t)(dl_kallsyms_run(k, k->place.symbol) - k->runs);
}

/* They fill the table exactly (measure_names()), so none is made behind the last one. */
static sg_err make_names(struct dl *dl, uint32_t at, uint8_t *out, uint32_t n)
{
        struct dl_kallsyms *k = &dl->kallsyms;
        uint32_t end = at + n;

        if (at - k->place.at > DL_PIECE)
                seek_new(k, at);
        while (k->place.at < end) {
                uint32_t size, from = k->place.at;
                sg_err e = make_name(dl, &size);
                if (e)
                        return e;
                for (uint32_t i = 0; i < size; i++) {
                        if (from + i >= at && from + i < end)
                                out[from + i - at] = k->name[i];
                }
                if (from + size > end)
                        break;
                next_symbol(k, size);
        }
        return SG_OK;
}

static sg_err make_markers(struct dl *dl, uint32_t at, uint8_t *out, uint32_t n)
{
        for (uint32_t i = 0; i < n; i++, at++)
                out[i] = (uint8_t)(dl->kallsyms.blocks[at / 4] >> 8 * (at % 4));
        return SG_OK;
}

static sg_err make_tokens(struct dl *dl, uint32_t at, uint8_t *out, uint32_t n)
{
        memcpy(out, dl->kallsyms.token_text + at, n);
        return SG_OK;
}

static sg_err make_index(struct dl *dl, uint32_t at, uint8_t *out, uint32_t n)
{
        for (uint32_t i = 0; i < n; i++, at++)
                out[i] = (uint8_t)(dl->kallsyms.new_tokens->at[at / 2] >> 8 * (at % 2));
        return SG_OK;
}

/* An old symbol's offset, moved as the copies tell; a sent symbol's is left to the corrections. */
static sg_err new_offset(struct dl *dl, uint32_t symbol, uint32_t *offset)
{
        static const struct dl_copy nowhere = {0, 0, 0};
        struct dl_kallsyms *k = &dl->kallsyms;
        const struct kallsyms_run *r = dl_kallsyms_run(k, symbol);
        uint8_t b[4];

        *offset = 0;
        if (r->count & KALLSYMS_SENT)
                return SG_OK;
        sg_err e = dl_old_read(dl, k->from_offsets + 4ull * (r->from + (symbol - r->to)), b, 4);
        if (e)
                return e;
        *offset = dl_get32(b);
        uint32_t place = *offset + k->row->from.offset;
        if (dl_refs_move(&dl->refs, &nowhere, k->row, k->row, &place))
                *offset = place - k->row->to.offset;
        return SG_OK;
}

static sg_err make_offsets(struct dl *dl, uint32_t at, uint8_t *out, uint32_t n)
{
        while (n > 0) {
                uint32_t offset;
                sg_err e = new_offset(dl, at / 4, &offset);
                if (e)
                        return e;
                do {
                        *out++ = (uint8_t)(offset >> 8 * (at % 4));
                        at++;
                        n--;
                } while (n > 0 && at % 4 != 0);
        }
        return SG_OK;
}

/* The numbers of the symbols, sorted by name, three bytes each, the highest first. */
static sg_err make_sorted(struct dl *dl, uint32_t at, uint8_t *out, uint32_t n)
{
        for (uint32_t i = 0; i < n; i++, at++)
                out[i] = (uint8_t)(dl->kallsyms.order[at / 3] >> 8 * (2 - at % 3));
        return SG_OK;
}

/* Compress every name once: the blocks' starts, which are the markers. */
static sg_err measure_names(struct dl *dl)
{
        struct dl_kallsyms *k = &dl->kallsyms;

        while (k->place.symbol < k->count) {
                uint32_t size;
                sg_err e = make_name(dl, &size);
                if (e)
                        return e;
                if (k->place.symbol % KALLSYMS_BLOCK == 0)
                        k->blocks[k->place.symbol / KALLSYMS_BLOCK] = k->place.at;
                next_symbol(k, size);
        }
        return k->place.at == k->size ? SG_OK : SG_E_DELTA_MODEL;
}

static sg_err read_places(struct dl *dl)
{
        struct dl_kallsyms *k = &dl->kallsyms;
        uint8_t b[DL_K_SIZE];
        sg_err e = dl_section_start(dl, DL_S_KALLSYMS);

        if (!e)
                e = dl_stream_read(&dl->streams[0], b, sizeof(b));
        if (e)
                return e;
        k->from_names = dl_get32(b + DL_K_FROM_NAMES);
        k->from_size = dl_get32(b + DL_K_FROM_NAMES_SIZE);
        k->from_tokens = dl_get32(b + DL_K_FROM_TOKENS);
        k->names = dl_get32(b + DL_K_NAMES);
        k->size = dl_get32(b + DL_K_NAMES_SIZE);
        k->markers = dl_get32(b + DL_K_MARKERS);
        k->tokens = dl_get32(b + DL_K_TOKENS);
        k->index = dl_get32(b + DL_K_INDEX);
        k->from_offsets = dl_get32(b + DL_K_FROM_OFFSETS);
        k->offsets = dl_get32(b + DL_K_OFFSETS);
        k->from_sorted = dl_get32(b + DL_K_FROM_SORTED);
        k->sorted = dl_get32(b + DL_K_SORTED);
        k->row = dl_refs_from_row(&dl->refs, k->from_offsets); /* NULL without a program */
        bool sane = (uint64_t)k->from_names + k->from_size <= dl->header.from_size &&
                    k->from_offsets + 4ull * k->from_count <= dl->header.from_size &&
                    k->from_sorted + 3ull * k->from_count <= dl->header.from_size &&
                    (k->offsets == 0 || k->row) &&
                    (uint64_t)k->from_tokens + k->old_token_size <= dl->header.from_size;
        return sane ? SG_OK : SG_E_DELTA_MODEL;
}

static sg_err add_made(struct dl *dl)
{
        struct dl_kallsyms *k = &dl->kallsyms;
        uint32_t blocks = (k->count + KALLSYMS_BLOCK - 1) / KALLSYMS_BLOCK;
        sg_err e = dl_made_add(dl, k->names, k->size, make_names);

        if (!e)
                e = dl_made_add(dl, k->markers, 4ull * blocks, make_markers);
        if (!e)
                e = dl_made_add(dl, k->tokens, k->token_size, make_tokens);
        if (!e)
                e = dl_made_add(dl, k->index, INDEX_SIZE, make_index);
        if (!e && k->offsets != 0)
                e = dl_made_add(dl, k->offsets, 4ull * k->count, make_offsets);
        if (!e && k->sorted != 0)
                e = dl_made_add(dl, k->sorted, 3ull * k->count, make_sorted);
        return e;
}

sg_err dl_kallsyms_open(struct dl *dl)
{
        struct dl_kallsyms *k = &dl->kallsyms;
        sg_err e = read_texts(dl);

        if (!e)
                e = read_places(dl);
        if (!e)
                e = read_runs(dl);
        if (!e)
                e = index_old_names(dl);
        if (!e)
                e = dl_old_read(dl, k->from_tokens, k->old_token_text, k->old_token_size);
        if (e)
                return e;
        if (!kallsyms_tokens_open(k->old_tokens, k->old_token_text, k->old_token_size) ||
            !kallsyms_tokens_open(k->new_tokens, k->token_text, k->token_size))
                return SG_E_DELTA_MODEL;
        kallsyms_pairs(k->new_tokens, k->pairs);
        memset(&k->place, 0, sizeof(k->place));
        e = measure_names(dl);
        memset(&k->place, 0, sizeof(k->place));
        if (!e && k->sorted != 0)
                e = dl_kallsyms_sort(dl);
        memset(&k->place, 0, sizeof(k->place));
        return e ? e : add_made(dl);
}
