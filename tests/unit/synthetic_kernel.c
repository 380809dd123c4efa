/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/synthetic_kernel.h"

#include <stdio.h>

#include "delta/models/kallsyms.h"
#include "delta/wire.h"

#define FUNCTIONS       1500u
#define INSERTED        6u
#define BODY_WORDS      26u
#define SLOTS           1200u
#define ADDRESS         0xffff800008000000ull
#define BSS             0x60000u /* where memory beyond the file begins */
#define MEMORY          0x8000u
#define TYPES           1200u
#define TYPE_BLOCK      40u
#define NAME_ROOM       240u
#define NAMELESS_STRIDE 1237u

struct maker {
        const struct synthetic *s;
        unsigned code; /* the version of functions and symbols */
        struct buffer b;
        uint32_t place[FUNCTIONS + INSERTED]; /* from the Image's start */
        uint32_t order[FUNCTIONS + INSERTED]; /* functions as they stand */
        uint32_t functions;
};

static uint32_t here(const struct maker *m)
{
        return (uint32_t)m->b.size - m->s->lead;
}

static void word(struct maker *m, uint32_t v)
{
        uint8_t bytes[4];

        dl_put32(bytes, v);
        rig_append(&m->b, bytes, sizeof(bytes));
}

static void align(struct maker *m, uint32_t to)
{
        while (here(m) % to != 0)
                rig_append(&m->b, "", 1);
}

/* Version 1 has INSERTED more functions among those of version 0. */
static void lay_out(struct maker *m, uint32_t at)
{
        for (uint32_t id = 0; id < FUNCTIONS; id++) {
                if (m->code == 1 && id % (FUNCTIONS / INSERTED) == 100)
                        m->order[m->functions++] = FUNCTIONS + id / (FUNCTIONS / INSERTED);
                m->order[m->functions++] = id;
        }
        for (uint32_t i = 0; i < m->functions; i++) {
                m->place[m->order[i]] = at;
                at += 4 * BODY_WORDS;
        }
}

/* Another function, or what stands in memory beyond the file. */
static uint32_t target(const struct maker *m, uint32_t id, uint32_t which)
{
        if ((id + which) % 11 == 0)
                return BSS + id * 16 % MEMORY;
        return m->place[(id * 7919 + which * 104729) % FUNCTIONS];
}

/* Words without references, then calls and addresses of other functions. */
static void function(struct maker *m, uint32_t id)
{
        static const uint32_t shapes[] = {0xaa000000u, 0x8b000000u, 0x52000000u, 0xd3000000u};

        rig_seed(id + 1 + 10000 * m->s->other);
        for (uint32_t i = 0; i < BODY_WORDS; i++) {
                uint32_t at = here(m);
                int32_t calls = (int32_t)(target(m, id, i) - at);
                if (i % 8 == 2) {
                        word(m, 0x94000000u | ((uint32_t)(calls / 4) & 0x3ffffffu));
                } else if (i % 8 == 5) {
                        uint32_t field = (uint32_t)((int32_t)(target(m, id, i - 5) >> 12) -
                                                    (int32_t)(at >> 12));
                        word(m, 0x90000000u | (field & 3u) << 29 | (field >> 2 & 0x7ffffu) << 5);
                } else if (i % 8 == 6) {
                        word(m, 0x91000000u | (target(m, id, i - 6) & 0xfffu) << 10);
                } else {
                        word(m, shapes[rig_random() % 4] | (rig_random() & 0x1fffffu));
                }
        }
}

/* What the table says of a slot, and what the file holds there. */
struct slot {
        uint64_t address, file;
        bool entry;
};

static struct slot slot(const struct maker *m, uint32_t i)
{
        struct slot s = {ADDRESS + target(m, i, 3), 0, true};

        if (m->s->odd_slots && i % 50 == 1)
                s.file = s.address; /* both */
        if (m->s->odd_slots && i % 50 == 2)
                s.address = 0x1234 + i; /* outside the Image */
        if (m->s->odd_slots && i % 50 == 3)
                s = (struct slot){0, s.address, false}; /* an address that is not relocated */
        return s;
}

