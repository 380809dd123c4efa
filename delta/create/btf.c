/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/create/btf.h"

#include <stdlib.h>

#include "delta/models/btf.h"

/* How far a type's references are followed to tell it from others. */
#define ROUNDS 6u
#define NONE   UINT32_MAX

struct section_view {
        const uint8_t *types, *strings;
        uint32_t type_size, string_size;
        uint32_t count;   /* types, with type 0 */
        uint32_t *at;     /* [count + 1] */
        uint32_t *string; /* [string_count + 1] */
        uint32_t string_count;
        uint64_t *hash[ROUNDS + 1];
        uint64_t *label; /* kind, length and name only */
};

struct btf_place btf_find(const uint8_t *image, uint32_t size)
{
        static const uint8_t magic[8] = {0x9f, 0xeb, 1, 0, BTF_HEADER};

        for (uint32_t at = 0; size >= BTF_HEADER && at <= size - BTF_HEADER; at += 4) {
                if (memcmp(image + at, magic, sizeof(magic)) != 0)
                        continue;
                uint32_t types = dl_get32(image + at + 12), strings = dl_get32(image + at + 20);
                uint64_t total = BTF_HEADER + (uint64_t)types + strings;
                if (dl_get32(image + at + 8) == 0 && dl_get32(image + at + 16) == types &&
                    types >= 4096 && total <= size - at)
                        return (struct btf_place){at, (uint32_t)total};
        }
        return (struct btf_place){0, 0};
}

static uint64_t mix(uint64_t h, uint64_t v)
{
        h = (h ^ v) * 0x9e3779b97f4a7c15ull;
        return h ^ h >> 29;
}

static uint32_t word_at(const struct section_view *v, uint32_t type, uint32_t i)
{
        return dl_get32(v->types + v->at[type] + 4 * (size_t)i);
}

static uint32_t words_of(const struct section_view *v, uint32_t type)
{
        return (v->at[type + 1] - v->at[type]) / 4;
}

static uint64_t hash_string(const struct section_view *v, uint32_t offset)
{
        uint64_t h = 1;

        for (; offset < v->string_size && v->strings[offset]; offset++)
                h = mix(h, v->strings[offset]);
        return h;
}

/* A number for each string, by its offset; NONE when no string starts there. */
static uint32_t string_number(const struct section_view *v, uint32_t offset)
{
        uint32_t low = 0, high = v->string_count;

        while (low < high) {
                uint32_t mid = low + (high - low) / 2;
                if (v->string[mid] < offset)
                        low = mid + 1;
                else
                        high = mid;
        }
        return low < v->string_count && v->string[low] == offset ? low : NONE;
}

static sg_err index_types(struct section_view *v)
{
        uint32_t room = v->type_size / 12 + 2;

        v->at = malloc((size_t)room * 4);
        if (!v->at)
                return SG_E_NO_MEMORY;
        v->count = 1;
        v->at[0] = 0;
        for (uint32_t at = 0; at < v->type_size;) {
                uint32_t left = v->type_size - at;
                uint32_t words = left < 12 ? 0 : btf_words(dl_get32(v->types + at + 4));
                if (words == 0 || words > left / 4)
                        return SG_E_DELTA_MODEL;
                v->at[v->count++] = at;
                at += 4 * words;
        }
        v->at[v->count] = v->type_size;
        return SG_OK;
}

static sg_err index_strings(struct section_view *v)
{
        v->string = malloc(((size_t)v->string_size + 1) * 4);
        if (!v->string)
                return SG_E_NO_MEMORY;
        if (v->string_size == 0 || v->strings[0] != 0)
                return SG_E_DELTA_MODEL;
        v->string[0] = 0;
        for (uint32_t i = 0; i < v->string_size; i++) {
                if (v->strings[i] == 0)
                        v->string[++v->string_count] = i + 1;
        }
        return v->string[v->string_count] == v->string_size ? SG_OK : SG_E_DELTA_MODEL;
}

/* Hash of all of a type but its references, and of what its names say. */
static void hash_types(struct section_view *v)
{
        for (uint32_t t = 1; t < v->count; t++) {
                uint32_t info = word_at(v, t, 1), words = words_of(v, t);
                uint64_t h = 0;
                for (uint32_t i = 0; i < words; i++) {
                        enum btf_role role = btf_role(info, i);
                        uint32_t word = word_at(v, t, i);
                        if (role != BTF_TYPE)
                                h = mix(h, role == BTF_NAME ? hash_string(v, word) : word);
                }
                v->hash[0][t] = h;
                v->label[t] = mix(mix(7, hash_string(v, word_at(v, t, 0))), info);
        }
        for (unsigned round = 1; round <= ROUNDS; round++) {
                for (uint32_t t = 1; t < v->count; t++) {
                        uint32_t info = word_at(v, t, 1), words = words_of(v, t);
                        uint64_t h = v->hash[0][t];
                        for (uint32_t i = 2; i < words; i++) {
                                uint32_t word = word_at(v, t, i);
                                if (btf_role(info, i) == BTF_TYPE)
                                        h = mix(h, word < v->count ? v->hash[round - 1][word] : 0);
                        }
                        v->hash[round][t] = h;
                }
        }
}

