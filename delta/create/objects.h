/* SPDX-License-Identifier: Apache-2.0 */
/* Relocatable objects in the encoder. */
#ifndef SEGUE_DELTA_CREATE_OBJECTS_H
#define SEGUE_DELTA_CREATE_OBJECTS_H

#include "delta/create/program.h"

/*
 * Add the object at `at` to v->objects, behind those that are there; its end is *end, `at` when
 * there is none. False without memory.
 */
bool objects_find(struct view *v, uint32_t at, uint32_t *end);

/* Take over what another view shows. False without memory. */
bool objects_copy(struct dl_objects *to, const struct dl_objects *from);
void objects_free(struct dl_objects *o);

/* Find the old object of each new one by the copies: p->refs.objects. SG_E_NO_MEMORY. */
sg_err objects_pair(struct program *p, const struct copies *copies);

/* Leave only those that save enough, and of these what has room in `memory` bytes of the arena. */
void objects_fit(struct program *p, uint64_t memory);

/* The section. */
void objects_encode(const struct dl_objects *all, struct bytes *out);

#endif