/* Pointers: empty in the file, told by a table of relocations. */
static void relocations(struct maker *m)
{
        align(m, 8);
        uint32_t slots = here(m);

        for (uint32_t i = 0; i < SLOTS; i++) {
                word(m, (uint32_t)slot(m, i).file);
                word(m, (uint32_t)(slot(m, i).file >> 32));
        }
        rig_seed(77);
        for (uint32_t i = 0; i < 600; i++)
                word(m, rig_random());
        for (uint32_t i = 0; i < SLOTS; i++) {
                bool askew = (m->s->faults & SYNTHETIC_RELA_ASKEW) && i == SLOTS / 2;
                struct slot s = slot(m, i);
                uint8_t entry[24];
                if (!s.entry)
                        continue;
                dl_put64(entry, ADDRESS + slots + 8 * i + (askew ? 4 : 0));
                dl_put64(entry + 8, 0x403);
                dl_put64(entry + 16, s.address);
                rig_append(&m->b, entry, sizeof(entry));
        }
}

/* ---- BTF ---- */

struct btf {
        struct buffer types, strings;
        uint32_t number[TYPES + 2]; /* a type's number in this version */
};

static uint32_t name_offset(struct btf *b, const char *name)
{
        size_t n = strlen(name) + 1;

        for (size_t at = 1; at + n <= b->strings.size; at++) {
                if (b->strings.data[at - 1] == 0 && memcmp(b->strings.data + at, name, n) == 0)
                        return (uint32_t)at;
        }
        rig_append(&b->strings, name, n);
        return (uint32_t)(b->strings.size - n);
}

static uint32_t named(struct btf *b, const char *what, uint32_t id)
{
        char name[40];

        snprintf(name, sizeof(name), "%s_%u", what, id * 2654435761u % 1000003u);
        return name_offset(b, name);
}

static void type_words(struct btf *b, uint32_t count, const uint32_t *words)
{
        uint8_t bytes[4];

        for (uint32_t i = 0; i < count; i++) {
                dl_put32(bytes, words[i]);
                rig_append(&b->types, bytes, sizeof(bytes));
        }
}

enum { BTF_INT = 1, BTF_PTR = 2, BTF_STRUCT = 4, BTF_ENUM = 6, BTF_TYPEDEF = 8 };

static void type(struct btf *b, uint32_t id)
{
        uint32_t other = b->number[id * 31 % TYPES], third = b->number[id * 57 % TYPES], w[9];

        switch (id % 5) {
        case 0:
                w[0] = named(b, "int", id), w[1] = BTF_INT << 24, w[2] = 4, w[3] = id;
                type_words(b, 4, w);
                break;
        case 1:
                w[0] = 0, w[1] = BTF_PTR << 24, w[2] = other;
                type_words(b, 3, w);
                break;
        case 2:
                w[0] = named(b, "struct", id), w[1] = BTF_STRUCT << 24 | 2u, w[2] = 8 * (id % 90);
                w[3] = name_offset(b, "next"), w[4] = other, w[5] = 0;
                w[6] = named(b, "member", id), w[7] = third, w[8] = 64;
                type_words(b, 9, w);
                break;
        case 3:
                w[0] = named(b, "alias", id), w[1] = BTF_TYPEDEF << 24, w[2] = third;
                type_words(b, 3, w);
                break;
        default:
                w[0] = named(b, "enum", id), w[1] = BTF_ENUM << 24 | 1u, w[2] = 4;
                w[3] = named(b, "choice", id), w[4] = id;
                type_words(b, 5, w);
                break;
        }
}

/* The order of types in version 1: blocks the other way round, and two types more at the end. */
static uint32_t type_at(unsigned version, uint32_t i)
{
        if (version == 0 || i >= TYPES)
                return i;
        return TYPES - TYPE_BLOCK - i / TYPE_BLOCK * TYPE_BLOCK + i % TYPE_BLOCK;
}

