/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/delta_kallsyms_world.h"

#define NOWHERE 0x7000000u /* an offset of nothing */
enum { CODE = 4096, CODE_GAP = 256, IN_MEMORY = 64, OLD_OFFSET = 0x100, NEW_OFFSET = 0x340 };

struct kallsyms_world kallsyms_world;
static struct kallsyms_world *const w = &kallsyms_world;

uint32_t *told(unsigned place)
{
        return &w->place[place / 4];
}

/* ---- Names ---- */

void add_name(struct names *n, const char *text)
{
        uint32_t at = n->at[n->count], size = (uint32_t)strlen(text) + 1;

        assert_true(n->count < SYMBOLS && size <= TEXT - at);
        memcpy(n->text + at, text, size);
        n->at[++n->count] = at + size;
}

const char *name(const struct names *n, uint32_t i)
{
        return n->text + n->at[i];
}

void run_old(uint32_t first, uint32_t count)
{
        PUT(&w->counts, count);
        PUT(&w->starts, 1 + dl_zigzag((int32_t)first - (int32_t)w->next_old));
        w->next_old = first + count;
        for (uint32_t i = 0; i < count; i++)
                add_name(&w->new, name(&w->old, first + i));
}

void run_sent(uint32_t count)
{
        PUT(&w->counts, count);
        PUT(&w->starts, 0);
        for (uint32_t i = 0; i < count; i++)
                add_name(&w->new, name(&w->sent, w->next_sent++));
}

/* Each code stands for itself, but one for a pair; there is none for nothing. */
static void make_tokens(struct bytes *b, uint32_t pair, const char *text)
{
        bytes_free(b);
        for (uint32_t code = 0; code < 256; code++) {
                if (code == pair)
                        bytes_add(b, text, 2);
                else if (code > 0)
                        bytes_byte(b, (uint8_t)code);
                bytes_byte(b, 0);
        }
}

void add_byte(struct buffer *b, uint32_t byte)
{
        uint8_t v = (uint8_t)byte;

        rig_append(b, &v, 1);
}

static void add_word(struct buffer *b, uint32_t word)
{
        for (unsigned shift = 0; shift < 32; shift += 8)
                add_byte(b, word >> shift);
}

static void pack_name(struct buffer *b, const char *text, uint32_t code, const char *pair)
{
        uint8_t packed[2 * KALLSYMS_NAME_MAX];
        uint32_t n = 0;

        while (*text) {
                bool found = strncmp(text, pair, 2) == 0;
                packed[n++] = found ? (uint8_t)code : (uint8_t)*text;
                text += found ? 2 : 1;
        }
        add_byte(b, n > 127 ? n | 128u : n);
        if (n > 127)
                add_byte(b, n >> 7);
        rig_append(b, packed, n);
}

/* ---- Images ---- */

static int by_name(const void *a, const void *b, void *of)
{
        const struct names *n = of;
        uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
        const char *s = name(n, x), *t = name(n, y);
        int order = *s && *t ? strcmp(s + 1, t + 1) : (*s != 0) - (*t != 0);

        return order ? order : (x > y) - (x < y);
}

static void add_sorted(struct buffer *b, struct names *n)
{
        uint32_t *numbers = calloc(n->count, sizeof(*numbers));

        for (uint32_t i = 0; i < n->count; i++)
                numbers[i] = i;
        qsort_r(numbers, n->count, sizeof(*numbers), by_name, n);
        for (uint32_t i = 0; i < n->count; i++) {
                add_byte(b, numbers[i] >> 16);
                add_byte(b, numbers[i] >> 8);
                add_byte(b, numbers[i]);
        }
        free(numbers);
}

static void add_code(struct buffer *b)
{
        for (uint32_t i = 0; i < CODE; i += 4)
                add_word(b, i * 0x9e3779b9u);
}

/* Every fifth symbol is at no place that the program has. */
static uint32_t old_offset(uint32_t symbol)
{
        return symbol % 5 == 3 ? NOWHERE : w->old_code + symbol * 4 % CODE;
}

void make_old(void)
{
        struct buffer *b = &w->from;

        b->size = 0;
        for (uint32_t i = 0; i < w->lead; i++)
                add_byte(b, 0);
        *told(DL_K_FROM_NAMES) = (uint32_t)b->size;
        for (uint32_t i = 0; i < w->old.count; i++)
                pack_name(b, name(&w->old, i), 255, "ab");
        *told(DL_K_FROM_NAMES_SIZE) = (uint32_t)b->size - w->lead;
        if (w->trail == 0) /* the names are last, for which there are no tokens but in front */
                return;
        *told(DL_K_FROM_TOKENS) = (uint32_t)b->size;
        rig_append(b, w->old_tokens.data, w->old_tokens.size);
        if (w->row > 0) {
                *told(DL_K_FROM_SORTED) = (uint32_t)b->size;
                add_sorted(b, &w->old);
                w->old_code = (uint32_t)b->size;
                add_code(b);
                *told(DL_K_FROM_OFFSETS) = (uint32_t)b->size;
                for (uint32_t i = 0; i < w->old.count; i++)
                        add_word(b, old_offset(i));
                w->row = (uint32_t)b->size;
        }
        for (uint32_t i = 1; i < w->trail; i++)
                add_byte(b, 0);
}

