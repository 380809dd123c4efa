/* SPDX-License-Identifier: Apache-2.0 */
/* BTF in the encoder: find it in both images, match the types, send the permutation. */
#ifndef SEGUE_DELTA_CREATE_BTF_H
#define SEGUE_DELTA_CREATE_BTF_H

#include "delta/create/bytes.h"

struct btf_place {
        uint32_t at, size; /* in the image; size 0: none found */
};

struct btf_place btf_find(const uint8_t *image, uint32_t size);

struct btf_patch {
        struct bytes runs, sent;            /* the raw sections BTF and BTF_NEW */
        uint32_t counts[4], sent_counts[4]; /* and their counts */
};

/*
 * SG_E_DELTA_MODEL when the sections do not have the structure that the model knows; the images are
 * then treated without it.
 */
sg_err btf_encode(const uint8_t *from, struct btf_place from_place, const uint8_t *to,
                  struct btf_place to_place, struct btf_patch *patch);

#endif
