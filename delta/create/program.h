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

/* Guess the modes from the bytes alone: code, or addresses. */
void view_guess_modes(struct view *v);

/* Take over two views whose bytes, base, limit and va are set. */
sg_err program_open(struct program *p, const struct view *from, const struct view *to);
void program_close(struct program *p);

/* Take new copies: rebuild the map by which references are predicted. */
sg_err program_map(struct program *p, const struct copies *copies);

/* Choose the mode of each old unit by what it predicts best under the map, carry it to the new. */
sg_err program_choose_modes(struct program *p);

/* Find the moves that the copies do not tell. */
sg_err program_choose_pins(struct program *p);

/*
 * The image with each reference replaced by what it refers to: positions in the new image, so that
 * the old and the new one agree wherever nothing but places changed. With `masked` by nothing at
 * all, for a start without a map.
 */
sg_err program_canonical(const struct program *p, bool old, bool masked, uint8_t *out);

/* Called for each reference of a copy: the old and the new target that stand in the images. */
typedef void (*reference_fn)(void *ctx, const struct dl_copy *copy, uint32_t from, uint32_t to);
sg_err program_each_reference(const struct program *p, reference_fn fn, void *ctx);

#endif
