/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unwind information (.eh_frame): a chain of records, each with its length first. An entry (FDE)
 * says where its common part (CIE) stands, counted backwards, where its function begins, relative,
 * how long that is, and at which of its instructions the frame changes. All of these follow from
 * the map.
 */
#ifndef SEGUE_DELTA_FRAMES_H
#define SEGUE_DELTA_FRAMES_H

#include "delta/models/refs.h"

/* Byte offsets in an entry. */
enum {
        FRAME_LENGTH = 0, /* of what follows this word */
        FRAME_CIE = 4,    /* from here back to the CIE; 0 in a CIE itself */
        FRAME_BEGIN = 8,  /* from here to the function */
        FRAME_RANGE = 12,
        FRAME_AUGMENTATION = 16, /* length of the next field */
        FRAME_HEAD = 17
};

struct frame {
        uint32_t at, end;
};

/*
 * The next entry behind *f among `size` bytes, which may begin anywhere in the chain; to start with
 * *f is empty, at the first whole word. The first one is known by the next one's way back to the
 * same CIE. At least FRAME_HEAD bytes of it are there; its end may be beyond.
 */
bool frame_next(const uint8_t *bytes, uint32_t size, struct frame *f);

/* The mode's prediction of [low, high). */
void dl_frames_predict(const struct dl_refs *r, const struct dl_part *p, uint32_t low,
                       uint32_t high);

#endif
