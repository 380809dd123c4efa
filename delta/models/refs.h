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

enum dl_mode_id {
        DL_MODE_RAW,
        DL_MODE_A64,    /* instructions */
        DL_MODE_PREL32, /* words that count from their own place */
        DL_MODE_ABS64,  /* addresses */
        DL_MODE_OFF32,  /* words that count from the program's start */
        DL_MODES,
};

/* Old positions [from, from + length) are at `to` in the new image, whatever the copies say. */
struct dl_pin {
        uint32_t from, length, to;
};

/* From this old position on, up to the next region's, `mode` holds. */
struct dl_region {
        uint32_t from, mode;
};

#define DL_REGION_UNIT 64u /* regions begin at multiples of this */

struct dl_refs {
        uint32_t from_base, to_base;   /* file positions of the program's start */
        uint32_t from_limit, to_limit; /* of its end, memory beyond the file included */
        uint64_t from_va, to_va;       /* address of its start */
        const struct dl_map *map;
        uint32_t *order; /* copies by old position */
        struct dl_pin *pins;
        uint32_t pin_count;
        struct dl_region *regions;
        uint32_t region_count;
        struct a64_word *words; /* scratch, DL_WINDOW_WORDS */
};

/* Old bytes around a piece, so that a reference can be seen whole and in its context. */
#define DL_WINDOW_LEAD  256u
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

/* Sort the copies by old position. */
void dl_refs_sort(struct dl_refs *r);

/* The new position of what stood at `from`. It may lie beyond the file. */
uint32_t dl_refs_map(const struct dl_refs *r, const struct dl_copy *copy, uint32_t from);

/* Predict the window's bytes [low, high) by the regions' modes. */
void dl_refs_predict(const struct dl_refs *r, const struct dl_window *w, uint32_t low,
                     uint32_t high);

/* The same by one mode, for the encoder to compare. */
void dl_refs_predict_mode(const struct dl_refs *r, const struct dl_window *w, enum dl_mode_id mode,
                          uint32_t low, uint32_t high);

const char *dl_mode_name(enum dl_mode_id mode);

#endif
