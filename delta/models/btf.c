/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/decoder.h"

#define NOWHERE UINT32_MAX        /* in `moved`: not used so far */
#define USED    (UINT32_MAX - 1u) /* used, place not known yet */
#define SETTLED (UINT32_MAX - 2u) /* in the order, place not known yet */

enum {
        KIND_INT = 1,
        KIND_PTR,
        KIND_ARRAY,
        KIND_STRUCT,
        KIND_UNION,
        KIND_ENUM,
        KIND_FWD,
        KIND_TYPEDEF,
        KIND_VOLATILE,
        KIND_CONST,
        KIND_RESTRICT,
        KIND_FUNC,
        KIND_FUNC_PROTO,
        KIND_VAR,
        KIND_DATASEC,
        KIND_FLOAT,
        KIND_DECL_TAG,
        KIND_TYPE_TAG,
        KIND_ENUM64,
        KINDS,
};

/* What follows a record's name and info: the third word, fixed words, words per element. */
struct kind {
        uint8_t third;    /* enum btf_role */
        uint8_t fixed;    /* further words of the record itself */
        uint8_t element;  /* words of each of the info's vlen elements */
        uint8_t roles[3]; /* of the words after the third, repeated for each element */
};

static const struct kind kinds[KINDS] = {
        [KIND_INT] = {BTF_PLAIN, 1, 0, {BTF_PLAIN}},
        [KIND_PTR] = {BTF_TYPE, 0, 0, {0}},
        [KIND_ARRAY] = {BTF_PLAIN, 3, 0, {BTF_TYPE, BTF_TYPE, BTF_PLAIN}},
        [KIND_STRUCT] = {BTF_PLAIN, 0, 3, {BTF_NAME, BTF_TYPE, BTF_PLAIN}},
        [KIND_UNION] = {BTF_PLAIN, 0, 3, {BTF_NAME, BTF_TYPE, BTF_PLAIN}},
        [KIND_ENUM] = {BTF_PLAIN, 0, 2, {BTF_NAME, BTF_PLAIN}},
        [KIND_FWD] = {BTF_PLAIN, 0, 0, {0}},
        [KIND_TYPEDEF] = {BTF_TYPE, 0, 0, {0}},
        [KIND_VOLATILE] = {BTF_TYPE, 0, 0, {0}},
        [KIND_CONST] = {BTF_TYPE, 0, 0, {0}},
        [KIND_RESTRICT] = {BTF_TYPE, 0, 0, {0}},
        [KIND_FUNC] = {BTF_TYPE, 0, 0, {0}},
        [KIND_FUNC_PROTO] = {BTF_TYPE, 0, 2, {BTF_NAME, BTF_TYPE}},
        [KIND_VAR] = {BTF_TYPE, 1, 0, {BTF_PLAIN}},
        [KIND_DATASEC] = {BTF_PLAIN, 0, 3, {BTF_TYPE, BTF_PLAIN, BTF_PLAIN}},
        [KIND_FLOAT] = {BTF_PLAIN, 0, 0, {0}},
        [KIND_DECL_TAG] = {BTF_TYPE, 1, 0, {BTF_PLAIN}},
        [KIND_TYPE_TAG] = {BTF_TYPE, 0, 0, {0}},
        [KIND_ENUM64] = {BTF_PLAIN, 0, 3, {BTF_NAME, BTF_PLAIN, BTF_PLAIN}},
};

static uint32_t kind_of(uint32_t info)
{
        return info >> 24 & 31u;
}

uint32_t btf_words(uint32_t info)
{
        uint32_t kind = kind_of(info), length = info & 0xffffu;

        if (kind == 0 || kind >= KINDS)
                return 0;
        return 3u + kinds[kind].fixed + length * kinds[kind].element;
}

enum btf_role btf_role(uint32_t info, uint32_t i)
{
        const struct kind *k = &kinds[kind_of(info)];

        if (i < 2)
                return i == 0 ? BTF_NAME : BTF_PLAIN;
        if (i == 2)
                return (enum btf_role)k->third;
        return (enum btf_role)k->roles[k->element ? (i - 3u) % k->element : i - 3u];
}

