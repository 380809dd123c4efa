/* SPDX-License-Identifier: Apache-2.0 */
/* Canonical images: what is at work, and what stands for a reference. */
#ifndef SEGUE_DELTA_CANONICAL_H
#define SEGUE_DELTA_CANONICAL_H

#include "delta/create/program.h"

struct canonical {
        const struct program *p;
        const struct view *v;
        bool old;
        enum naming naming;
        const uint8_t *plain;
        uint8_t *out;
        struct a64_word *words;     /* CODE_WORDS */
        const struct dl_span *span; /* at work */
        uint32_t program;
};

#define CODE_WORDS   65536u /* analysed at a time */
#define ADDRESS_MARK 0x8000000000000000ull

/* What stands for the position `at`. */
uint32_t canonical_name(const struct canonical *c, uint32_t at);

/* All relocatable objects. */
void canonical_objects(struct canonical *c);

#endif
