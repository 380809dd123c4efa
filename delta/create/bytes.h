/* SPDX-License-Identifier: Apache-2.0 */
/* A growing byte string. Once an allocation has failed `failed` stays set and appends do nothing.
 */
#ifndef SEGUE_DELTA_BYTES_H
#define SEGUE_DELTA_BYTES_H

#include "delta/wire.h"

struct bytes {
        uint8_t *data;
        size_t size, room;
        bool failed;
};

void bytes_add(struct bytes *b, const void *data, size_t n);
void bytes_byte(struct bytes *b, uint8_t v);
void bytes_varint(struct bytes *b, uint32_t v);
/* Append such varints as a column of a section (dl_stream_column()). */
void bytes_column(struct bytes *b, const struct bytes *varints);
void bytes_word(struct bytes *b, uint32_t v); /* 32 bits, little-endian */
void bytes_free(struct bytes *b);

/* Room for n bytes more, to be written before `size` is raised; NULL when there is none. */
uint8_t *bytes_room(struct bytes *b, size_t n);

/* Append `raw` as one raw deflate stream; nothing for an empty one. */
void bytes_deflate(struct bytes *to, const struct bytes *raw);

/* The same for a section, whose columns differ: matches may cost more than codes for each. */
void bytes_deflate_columns(struct bytes *to, const struct bytes *raw);

#endif
