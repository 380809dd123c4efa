/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/models/objects.h"

#include <assert.h>

#include "delta/decoder.h"

#define TYPE_REL      1u
#define MACHINE_A64   183u
#define TYPE_NULL     0u
#define TYPE_PROGBITS 1u
#define TYPE_SYMTAB   2u
#define TYPE_RELA     4u
#define TYPE_NOBITS   8u
#define FLAG_CODE     4u
#define ALIGN_LIMIT   12u /* log2; what is aligned to more is taken as not aligned */

static_assert(sizeof(struct object_section) == 24, "docs/delta.md states it");
static_assert(sizeof(struct object) == 24, "docs/delta.md states it");

bool object_open(const uint8_t head[OBJECT_HEADER], uint32_t size, struct object *o,
                 uint32_t *headers)
{
        static const uint8_t magic[] = {0x7f, 'E', 'L', 'F', 2, 1, 1};
        uint64_t table = dl_get64(head + OBJECT_TABLE);
        uint32_t count = object_get16(head + OBJECT_COUNT), room = size - o->from;

        if (memcmp(head, magic, sizeof(magic)) != 0 ||
            object_get16(head + OBJECT_TYPE) != TYPE_REL ||
            object_get16(head + OBJECT_TYPE + 2) != MACHINE_A64 ||
            object_get16(head + OBJECT_ENTRY) != OBJECT_HEADER || count == 0 ||
            count >= OBJECT_SECTIONS_MAX || table < OBJECT_HEADER || table > room ||
            room - table < (uint64_t)count * OBJECT_HEADER)
                return false;
        *headers = o->from + (uint32_t)table;
        o->sections = count + 1;
        o->names = object_get16(head + OBJECT_NAMES);
        return true;
}

static enum object_kind kind_of(const uint8_t *header)
{
        switch (dl_get32(header + HEADER_TYPE)) {
        case TYPE_NULL:
                return OBJECT_NULL;
        case TYPE_NOBITS:
                return OBJECT_NOBITS;
        case TYPE_RELA:
                return OBJECT_RELA;
        case TYPE_SYMTAB:
                return OBJECT_SYMBOLS;
        case TYPE_PROGBITS:
                return dl_get32(header + HEADER_FLAGS) & FLAG_CODE ? OBJECT_CODE : OBJECT_BYTES;
        default:
                return OBJECT_BYTES;
        }
}

static uint8_t log2_of(uint64_t align)
{
        unsigned n = 0;

        while (n < ALIGN_LIMIT && align >> n > 1)
                n++;
        return align == 1ull << n ? (uint8_t)n : 0;
}

static uint16_t number_of(uint32_t section)
{
        return section < OBJECT_SECTIONS_MAX ? (uint16_t)section : 0;
}

bool object_section_read(const uint8_t header[OBJECT_HEADER], const struct object *o, uint32_t size,
                         struct object_section *s)
{
        uint64_t offset = dl_get64(header + HEADER_OFFSET);
        uint64_t length = dl_get64(header + HEADER_LENGTH);
        enum object_kind kind = kind_of(header);
        uint32_t room = size - o->from;

        if (offset > room || length > DL_IMAGE_MAX ||
            (kind != OBJECT_NOBITS && length > room - offset))
                return false;
        *s = (struct object_section){.from = o->from + (uint32_t)offset,
                                     .from_size = (uint32_t)length,
                                     .link = number_of(dl_get32(header + HEADER_LINK)),
                                     .info = number_of(dl_get32(header + HEADER_INFO)),
                                     .kind = (uint8_t)kind,
                                     .align = log2_of(dl_get64(header + HEADER_ALIGN))};
        return true;
}

struct object_section object_table(const struct object *o, uint32_t headers)
{
        return (struct object_section){.from = headers,
                                       .from_size = (o->sections - 1) * OBJECT_HEADER,
                                       .kind = OBJECT_HEADERS,
                                       .align = 3};
}

