/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The frame of a patch, edited: directory, table, the lengths before the streams. Each edit changes
 * one thing and makes the checksums over it right again, but for those it is about.
 */
#ifndef TESTS_UNIT_DELTA_FRAME_EDITS_H
#define TESTS_UNIT_DELTA_FRAME_EDITS_H

#include "delta/wire.h"
#include "tests/unit/delta_rig.h"

extern struct made {
        struct buffer from, to, patch;
} resident, streamed; /* the copies stand in a section, in the segments */

/* Once per program: both. */
int set_up(void **state);
int tear_down(void **state);

uint8_t *header(const struct buffer *b, size_t at);
uint8_t *table(const struct buffer *b, uint32_t segment);
void seal_header(const struct buffer *b);

struct row {
        const char *what;
        void (*edit)(struct buffer *b);
        sg_err expected;
};

void count_behind_the_checksum(struct buffer *b);
void section_longer_than_its_chunk(struct buffer *b);
void section_shorter_than_its_chunk(struct buffer *b);
void section_of_no_number(struct buffer *b);
void section_beyond_the_last_number(struct buffer *b);
void section_with_another_checksum(struct buffer *b);
void segment_with_another_checksum(struct buffer *b);
void table_that_falls(struct buffer *b);
void table_that_ends_too_early(struct buffer *b);
void chunk_that_is_too_long(struct buffer *b);
void map_that_nothing_tells_of(struct buffer *b);
void map_that_is_not_there(struct buffer *b);
void lengths_without_an_end(struct buffer *b);
void lengths_cut_short(struct buffer *b);
void length_of_five_bytes(struct buffer *b);
void length_of_six_bytes(struct buffer *b);
void lengths_that_wrap(struct buffer *b);
void streams_shorter_than_their_chunk(struct buffer *b);
void streams_longer_than_their_chunk(struct buffer *b);
void section_with_bytes_to_spare(struct buffer *b);
void section_that_is_not_packed(struct buffer *b);
void section_that_goes_on(struct buffer *b);
void arena_without_a_core(struct buffer *b);
void arena_with_more(struct buffer *b);

#endif
