/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A column of bytes in little more memory than its Huffman code takes: a wavelet tree with four
 * sides. Each inner node has a digit for each byte below it, in the column's order: to which side
 * that byte goes. An entry is followed from the root to its byte by counting digits.
 */
#ifndef SEGUE_DELTA_TREE_H
#define SEGUE_DELTA_TREE_H

#include "delta/wire.h"

#define TREE_BYTES 256u
#define TREE_SIDES 4u
#define TREE_INNER \
        (TREE_BYTES / (TREE_SIDES - 1u)) /* inner nodes; their numbers follow the bytes */

struct tree_node {
        uint32_t start;              /* its first digit */
        uint32_t before[TREE_SIDES]; /* how often each digit stands before that */
        uint16_t child[TREE_SIDES];
};

struct tree_shape {
        struct tree_node inner[TREE_INNER];
        uint32_t next[TREE_INNER];            /* where its next digit goes */
        uint16_t up[TREE_BYTES + TREE_INNER]; /* parent * 4 + side; the root has none */
        uint16_t root;
        uint32_t left[TREE_BYTES];  /* entries of each byte still to come */
        uint32_t first[TREE_BYTES]; /* entries of smaller bytes */
};

struct dl_tree {
        struct tree_shape *shape;
        uint64_t *digits;
        uint16_t (*counts)[TREE_SIDES - 1]; /* of digits between a span's start and each step */
        uint32_t (*spans)[TREE_SIDES - 1];  /* of digits before each span */
        uint32_t room;                      /* steps of memory */
        uint32_t used;                      /* digits */
};

/* The shape for a column with so many entries of each byte; returns its digits. */
uint32_t tree_plan(struct tree_shape *shape, const uint32_t counts[TREE_BYTES]);

/* Begin a column. false: it needs more memory than there is. */
bool tree_begin(struct dl_tree *t, const uint32_t counts[TREE_BYTES]);

/* Append n entries. false: more of this byte than were announced. */
bool tree_append(struct dl_tree *t, uint8_t byte, uint32_t n);

/* All entries are there. */
void tree_finish(struct dl_tree *t);

/* The byte of an entry; *before: smaller ones in the column and equal ones before it. */
uint8_t tree_entry(const struct dl_tree *t, uint32_t at, uint32_t *before);

#endif
