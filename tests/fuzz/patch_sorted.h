/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A sorted stream (delta/blocks.h) as it is told, numbers as varints: how many bytes it stands for;
 * then of each block 256 counts, the row of the end, how many ranks follow, and these as bytes.
 */
#ifndef TESTS_FUZZ_PATCH_SORTED_H
#define TESTS_FUZZ_PATCH_SORTED_H

#include "delta/create/bytes.h"

/* false: it is none. */
bool patch_sorted_read(struct bytes *told, const uint8_t *packed, size_t size);

/* Whatever is told is packed, as far as it goes. */
void patch_sorted_write(struct bytes *packed, const uint8_t *told, size_t size);

#endif
