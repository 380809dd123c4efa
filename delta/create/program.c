/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/create/program.h"

#include <stdlib.h>

#include "delta/create/objects.h"

/* The arm64 boot protocol's image header (Linux, Documentation/arm64/booting). */
#define IMAGE_MAGIC_AT 56u
#define IMAGE_SIZE_AT  16u
#define IMAGE_RESERVED 32u /* up to the magic */
#define IMAGE_HEADER   64u
#define ELF_FIRST      0x7f
#define PE_OFFSET_AT   60u
#define PE_HEADER      24u /* signature and COFF header */
#define PE_SECTION     40u

#define GUESS_WINDOW   1024u
#define FAR_AWAY       65536 /* smaller numbers are more often counts than distances */

bool view_add(struct view *v, struct view_program program, const struct dl_span *spans)
{
        uint32_t count = program.spans;
        struct dl_span *s = realloc(v->spans, ((size_t)v->span_count + count) * sizeof(*s));
        struct view_program *p;

        if (s)
                v->spans = s;
        p = s ? realloc(v->programs, ((size_t)v->program_count + 1) * sizeof(*p)) : NULL;
        if (!p)
                return false;
        v->programs = p;
        program.span = v->span_count;
        v->programs[v->program_count++] = program;
        memcpy(v->spans + v->span_count, spans, count * sizeof(*spans));
        v->span_count += count;
        return true;
}

void view_clear(struct view *v)
{
        free(v->spans);
        free(v->programs);
        v->spans = NULL;
        v->programs = NULL;
        v->span_count = v->program_count = 0;
}

void view_close(struct view *v)
{
        view_clear(v);
        objects_free(&v->objects);
        free(v->slots);
        free(v->modes);
        free(v->known);
        memset(v, 0, sizeof(*v));
}

/* What the PE header of an Image says of its size in the file; 0 when it says nothing. */
static uint32_t pe_size(const struct view *v, uint32_t at, uint32_t room)
{
        const uint8_t *image = v->bytes + at;
        uint32_t pe = dl_get32(image + PE_OFFSET_AT), size = 0;

        if (memcmp(image, "MZ", 2) != 0 || room < PE_HEADER || pe > room - PE_HEADER ||
            memcmp(image + pe, "PE\0\0", 4) != 0)
                return 0;
        uint32_t count = image[pe + 6], table = pe + PE_HEADER + image[pe + 20];
        for (uint32_t i = 0; i < count && table <= room && room - table >= PE_SECTION; i++) {
                uint64_t end =
                        (uint64_t)dl_get32(image + table + 16) + dl_get32(image + table + 20);
                if (end <= room && end > size)
                        size = (uint32_t)end;
                table += PE_SECTION;
        }
        return size;
}

/* The bytes in memory of the arm64 Linux Image that begins at `at`; 0 when none does. */
static uint32_t image_memory(const struct view *v, uint32_t at)
{
        static const uint8_t zeros[IMAGE_MAGIC_AT - IMAGE_RESERVED];
        const uint8_t *head = v->bytes + at;

        if (memcmp(head + IMAGE_MAGIC_AT, "ARM\x64", 4) != 0 ||
            memcmp(head + IMAGE_RESERVED, zeros, sizeof(zeros)) != 0)
                return 0;
        uint64_t memory = dl_get64(head + IMAGE_SIZE_AT);
        return memory >= 65536 && memory <= DL_IMAGE_MAX - at ? (uint32_t)memory : 0;
}

/* Where the next Image begins, before `end`. */
static uint32_t next_image(const struct view *v, uint32_t at, uint32_t end)
{
        for (at++; end - at >= IMAGE_HEADER; at++) {
                if (image_memory(v, at) > 0)
                        return at;
        }
        return end;
}

/* What an Image has in the file, and in memory. */
static bool image_span(const struct view *v, uint32_t at, struct dl_span *span)
{
        uint32_t memory = image_memory(v, at);

        if (memory == 0)
                return false;
        uint32_t room = v->size - at < memory ? v->size - at : memory;
        uint32_t size = pe_size(v, at, room);
        if (size < IMAGE_HEADER)
                size = next_image(v, at, at + room) - at;
        *span = (struct dl_span){.at = at, .size = size, .memory = memory};
        return true;
}

static void set_tails(struct view *v)
{
        uint32_t tail = v->size;

        for (uint32_t i = 0; i < v->span_count; i++) {
                v->spans[i].tail = tail;
                tail += v->spans[i].memory - v->spans[i].size;
        }
}

/* Append a program if its memory has a place among the positions, of which `taken` are. */
static bool add_fitting(struct view *v, const struct view_program *p, const struct dl_span *spans,
                        uint64_t *taken)
{
        uint64_t memory = 0;

        for (uint32_t i = 0; i < p->spans; i++)
                memory += spans[i].memory - spans[i].size;
        if (*taken + memory > UINT32_MAX)
                return true;
        *taken += memory;
        return view_add(v, *p, spans);
}

