/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Copies (delta/copy_code.h) as they are told, by varints: how many, then of each one the literal
 * bytes before it, its length, and its place's number.
 */
#ifndef TESTS_FUZZ_PATCH_COPIES_H
#define TESTS_FUZZ_PATCH_COPIES_H

#include "delta/create/bytes.h"

/* Of the output from `to` on. false: they are none. */
bool patch_copies_read(struct bytes *told, const uint8_t *packed, size_t size, uint32_t from_size,
                       uint32_t to);

/* Whatever is told is packed, as far as a decoder could follow it. */
void patch_copies_write(struct bytes *packed, const uint8_t *told, size_t size, uint32_t from_size,
                        uint32_t to);

#endif
