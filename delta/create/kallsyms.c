/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/create/kallsyms.h"

#include <stdlib.h>

#define COUNT_MIN  1000u
#define COUNT_MAX  (1u << 22)
#define REACH      (16u << 20) /* the names lie within this before the tokens */
#define INDEX_SIZE 512u
#define NONE       UINT32_MAX

/* Tables are aligned, to no more than this. */
#define ALIGN_MAX 256u

/*
 * The first digits are tokens 0x30 and on, and stand for themselves. From there the table is walked
 * to its end; the index behind it says where it starts.
 */
static bool tokens_at(const uint8_t *image, uint32_t size, uint32_t digits,
                      struct kallsyms_place_in *p)
{
        uint32_t at = digits;

        for (unsigned code = 0x30; code < 256; code++) {
                const uint8_t *end = memchr(image + at, 0, size - at < 64 ? size - at : 64);
                if (!end)
                        return false;
                at = (uint32_t)(end - image) + 1;
        }
        for (uint32_t align = 1; align <= ALIGN_MAX; align *= 2) {
                uint32_t index = (at + align - 1) & ~(align - 1);
                if (index > size - INDEX_SIZE || size < INDEX_SIZE)
                        return false;
                const uint8_t *i = image + index;
                uint32_t before = (uint32_t)i[0x60] | (uint32_t)i[0x61] << 8;
                if (i[0] != 0 || i[1] != 0 || before > digits)
                        continue;
                p->tokens = digits - before;
                p->token_size = at - p->tokens;
                p->index = index;
                struct kallsyms_tokens t;
                if (!kallsyms_tokens_open(&t, image + p->tokens, p->token_size))
                        continue;
                bool right = true;
                for (unsigned code = 0; code < 256 && right; code++)
                        right = t.at[code] ==
                                ((uint32_t)i[2 * code] | (uint32_t)i[2 * code + 1] << 8);
                if (right)
                        return true;
        }
        return false;
}

static bool find_tokens(const uint8_t *image, uint32_t size, struct kallsyms_place_in *p)
{
        static const uint8_t digits[] = {'0', 0, '1', 0, '2', 0, '3', 0};

        for (uint32_t at = 0; at + sizeof(digits) <= size; at++) {
                const uint8_t *hit = memchr(image + at, '0', size - sizeof(digits) + 1 - at);
                if (!hit)
                        return false;
                at = (uint32_t)(hit - image);
                if (memcmp(hit, digits, sizeof(digits)) == 0 && tokens_at(image, size, at, p))
                        return true;
        }
        return false;
}

/* Walk one name; 0 at the end of what there is. */
static uint32_t name_size(const uint8_t *image, uint32_t at, uint32_t end, uint32_t *head)
{
        uint32_t left = end - at;

        if (left < 3)
                return 0;
        *head = image[at] & 0x80u ? 2 : 1;
        uint32_t length =
                image[at] & 0x80u ? (image[at] & 0x7fu) | (uint32_t)image[at + 1] << 7 : image[at];
        return length == 0 || length + *head > left || length > KALLSYMS_NAME_MAX ? 0
                                                                                  : length + *head;
}

static bool starts_with_letter(const struct kallsyms_tokens *t, uint8_t code)
{
        uint8_t c = t->text[t->at[code]];

        return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '?';
}

/* Where `count` names that start at `at` end; 0 when these are none. */
static uint32_t names_end(const uint8_t *image, uint32_t at, uint32_t count,
                          const struct kallsyms_tokens *t, const struct kallsyms_place_in *p)
{
        for (uint32_t i = 0, head; i < count; i++) {
                uint32_t n = name_size(image, at, p->tokens, &head);
                if (n == 0 || !starts_with_letter(t, image[at + head]))
                        return 0;
                at += n;
        }
        return at;
}

/* Are these the places of each block's first name? */
static bool markers_fit(const uint8_t *image, uint32_t markers, const struct kallsyms_place_in *p)
{
        uint32_t at = p->names;

        for (uint32_t i = 0, head; i < p->count; i++) {
                if (i % KALLSYMS_BLOCK == 0 &&
                    dl_get32(image + markers + i / KALLSYMS_BLOCK * 4) != at - p->names)
                        return false;
                at += name_size(image, at, p->tokens, &head);
        }
        return true;
}

