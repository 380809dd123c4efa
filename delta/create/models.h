/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel models in the encoder. */
#ifndef SEGUE_DELTA_CREATE_MODELS_H
#define SEGUE_DELTA_CREATE_MODELS_H

#include "delta/create/encoder.h"

/*
 * Encode what the models know of both images, but for those in e->without: sections, holes in the
 * output, and views whose slots hold their addresses. A model that finds its structure and cannot
 * follow it joins e->without.
 */
sg_err encode_models(struct encoder *e);

/*
 * What the decoder will say to them, told before anything is matched, as that takes the most time
 * by far. SG_E_DELTA_MODEL: it refuses one, e->refused; SG_E_DELTA_MAP: they have no room in chunk
 * 0.
 */
sg_err try_models(struct encoder *e);

enum model_limit { MEMORY_SHORT, CHUNK_FULL };

/* Put one more of the models in use into e->without, to stay within a limit; false: there is none.
 */
bool give_up_model(struct encoder *e, enum model_limit why);

/* The one that e->refused tells; false when that is none. */
bool give_up_refused(struct encoder *e);

/* Is one in use? */
bool models_in_use(const struct encoder *e);

#endif
