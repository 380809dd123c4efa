/* SPDX-License-Identifier: Apache-2.0 */
/* The encoder's view of a program inside the two images, and of the references in it. */
#ifndef SEGUE_DELTA_PROGRAM_H
#define SEGUE_DELTA_PROGRAM_H

#include "delta/create/bytes.h"
#include "delta/create/match.h"
#include "delta/models/refs.h"

/* What a span begins with. */
enum table {
        TABLE_NONE,
        TABLE_SYMBOLS,
        TABLE_STRINGS,
        TABLE_NUMBERS,
        TABLE_RELA,
        TABLE_UNWIND,
        TABLE_FRAMES
};

/* A program in one image: spans that share a base. */
struct view_program {
        uint64_t va; /* of the base, or VA_UNKNOWN */
        uint32_t span, spans;
        uint8_t tables[DL_PROGRAM_ROWS]; /* enum table, by span */
};

/* Eight bytes that are filled when the program is loaded: with a symbol's address or its own. */
struct view_slot {
        uint32_t at;     /* in the file */
        uint32_t target; /* from the program's base, when there is no name */
        uint64_t name;   /* stands for a symbol; 0: none */
};

/* One image: its bytes, the programs in it, and the mode of each DL_REGION_UNIT bytes. */
struct view {
        const uint8_t *bytes;
        uint32_t size;
        struct dl_span *spans; /* rising in the file, program by program */
        uint32_t span_count;
        struct view_program *programs;
        uint32_t program_count;
        uint32_t image; /* the first arm64 Linux Image, or the whole file as a program; NO_IMAGE */
        uint32_t kernels;        /* Images in it */
        struct view_slot *slots; /* rising */
        uint32_t slot_count;
        struct dl_objects objects; /* their old sides */
        uint8_t *modes;
        uint8_t *known; /* the modes that tables have for certain, else DL_MODE_RAW */
};
#define NO_IMAGE   UINT32_MAX
#define VA_UNKNOWN 0x8000000000000000ull

/* Old positions from whose rows models count: the programs that have these stay. */
struct anchors {
        uint32_t list[2]; /* the table of relocations, kallsyms' offsets */
        uint32_t count;
};

struct program {
        struct view from, to;
        struct anchors anchors;
        struct dl_refs refs; /* as the decoder will have them */
        struct dl_map map;
        uint32_t *saved; /* wrong bytes, by refs.objects */
};

/*
 * Find the programs: arm64 Linux Images and AArch64 ELF files; without any the bytes are taken as
 * one from end to end. SG_E_NO_MEMORY.
 */
sg_err view_detect(struct view *v);
void view_close(struct view *v);

/*
 * Where the program in a span runs, by the pointers in it; VA_UNKNOWN when they do not tell.
 * SG_E_NO_MEMORY.
 */
sg_err view_find_base(const struct view *v, const struct dl_span *span, uint64_t *base);

/* Leave out the programs. */
void view_clear(struct view *v);

/* Append a program of spans that rise, behind those that are there. False without memory. */
bool view_add(struct view *v, struct view_program program, const struct dl_span *spans);

/* The AArch64 ELF file at `at`: p->spans is 0 when there is none. */
void elf_spans(const struct view *v, uint32_t at, struct dl_span spans[DL_PROGRAM_ROWS],
               struct view_program *p);

/* Add the slots that its relocations fill. SG_E_NO_MEMORY. */
sg_err elf_slots(struct view *v, uint32_t at, uint32_t program);

/* The span of a program that begins with a table, or NULL; one of each at most. */
const struct dl_span *view_table(const struct view *v, uint32_t program, enum table table);

/*
 * A number that stands for the string at `at`, by so many bytes at most: each symbol of a table may
 * have a string that does not end.
 */
#define STRING_NAME 1024u
uint64_t view_string_name(const struct view *v, uint32_t at);

/* The file position, or that of the tail, of what stands at `offset` in a program. */
bool view_position(const struct view *v, uint32_t program, uint32_t offset, uint32_t *position);

/* Take over what two views show. */
sg_err program_open(struct program *p, const struct view *from, const struct view *to,
                    const struct anchors *anchors);
void program_close(struct program *p);

/* Find the old program of each new one by the copies; the rest are programs no more. */
sg_err program_pair(struct program *p, const struct copies *copies);

/* Leave only the programs for which keep[] is set. */
sg_err program_keep(struct program *p, const bool *keep);

/* Let the views show what p->refs.rows hold. */
sg_err program_follow_rows(struct program *p);

/* Take new copies: rebuild the map by which references are predicted. */
sg_err program_map(struct program *p, const struct copies *copies);

/*
 * Choose the mode of each old unit by what it predicts best under the map, carry it to the new. The
 * last choice drops programs that are not worth their rows, and that no model needs.
 */
sg_err program_choose_modes(struct program *p, bool last);

/* What a reference is replaced by in a canonical image. */
enum naming {
        NAME_NOTHING, /* the same for all */
        NAME_CONTENT, /* what stands at the target, its own references left out */
        NAME_PLACE,   /* where the target is in the new image, as the map tells */
};

/*
 * The image with each reference replaced by a name of what it refers to, so that the old and the
 * new one agree wherever nothing but places changed. `plain` is the image with NAME_NOTHING, needed
 * for NAME_CONTENT only. SG_E_NO_MEMORY.
 */
sg_err program_canonical(const struct program *p, bool old, enum naming naming,
                         const uint8_t *plain, uint8_t *out);

#endif