/* What else is known of the last program, that begins at `at`. */
static sg_err program_added(struct view *v, uint32_t at, bool image)
{
        uint32_t last = v->program_count - 1;

        if (!image)
                return v->programs[last].va == VA_UNKNOWN ? SG_OK : elf_slots(v, at, last);
        if (v->kernels++ == 0)
                v->image = last;
        return SG_OK;
}

sg_err view_detect(struct view *v)
{
        struct dl_span spans[DL_PROGRAM_ROWS];
        uint64_t taken = v->size;
        bool fine = true;

        v->image = NO_IMAGE;
        for (uint32_t at = 0; fine && v->size >= IMAGE_HEADER && at <= v->size - IMAGE_HEADER;) {
                struct view_program p = {.spans = 0};
                if (v->bytes[at] == ELF_FIRST)
                        elf_spans(v, at, spans, &p);
                bool image = p.spans == 0 && image_span(v, at, spans);
                if (image)
                        p = (struct view_program){.va = VA_UNKNOWN, .spans = 1};
                if (p.spans == 0) {
                        uint32_t end = at;
                        if (v->bytes[at] == ELF_FIRST)
                                fine = objects_find(v, at, &end);
                        at = end > at ? end : at + 1;
                        continue;
                }
                uint32_t before = v->program_count;
                fine = add_fitting(v, &p, spans, &taken);
                if (fine && v->program_count > before)
                        fine = program_added(v, at, image) == SG_OK;
                at = spans[p.spans - 1].at + spans[p.spans - 1].size;
        }
        if (fine && v->program_count == 0 && v->size > 0) {
                spans[0] = (struct dl_span){.size = v->size, .memory = v->size};
                v->image = 0;
                fine = add_fitting(v, &(struct view_program){.va = VA_UNKNOWN, .spans = 1}, spans,
                                   &taken);
        }
        set_tails(v);
        return fine ? SG_OK : SG_E_NO_MEMORY;
}

const struct dl_span *view_table(const struct view *v, uint32_t program, enum table table)
{
        const struct view_program *p = &v->programs[program];
        const uint8_t *found = memchr(p->tables, (int)table, p->spans);

        return found ? &v->spans[p->span + (uint32_t)(found - p->tables)] : NULL;
}

bool view_position(const struct view *v, uint32_t program, uint32_t offset, uint32_t *position)
{
        const struct view_program *p = &v->programs[program];

        for (uint32_t i = p->span; i < p->span + p->spans; i++) {
                const struct dl_span *s = &v->spans[i];
                uint32_t in = offset - s->offset;
                if (offset < s->offset || in >= s->memory)
                        continue;
                *position = in < s->size ? s->at + in : s->tail + (in - s->size);
                return true;
        }
        return false;
}

/* Is this the top byte of a common instruction? */
static bool common_top(uint8_t top)
{
        static const uint8_t tops[] = {
                0x0a, 0x0b, 0x11, 0x12, 0x13, 0x14, 0x17, 0x1a, 0x1b, 0x2a, 0x32, 0x34, 0x35,
                0x36, 0x37, 0x38, 0x39, 0x4b, 0x52, 0x53, 0x54, 0x6b, 0x71, 0x72, 0x78, 0x79,
                0x7a, 0x88, 0x8a, 0x8b, 0x90, 0x91, 0x92, 0x93, 0x94, 0x97, 0x9a, 0x9b, 0xa8,
                0xa9, 0xaa, 0xb0, 0xb2, 0xb4, 0xb5, 0xb8, 0xb9, 0xc8, 0xcb, 0xd0, 0xd2, 0xd3,
                0xd4, 0xd5, 0xd6, 0xea, 0xeb, 0xf0, 0xf1, 0xf2, 0xf8, 0xf9, 0xfa,
        };

        return memchr(tops, top, sizeof(tops)) != NULL;
}

/* Does this word, far from small, lead from its place to another one in the program? */
static bool leads_far(const struct view *v, uint32_t at)
{
        int32_t distance = (int32_t)dl_get32(v->bytes + at);
        int64_t target = at + (int64_t)distance;

        return (distance > FAR_AWAY || distance < -FAR_AWAY) && target >= 0 && target < v->size;
}

/* The mode of n bytes at `at`, whose words begin `skip` bytes further on. */
static enum dl_mode_id guess(const struct view *v, const bool common[256], uint32_t at, uint32_t n,
                             uint32_t skip)
{
        uint32_t code = 0, relative = 0, words = 0;

        for (uint32_t i = skip; i + 4 <= n; i += 4, words++) {
                code += common[v->bytes[at + i + 3]];
                relative += leads_far(v, at + i);
        }
        if (words > 0 && code * 100 >= words * 75)
                return DL_MODE_A64;
        return relative * 100 >= words * 30 ? DL_MODE_PREL32 : DL_MODE_ABS64;
}

