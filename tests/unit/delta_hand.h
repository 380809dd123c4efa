/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Patches put together by hand. Their bytes are stored, so a read of them ends where a test wants
 * it. Without a stream every chunk is empty, and models make the whole output.
 */
#ifndef TESTS_UNIT_DELTA_HAND_H
#define TESTS_UNIT_DELTA_HAND_H

#include "delta/create/bytes.h"
#include "tests/fuzz/patch_parts.h"
#include "tests/unit/delta_rig.h"

#define HAND_WORDS 70000u

struct words {
        uint32_t v[HAND_WORDS], count;
};

void put_words(struct words *w, const uint32_t *v, uint32_t count);
#define PUT(words, ...)                                     \
        put_words((words), (const uint32_t[]){__VA_ARGS__}, \
                  sizeof((const uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t))

struct hand {
        struct patch_parts parts;
        struct bytes section[DL_SECTIONS_MAX], stream[DL_STREAMS];
};

void hand_begin(struct hand *h, size_t from_size, size_t to_size, uint32_t flags);
/* A section, to be filled; they come in the order of their numbers. */
struct bytes *hand_section(struct hand *h, enum dl_section_id id, const uint32_t counts[DL_COUNTS]);
void hand_column(struct bytes *section, const struct words *w);
/* One copy, as the section of copies. */
void hand_copy(struct hand *h, uint32_t to, uint32_t from, uint32_t length);
/* A stream of the first segment, to be filled. */
struct bytes *hand_stream(struct hand *h, enum dl_stream_id id);
struct buffer hand_end(struct hand *h);

/* What the decoder says to it; where it is SG_OK the output is `to`. */
sg_err hand_outcome(struct hand *h, const struct buffer *from, const struct buffer *to);

/* What its models make, in pieces of any size, none of which has a byte beside it written. */
void hand_expect_pieces(struct hand *h, const struct buffer *from, const struct buffer *to);

#endif
