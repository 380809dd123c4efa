/* SPDX-License-Identifier: Apache-2.0 */
/* The encoder's view of a program inside the two images, and of the references in it. */
#ifndef SEGUE_DELTA_PROGRAM_H
#define SEGUE_DELTA_PROGRAM_H

#include "delta/create/bytes.h"
#include "delta/create/match.h"
#include "delta/models/refs.h"

/* One image: its bytes, where the program stands, and the mode of each DL_REGION_UNIT bytes. */
struct view {
        const uint8_t *bytes;
        uint32_t size;
        uint32_t base, limit; /* file positions; the limit counts memory beyond the file */
        uint64_t va;          /* address of the base; 0: unknown */
        uint8_t *modes;
};

struct program {
        struct view from, to;
        struct dl_refs refs; /* as the decoder will have them */
        struct dl_map map;
};

/* Find an arm64 Linux Image in the bytes, else take them as a program from end to end. */
void view_detect(struct view *v);

/* Guess the modes from the bytes alone: code, addresses or tables of relative words. */
void view_guess_modes(struct view *v);

/* Take over two views whose bytes, base, limit and va are set. */
sg_err program_open(struct program *p, const struct view *from, const struct view *to);
void program_close(struct program *p);

/* Take new copies: rebuild the map by which references are predicted. */
sg_err program_map(struct program *p, const struct copies *copies);

/* Choose the mode of each old unit by what it predicts best under the map, carry it to the new. */
sg_err program_choose_modes(struct program *p);

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
