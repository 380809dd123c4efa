/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/create/objects.h"

#include <stdlib.h>

#include "delta/create/extents.h"

/* ---- In one image ---- */

static bool grow(struct dl_objects *all, uint32_t objects, uint32_t sections)
{
        struct object *list = realloc(all->list, ((size_t)all->count + objects) * sizeof(*list));

        if (list)
                all->list = list;
        struct object_section *s =
                realloc(all->sections, ((size_t)all->section_count + sections) * sizeof(*s));
        if (s)
                all->sections = s;
        return list && s;
}

static bool read_sections(const struct view *v, const struct object *o, uint32_t headers,
                          struct object_section *sections)
{
        for (uint32_t i = 0; i < o->sections - 1; i++) {
                if (!object_section_read(v->bytes + headers + i * OBJECT_HEADER, o, v->size,
                                         &sections[i]))
                        return false;
        }
        sections[o->sections - 1] = object_table(o, headers);
        const struct object_section *table = object_symbols(o, sections);
        for (uint32_t i = 0; table && i < table->from_size / SYMBOL_SIZE; i++)
                object_note_symbol(o, sections, i, v->bytes + table->from + i * SYMBOL_SIZE);
        return true;
}

/* Sections on top of each other are no tool's; what is done for each would be done too often. */
static bool overlap(const struct object *o, const struct object_section *sections)
{
        uint64_t sum = 0;

        for (uint32_t i = 0; i < o->sections; i++)
                sum += object_in_file(&sections[i]) ? sections[i].from_size : 0;
        return sum > o->from_end - o->from;
}

bool objects_find(struct view *v, uint32_t at, uint32_t *end)
{
        struct dl_objects *all = &v->objects;
        struct object o = {.from = at, .section = all->section_count};
        uint32_t headers;

        *end = at;
        if (v->size - at < OBJECT_HEADER || !object_open(v->bytes + at, v->size, &o, &headers))
                return true;
        if (!grow(all, 1, o.sections))
                return false;
        struct object_section *sections = all->sections + o.section;
        if (!read_sections(v, &o, headers, sections))
                return true;
        o.from_end = object_end(&o, sections);
        if (overlap(&o, sections))
                return true;
        *end = o.from_end;
        all->list[all->count++] = o;
        all->section_count += o.sections;
        return true;
}

bool objects_copy(struct dl_objects *to, const struct dl_objects *from)
{
        *to = (struct dl_objects){0};
        if (from->count == 0)
                return true;
        if (!grow(to, from->count, from->section_count))
                return false;
        memcpy(to->list, from->list, from->count * sizeof(*to->list));
        memcpy(to->sections, from->sections, from->section_count * sizeof(*to->sections));
        to->count = from->count;
        to->section_count = from->section_count;
        return true;
}

void objects_free(struct dl_objects *o)
{
        free(o->list);
        free(o->sections);
        memset(o, 0, sizeof(*o));
}

/* ---- Pairs ---- */

#define SECTION_NAME 256u /* bytes of a section's name, with its NUL */

static const uint8_t *header_of(const struct view *v, const struct object *o, uint32_t i)
{
        const struct object_section *table = &v->objects.sections[o->section + o->sections - 1];

        return v->bytes + table->from + i * OBJECT_HEADER;
}

/* What a section is called; "" when that is not in the file, or longer than any tool makes it. */
static const char *name_of(const struct view *v, const struct object *o, uint32_t i)
{
        const struct object_section *names = &v->objects.sections[o->section + o->names];
        uint32_t name = dl_get32(header_of(v, o, i) + HEADER_NAME);

        if (o->names >= o->sections || !object_in_file(names) || name >= names->from_size)
                return "";
        uint32_t left = names->from_size - name;
        if (!memchr(v->bytes + names->from + name, 0, left < SECTION_NAME ? left : SECTION_NAME))
                return "";
        return (const char *)v->bytes + names->from + name;
}

/* The next new section, from k on, that is what the old one i was; behind the last: none. */
static uint32_t same_section(const struct program *p, const struct object *from, uint32_t i,
                             const struct object *to, uint32_t k)
{
        uint8_t kind = p->from.objects.sections[from->section + i].kind;

        if (i == from->sections - 1)
                return to->sections - 1;
        while (k < to->sections - 1 &&
               (p->to.objects.sections[to->section + k].kind != kind ||
                strcmp(name_of(&p->from, from, i), name_of(&p->to, to, k)) != 0))
                k++;
        return k < to->sections - 1 ? k : NO_SECTION;
}

/*
 * An old section that is no more has no bytes where the next one is expected, or where the new
 * object, of `size` bytes, ends.
 */
static void place_lost(const struct object *o, struct object_section *sections, uint32_t size)
{
        uint32_t last = NO_SECTION, i;

        while ((i = object_next(o, sections, last)) != NO_SECTION) {
                if (sections[i].to == NO_SECTION) {
                        uint32_t at = object_expected(o, sections, last, i);
                        sections[i].to = at < size ? at : size;
                }
                last = i;
        }
}

