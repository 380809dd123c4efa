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

/* Put one more of the models in use into e->without; false when there is none. */
bool give_up_model(struct encoder *e);

#endif