/* Do `count` names start here, and do markers that fit follow? */
static bool names_at(const uint8_t *image, uint32_t at, uint32_t count,
                     const struct kallsyms_tokens *t, struct kallsyms_place_in *p)
{
        uint32_t blocks = (count + KALLSYMS_BLOCK - 1) / KALLSYMS_BLOCK;
        uint32_t end = names_end(image, at, count, t, p);
        bool found = false;

        if (end == 0)
                return false;
        p->names = at;
        p->names_size = end - at;
        p->count = count;
        for (unsigned align = 4; align <= ALIGN_MAX && !found; align *= 2) {
                p->markers = (end + align - 1) & ~(align - 1);
                found = p->markers + 4ull * blocks <= p->tokens &&
                        markers_fit(image, p->markers, p);
        }
        return found;
}

static uint32_t align8(uint32_t v)
{
        return (v + 7u) & ~7u;
}

/* Offsets rise; a few of them may not. */
static bool rising(const uint8_t *image, uint32_t at, uint32_t count)
{
        uint32_t falls = 0;

        for (uint32_t i = 1; i < count; i++)
                falls += dl_get32(image + at + 4 * (size_t)i) <
                         dl_get32(image + at + 4 * (size_t)i - 4);
        return falls < count / 1000 + 1;
}

static bool numbers_in_range(const uint8_t *image, uint32_t at, uint32_t count)
{
        uint64_t sum = 0;

        for (uint32_t i = 0; i < count; i++, at += 3) {
                uint32_t n =
                        (uint32_t)image[at] << 16 | (uint32_t)image[at + 1] << 8 | image[at + 2];
                if (n >= count)
                        return false;
                sum += n;
        }
        return sum == (uint64_t)count * (count - 1) / 2;
}

/*
 * Up to Linux 6.3 the offsets and their base stand before the count, the sorted list behind the
 * markers; since 6.4 both stand behind the token index.
 */
static void find_tables(const uint8_t *image, uint32_t size, uint32_t count_at,
                        struct kallsyms_place_in *p)
{
        uint32_t bytes = align8(4 * p->count);
        uint32_t late = align8(p->index + INDEX_SIZE);
        uint32_t blocks = (p->count + KALLSYMS_BLOCK - 1) / KALLSYMS_BLOCK;
        uint32_t sorted = align8(p->markers + 4 * blocks);

        p->offsets = p->sorted = 0;
        if (count_at > bytes + 8 && rising(image, count_at - 8 - bytes, p->count))
                p->offsets = count_at - 8 - bytes;
        else if (late + (uint64_t)bytes + 8 <= size && rising(image, late, p->count)) {
                p->offsets = late;
                sorted = late + bytes + 8;
        }
        if (p->count < 1u << 24 && sorted + 3ull * p->count <= size &&
            numbers_in_range(image, sorted, p->count))
                p->sorted = sorted;
}

bool kallsyms_find(const uint8_t *image, uint32_t size, struct kallsyms_place_in *p)
{
        struct kallsyms_tokens t;

        if (!find_tokens(image, size, p) ||
            !kallsyms_tokens_open(&t, image + p->tokens, p->token_size))
                return false;
        uint32_t low = p->tokens > REACH ? p->tokens - REACH : 0;
        for (uint32_t at = low & ~3u; at + 16 <= p->tokens; at += 4) {
                uint32_t count = dl_get32(image + at);
                if (count < COUNT_MIN || count > COUNT_MAX)
                        continue;
                for (uint32_t align = 4, last = 0; align <= ALIGN_MAX; align *= 2) {
                        uint32_t names = (at + 4 + align - 1) & ~(align - 1);
                        bool again = names == last;
                        last = names;
                        if (again || names > p->tokens || !names_at(image, names, count, &t, p))
                                continue;
                        find_tables(image, size, at, p);
                        return true;
                }
        }
        return false;
}

struct symbols {
        const uint8_t *image;
        const struct kallsyms_place_in *place;
        struct kallsyms_tokens tokens;
        uint32_t count;
        uint32_t *at; /* [count + 1] offsets in `text` */
        struct bytes text;
        uint64_t *hash;
};

