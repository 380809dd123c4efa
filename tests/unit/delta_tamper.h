/* SPDX-License-Identifier: Apache-2.0 */
/* Damage behind compression and checksums: what a forger would send, or a broken encoder. */
#ifndef TESTS_UNIT_DELTA_TAMPER_H
#define TESTS_UNIT_DELTA_TAMPER_H

#include "delta/copy_code.h"
#include "tests/fuzz/patch_parts.h"
#include "tests/unit/delta_rig.h"

/* One edit of a patch that is otherwise right, and what the decoder must say to it. */
struct tampering {
        const char *what;
        void (*edit)(struct patch_parts *p);
        sg_err expected;
};

/* Every row is refused with its number, and nothing is written beside the output. */
void expect_refused(const struct buffer *patch, const struct buffer *from, size_t to_size,
                    const struct tampering *rows, size_t count);

/* One word of the old image that is another one; the patch is right. */
struct rotten {
        const char *what;
        uint32_t at, value;
};

/* Each row is refused as a structure that a model does not know. */
void expect_rot_refused(const struct buffer *patch, const struct buffer *from, size_t to_size,
                        const struct rotten *rows, size_t count);

struct patch_part *part_of(struct patch_parts *p, enum dl_section_id id);
/* The section's entry in the directory. */
uint8_t *entry_of(struct patch_parts *p, enum dl_section_id id);
uint32_t count_of(struct patch_parts *p, enum dl_section_id id, unsigned which);
/* Modulo 2^32. */
void add_to_count(struct patch_parts *p, enum dl_section_id id, unsigned which, uint32_t n);
void set_count(struct patch_parts *p, enum dl_section_id id, unsigned which, uint32_t value);

/* The i-th varint from byte `start` on: read it, put another one in its place. */
uint32_t varint_at(const struct patch_part *part, size_t start, uint32_t i);
void put_varint_at(struct patch_part *part, size_t start, uint32_t i, uint32_t value);

/* A number of the i-th copy in a section or a stream (tests/fuzz/patch_copies.h). */
uint32_t told_at(const struct patch_part *part, uint32_t i, enum copy_field field);
void put_told_at(struct patch_part *part, uint32_t i, enum copy_field field, uint32_t value);

#endif
