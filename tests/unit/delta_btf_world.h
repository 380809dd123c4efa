/* SPDX-License-Identifier: Apache-2.0 */
/* A patch of BTF alone, made by hand: from each word of the two sections to what is told of them.
 */
#ifndef TESTS_UNIT_DELTA_BTF_WORLD_H
#define TESTS_UNIT_DELTA_BTF_WORLD_H

#include "delta/models/btf.h"
#include "tests/unit/delta_hand.h"

#define INFO(kind, length) ((uint32_t)(kind) << 24 | (length))
enum { INT = 1, PTR, ARRAY, STRUCT, TYPEDEF = 8, VOLATILE, CONST };

struct strings {
        char text[160u << 10];
        uint32_t size, count;
};

/* A section's two parts. */
struct btf {
        struct words types;
        struct strings strings;
};

/* Everything that makes a patch, as it is written; rows change it. */
extern struct btf_world {
        struct btf old, new;
        uint32_t old_types, new_types;
        struct words lengths, starts, gaps, distances, sent;
        struct strings texts;
        uint32_t header[BTF_HEADER / 4], lead, trail; /* of the old section, and around it */
        uint32_t from, to, type_size, string_size, runs;
        uint32_t count[4], new_count[4];
        struct bytes spare, new_spare; /* behind the sections */
        bool nothing_sent;
        uint32_t cut; /* bytes of which the new image is shorter */
        struct hand hand;
        struct buffer image, made; /* old and new */
} btf_world;

void clear_world(void);

/* Where it stands. */
uint32_t put_string(struct strings *s, const char *text);

#define OLD_TYPE(...) (PUT(&btf_world.old.types, __VA_ARGS__), btf_world.old_types++)
#define NEW_TYPE(...) (PUT(&btf_world.new.types, __VA_ARGS__), btf_world.new_types++)
/* Old types from a number on; the one that would follow is `last` + 1. */
#define RUN(length, last, first)          \
        (PUT(&btf_world.lengths, length), \
         PUT(&btf_world.starts, 1 + dl_zigzag((int32_t)(first) - (int32_t)(last)-1)))
#define RUN_SENT(length) (PUT(&btf_world.lengths, length), PUT(&btf_world.starts, 0))

/* What follows from types, strings and columns. */
void tell_sizes(void);

/* The images, and the patch in `hand`, as they are told. */
void make_patch(void);

/* What the decoder says to it; where it is SG_OK the new section comes out. */
sg_err outcome(void);

#endif