static void guess_span(struct view *v, const bool common[256], const struct dl_span *s)
{
        for (uint32_t done = 0; done < s->size; done += GUESS_WINDOW) {
                uint32_t at = s->at + done, left = s->size - done;
                uint32_t n = left < GUESS_WINDOW ? left : GUESS_WINDOW;
                uint32_t first = at / DL_REGION_UNIT, last = (at + n - 1) / DL_REGION_UNIT;
                uint8_t mode = (uint8_t)guess(v, common, at, n, (0u - s->offset - done) % 4);
                memset(v->modes + first, mode, last - first + 1);
        }
}

/* From the bytes alone: code, addresses or tables of relative words. */
static void guess_modes(struct view *v)
{
        bool common[256];

        for (unsigned i = 0; i < 256; i++)
                common[i] = common_top((uint8_t)i);
        for (uint32_t i = 0; i < v->span_count; i++)
                guess_span(v, common, &v->spans[i]);
}

static uint32_t units(uint32_t size)
{
        return size / DL_REGION_UNIT + 1;
}

/* What a span begins with it is full of. */
static void know_modes(struct view *v)
{
        static const uint8_t modes[] = {
                [TABLE_SYMBOLS] = DL_MODE_SYMBOLS, [TABLE_NUMBERS] = DL_MODE_NUMBERS,
                [TABLE_RELA] = DL_MODE_RELA,       [TABLE_UNWIND] = DL_MODE_OFF32,
                [TABLE_FRAMES] = DL_MODE_FRAMES,
        };

        for (uint32_t i = 0; i < v->program_count; i++) {
                const struct view_program *p = &v->programs[i];
                for (uint32_t k = 0; k < p->spans; k++) {
                        const struct dl_span *s = &v->spans[p->span + k];
                        uint8_t mode = modes[p->tables[k]];
                        uint32_t first = s->at / DL_REGION_UNIT;
                        uint32_t last = (s->at + s->size - 1) / DL_REGION_UNIT;
                        for (uint32_t u = first; mode != DL_MODE_RAW && u <= last; u++)
                                v->known[u] = v->modes[u] = mode;
                }
        }
}

static void know_objects(struct view *v)
{
        for (uint32_t i = 0; i < v->objects.count; i++) {
                const struct object *o = &v->objects.list[i];
                uint32_t first = o->from / DL_REGION_UNIT;
                uint32_t last = (o->from_end - 1) / DL_REGION_UNIT;
                memset(v->known + first, DL_MODE_OBJECTS, last - first + 1);
                memset(v->modes + first, DL_MODE_OBJECTS, last - first + 1);
        }
}

/* A view of its own of the same bytes. */
static bool take_view(struct view *to, const struct view *from)
{
        *to = (struct view){.bytes = from->bytes, .size = from->size, .image = from->image};
        for (uint32_t i = 0; i < from->program_count; i++) {
                if (!view_add(to, from->programs[i], from->spans + from->programs[i].span))
                        return false;
        }
        to->modes = calloc(units(to->size), 1);
        to->known = calloc(units(to->size), 1);
        to->slots = malloc(((size_t)from->slot_count + 1) * sizeof(*to->slots));
        if (!to->modes || !to->known || !to->slots || !objects_copy(&to->objects, &from->objects))
                return false;
        to->slot_count = from->slot_count;
        if (from->slot_count > 0)
                memcpy(to->slots, from->slots, from->slot_count * sizeof(*to->slots));
        for (uint32_t i = 0; i < to->program_count; i++) {
                struct view_program *p = &to->programs[i];
                if (p->va == VA_UNKNOWN && view_find_base(to, &to->spans[p->span], &p->va))
                        return false;
        }
        guess_modes(to);
        know_modes(to);
        know_objects(to);
        return true;
}

sg_err program_open(struct program *p, const struct view *from, const struct view *to,
                    const struct anchors *anchors)
{
        memset(p, 0, sizeof(*p));
        p->anchors = *anchors;
        p->refs.words = calloc(DL_WINDOW_WORDS, sizeof(*p->refs.words));
        p->refs.map = &p->map;
        p->refs.from_size = from->size;
        p->refs.to_size = to->size;
        bool fine = p->refs.words && take_view(&p->from, from) && take_view(&p->to, to);
        return fine ? SG_OK : SG_E_NO_MEMORY;
}

void program_close(struct program *p)
{
        view_close(&p->from);
        view_close(&p->to);
        free(p->refs.rows);
        free(p->refs.programs);
        free(p->refs.words);
        free(p->refs.order);
        free(p->refs.regions);
        objects_free(&p->refs.objects);
        free(p->saved);
}

sg_err program_map(struct program *p, const struct copies *copies)
{
        p->map = (struct dl_map){copies->list, copies->count};
        free(p->refs.order);
        p->refs.order = malloc(((size_t)copies->count + 1) * sizeof(*p->refs.order));
        if (!p->refs.order)
                return SG_E_NO_MEMORY;
        dl_refs_sort(&p->refs);
        return SG_OK;
}