uint32_t object_end(const struct object *o, const struct object_section *sections)
{
        uint32_t end = o->from + OBJECT_HEADER;

        for (uint32_t i = 0; i < o->sections; i++) {
                const struct object_section *s = &sections[i];
                if (object_in_file(s) && s->from + s->from_size > end)
                        end = s->from + s->from_size;
        }
        return end;
}

uint64_t object_new_end(const struct object *o, const struct object_section *sections)
{
        uint64_t end = (uint64_t)o->to + OBJECT_HEADER;

        for (uint32_t i = 0; i < o->sections; i++) {
                const struct object_section *s = &sections[i];
                if (object_in_file(s) && (uint64_t)s->to + s->to_size > end)
                        end = (uint64_t)s->to + s->to_size;
        }
        return end;
}

uint32_t object_next(const struct object *o, const struct object_section *sections, uint32_t last)
{
        uint32_t best = NO_SECTION;

        for (uint32_t i = 0; i < o->sections; i++) {
                uint32_t from = sections[i].from;
                if (last != NO_SECTION &&
                    (from < sections[last].from || (from == sections[last].from && i <= last)))
                        continue;
                if (best == NO_SECTION || from < sections[best].from)
                        best = i;
        }
        return best;
}

uint32_t object_expected(const struct object *o, const struct object_section *sections,
                         uint32_t last, uint32_t i)
{
        const struct object_section *s = &sections[i];
        uint32_t old_end = o->from + OBJECT_HEADER, end = OBJECT_HEADER, align = 1u << s->align;

        if (last != NO_SECTION) {
                bool file = object_in_file(&sections[last]);
                old_end = sections[last].from + (file ? sections[last].from_size : 0);
                end = sections[last].to + (file ? sections[last].to_size : 0);
        }
        uint32_t gap = s->from - old_end; /* wraps when they overlap */
        return gap < align ? (end + align - 1) & ~(align - 1) : end + gap;
}

const struct object_section *object_symbols(const struct object *o,
                                            const struct object_section *sections)
{
        for (uint32_t i = 0; i < o->sections; i++) {
                if (sections[i].kind == OBJECT_SYMBOLS)
                        return &sections[i];
        }
        return NULL;
}

void object_note_symbol(const struct object *o, struct object_section *sections, uint32_t number,
                        const uint8_t *symbol)
{
        uint32_t section = object_get16(symbol + SYMBOL_SECTION);

        if ((symbol[SYMBOL_INFO] & 15u) == SYMBOL_IS_SECTION && section < o->sections - 1 &&
            sections[section].symbol == 0 && number <= UINT16_MAX)
                sections[section].symbol = (uint16_t)number;
}

/* ---- Opening ---- */

void dl_objects_plan(struct dl *dl, struct dl_arena *arena)
{
        struct dl_objects *o = &dl->refs.objects;

        o->count = dl_count(dl, DL_S_OBJECTS, 0);
        o->section_count = dl_count(dl, DL_S_OBJECTS, 1);
        o->list = dl_take_array(arena, o->count, sizeof(*o->list));
        o->sections = dl_take_array(arena, o->section_count, sizeof(*o->sections));
}

/* The symbols that stand for sections. */
static sg_err find_symbols(struct dl *dl, const struct object *o, struct object_section *sections)
{
        const struct object_section *table = object_symbols(o, sections);
        uint32_t count = table ? table->from_size / SYMBOL_SIZE : 0;
        uint8_t symbol[SYMBOL_SIZE];
        sg_err e = SG_OK;

        for (uint32_t i = 0; !e && i < count; i++) {
                e = dl_old_read(dl, table->from + i * SYMBOL_SIZE, symbol, sizeof(symbol));
                if (!e)
                        object_note_symbol(o, sections, i, symbol);
        }
        return e;
}

