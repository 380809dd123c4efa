/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEGUE_DELTA_CREATE_HUFFMAN_H
#define SEGUE_DELTA_CREATE_HUFFMAN_H

#include "delta/create/bytes.h"

/*
 * Append `raw` as one raw deflate stream without matches; a new block with codes of its own begins
 * wherever that saves more than its head takes. Nothing for an empty one.
 */
void huffman_deflate(struct bytes *to, const struct bytes *raw);

#endif