/* SG_E_DELTA_MODEL, SG_E_NO_MEMORY. */
static sg_err view_open(struct section_view *v, const uint8_t *image, struct btf_place place)
{
        v->type_size = dl_get32(image + place.at + 12);
        v->string_size = dl_get32(image + place.at + 20);
        v->types = image + place.at + BTF_HEADER;
        v->strings = v->types + v->type_size;
        sg_err err = index_types(v);
        if (!err)
                err = index_strings(v);
        if (err)
                return err;
        for (unsigned i = 0; i <= ROUNDS; i++) {
                v->hash[i] = calloc(v->count, sizeof(uint64_t));
                if (!v->hash[i])
                        return SG_E_NO_MEMORY;
        }
        v->label = calloc(v->count, sizeof(uint64_t));
        if (!v->label)
                return SG_E_NO_MEMORY;
        hash_types(v);
        return SG_OK;
}

static void view_close(struct section_view *v)
{
        free(v->at);
        free(v->string);
        for (unsigned i = 0; i <= ROUNDS; i++)
                free(v->hash[i]);
        free(v->label);
}

struct matching {
        const struct section_view *from, *to;
        uint32_t *source; /* [to->count] old type or NONE */
        bool *used;       /* [from->count] */
};

struct key {
        uint64_t hash;
        uint32_t type;
        uint32_t next; /* of the first of equal hashes: where to look for an unused one */
};

static int by_hash(const void *a, const void *b)
{
        const struct key *x = a, *y = b;

        if (x->hash != y->hash)
                return x->hash < y->hash ? -1 : 1;
        return x->type < y->type ? -1 : x->type > y->type;
}

static uint32_t first_key(const struct key *keys, uint32_t count, uint64_t hash)
{
        uint32_t low = 0, high = count;

        while (low < high) {
                uint32_t mid = low + (high - low) / 2;
                if (keys[mid].hash < hash)
                        low = mid + 1;
                else
                        high = mid;
        }
        return low;
}

/* Could one record stand in for the other but for numbers? The same length, the same names. */
static bool alike(const struct matching *m, uint32_t from, uint32_t to)
{
        uint32_t words = words_of(m->to, to), info = word_at(m->to, to, 1);

        if (words_of(m->from, from) != words || word_at(m->from, from, 1) != info)
                return false;
        for (uint32_t i = 0; i < words; i++) {
                if (btf_role(info, i) == BTF_NAME &&
                    hash_string(m->from, word_at(m->from, from, i)) !=
                            hash_string(m->to, word_at(m->to, to, i)))
                        return false;
        }
        return true;
}

/* Match what is unmatched by one hash; the neighbour of the last match is preferred. */
static bool match_by(struct matching *m, const uint64_t *from_hash, const uint64_t *to_hash)
{
        struct key *keys = malloc(((size_t)m->from->count + 1) * sizeof(*keys));
        uint32_t count = 0, last = 0;

        if (!keys)
                return false;
        for (uint32_t i = 1; i < m->from->count; i++) {
                if (!m->used[i])
                        keys[count++] = (struct key){from_hash[i], i, 0};
        }
        qsort(keys, count, sizeof(*keys), by_hash);
        for (uint32_t j = 1; j < m->to->count; j++) {
                uint32_t found = NONE;
                if (m->source[j] != NONE) {
                        last = m->source[j];
                        continue;
                }
                if (last + 1 < m->from->count && !m->used[last + 1] &&
                    from_hash[last + 1] == to_hash[j])
                        found = last + 1;
                uint32_t first = first_key(keys, count, to_hash[j]);
                if (found == NONE && first < count && keys[first].hash == to_hash[j]) {
                        uint32_t k = first + keys[first].next;
                        while (k < count && keys[k].hash == to_hash[j] && m->used[keys[k].type])
                                k++;
                        keys[first].next = k - first;
                        if (k < count && keys[k].hash == to_hash[j])
                                found = keys[k].type;
                }
                if (found == NONE || !alike(m, found, j))
                        continue;
                m->source[j] = last = found;
                m->used[found] = true;
        }
        free(keys);
        return true;
}