static uint64_t hash_of(const uint8_t *p, uint32_t n)
{
        uint64_t h = n;

        for (uint32_t i = 0; i < n; i++) {
                h = (h ^ p[i]) * 0x9e3779b97f4a7c15ull;
                h ^= h >> 29;
        }
        return h;
}

/* SG_E_DELTA_MODEL, SG_E_NO_MEMORY. */
static sg_err symbols_open(struct symbols *s, const uint8_t *image,
                           const struct kallsyms_place_in *p)
{
        uint32_t at = p->names, end = p->names + p->names_size, head;

        s->image = image;
        s->place = p;
        s->count = p->count;
        s->at = calloc((size_t)s->count + 1, 4);
        s->hash = calloc((size_t)s->count + 1, sizeof(*s->hash));
        if (!s->at || !s->hash)
                return SG_E_NO_MEMORY;
        if (!kallsyms_tokens_open(&s->tokens, image + p->tokens, p->token_size))
                return SG_E_DELTA_MODEL;
        for (uint32_t i = 0; i < s->count; i++) {
                uint8_t name[KALLSYMS_NAME_MAX];
                uint32_t n = name_size(image, at, end, &head);
                if (n == 0)
                        return SG_E_DELTA_MODEL;
                uint32_t size = kallsyms_expand(&s->tokens, image + at + head, n - head, name);
                if (size == 0)
                        return SG_E_DELTA_MODEL;
                s->hash[i] = hash_of(name, size);
                bytes_add(&s->text, name, size);
                s->at[i + 1] = (uint32_t)s->text.size;
                at += n;
        }
        return s->text.failed ? SG_E_NO_MEMORY : SG_OK;
}

static void symbols_close(struct symbols *s)
{
        free(s->at);
        free(s->hash);
        bytes_free(&s->text);
}

static bool same(const struct symbols *a, uint32_t i, const struct symbols *b, uint32_t j)
{
        uint32_t n = a->at[i + 1] - a->at[i];

        return a->hash[i] == b->hash[j] && n == b->at[j + 1] - b->at[j] &&
               memcmp(a->text.data + a->at[i], b->text.data + b->at[j], n) == 0;
}

/* Compressing the new list by the new tokens gives the new names, or SG_E_DELTA_MODEL. */
static sg_err check_names(const struct symbols *s)
{
        uint8_t *pairs = malloc(KALLSYMS_PAIRS);
        uint32_t at = s->place->names, head = 0;
        bool right = true;

        if (!pairs)
                return SG_E_NO_MEMORY;
        kallsyms_pairs(&s->tokens, pairs);
        for (uint32_t i = 0; i < s->count && right; i++) {
                uint8_t name[KALLSYMS_NAME_MAX];
                uint32_t n = s->at[i + 1] - s->at[i];
                uint32_t wanted = name_size(s->image, at, at + KALLSYMS_NAME_MAX, &head);
                memcpy(name, s->text.data + s->at[i], n);
                n = kallsyms_squeeze(pairs, name, n);
                right = n == wanted - head && memcmp(name, s->image + at + head, n) == 0;
                at += wanted;
        }
        free(pairs);
        return right ? SG_OK : SG_E_DELTA_MODEL;
}

/* Old symbols by hash, in chains. */
struct chains {
        uint32_t *first, *next;
        uint32_t mask;
};

static bool chains_open(struct chains *c, const struct symbols *s)
{
        c->mask = 1;
        while (c->mask < s->count)
                c->mask *= 2;
        c->mask--;
        c->first = malloc(((size_t)c->mask + 1) * 4);
        c->next = malloc(((size_t)s->count + 1) * 4);
        if (!c->first || !c->next)
                return false;
        memset(c->first, 0xff, ((size_t)c->mask + 1) * 4);
        for (uint32_t i = s->count; i-- > 0;) {
                uint32_t slot = (uint32_t)s->hash[i] & c->mask;
                c->next[i] = c->first[slot];
                c->first[slot] = i;
        }
        return true;
}

#define LOOK 64u /* symbols by which two places are compared */