void dl_btf_plan(struct dl *dl, struct dl_arena *arena)
{
        struct dl_btf *b = &dl->btf;

        b->new_types = dl_count(dl, DL_S_BTF, 0);
        b->old_types = dl_count(dl, DL_S_BTF, 1);
        b->new_strings = dl_count(dl, DL_S_BTF, 2);
        b->old_strings = dl_count(dl, DL_S_BTF, 3);
        b->sent_bytes = dl_count(dl, DL_S_BTF_NEW, 0);
        b->sent_words = dl_count(dl, DL_S_BTF_NEW, 1);
        b->sent_strings = dl_count(dl, DL_S_BTF_NEW, 2);
        b->early = dl_count(dl, DL_S_BTF_NEW, 3);
        b->old_type = dl_take_array(arena, (uint64_t)b->old_types + 1, 4);
        b->old_string = dl_take_array(arena, (uint64_t)b->old_strings + 1, 4);
        b->source = dl_take_array(arena, b->new_types, 4);
        b->renumbered = dl_take_array(arena, b->old_types, 4);
        b->first_use = dl_take_array(arena, b->new_strings, 4);
        b->order = dl_take_array(arena, b->new_strings, 4);
        b->moved = dl_take_array(arena, (uint64_t)b->old_strings + b->sent_strings, 4);
        b->sent = dl_take_array(arena, b->sent_words, 4);
        b->sent_at = dl_take_array(arena, (uint64_t)b->sent_strings + 1, 4);
        b->sent_text = dl_take(arena, b->sent_bytes);
}

/* There is type 0, and the empty string. An arena below 4 GiB keeps all counts of words below
 * 2^30. */
static bool counts_sane(const struct dl_btf *b)
{
        return b->new_types > 0 && b->old_types > 0 && b->new_strings > 0 && b->old_strings > 0;
}

static sg_err old_word(struct dl *dl, uint64_t pos, uint32_t *word)
{
        uint8_t b[4];
        sg_err e = dl_old_read(dl, pos, b, sizeof(b));

        *word = dl_get32(b);
        return e;
}

/* The old section's header: the parts follow each other, and both lie in the old image. */
static sg_err read_old_header(struct dl *dl)
{
        struct dl_btf *b = &dl->btf;
        uint8_t h[BTF_HEADER];

        if (b->from > dl->header.from_size || dl->header.from_size - b->from < BTF_HEADER)
                return SG_E_DELTA_MODEL;
        sg_err e = dl_old_read(dl, b->from, h, sizeof(h));
        if (e)
                return e;
        b->old_type_size = dl_get32(h + 12);
        b->old_string_size = dl_get32(h + 20);
        uint64_t left = dl->header.from_size - b->from - BTF_HEADER;
        bool good = dl_get32(h) == 0x1eb9fu && dl_get32(h + 4) == BTF_HEADER &&
                    dl_get32(h + 8) == 0 && dl_get32(h + 16) == b->old_type_size &&
                    (uint64_t)b->old_type_size + b->old_string_size <= left;
        return good ? SG_OK : SG_E_DELTA_MODEL;
}

static sg_err index_old_types(struct dl *dl)
{
        struct dl_btf *b = &dl->btf;
        uint32_t at = 0;

        b->old_type[0] = 0;
        for (uint32_t i = 1; i < b->old_types; i++) {
                uint32_t info, left = b->old_type_size - at;
                if (left < 12)
                        return SG_E_DELTA_MODEL;
                sg_err e = old_word(dl, (uint64_t)b->from + BTF_HEADER + at + 4, &info);
                if (e)
                        return e;
                uint32_t words = btf_words(info);
                if (words == 0 || words > left / 4)
                        return SG_E_DELTA_MODEL;
                b->old_type[i] = at;
                at += 4 * words;
        }
        b->old_type[b->old_types] = at;
        return at == b->old_type_size ? SG_OK : SG_E_DELTA_MODEL;
}

static sg_err index_old_strings(struct dl *dl)
{
        struct dl_btf *b = &dl->btf;
        uint64_t start = (uint64_t)b->from + BTF_HEADER + b->old_type_size;
        uint32_t count = 0;

        b->old_string[0] = 0;
        for (uint32_t at = 0; at < b->old_string_size;) {
                uint8_t part[256];
                uint32_t n = b->old_string_size - at;
                n = n < sizeof(part) ? n : (uint32_t)sizeof(part);
                sg_err e = dl_old_read(dl, start + at, part, n);
                if (e)
                        return e;
                for (uint32_t i = 0; i < n; i++) {
                        if (part[i] != 0)
                                continue;
                        if (count == b->old_strings)
                                return SG_E_DELTA_MODEL;
                        b->old_string[++count] = at + i + 1;
                }
                at += n;
        }
        bool whole = count == b->old_strings && b->old_string[count] == b->old_string_size;
        return whole && b->old_string[1] == 1 ? SG_OK : SG_E_DELTA_MODEL;
}

