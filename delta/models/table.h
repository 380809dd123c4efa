/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The decoder's models, one row each: the section that brings one, what it takes from the arena,
 * and how it is opened. An open model predicts: references by the modes of delta/models/modes.c,
 * whole structures by the ranges of output that it adds to dl->made. What it misses is corrected
 * like any copy. A new format is one more file, one more row here, and its encoder in
 * delta/create/models.c.
 */
#ifndef SEGUE_DELTA_MODELS_TABLE_H
#define SEGUE_DELTA_MODELS_TABLE_H

#include "delta/decoder.h"

struct dl_model {
        enum dl_section_id section;
        void (*plan)(struct dl *dl, struct dl_arena *arena);
        sg_err (*open)(struct dl *dl); /* SG_E_DELTA_MODEL for what does not fit the old image */
};

#define DL_MODELS 6u
extern const struct dl_model dl_models[DL_MODELS];

#endif
