/* SPDX-License-Identifier: Apache-2.0 */
/* Canonical relocatable objects: what delta/models/objects.c predicts, by what it refers to. */
#include "delta/create/canonical.h"

struct work {
        struct canonical *c;
        const struct object *o;
        const struct object_section *sections; /* of the object */
};

/* `size` bytes in the file at `value` from the start of a section; false when it lacks them. */
static bool position(const struct work *w, uint32_t section, uint64_t value, uint32_t size,
                     uint32_t *at)
{
        const struct object_section *s = &w->sections[section];

        if (section >= w->o->sections || s->kind == OBJECT_NULL || s->kind == OBJECT_NOBITS ||
            value >= s->from_size || s->from_size - value < size)
                return false;
        *at = s->from + (uint32_t)value;
        return true;
}

static void put_place(const struct work *w, uint32_t section, uint32_t at)
{
        uint32_t target;

        if (position(w, section, dl_get64(w->c->v->bytes + at), 1, &target))
                dl_put64(w->c->out + at, canonical_name(w->c, target) | ADDRESS_MARK);
}

/* A string's content is all of it. */
static uint32_t string_name(const struct work *w, uint32_t at)
{
        return w->c->naming == NAME_CONTENT ? (uint32_t)view_string_name(w->c->v, at)
                                            : canonical_name(w->c, at);
}

static void put_string(const struct work *w, uint32_t section, uint32_t at)
{
        uint32_t name = dl_get32(w->c->v->bytes + at), target;

        if (name != 0 && position(w, section, name, 1, &target))
                dl_put32(w->c->out + at, string_name(w, target));
}

/* A symbol's content is its name; one that stands for a section has none. */
static void put_symbol(const struct work *w, uint32_t table, uint32_t at)
{
        uint32_t symbol = dl_get32(w->c->v->bytes + at), record, string;

        if (symbol == 0 ||
            !position(w, table, (uint64_t)symbol * SYMBOL_SIZE, SYMBOL_SIZE, &record))
                return;
        uint32_t name = dl_get32(w->c->v->bytes + record + SYMBOL_NAME);
        if (w->c->naming != NAME_CONTENT)
                dl_put32(w->c->out + at, canonical_name(w->c, record));
        else if (name != 0 && position(w, w->sections[table].link, name, 1, &string))
                dl_put32(w->c->out + at, string_name(w, string));
}

static void do_relocations(const struct work *w, const struct object_section *s, uint32_t at)
{
        uint32_t symbol = dl_get32(w->c->v->bytes + at + RELA_SYMBOL), section = 0;

        put_place(w, s->info, at);
        put_symbol(w, s->link, at + RELA_SYMBOL);
        while (section < w->o->sections && w->sections[section].symbol != symbol)
                section++;
        if (symbol != 0 && section < w->o->sections)
                put_place(w, section, at + RELA_ADDEND);
}

static void do_symbol(const struct work *w, const struct object_section *s, uint32_t at)
{
        const uint8_t *b = w->c->v->bytes + at;

        put_string(w, s->link, at + SYMBOL_NAME);
        if ((b[SYMBOL_INFO] & 15u) != SYMBOL_IS_SECTION)
                put_place(w, (uint32_t)b[SYMBOL_SECTION] | (uint32_t)b[SYMBOL_SECTION + 1] << 8,
                          at + SYMBOL_VALUE);
        dl_put64(w->c->out + at + SYMBOL_LENGTH, 0);
}

static void do_header(const struct work *w, const struct object_section *s, uint32_t at)
{
        (void)s;
        put_string(w, w->o->names, at + HEADER_NAME);
        dl_put64(w->c->out + at + HEADER_OFFSET, 0);
        dl_put64(w->c->out + at + HEADER_LENGTH, 0);
}

static void do_records(const struct work *w, const struct object_section *s, uint32_t size,
                       void (*one)(const struct work *, const struct object_section *, uint32_t))
{
        for (uint32_t i = 0; i < s->from_size / size; i++)
                one(w, s, s->from + i * size);
}

static void do_code(const struct work *w, const struct object_section *s)
{
        struct canonical *c = w->c;

        for (uint32_t pos = 0; s->from_size - pos >= 4;) {
                uint32_t count = (s->from_size - pos) / 4;
                count = count < CODE_WORDS ? count : CODE_WORDS;
                a64_analyse(c->v->bytes + s->from + pos, count, pos, s->from_size, c->words);
                for (uint32_t i = 0; i < count; i++, pos += 4) {
                        enum a64_kind kind = (enum a64_kind)c->words[i].kind;
                        uint32_t at = s->from + pos, word = dl_get32(c->v->bytes + at);
                        if (kind == A64_NONE || kind == A64_ADRP || kind == A64_LO12)
                                continue;
                        uint32_t name = canonical_name(c, s->from + c->words[i].target);
                        dl_put32(c->out + at, a64_canonical(word, kind, name));
                }
        }
}

static void do_section(const struct work *w, const struct object_section *s)
{
        switch ((enum object_kind)s->kind) {
        case OBJECT_CODE:
                do_code(w, s);
                break;
        case OBJECT_RELA:
                do_records(w, s, RECORD_SIZE, do_relocations);
                break;
        case OBJECT_SYMBOLS:
                do_records(w, s, SYMBOL_SIZE, do_symbol);
                break;
        case OBJECT_HEADERS:
                do_records(w, s, OBJECT_HEADER, do_header);
                break;
        case OBJECT_NULL:
        case OBJECT_BYTES:
        case OBJECT_NOBITS:
                break;
        }
}

void canonical_objects(struct canonical *c)
{
        const struct dl_objects *all = &c->v->objects;

        for (uint32_t i = 0; i < all->count; i++) {
                struct work w = {c, &all->list[i], all->sections + all->list[i].section};
                dl_put64(c->out + w.o->from + OBJECT_TABLE, 0);
                for (uint32_t k = 0; k < w.o->sections; k++)
                        do_section(&w, &w.sections[k]);
        }
}