/* The old object at o->from: all that its own headers tell. */
static sg_err read_old(struct dl *dl, struct object *o, uint32_t room)
{
        struct object_section *sections = dl->refs.objects.sections + o->section;
        uint32_t size = dl->refs.from_size, headers;
        uint8_t b[OBJECT_HEADER];

        if (size - o->from < OBJECT_HEADER)
                return SG_E_DELTA_MODEL;
        sg_err e = dl_old_read(dl, o->from, b, sizeof(b));
        if (!e && (!object_open(b, size, o, &headers) || o->sections > room))
                e = SG_E_DELTA_MODEL;
        for (uint32_t i = 0; !e && i < o->sections - 1; i++) {
                e = dl_old_read(dl, headers + i * OBJECT_HEADER, b, sizeof(b));
                if (!e && !object_section_read(b, o, size, &sections[i]))
                        e = SG_E_DELTA_MODEL;
        }
        if (e)
                return e;
        sections[o->sections - 1] = object_table(o, headers);
        o->from_end = object_end(o, sections);
        return find_symbols(dl, o, sections);
}

static sg_err read_places(struct dl *dl)
{
        struct dl_objects *all = &dl->refs.objects;
        uint64_t end = 0;
        uint32_t section = 0, gap;
        sg_err e = SG_OK;

        for (uint32_t i = 0; !e && i < all->count; i++) {
                struct object *o = &all->list[i];
                e = dl_stream_varint(&dl->streams[0], &gap);
                end += gap;
                if (!e && end > dl->refs.from_size)
                        e = SG_E_DELTA_MODEL;
                o->from = (uint32_t)end;
                o->section = section;
                if (!e)
                        e = read_old(dl, o, all->section_count - section);
                section += o->sections;
                end = o->from_end;
        }
        return e || section == all->section_count ? e : SG_E_DELTA_MODEL;
}

/* By how much sizes, and then places, differ from what is expected. */
static sg_err read_sections(struct dl *dl)
{
        struct dl_objects *all = &dl->refs.objects;
        uint32_t v;
        sg_err e = SG_OK;

        for (uint32_t i = 0; !e && i < all->section_count; i++) {
                struct object_section *s = &all->sections[i];
                e = dl_stream_varint(&dl->streams[0], &v);
                s->to_size = s->from_size + (uint32_t)dl_unzigzag(v);
                if (!e && s->to_size > DL_IMAGE_MAX)
                        e = SG_E_DELTA_MODEL;
        }
        for (uint32_t i = 0; !e && i < all->section_count; i++) {
                e = dl_stream_varint(&dl->streams[0], &v);
                all->sections[i].to = (uint32_t)dl_unzigzag(v);
        }
        return e;
}

static void lay_out(const struct object *o, struct object_section *sections)
{
        uint32_t last = NO_SECTION, i;

        while ((i = object_next(o, sections, last)) != NO_SECTION) {
                sections[i].to += object_expected(o, sections, last, i);
                last = i;
        }
}

static sg_err place_new(struct dl *dl)
{
        struct dl_objects *all = &dl->refs.objects;
        uint64_t end = 0;
        sg_err e = SG_OK;

        for (uint32_t i = 0; !e && i < all->count; i++) {
                struct object *o = &all->list[i];
                struct object_section *sections = all->sections + o->section;
                uint32_t gap;
                lay_out(o, sections);
                e = dl_stream_varint(&dl->streams[0], &gap);
                end += gap;
                if (!e && end > dl->refs.to_size)
                        e = SG_E_DELTA_MODEL;
                o->to = (uint32_t)end;
                for (uint32_t k = 0; k < o->sections; k++)
                        sections[k].to += o->to;
                end = object_new_end(o, sections);
                if (!e && end > dl->refs.to_size)
                        e = SG_E_DELTA_MODEL;
        }
        return e;
}

sg_err dl_objects_open(struct dl *dl)
{
        sg_err e = dl->program ? dl_section_start(dl, DL_S_OBJECTS) : SG_E_DELTA_MODEL;

        if (!e)
                e = read_places(dl);
        if (!e)
                e = read_sections(dl);
        if (!e)
                e = place_new(dl);
        return e ? e : dl_section_finish(dl, DL_S_OBJECTS);
}