static bool match_types(struct matching *m)
{
        for (unsigned round = ROUNDS + 1; round-- > 0;) {
                if (!match_by(m, m->from->hash[round], m->to->hash[round]))
                        return false;
        }
        return match_by(m, m->from->label, m->to->label);
}

/* The old or sent string that a new one is. */
struct strings {
        struct key *keys; /* old strings by hash */
        uint32_t *number; /* [to string_count] */
        uint32_t sent;
};

static bool match_strings(const struct section_view *from, const struct section_view *to,
                          struct strings *s, struct bytes *text)
{
        s->keys = malloc(((size_t)from->string_count + 1) * sizeof(*s->keys));
        s->number = malloc(((size_t)to->string_count + 1) * 4);
        if (!s->keys || !s->number)
                return false;
        for (uint32_t i = 0; i < from->string_count; i++)
                s->keys[i] = (struct key){hash_string(from, from->string[i]), i, 0};
        qsort(s->keys, from->string_count, sizeof(*s->keys), by_hash);
        for (uint32_t j = 0; j < to->string_count; j++) {
                const char *text_j = (const char *)to->strings + to->string[j];
                uint64_t hash = hash_string(to, to->string[j]);
                uint32_t k = first_key(s->keys, from->string_count, hash);
                while (k < from->string_count && s->keys[k].hash == hash &&
                       strcmp(text_j,
                              (const char *)from->strings + from->string[s->keys[k].type]) != 0)
                        k++;
                if (k < from->string_count && s->keys[k].hash == hash) {
                        s->number[j] = s->keys[k].type;
                        continue;
                }
                s->number[j] = from->string_count + s->sent++;
                bytes_add(text, text_j, strlen(text_j) + 1);
        }
        return true;
}

static void encode_runs(const struct matching *m, struct bytes *out, uint32_t *runs)
{
        struct bytes lengths = {0}, starts = {0};
        uint32_t last = 0;

        *runs = 0;
        for (uint32_t j = 1; j < m->to->count;) {
                uint32_t length = 1, old = m->source[j];
                while (j + length < m->to->count &&
                       (old == NONE ? m->source[j + length] == NONE
                                    : m->source[j + length] == old + length))
                        length++;
                bytes_varint(&lengths, length);
                if (old == NONE)
                        bytes_varint(&starts, 0);
                else {
                        bytes_varint(&starts, 1 + dl_zigzag((int32_t)(old - last - 1)));
                        last = old + length - 1;
                }
                ++*runs;
                j += length;
        }
        bytes_column(out, &lengths);
        bytes_column(out, &starts);
        bytes_free(&lengths);
        bytes_free(&starts);
}

/* From a name to its string's number. false: it is no string of its own. */
static bool name_number(const struct matching *m, const struct strings *s, uint32_t *word)
{
        uint32_t string = string_number(m->to, *word);

        if (string != NONE)
                *word = s->number[string];
        return string != NONE;
}

/* Unmatched types whole. SG_E_DELTA_MODEL for a name that is no string of its own. */
static sg_err encode_sent(const struct matching *m, const struct strings *s, struct bytes *out,
                          uint32_t *total)
{
        struct bytes all = {0};
        sg_err err = SG_OK;

        for (uint32_t j = 1; !err && j < m->to->count; j++) {
                uint32_t info = word_at(m->to, j, 1), words = words_of(m->to, j);
                if (m->source[j] != NONE)
                        continue;
                for (uint32_t i = 0; !err && i < words; i++) {
                        uint32_t word = word_at(m->to, j, i);
                        if (btf_role(info, i) == BTF_NAME && !name_number(m, s, &word))
                                err = SG_E_DELTA_MODEL;
                        bytes_varint(&all, word);
                }
                *total += words;
        }
        bytes_column(out, &all);
        bytes_free(&all);
        return err;
}

