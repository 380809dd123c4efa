/* SPDX-License-Identifier: Apache-2.0 */
/* The mode OBJECTS: what of a relocatable object moves, section by section. */
#include "delta/models/refs.h"

/* What is at work: bytes [low, high) of the window, in one section. */
struct job {
        const struct dl_refs *r;
        const struct dl_window *w;
        const struct object *o;
        const struct object_section *sections; /* of the object */
        const struct object_section *s;
        uint32_t low, high;
};

/* `value` counts from the start of a section, in both images. */
static bool move_in(const struct job *j, const struct object_section *s, uint32_t *value)
{
        if (!object_in_file(s) || *value >= s->from_size)
                return false;
        uint32_t to = dl_refs_map(j->r, j->w->copy, s->from + *value) - s->to;
        if (to >= s->to_size)
                return false;
        *value = to;
        return true;
}

/* The same with its section's number. */
static bool move_from(const struct job *j, uint32_t section, uint32_t *value)
{
        return section < j->o->sections && move_in(j, &j->sections[section], value);
}

static void move64(const struct job *j, uint32_t section, uint8_t *bytes)
{
        uint64_t v = dl_get64(bytes);
        uint32_t value = (uint32_t)v;

        if (v <= UINT32_MAX && move_from(j, section, &value))
                dl_put64(bytes, value);
}

/* The number of a record of a table, where that went; record 0 stands for none. */
static uint32_t moved_number(const struct job *j, uint32_t table, uint32_t size, uint32_t number)
{
        uint32_t offset = number * size;

        if (number == 0 || number > DL_IMAGE_MAX / size || !move_from(j, table, &offset))
                return number;
        return offset / size;
}

static void move_word(const struct job *j, uint32_t table, uint32_t size, uint8_t *bytes)
{
        dl_put32(bytes, moved_number(j, table, size, dl_get32(bytes)));
}

static void move_name(const struct job *j, uint32_t section, uint8_t *bytes)
{
        uint32_t name = dl_get32(bytes);

        if (name != 0 && move_from(j, section, &name))
                dl_put32(bytes, name);
}

static void move_relocation(const struct job *j, uint8_t *b, uint32_t index)
{
        uint32_t symbol = dl_get32(b + RELA_SYMBOL), section = 0;

        (void)index;
        move64(j, j->s->info, b);
        move_word(j, j->s->link, SYMBOL_SIZE, b + RELA_SYMBOL);
        while (section < j->o->sections && j->sections[section].symbol != symbol)
                section++;
        if (symbol != 0)
                move64(j, section, b + RELA_ADDEND);
}

/* A symbol's value, and its length, which ends behind its last byte. */
static void move_extent(const struct job *j, uint32_t section, uint8_t *b)
{
        uint64_t value = dl_get64(b + SYMBOL_VALUE), length = dl_get64(b + SYMBOL_LENGTH);
        uint32_t begin = (uint32_t)value, last = (uint32_t)(value + length - 1);

        if (value > DL_IMAGE_MAX || length > DL_IMAGE_MAX || !move_from(j, section, &begin))
                return;
        dl_put64(b + SYMBOL_VALUE, begin);
        if (length != 0 && move_from(j, section, &last) && last >= begin &&
            (last - begin + 1) / 4 <= length)
                dl_put64(b + SYMBOL_LENGTH, last - begin + 1);
}

static void move_symbol(const struct job *j, uint8_t *b, uint32_t index)
{
        uint32_t section = object_get16(b + SYMBOL_SECTION), table = j->o->sections - 1;

        (void)index;
        move_name(j, j->s->link, b + SYMBOL_NAME);
        if (section >= table)
                return;
        uint32_t moved = moved_number(j, table, OBJECT_HEADER, section);
        b[SYMBOL_SECTION] = (uint8_t)moved;
        b[SYMBOL_SECTION + 1] = (uint8_t)(moved >> 8);
        if ((b[SYMBOL_INFO] & 15u) != SYMBOL_IS_SECTION)
                move_extent(j, section, b);
}

static void move_header(const struct job *j, uint8_t *b, uint32_t index)
{
        const struct object_section *s = &j->sections[index];
        uint32_t table = j->o->sections - 1;

        move_name(j, j->o->names, b + HEADER_NAME);
        if (s->kind == OBJECT_NULL)
                return;
        dl_put64(b + HEADER_OFFSET, s->to - j->o->to);
        dl_put64(b + HEADER_LENGTH, s->to_size);
        move_word(j, table, OBJECT_HEADER, b + HEADER_LINK);
        if (s->kind == OBJECT_RELA)
                move_word(j, table, OBJECT_HEADER, b + HEADER_INFO);
        if (s->kind == OBJECT_SYMBOLS)
                move_word(j, index, SYMBOL_SIZE, b + HEADER_INFO);
}

static void move_head(const struct job *j, uint8_t *b, uint32_t index)
{
        (void)index;
        dl_put64(b + OBJECT_TABLE, j->sections[j->o->sections - 1].to - j->o->to);
}

typedef void mover(const struct job *j, uint8_t *record, uint32_t index);

