/* SPDX-License-Identifier: Apache-2.0 */
/* Values whose bytes do not stand together: those of a section's columns. */
#ifndef TESTS_UNIT_DELTA_COLUMNS_H
#define TESTS_UNIT_DELTA_COLUMNS_H

#include "tests/fuzz/patch_parts.h"

/* Columns of `count` values each (dl_stream_column()), the first from byte `start` on. */
struct columns {
        struct patch_part *part;
        size_t start;
        uint32_t count;
};

uint32_t column_value(struct columns c, uint32_t which, uint32_t i);
void put_column_value(struct columns c, uint32_t which, uint32_t i, uint32_t value);

/* The byte behind so many of them. */
size_t columns_end(struct columns c, uint32_t columns);

#endif