static void btf(struct maker *m)
{
        struct btf b = {0};
        uint32_t count = TYPES + (m->s->version == 1 ? 2 : 0);

        rig_append(&b.strings, "", 1);
        for (uint32_t i = 0; i < 5 && m->s->early; i++)
                named(&b, "choice", 904 + 5 * (i * 7 % 5));
        for (uint32_t i = 0; i < count; i++)
                b.number[type_at(m->s->version, i)] = i + 1;
        for (uint32_t i = 0; i < count; i++)
                type(&b, type_at(m->s->version, i));
        for (uint32_t i = 0; i < 3 * TYPES && m->s->nameless; i++) {
                uint32_t id = m->s->version == 1 ? i * NAMELESS_STRIDE % (3 * TYPES) : i;
                const uint32_t w[] = {0, (BTF_PTR + 7 * (id / TYPES)) << 24, b.number[id % TYPES]};
                type_words(&b, 3, w);
        }
        if (m->s->faults & SYNTHETIC_BTF_KIND)
                b.types.data[4 + 3] = 31;
        align(m, 4);
        word(m, 0x0001eb9f);
        word(m, 24);
        word(m, 0);
        word(m, (uint32_t)b.types.size);
        word(m, (uint32_t)b.types.size);
        word(m, (uint32_t)b.strings.size);
        rig_append(&m->b, b.types.data, b.types.size);
        rig_append(&m->b, b.strings.data, b.strings.size);
        free(b.types.data);
        free(b.strings.data);
}

/* ---- kallsyms ---- */

/* Codes from 255 down stand for pairs; each build chooses its own. */
static const char *const tokens_of[2][4] = {{"sy", "m_", "sym_", "Ts"}, {"m_", "sy", "ub", "sym_"}};

struct symbols {
        struct buffer text, names;
        uint8_t index[512];
        uint32_t count;
        char (*name)[NAME_ROOM]; /* with their type's letter */
        uint32_t *sorted;
};

static void tokens(struct symbols *y, unsigned version, bool as_xen)
{
        for (unsigned code = 0; code < 256; code++) {
                char plain[2] = {(char)code, 0};
                const char *text = code >= 0x21 && code < 0x7f ? plain : "";
                if (code > 251)
                        text = tokens_of[version][255 - code];
                if (code == '9' && as_xen)
                        text = "n_";
                y->index[2 * code] = (uint8_t)y->text.size;
                y->index[2 * code + 1] = (uint8_t)(y->text.size >> 8);
                rig_append(&y->text, text, strlen(text) + 1);
        }
}

static const struct symbols *sorting;

static int by_name(const void *a, const void *b)
{
        return strcmp(sorting->name[*(const uint32_t *)a] + 1,
                      sorting->name[*(const uint32_t *)b] + 1);
}

static void list_symbols(const struct maker *m, struct symbols *y)
{
        y->count = m->functions;
        y->name = calloc(y->count, sizeof(*y->name));
        y->sorted = calloc(y->count, sizeof(*y->sorted));
        for (uint32_t i = 0; i < y->count; i++) {
                uint32_t id = m->order[i];
                snprintf(y->name[i], sizeof(*y->name), m->s->as_xen ? "%csym_%s_%o" : "%csym_%s_%u",
                         id % 3 ? 't' : 'T', id % 7 ? "sub" : "main", id * 2654435761u % 1000003u);
                for (size_t n = strlen(y->name[i]); m->s->early && id % 600 == 77 && n < 210; n++)
                        y->name[i][n] = (char)('a' + (n * 7 + id) % 23);
                y->sorted[i] = i;
        }
        sorting = y;
        qsort(y->sorted, y->count, sizeof(*y->sorted), by_name);
}

static void compress_names(struct symbols *y, bool loose, uint32_t *markers)
{
        static uint8_t pairs[KALLSYMS_PAIRS];
        struct kallsyms_tokens t;

        assert_true(kallsyms_tokens_open(&t, y->text.data, (uint32_t)y->text.size));
        kallsyms_pairs(&t, pairs);
        for (uint32_t i = 0; i < y->count; i++) {
                uint8_t name[NAME_ROOM];
                uint32_t n = (uint32_t)strlen(y->name[i]);
                memcpy(name, y->name[i], n);
                if (!loose || i != y->count / 2)
                        n = kallsyms_squeeze(pairs, name, n);
                const uint8_t length[2] = {(uint8_t)(n > 127 ? n | 128 : n), (uint8_t)(n >> 7)};
                if (i % KALLSYMS_BLOCK == 0)
                        markers[i / KALLSYMS_BLOCK] = (uint32_t)y->names.size;
                rig_append(&y->names, length, n > 127 ? 2 : 1);
                rig_append(&y->names, name, n);
        }
}