static void put(const struct job *j, uint32_t at, const uint8_t *value, uint32_t size)
{
        for (uint32_t i = 0; i < size; i++) {
                if (at + i >= j->low && at + i < j->high)
                        j->w->bytes[at + i] = value[i];
        }
}

/* Records of `size` bytes from the start of the section, as far as the window has them whole. */
static void move_records(const struct job *j, uint32_t size, mover *one)
{
        uint32_t in = j->w->from + j->low - j->s->from, phase = in % size;
        uint32_t at = j->low >= phase ? j->low - phase : j->low - phase + size;
        uint32_t index = (j->w->from + at - j->s->from) / size;
        uint8_t record[OBJECT_HEADER];

        if (((int64_t)j->w->from + at + j->w->shift - j->s->to) % size != 0)
                return;
        for (; at < j->high && j->w->size - at >= size; at += size, index++) {
                if (index >= j->s->from_size / size)
                        return;
                memcpy(record, j->w->bytes + at, size);
                one(j, record, index);
                put(j, at, record, size);
        }
}

/* Branches in the section; what refers to anything else is left to the loader, and empty. */
static void move_code(const struct job *j)
{
        uint32_t in = j->w->from + j->low - j->s->from, phase = in % 4;
        uint32_t at = j->low >= phase ? j->low - phase : j->low - phase + 4;
        int64_t place = (int64_t)j->w->from + at + j->w->shift - j->s->to;

        if (at > j->high || place < 0 || place % 4 != 0)
                return;
        uint32_t end = j->s->from + j->s->from_size - j->w->from;
        end = end < j->w->size ? end : j->w->size;
        uint32_t count = (j->high - at + 3) / 4, whole = (end - at) / 4;
        count = count < whole ? count : whole;
        uint32_t pos = j->w->from + at - j->s->from;
        a64_analyse(j->w->bytes + at, count, pos, j->s->from_size, j->r->words);
        for (uint32_t i = 0; i < count; i++, at += 4, place += 4) {
                enum a64_kind kind = (enum a64_kind)j->r->words[i].kind;
                uint32_t target = j->r->words[i].target;
                uint8_t word[4];
                if (kind == A64_NONE || kind == A64_ADRP || kind == A64_LO12 ||
                    !move_in(j, j->s, &target))
                        continue;
                dl_put32(word,
                         a64_retarget(dl_get32(j->w->bytes + at), kind, (uint32_t)place, target));
                put(j, at, word, 4);
        }
}

static void predict_section(const struct job *j)
{
        switch ((enum object_kind)j->s->kind) {
        case OBJECT_CODE:
                move_code(j);
                break;
        case OBJECT_RELA:
                move_records(j, RECORD_SIZE, move_relocation);
                break;
        case OBJECT_SYMBOLS:
                move_records(j, SYMBOL_SIZE, move_symbol);
                break;
        case OBJECT_HEADERS:
                move_records(j, OBJECT_HEADER, move_header);
                break;
        case OBJECT_NULL:
        case OBJECT_BYTES:
        case OBJECT_NOBITS:
                break;
        }
}

/* The first object that ends above an old position, or NULL. */
static const struct object *object_at(const struct dl_objects *all, uint32_t from)
{
        uint32_t low = 0, high = all->count;

        while (low < high) {
                uint32_t mid = low + (high - low) / 2;
                if (all->list[mid].from_end > from)
                        high = mid;
                else
                        low = mid + 1;
        }
        return low < all->count ? &all->list[low] : NULL;
}

/* The first section in the list that has an old position; else *next is where one begins. */
static const struct object_section *section_at(const struct job *j, uint32_t from, uint32_t *next)
{
        *next = j->o->from_end;
        for (uint32_t i = 0; i < j->o->sections; i++) {
                const struct object_section *s = &j->sections[i];
                if (!object_in_file(s))
                        continue;
                if (from - s->from < s->from_size) /* it wraps below the start */
                        return s;
                if (s->from > from && s->from < *next)
                        *next = s->from;
        }
        return NULL;
}

/* Predict from j->low on up to the end of a section, or of a gap before one: that is told. */
static uint32_t predict_part(struct job j, uint32_t high)
{
        const struct object_section head = {
                .from = j.o->from, .from_size = OBJECT_HEADER, .to = j.o->to};
        uint32_t from = j.w->from + j.low, next;
        bool in_head = from - j.o->from < OBJECT_HEADER;

        j.s = in_head ? &head : section_at(&j, from, &next);
        if (j.s)
                next = j.s->from + j.s->from_size;
        j.high = next - j.w->from < high ? next - j.w->from : high;
        if (in_head)
                move_records(&j, OBJECT_HEADER, move_head);
        else if (j.s)
                predict_section(&j);
        return j.high;
}

void dl_objects_predict(const struct dl_refs *r, const struct dl_window *w, uint32_t low,
                        uint32_t high)
{
        while (low < high) {
                struct job j = {.r = r, .w = w, .o = object_at(&r->objects, w->from + low)};
                if (!j.o || j.o->from >= w->from + high)
                        return;
                if (j.o->from > w->from + low)
                        low = j.o->from - w->from;
                j.sections = r->objects.sections + j.o->section;
                j.low = low;
                low = predict_part(j, high);
        }
}