/* New strings in the order in which the types use them, by place in the new table. */
static sg_err first_uses(const struct matching *m, const struct strings *s, uint32_t *list)
{
        uint32_t count = 1, total = m->from->string_count + s->sent;
        uint32_t *place = malloc(((size_t)total + 1) * 4); /* string number: place in the table */
        sg_err err = SG_OK;

        if (!place)
                return SG_E_NO_MEMORY;
        memset(place, 0xff, (size_t)total * 4);
        for (uint32_t i = 0; i < m->to->string_count; i++)
                place[s->number[i]] = i;
        list[0] = 0;
        place[0] = NONE;
        for (uint32_t j = 1; !err && j < m->to->count; j++) {
                uint32_t old = m->source[j];
                const struct section_view *v = old == NONE ? m->to : m->from;
                uint32_t type = old == NONE ? j : old;
                uint32_t info = word_at(v, type, 1), words = words_of(v, type);
                for (uint32_t i = 0; i < words; i++) {
                        if (btf_role(info, i) != BTF_NAME)
                                continue;
                        uint32_t number = string_number(v, word_at(v, type, i));
                        if (number != NONE && old == NONE)
                                number = s->number[number];
                        if (number == NONE)
                                err = SG_E_DELTA_MODEL;
                        else if (number != 0 && place[number] != NONE) {
                                list[count++] = place[number];
                                place[number] = NONE;
                        }
                }
        }
        free(place);
        return count == m->to->string_count ? err : SG_E_DELTA_MODEL;
}

/* Where the table leaves that order: gaps between early strings, then how far ahead they stood. */
static sg_err encode_early(const uint32_t *list, uint32_t count, struct bytes *out, uint32_t *early)
{
        uint32_t *where = malloc((size_t)count * 4), next = 1, gap = 0;
        bool *used = calloc(count, sizeof(*used));
        struct bytes distances = {0};

        *early = 0;
        for (uint32_t i = 0; where && i < count; i++)
                where[list[i]] = i;
        for (uint32_t i = 1; where && used && i < count; i++) {
                while (used[next])
                        next++;
                used[where[i]] = true;
                if (where[i] == next) {
                        gap++;
                        continue;
                }
                bytes_varint(out, gap);
                bytes_varint(&distances, where[i] - next);
                gap = 0;
                ++*early;
        }
        out->failed |= distances.failed || !where || !used;
        bytes_add(out, distances.data, distances.size);
        bytes_free(&distances);
        free(where);
        free(used);
        return out->failed ? SG_E_NO_MEMORY : SG_OK;
}

static sg_err encode_matched(const struct matching *m, struct strings *s, struct btf_place from,
                             struct btf_place to, struct btf_patch *patch)
{
        uint8_t start[DL_B_SIZE];
        uint32_t runs, sent_words = 0, early;
        struct bytes columns = {0};

        if (!match_strings(m->from, m->to, s, &patch->sent))
                return SG_E_NO_MEMORY;
        uint32_t sent_bytes = (uint32_t)patch->sent.size;
        uint32_t *list = malloc(((size_t)m->to->string_count + 1) * 4);
        sg_err err = list ? encode_sent(m, s, &patch->sent, &sent_words) : SG_E_NO_MEMORY;
        if (!err)
                err = first_uses(m, s, list);
        encode_runs(m, &columns, &runs);
        if (!err)
                err = encode_early(list, m->to->string_count, &columns, &early);
        free(list);
        if (!err) {
                dl_put32(start + DL_B_FROM, from.at);
                dl_put32(start + DL_B_TO, to.at);
                dl_put32(start + DL_B_TYPE_SIZE, m->to->type_size);
                dl_put32(start + DL_B_STRING_SIZE, m->to->string_size);
                dl_put32(start + DL_B_RUNS, runs);
                bytes_add(&patch->runs, start, sizeof(start));
                bytes_add(&patch->runs, columns.data, columns.size);
                patch->runs.failed |= columns.failed;
                memcpy(patch->counts,
                       (uint32_t[]){m->to->count, m->from->count, m->to->string_count,
                                    m->from->string_count},
                       sizeof(patch->counts));
                memcpy(patch->sent_counts, (uint32_t[]){sent_bytes, sent_words, s->sent, early},
                       sizeof(patch->sent_counts));
        }
        bytes_free(&columns);
        return err;
}

sg_err btf_encode(const uint8_t *from, struct btf_place from_place, const uint8_t *to,
                  struct btf_place to_place, struct btf_patch *patch)
{
        struct section_view a = {0}, b = {0};
        struct strings strings = {0};
        struct matching m = {&a, &b, NULL, NULL};
        sg_err err = view_open(&a, from, from_place);

        if (!err)
                err = view_open(&b, to, to_place);
        if (!err) {
                m.source = malloc((size_t)b.count * 4);
                m.used = calloc(a.count, sizeof(*m.used));
                err = m.source && m.used ? SG_OK : SG_E_NO_MEMORY;
        }
        if (!err) {
                memset(m.source, 0xff, (size_t)b.count * 4);
                err = match_types(&m) ? encode_matched(&m, &strings, from_place, to_place, patch)
                                      : SG_E_NO_MEMORY;
        }
        free(m.source);
        free(m.used);
        free(strings.keys);
        free(strings.number);
        view_close(&a);
        view_close(&b);
        return err;
}
