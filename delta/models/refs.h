/* SPDX-License-Identifier: Apache-2.0 */
/*
 * References: values in the old image that say where something else stands. When the place or what
 * they refer to has moved the new value follows from the map of copies. Which kind of references
 * stands where in the old image is told by a list of regions; each kind is a mode.
 */
#ifndef SEGUE_DELTA_REFS_H
#define SEGUE_DELTA_REFS_H

#include "delta/map.h"
#include "delta/models/a64.h"
#include "delta/models/objects.h"

enum dl_mode_id {
        DL_MODE_RAW,
        DL_MODE_A64,    /* instructions */
        DL_MODE_PREL32, /* words that count from their own place */
        DL_MODE_ABS64,  /* addresses */
        DL_MODE_OFF32,  /* words that count from the start of their row */
        /* Tables of ELF programs, whose records count from the start of their row. */
        DL_MODE_SYMBOLS, /* Elf64_Sym */
        DL_MODE_RELA,    /* Elf64_Rela */
        DL_MODE_FRAMES,  /* unwind information (.eh_frame) */
        DL_MODE_NUMBERS, /* words that are numbers of symbols */
        DL_MODE_OBJECTS, /* all of a relocatable object, by its own headers */
        DL_MODES,
};

/* From this old position on, up to the next region's, `mode` holds. */
struct dl_region {
        uint32_t from, mode;
};

/* Elf64_Sym and Elf64_Rela, which are of one size. */
enum { SYMBOL_NAME = 0, SYMBOL_VALUE = 8, SYMBOL_SIZE = 24 };
enum { RELA_SYMBOL = 12, RELA_ADDEND = 16 };
#define RECORD_SIZE    24u

#define DL_REGION_UNIT 64u /* regions begin at multiples of this */

/*
 * A piece of a program in one image: `size` bytes of the file from `at` on, at `offset` from the
 * program's base in memory. What follows in memory alone, up to `memory` bytes, has positions
 * beyond the file's, from `tail` on.
 */
struct dl_span {
        uint32_t at, size, memory, offset, tail;
};

/* The same piece in both images. Rows rise, in both images. */
struct dl_row {
        struct dl_span from, to;
        uint32_t program;
};

struct dl_program {
        uint64_t from_va, to_va; /* address of the base */
        uint32_t row, rows;
        uint32_t symbols, strings; /* rows that begin with these tables of the dynamic linker */
};
#define DL_PROGRAM_ROWS 16u /* of one program, at most */
#define DL_NO_ROW       UINT32_MAX
#define DL_MEMORY_MAX   DL_IMAGE_MAX /* extent of a program */

struct dl_refs {
        uint32_t from_size, to_size; /* of the images */
        struct dl_row *rows;
        uint32_t row_count;
        struct dl_program *programs;
        uint32_t program_count;
        const struct dl_map *map;
        uint32_t *order; /* copies by old position, but for those inside a longer one */
        uint32_t ordered;
        struct dl_region *regions;
        uint32_t region_count;
        struct dl_objects objects;
        struct a64_word *words; /* scratch, DL_WINDOW_WORDS */
};

/* Old bytes around a piece, so that a reference can be seen whole and in its context. */
#define DL_WINDOW_LEAD  1024u
#define DL_WINDOW_TAIL  128u
#define DL_WINDOW_MAX   (DL_WINDOW_LEAD + DL_PIECE + DL_WINDOW_TAIL)
#define DL_WINDOW_WORDS (DL_WINDOW_MAX / 4u)

struct dl_window {
        uint8_t *bytes;
        uint32_t size;
        uint32_t from; /* old position of the first byte */
        int64_t shift; /* from old positions to new ones */
        const struct dl_copy *copy;
};

/* A part of a window that lies in one row of either image. */
struct dl_part {
        const struct dl_window *window;
        const struct dl_row *from, *to;
        uint32_t start, end; /* of the old row, in the window */
        uint32_t old_at;     /* of the window's first byte, from the old program's base */
        uint32_t new_at; /* of what is made of it, from the new program's base; these two wrap */
};

/* The positions of what a program has in memory alone follow the file's, row by row. */
void dl_refs_set_tails(struct dl_refs *r);

/* The row that has this position in its file part, or NULL. */
const struct dl_row *dl_refs_from_row(const struct dl_refs *r, uint32_t position);
const struct dl_row *dl_refs_to_row(const struct dl_refs *r, uint32_t position);

/* Sort the copies by old position. */
void dl_refs_sort(struct dl_refs *r);

/* The new position of what stood at `from`. */
uint32_t dl_refs_map(const struct dl_refs *r, const struct dl_copy *copy, uint32_t from);

/*
 * Where what stood at *offset from the base of the program of `from` is now, from the base of the
 * program of `to`. False when it is in neither.
 */
bool dl_refs_move(const struct dl_refs *r, const struct dl_copy *copy, const struct dl_row *from,
                  const struct dl_row *to, uint32_t *offset);

/* Predict the window's bytes [low, high) by the regions' modes. */
void dl_refs_predict(const struct dl_refs *r, const struct dl_window *w, uint32_t low,
                     uint32_t high);

/* The same by one mode, for the encoder to compare. */
void dl_refs_predict_mode(const struct dl_refs *r, const struct dl_window *w, enum dl_mode_id mode,
                          uint32_t low, uint32_t high);

/* Predict [low, high) of a part by one mode. */
void dl_mode_predict(const struct dl_refs *r, const struct dl_part *p, enum dl_mode_id mode,
                     uint32_t low, uint32_t high);

#endif