/* The number of the old string at this offset. */
static bool old_string_number(const struct dl_btf *b, uint32_t offset, uint32_t *number)
{
        uint32_t low = 0, high = b->old_strings;

        while (low < high) {
                uint32_t mid = low + (high - low) / 2;
                if (b->old_string[mid] < offset)
                        low = mid + 1;
                else
                        high = mid;
        }
        *number = low;
        return low < b->old_strings && b->old_string[low] == offset;
}

/* Read the records sent whole, and check that they can be walked. */
static sg_err read_sent(struct dl *dl)
{
        struct dl_btf *b = &dl->btf;
        struct dl_stream *s = &dl->streams[0];
        uint32_t count = 0;
        sg_err e = dl_section_start(dl, DL_S_BTF_NEW);

        if (!e)
                e = dl_stream_read(s, b->sent_text, b->sent_bytes);
        if (e)
                return e;
        b->sent_at[0] = 0;
        for (uint32_t i = 0; i < b->sent_bytes; i++) {
                if (b->sent_text[i] != 0)
                        continue;
                if (count == b->sent_strings)
                        return SG_E_DELTA_MODEL;
                b->sent_at[++count] = i + 1;
        }
        if (count != b->sent_strings || b->sent_at[count] != b->sent_bytes)
                return SG_E_DELTA_MODEL;
        e = dl_stream_column(s, b->sent, b->sent_words, 1);
        return e ? e : dl_section_finish(dl, DL_S_BTF_NEW);
}

/* One run of the permutation: `length` types from new number *next on. */
static sg_err take_run(struct dl_btf *b, uint32_t start, uint32_t length, uint32_t *next,
                       uint32_t *old, uint32_t *sent)
{
        if (length == 0 || length > b->new_types - *next)
                return SG_E_DELTA_MODEL;
        if (start != 0)
                *old = *old + 1u + (uint32_t)dl_unzigzag(start - 1u);
        for (uint32_t i = 0; i < length; i++) {
                uint32_t number = (*next)++;
                if (start == 0) {
                        uint32_t left = b->sent_words - *sent;
                        uint32_t words = left < 3 ? 0 : btf_words(b->sent[*sent + 1]);
                        if (words == 0 || words > left)
                                return SG_E_DELTA_MODEL;
                        b->source[number] = BTF_SENT | *sent;
                        *sent += words;
                        continue;
                }
                if (i > 0)
                        ++*old;
                if (*old == 0 || *old >= b->old_types || b->renumbered[*old] != 0)
                        return SG_E_DELTA_MODEL;
                b->source[number] = *old;
                b->renumbered[*old] = number;
        }
        return SG_OK;
}

/* Runs of consecutive old types. What is needed later holds their lengths and starts. */
static sg_err read_permutation(struct dl *dl, uint32_t runs)
{
        struct dl_btf *b = &dl->btf;
        struct dl_stream *s = &dl->streams[0];
        uint32_t *lengths = b->first_use, *starts = b->order, next = 1, old = 0, sent = 0;

        if (runs > b->new_strings)
                return SG_E_DELTA_MODEL;
        memset(b->renumbered, 0, (size_t)b->old_types * 4);
        b->source[0] = 0;
        sg_err e = dl_stream_column(s, lengths, runs, 1);
        if (!e)
                e = dl_stream_column(s, starts, runs, 1);
        for (uint32_t i = 0; !e && i < runs; i++)
                e = take_run(b, starts[i], lengths[i], &next, &old, &sent);
        if (!e && (next != b->new_types || sent != b->sent_words))
                e = SG_E_DELTA_MODEL;
        return e;
}

/* A new record, word by word. */
struct record {
        uint32_t words, info;
        uint64_t old; /* position in the old image */
        const uint32_t *sent;
};

static sg_err open_record(struct dl *dl, uint32_t type, struct record *r)
{
        const struct dl_btf *b = &dl->btf;
        uint32_t source = b->source[type];

        r->sent = NULL;
        r->old = 0;
        if (source & BTF_SENT) {
                r->sent = b->sent + (source & ~BTF_SENT);
                r->info = r->sent[1];
                r->words = btf_words(r->info);
                return SG_OK;
        }
        r->old = (uint64_t)b->from + BTF_HEADER + b->old_type[source];
        r->words = (b->old_type[source + 1] - b->old_type[source]) / 4;
        return old_word(dl, r->old + 4, &r->info);
}

/* Word `i` of a record as it stands in its source; names as string numbers. */
static sg_err record_word(struct dl *dl, const struct record *r, uint32_t i, uint32_t *word)
{
        const struct dl_btf *b = &dl->btf;

        if (r->sent)
                *word = r->sent[i];
        else {
                sg_err e = old_word(dl, r->old + 4ull * i, word);
                if (e)
                        return e;
        }
        if (btf_role(r->info, i) != BTF_NAME)
                return SG_OK;
        if (!r->sent)
                return old_string_number(b, *word, word) ? SG_OK : SG_E_DELTA_MODEL;
        return *word < b->old_strings + b->sent_strings ? SG_OK : SG_E_DELTA_MODEL;
}