static void put_offsets(struct maker *m, const struct symbols *y)
{
        align(m, 8);
        for (uint32_t i = 0; i < y->count; i++)
                word(m, m->place[m->order[i]]);
        align(m, 8);
        word(m, (uint32_t)ADDRESS);
        word(m, (uint32_t)(ADDRESS >> 32));
}

static void put_sorted(struct maker *m, const struct symbols *y)
{
        align(m, 8);
        for (uint32_t i = 0; i < y->count; i++) {
                uint32_t n = y->sorted[i];
                const uint8_t bytes[3] = {(uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n};
                rig_append(&m->b, bytes, sizeof(bytes));
        }
}

static void kallsyms(struct maker *m)
{
        uint32_t markers[(FUNCTIONS + INSERTED) / KALLSYMS_BLOCK + 1] = {0};
        struct symbols y = {0};
        bool as_xen = m->s->as_xen;
        uint32_t apart = as_xen ? 256 : 8;

        tokens(&y, m->code, as_xen);
        list_symbols(m, &y);
        compress_names(&y, m->s->faults & SYNTHETIC_SYMBOL_LOOSE, markers);
        if (!m->s->late_tables && !as_xen)
                put_offsets(m, &y);
        align(m, apart);
        word(m, y.count);
        align(m, apart);
        rig_append(&m->b, y.names.data, y.names.size);
        align(m, apart);
        for (uint32_t i = 0; i < (y.count + KALLSYMS_BLOCK - 1) / KALLSYMS_BLOCK; i++)
                word(m, markers[i]);
        if (!m->s->late_tables && !as_xen)
                put_sorted(m, &y);
        align(m, apart);
        rig_append(&m->b, y.text.data, y.text.size);
        align(m, apart);
        rig_append(&m->b, y.index, sizeof(y.index));
        if (m->s->late_tables) {
                put_offsets(m, &y);
                put_sorted(m, &y);
        }
        align(m, apart);
        free(y.text.data);
        free(y.names.data);
        free(y.name);
        free(y.sorted);
}

/* The arm64 boot protocol's header. */
static void finish_header(struct maker *m)
{
        uint8_t *h = m->b.data + m->s->lead;

        dl_put32(h, 0x14000010u);
        dl_put64(h + 16, BSS + MEMORY);
        dl_put64(h + 24, 0xa);
        memcpy(h + 56, m->s->faults & SYNTHETIC_NO_IMAGE ? "none" : "ARM\x64", 4);
}

struct buffer synthetic_kernel(const struct synthetic *s)
{
        struct maker m = {.s = s, .code = s->still ? 0 : s->version};

        unsigned parts = s->parts ? s->parts : ~0u;

        rig_seed(1000);
        struct buffer lead = rig_noise(s->lead);
        rig_append(&m.b, lead.data, lead.size);
        free(lead.data);
        for (unsigned i = 0; i < 16; i++)
                word(&m, 0);
        lay_out(&m, here(&m));
        for (uint32_t i = 0; i < m.functions; i++)
                function(&m, m.order[i]);
        if (parts & SYNTHETIC_RELA)
                relocations(&m);
        if (parts & SYNTHETIC_BTF)
                btf(&m);
        if (parts & SYNTHETIC_KALLSYMS)
                kallsyms(&m);
        align(&m, 8);
        assert_true(here(&m) < BSS);
        finish_header(&m);
        return m.b;
}

struct pair synthetic_pair(const struct synthetic *s)
{
        struct synthetic from = *s, to = *s;

        from.version = 0;
        to.version = 1;
        from.faults &= SYNTHETIC_NO_IMAGE;
        return (struct pair){synthetic_kernel(&from), synthetic_kernel(&to)};
}

void pair_free(struct pair *p)
{
        free(p->from.data);
        free(p->to.data);
}