/* The new symbol's old one, or none. */
static bool is_old(uint32_t symbol, uint32_t *old)
{
        uint32_t next = 0;

        for (uint32_t i = 0; i < w->counts.count; i++) {
                uint32_t n = w->counts.v[i], start = w->starts.v[i];
                if (start > 0)
                        next += (uint32_t)dl_unzigzag(start - 1);
                if (symbol < n) {
                        *old = next + symbol;
                        return start > 0;
                }
                symbol -= n;
                next += start > 0 ? n : 0;
        }
        return false;
}

static void add_offsets(struct buffer *b)
{
        for (uint32_t i = 0; i < w->new.count; i++) {
                uint32_t old, offset = is_old(i, &old) ? old_offset(old) : 0;
                bool moves = offset != 0 && offset != NOWHERE;
                add_word(b, moves ? offset - w->old_code + w->new_code : offset);
        }
}

static void make_new(void)
{
        struct buffer *b = &w->to, markers = {0};

        b->size = 0;
        *told(DL_K_NAMES) = 0;
        for (uint32_t i = 0; i < w->new.count; i++) {
                if (i % KALLSYMS_BLOCK == 0)
                        add_word(&markers, (uint32_t)b->size);
                pack_name(b, name(&w->new, i), 254, "cd");
        }
        *told(DL_K_NAMES_SIZE) = *told(DL_K_MARKERS) = (uint32_t)b->size;
        rig_append(b, markers.data, markers.size);
        free(markers.data);
        *told(DL_K_TOKENS) = (uint32_t)b->size;
        rig_append(b, w->new_tokens.data, w->new_tokens.size);
        *told(DL_K_INDEX) = (uint32_t)b->size;
        for (uint32_t code = 0, at = 0; code < 256; code++) {
                add_byte(b, at);
                add_byte(b, at >> 8);
                at += (uint32_t)strlen((const char *)w->new_tokens.data + at) + 1;
        }
        if (w->row == 0)
                return;
        *told(DL_K_SORTED) = (uint32_t)b->size;
        add_sorted(b, &w->new);
        *told(DL_K_OFFSETS) = (uint32_t)b->size;
        w->new_code = (uint32_t)b->size + 4 * w->new.count;
        add_offsets(b);
        add_code(b);
}

void tell_all(void)
{
        make_tokens(&w->old_tokens, 255, "ab");
        make_tokens(&w->new_tokens, 254, "cd");
        make_old();
        make_new();
        w->run_count = w->counts.count;
        w->count[0] = w->old.count;
        w->count[1] = w->new.count;
        w->count[2] = w->counts.count;
        w->count[3] = w->sent.count;
        w->new_count[0] = w->sent.at[w->sent.count];
        w->new_count[1] = (uint32_t)w->new_tokens.size;
        w->new_count[2] = (uint32_t)w->old_tokens.size;
}

/* ---- The patch ---- */

static void add_program(void)
{
        const uint32_t programs[DL_COUNTS] = {1, 1};
        struct bytes *b;

        hand_copy(&w->hand, w->new_code, w->old_code, CODE);
        b = hand_section(&w->hand, DL_S_PROGRAM, programs);
        bytes_varint(b, 1);
        for (uint32_t i = 0; i < 4; i++) /* the addresses of the base */
                bytes_word(b, 0);
        bytes_varint(b, 0);
        bytes_varint(b, 0);
        const uint32_t spans[] = {
                0, w->row, IN_MEMORY, OLD_OFFSET, 0, (uint32_t)w->to.size, IN_MEMORY, NEW_OFFSET};
        for (uint32_t i = 0; i < 8; i++)
                bytes_varint(b, spans[i]);
}

void make_patch(void)
{
        hand_begin(&w->hand, w->from.size, w->to.size, w->row > 0 ? DL_F_RESIDENT : 0);
        if (w->row > 0)
                add_program();
        struct bytes *b = hand_section(&w->hand, DL_S_KALLSYMS, w->count);
        for (uint32_t i = 0; i < DL_K_SIZE / 4; i++)
                bytes_word(b, w->place[i]);
        hand_column(b, &w->counts);
        hand_column(b, &w->starts);
        bytes_add(b, w->spare.data, w->spare.size);
        if (w->nothing_sent)
                return;
        b = hand_section(&w->hand, DL_S_KALLSYMS_NEW, w->new_count);
        bytes_add(b, w->sent.text, w->sent.at[w->sent.count]);
        bytes_add(b, w->new_tokens.data, w->new_tokens.size);
        bytes_add(b, w->new_spare.data, w->new_spare.size);
}

sg_err outcome(void)
{
        make_patch();
        return hand_outcome(&w->hand, &w->from, &w->to);
}

void clear_world(void)
{
        w->old.count = w->sent.count = w->new.count = 0;
        w->counts.count = w->starts.count = w->next_old = w->next_sent = 0;
        memset(w->place, 0, sizeof(w->place));
        w->lead = w->row = 0;
        w->trail = 1000;
        w->nothing_sent = false;
        w->spare.size = w->new_spare.size = 0;
}

int free_world(void **state)
{
        (void)state;
        free(w->from.data);
        free(w->to.data);
        free(w->spare.data);
        free(w->new_spare.data);
        bytes_free(&w->old_tokens);
        bytes_free(&w->new_tokens);
        return 0;
}