static sg_err list_first_uses(struct dl *dl)
{
        struct dl_btf *b = &dl->btf;
        uint32_t count = 1;

        memset(b->moved, 0xff, ((size_t)b->old_strings + b->sent_strings) * 4);
        b->moved[0] = 0;
        b->first_use[0] = 0;
        for (uint32_t type = 1; type < b->new_types; type++) {
                struct record r;
                sg_err e = open_record(dl, type, &r);
                for (uint32_t i = 0; !e && i < r.words; i++) {
                        uint32_t number;
                        if (btf_role(r.info, i) != BTF_NAME)
                                continue;
                        e = record_word(dl, &r, i, &number);
                        if (e || b->moved[number] != NOWHERE)
                                continue;
                        if (count == b->new_strings)
                                return SG_E_DELTA_MODEL;
                        b->first_use[count++] = number;
                        b->moved[number] = USED;
                }
                if (e)
                        return e;
        }
        return count == b->new_strings ? SG_OK : SG_E_DELTA_MODEL;
}

static uint32_t string_length(const struct dl_btf *b, uint32_t number)
{
        if (number < b->old_strings)
                return b->old_string[number + 1] - b->old_string[number];
        number -= b->old_strings;
        return b->sent_at[number + 1] - b->sent_at[number];
}

/* Strings stand in the order of first use, but for those that come early: gaps, then distances. */
static sg_err order_strings(struct dl *dl)
{
        struct dl_btf *b = &dl->btf;
        struct dl_stream *s = &dl->streams[0];
        uint32_t next = 1, slot = 0, early = b->early;
        sg_err e = SG_OK;

        memset(b->order, 0, (size_t)b->new_strings * 4);
        for (uint32_t i = 0; !e && i < early; i++) {
                uint32_t gap;
                e = dl_stream_varint(s, &gap);
                if (!e && gap >= b->new_strings - 1u - slot)
                        e = SG_E_DELTA_MODEL;
                slot += gap + 1u;
                if (!e)
                        b->order[slot] = NOWHERE; /* an early one goes here */
        }
        for (uint32_t i = 1; !e && i < b->new_strings; i++) {
                uint32_t distance = 0;
                /* There is another one: i - 1 of them are settled. */
                while (b->moved[b->first_use[next]] == SETTLED)
                        next++;
                if (b->order[i] == NOWHERE)
                        e = dl_stream_varint(s, &distance);
                if (!e && distance >= b->new_strings - next)
                        e = SG_E_DELTA_MODEL;
                if (e)
                        break;
                b->order[i] = b->first_use[next + distance];
                if (b->moved[b->order[i]] == SETTLED)
                        e = SG_E_DELTA_MODEL;
                b->moved[b->order[i]] = SETTLED;
        }
        return e;
}

static sg_err place_strings(struct dl_btf *b)
{
        uint64_t at = 0;

        for (uint32_t i = 0; i < b->new_strings; i++) {
                b->moved[b->order[i]] = (uint32_t)at;
                at += string_length(b, b->order[i]);
        }
        return at == b->string_size ? SG_OK : SG_E_DELTA_MODEL;
}

/* The new types must fill their part exactly. */
static sg_err check_type_size(struct dl *dl)
{
        uint64_t size = 0;

        for (uint32_t type = 1; type < dl->btf.new_types; type++) {
                struct record r;
                sg_err e = open_record(dl, type, &r);
                if (e)
                        return e;
                size += 4ull * r.words;
        }
        return size == dl->btf.type_size ? SG_OK : SG_E_DELTA_MODEL;
}

/* A new word: references renumbered, names where they went. */
static sg_err new_word(struct dl *dl, const struct record *r, uint32_t i, uint32_t *word)
{
        const struct dl_btf *b = &dl->btf;
        sg_err e = record_word(dl, r, i, word);
        enum btf_role role = btf_role(r->info, i);

        if (e)
                return e;
        if (role == BTF_NAME)
                *word = b->moved[*word];
        else if (role == BTF_TYPE && !r->sent)
                *word = *word < b->old_types ? b->renumbered[*word] : 0;
        return SG_OK;
}

static void put_part(uint8_t *out, uint32_t at, uint32_t end, uint32_t pos, const uint8_t *bytes,
                     uint32_t n)
{
        for (uint32_t i = 0; i < n; i++) {
                if (pos + i >= at && pos + i < end)
                        out[pos + i - at] = bytes[i];
        }
}

