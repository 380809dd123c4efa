/* SPDX-License-Identifier: Apache-2.0 */
/* kallsyms in the encoder: find it by its structure, match the symbol lists. */
#ifndef SEGUE_DELTA_CREATE_KALLSYMS_H
#define SEGUE_DELTA_CREATE_KALLSYMS_H

#include "delta/create/bytes.h"
#include "delta/models/kallsyms.h"

struct kallsyms_place_in {
        uint32_t names, names_size, count;
        uint32_t markers, tokens, token_size, index;
        uint32_t offsets, sorted; /* 0: not found */
};

/* false when the image has none that follows the known structure. */
bool kallsyms_find(const uint8_t *image, uint32_t size, struct kallsyms_place_in *place);

struct kallsyms_patch {
        struct bytes runs, sent;
        uint32_t counts[4], sent_counts[4];
};

/*
 * SG_E_DELTA_MODEL when the new names do not follow from their list and tokens; the images are then
 * treated without the model. SG_E_NO_MEMORY.
 */
sg_err kallsyms_encode(const uint8_t *from, const struct kallsyms_place_in *a, const uint8_t *to,
                       const struct kallsyms_place_in *b, struct kallsyms_patch *patch);

#endif
