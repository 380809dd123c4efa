/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Relocatable objects: ELF files that no linker has placed yet, as kernels and boot loaders load
 * them for modules. Their values count from the start of sections: a symbol's from that of its
 * section, a relocation's place from that of the section which it mends, its addend from that of
 * the symbol. Where the sections stand in the old image its own headers tell; how the new ones
 * differ is sent, and the new headers follow.
 */
#ifndef SEGUE_DELTA_OBJECTS_H
#define SEGUE_DELTA_OBJECTS_H

#include <stdbool.h>
#include <stdint.h>

#include "delta/map.h"

struct dl;
struct dl_arena;
struct dl_refs;
struct dl_window;

enum object_kind {
        OBJECT_NULL,    /* its header is empty */
        OBJECT_BYTES,   /* nothing to predict: what loading changes is empty */
        OBJECT_NOBITS,  /* in memory alone */
        OBJECT_CODE,    /* A64 */
        OBJECT_RELA,    /* Elf64_Rela */
        OBJECT_SYMBOLS, /* Elf64_Sym */
        OBJECT_HEADERS, /* the table of section headers, which counts as one more section */
};

struct object_section {
        uint32_t from, from_size; /* in the old image */
        uint32_t to, to_size;     /* in the new one */
        uint16_t link, info;      /* numbers of sections, as the kind has them */
        uint16_t symbol;          /* the number of the symbol that stands for it; 0: none */
        uint8_t kind, align;      /* enum object_kind; log2 */
};

/* Has the file anything of it? */
static inline bool object_in_file(const struct object_section *s)
{
        return s->kind != OBJECT_NULL && s->kind != OBJECT_NOBITS;
}

struct object {
        uint32_t from, from_end, to;
        uint32_t section, sections; /* the last of these is the table of headers */
        uint32_t names;             /* which of them has the sections' names */
};

/* Both rise in both images. */
struct dl_objects {
        struct object *list;
        uint32_t count;
        struct object_section *sections;
        uint32_t section_count;
};

/* Byte offsets in ELF's header, its section headers, symbols and relocations. */
enum {
        OBJECT_TYPE = 16,
        OBJECT_TABLE = 40,
        OBJECT_ENTRY = 58,
        OBJECT_COUNT = 60,
        OBJECT_NAMES = 62
};
enum {
        HEADER_NAME = 0,
        HEADER_TYPE = 4,
        HEADER_FLAGS = 8,
        HEADER_OFFSET = 24,
        HEADER_LENGTH = 32,
        HEADER_LINK = 40,
        HEADER_INFO = 44,
        HEADER_ALIGN = 48
};
enum { SYMBOL_INFO = 4, SYMBOL_SECTION = 6, SYMBOL_LENGTH = 16 };
#define OBJECT_HEADER       64u /* bytes of ELF's header, and of each section header */
#define OBJECT_SECTIONS_MAX 1024u
#define SYMBOL_IS_SECTION   3u /* the low four bits of a symbol's info */

static inline uint32_t object_get16(const uint8_t *p)
{
        return (uint32_t)p[0] | (uint32_t)p[1] << 8;
}

/*
 * From the first 64 bytes of what may be an object at o->from in an image of `size` bytes: the
 * number of its sections. *headers is where their table begins. False when it is none.
 */
bool object_open(const uint8_t head[OBJECT_HEADER], uint32_t size, struct object *o,
                 uint32_t *headers);

/* A section from its header; false when it leaves the image. */
bool object_section_read(const uint8_t header[OBJECT_HEADER], const struct object *o, uint32_t size,
                         struct object_section *s);

/* The section that is the table of headers itself. */
struct object_section object_table(const struct object *o, uint32_t headers);

/* Note which section it stands for, if for one, of a symbol by its number. */
void object_note_symbol(const struct object *o, struct object_section *sections, uint32_t number,
                        const uint8_t *symbol);

/* The table of symbols among the sections, or NULL. */
const struct object_section *object_symbols(const struct object *o,
                                            const struct object_section *sections);

/* Where the object ends, in the old image, by its sections. */
uint32_t object_end(const struct object *o, const struct object_section *sections);

/*
 * The sections in the order of their places in the old image: the one behind `last`, to begin with
 * NO_SECTION. Behind the last one there is NO_SECTION again.
 */
uint32_t object_next(const struct object *o, const struct object_section *sections, uint32_t last);
#define NO_SECTION UINT32_MAX

/*
 * Where section i, which is behind `last`, is expected in a new object that is laid out as the old
 * one: as far behind, and as well aligned. Here `to` counts from the start of the object.
 */
uint32_t object_expected(const struct object *o, const struct object_section *sections,
                         uint32_t last, uint32_t i);

/* Where the new object ends, counted as `to` is. */
uint64_t object_new_end(const struct object *o, const struct object_section *sections);

void dl_objects_plan(struct dl *dl, struct dl_arena *arena);
sg_err dl_objects_open(struct dl *dl);

/* The mode's prediction of the window's bytes [low, high). */
void dl_objects_predict(const struct dl_refs *r, const struct dl_window *w, uint32_t low,
                        uint32_t high);

#endif