static sg_err make_types(struct dl *dl, uint32_t at, uint8_t *out, uint32_t n)
{
        struct dl_btf *b = &dl->btf;
        uint32_t end = at + n;

        while (b->type < b->new_types) {
                struct record r;
                sg_err e = open_record(dl, b->type, &r);
                if (e)
                        return e;
                uint32_t first = at > b->type_at ? (at - b->type_at) / 4 : 0;
                for (uint32_t i = first; i < r.words && b->type_at + 4 * i < end; i++) {
                        uint8_t bytes[4];
                        uint32_t word;
                        e = new_word(dl, &r, i, &word);
                        if (e)
                                return e;
                        dl_put32(bytes, word);
                        put_part(out, at, end, b->type_at + 4 * i, bytes, 4);
                }
                if (b->type_at + 4 * r.words > end)
                        break;
                b->type_at += 4 * r.words;
                b->type++;
        }
        return SG_OK;
}

static sg_err make_strings(struct dl *dl, uint32_t at, uint8_t *out, uint32_t n)
{
        struct dl_btf *b = &dl->btf;
        uint64_t text = (uint64_t)b->from + BTF_HEADER + b->old_type_size;
        uint32_t end = at + n;
        sg_err e = SG_OK;

        while (!e && at < end) {
                uint32_t number = b->order[b->string];
                uint32_t length = string_length(b, number), skip = at - b->string_at;
                if (skip >= length) {
                        b->string_at += length;
                        b->string++;
                        continue;
                }
                uint32_t part = length - skip < end - at ? length - skip : end - at;
                if (number < b->old_strings)
                        e = dl_old_read(dl, text + b->old_string[number] + skip, out, part);
                else
                        memcpy(out, b->sent_text + b->sent_at[number - b->old_strings] + skip,
                               part);
                out += part;
                at += part;
        }
        return e;
}

static void make_header(const struct dl_btf *b, uint32_t at, uint8_t *out, uint32_t n)
{
        uint8_t h[BTF_HEADER] = {0x9f, 0xeb, 1};

        dl_put32(h + 4, BTF_HEADER);
        dl_put32(h + 12, b->type_size);
        dl_put32(h + 16, b->type_size);
        dl_put32(h + 20, b->string_size);
        memcpy(out, h + at, n);
}

static sg_err make_btf(struct dl *dl, uint32_t at, uint8_t *out, uint32_t n)
{
        const struct dl_btf *b = &dl->btf;
        const uint32_t ends[3] = {BTF_HEADER, BTF_HEADER + b->type_size,
                                  BTF_HEADER + b->type_size + b->string_size};
        sg_err e = SG_OK;

        for (unsigned part = 0; !e && part < 3 && n > 0; part++) {
                if (at >= ends[part])
                        continue;
                uint32_t run = ends[part] - at < n ? ends[part] - at : n;
                if (part == 0)
                        make_header(b, at, out, run);
                else if (part == 1)
                        e = make_types(dl, at - ends[0], out, run);
                else
                        e = make_strings(dl, at - ends[1], out, run);
                at += run;
                out += run;
                n -= run;
        }
        return e;
}

sg_err dl_btf_open(struct dl *dl)
{
        struct dl_btf *b = &dl->btf;
        uint8_t start[DL_B_SIZE];

        if (!counts_sane(b))
                return SG_E_DELTA_MODEL;
        sg_err e = read_sent(dl);
        if (!e)
                e = dl_section_start(dl, DL_S_BTF);
        if (!e)
                e = dl_stream_read(&dl->streams[0], start, sizeof(start));
        if (e)
                return e;
        b->from = dl_get32(start + DL_B_FROM);
        b->to = dl_get32(start + DL_B_TO);
        b->type_size = dl_get32(start + DL_B_TYPE_SIZE);
        b->string_size = dl_get32(start + DL_B_STRING_SIZE);
        e = read_old_header(dl);
        if (!e)
                e = index_old_types(dl);
        if (!e)
                e = index_old_strings(dl);
        if (!e)
                e = read_permutation(dl, dl_get32(start + DL_B_RUNS));
        if (!e)
                e = check_type_size(dl);
        if (!e)
                e = list_first_uses(dl);
        if (!e)
                e = order_strings(dl);
        if (!e)
                e = dl_section_finish(dl, DL_S_BTF);
        if (!e)
                e = place_strings(b);
        if (e)
                return e;
        b->type = 1;
        return dl_made_add(dl, b->to, BTF_HEADER + (uint64_t)b->type_size + b->string_size,
                           make_btf);
}