/* The old symbol from which the longest run goes on like the new list at j; ties: nearest. */
static uint32_t best_old(const struct chains *c, const struct symbols *from,
                         const struct symbols *to, uint32_t j, uint32_t near)
{
        uint32_t best = NONE, length = 0;

        for (uint32_t i = c->first[(uint32_t)to->hash[j] & c->mask]; i != NONE; i = c->next[i]) {
                uint32_t n = 0;
                while (n < LOOK && i + n < from->count && j + n < to->count &&
                       same(from, i + n, to, j + n))
                        n++;
                uint32_t far = i > near ? i - near : near - i;
                uint32_t best_far = best > near ? best - near : near - best;
                if (n > length || (n == length && n > 0 && far < best_far)) {
                        best = i;
                        length = n;
                }
        }
        return best;
}

static void encode_runs(const struct symbols *from, const struct symbols *to,
                        const struct chains *c, struct kallsyms_patch *patch)
{
        struct bytes counts = {0}, starts = {0};
        uint32_t old = 0;

        for (uint32_t j = 0; j < to->count;) {
                uint32_t i = best_old(c, from, to, j, old), n = 0;
                while (i != NONE && i + n < from->count && j + n < to->count &&
                       same(from, i + n, to, j + n))
                        n++;
                if (i != NONE) {
                        bytes_varint(&starts, 1 + dl_zigzag((int32_t)(i - old)));
                        old = i + n;
                }
                while (i == NONE && j + n < to->count &&
                       best_old(c, from, to, j + n, old) == NONE) {
                        uint32_t at = to->at[j + n];
                        bytes_add(&patch->sent, to->text.data + at, to->at[j + n + 1] - at);
                        bytes_byte(&patch->sent, 0);
                        patch->counts[3]++;
                        n++;
                }
                if (i == NONE)
                        bytes_varint(&starts, 0);
                bytes_varint(&counts, n);
                patch->counts[2]++;
                j += n;
        }
        bytes_column(&patch->runs, &counts);
        bytes_column(&patch->runs, &starts);
        bytes_free(&counts);
        bytes_free(&starts);
}

static void put_places(const struct kallsyms_place_in *a, const struct kallsyms_place_in *b,
                       struct bytes *out)
{
        bytes_word(out, a->names);
        bytes_word(out, a->names_size);
        bytes_word(out, a->tokens);
        bytes_word(out, b->names);
        bytes_word(out, b->names_size);
        bytes_word(out, b->markers);
        bytes_word(out, b->tokens);
        bytes_word(out, b->index);
        bool offsets = a->offsets != 0 && b->offsets != 0;
        bytes_word(out, offsets ? a->offsets : 0);
        bytes_word(out, offsets ? b->offsets : 0);
        bool sorted = a->sorted != 0 && b->sorted != 0;
        bytes_word(out, sorted ? a->sorted : 0);
        bytes_word(out, sorted ? b->sorted : 0);
}

sg_err kallsyms_encode(const uint8_t *from, const struct kallsyms_place_in *a, const uint8_t *to,
                       const struct kallsyms_place_in *b, struct kallsyms_patch *patch)
{
        struct symbols old = {0}, new = {0};
        struct chains chains = {0};
        sg_err err = symbols_open(&old, from, a);

        if (!err)
                err = symbols_open(&new, to, b);
        if (!err)
                err = check_names(&new);
        if (!err && !chains_open(&chains, &old))
                err = SG_E_NO_MEMORY;
        if (!err) {
                put_places(a, b, &patch->runs);
                patch->counts[0] = a->count;
                patch->counts[1] = b->count;
                encode_runs(&old, &new, &chains, patch);
                patch->sent_counts[0] = (uint32_t)patch->sent.size;
                patch->sent_counts[1] = b->token_size;
                patch->sent_counts[2] = a->token_size;
                bytes_add(&patch->sent, to + b->tokens, b->token_size);
                err = patch->sent.failed || patch->runs.failed ? SG_E_NO_MEMORY : SG_OK;
        }
        free(chains.first);
        free(chains.next);
        symbols_close(&old);
        symbols_close(&new);
        return err;
}