/* An old object, its sections told with their places in a new one. */
static void add_pair(struct program *p, const struct object *from, const struct object *to)
{
        struct dl_objects *all = &p->refs.objects;
        struct object *o = &all->list[all->count++];
        struct object_section *sections = all->sections + all->section_count;

        *o = *from;
        o->section = all->section_count;
        o->to = to->from;
        all->section_count += o->sections;
        for (uint32_t i = 0, next = 0; i < o->sections; i++) {
                uint32_t k = same_section(p, from, i, to, next);
                sections[i] = p->from.objects.sections[from->section + i];
                sections[i].to = NO_SECTION;
                if (k == NO_SECTION)
                        continue;
                const struct object_section *new = &p->to.objects.sections[to->section + k];
                sections[i].to = new->from - to->from;
                sections[i].to_size = new->from_size;
                next = k + 1;
        }
        place_lost(o, sections, to->from_end - to->from);
        for (uint32_t i = 0; i < o->sections; i++)
                sections[i].to += o->to;
}

static bool list_extents(const struct dl_objects *all, struct extents *e)
{
        e->list = calloc(all->count + 1u, sizeof(*e->list));
        e->count = all->count;
        for (uint32_t i = 0; e->list && i < e->count; i++)
                e->list[i] = (struct extent){all->list[i].from, all->list[i].from_end};
        return e->list != NULL;
}

sg_err objects_pair(struct program *p, const struct copies *copies)
{
        uint32_t count = p->to.objects.count;
        uint32_t *old = calloc(count + 1u, sizeof(*old));
        struct extents from = {0}, to = {0};
        sg_err e = SG_E_NO_MEMORY;

        if (old && list_extents(&p->from.objects, &from) && list_extents(&p->to.objects, &to) &&
            grow(&p->refs.objects, p->from.objects.count + 1, p->from.objects.section_count + 1))
                e = extents_pair(&from, &to, copies, old);
        for (uint32_t i = 0; !e && i < count; i++) {
                if (old[i] != NO_EXTENT)
                        add_pair(p, &p->from.objects.list[old[i]], &p->to.objects.list[i]);
        }
        free(from.list);
        free(to.list);
        free(old);
        return e;
}

/* ---- The section ---- */

static uint64_t memory_of(const struct object *o)
{
        return sizeof(*o) + o->sections * sizeof(struct object_section);
}

/* Take out each object that saves no more than `least`. */
static void drop(struct program *p, uint32_t least)
{
        struct dl_objects *all = &p->refs.objects;
        uint32_t kept = 0, sections = 0;

        for (uint32_t i = 0; i < all->count; i++) {
                struct object o = all->list[i];
                if (p->saved[i] <= least)
                        continue;
                memmove(all->sections + sections, all->sections + o.section,
                        o.sections * sizeof(*all->sections));
                o.section = sections;
                sections += o.sections;
                p->saved[kept] = p->saved[i];
                all->list[kept++] = o;
        }
        all->count = kept;
        all->section_count = sections;
}

/* Wrong bytes that an object must save. */
#define OBJECT_COST 8u

void objects_fit(struct program *p, uint64_t memory)
{
        struct dl_objects *all = &p->refs.objects;

        for (uint32_t least = OBJECT_COST;;) {
                uint64_t used = 0;
                drop(p, least);
                least = UINT32_MAX;
                for (uint32_t i = 0; i < all->count; i++) {
                        used += memory_of(&all->list[i]);
                        least = p->saved[i] < least ? p->saved[i] : least;
                }
                if (used <= memory)
                        return;
        }
}

static void put_difference(struct bytes *out, uint32_t from, uint32_t to)
{
        bytes_varint(out, dl_zigzag((int32_t)(to - from)));
}

/* By how much each section's place differs from what is expected, by number. */
static void encode_places(const struct object *o, const struct object_section *sections,
                          struct bytes *out)
{
        struct object_section placed[OBJECT_SECTIONS_MAX];
        uint32_t expected[OBJECT_SECTIONS_MAX] = {0}, last = NO_SECTION, i;

        memcpy(placed, sections, o->sections * sizeof(*sections));
        for (i = 0; i < o->sections; i++)
                placed[i].to -= o->to;
        while ((i = object_next(o, placed, last)) != NO_SECTION) {
                expected[i] = object_expected(o, placed, last, i);
                last = i;
        }
        for (i = 0; i < o->sections; i++)
                put_difference(out, expected[i], placed[i].to);
}

void objects_encode(const struct dl_objects *all, struct bytes *out)
{
        uint32_t end = 0;

        for (uint32_t i = 0; i < all->count; i++) {
                bytes_varint(out, all->list[i].from - end);
                end = all->list[i].from_end;
        }
        for (uint32_t i = 0; i < all->section_count; i++)
                put_difference(out, all->sections[i].from_size, all->sections[i].to_size);
        for (uint32_t i = 0; i < all->count; i++)
                encode_places(&all->list[i], all->sections + all->list[i].section, out);
        end = 0;
        for (uint32_t i = 0; i < all->count; i++) {
                const struct object *o = &all->list[i];
                bytes_varint(out, o->to - end);
                end = (uint32_t)object_new_end(o, all->sections + o->section);
        }
}
