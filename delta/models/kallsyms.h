/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kallsyms, the kernel's symbol table: names compressed by a table of 256 tokens that each build
 * chooses anew. The new names are made from the list of symbols (old ones in runs, new ones sent)
 * and the new tokens; so are the markers (where every 256th name starts), both token tables, the
 * offsets (an old symbol's through the map of copies) and the list of symbols sorted by name.
 */
#ifndef SEGUE_DELTA_KALLSYMS_H
#define SEGUE_DELTA_KALLSYMS_H

#include "delta/models/refs.h"

struct dl;
struct dl_arena;

#define KALLSYMS_BLOCK    256u  /* names per marker */
#define KALLSYMS_STEP     16u   /* old names per entry of the decoder's index */
#define KALLSYMS_NAME_MAX 1024u /* bytes of a name, its type letter included */
#define KALLSYMS_PAIRS    65536u

/* A token table: code c stands for the bytes [at[c], at[c + 1]) less their NUL. */
struct kallsyms_tokens {
        const uint8_t *text;
        uint32_t at[257];
};

/* false when the text does not hold 256 tokens that end with its last byte. */
bool kallsyms_tokens_open(struct kallsyms_tokens *t, const uint8_t *text, uint32_t size);

/*
 * Learn which pair of codes each token replaces (the kernel's build makes them from 255 down). A
 * pair that is replaced by none maps to KALLSYMS_NO_PAIR, a digit: digits stand for themselves.
 */
#define KALLSYMS_NO_PAIR 0x30u
void kallsyms_pairs(const struct kallsyms_tokens *t, uint8_t pairs[KALLSYMS_PAIRS]);

/* Compress a name in place; its new length. */
uint32_t kallsyms_squeeze(const uint8_t pairs[KALLSYMS_PAIRS], uint8_t *name, uint32_t n);

/* Expand a compressed name; 0 when it is longer than KALLSYMS_NAME_MAX. */
uint32_t kallsyms_expand(const struct kallsyms_tokens *t, const uint8_t *packed, uint32_t n,
                         uint8_t name[KALLSYMS_NAME_MAX]);

/* `count` symbols from new number `to` on; from the old ones or from the sent ones. */
struct kallsyms_run {
        uint32_t to, from, count; /* count's top bit: sent; `from` counts the sent ones then */
};
#define KALLSYMS_SENT 0x80000000u

struct kallsyms_place {
        uint32_t symbol, run; /* the next symbol to make, and its run */
        uint32_t at;          /* its offset among the new names */
        uint32_t old, old_at; /* an old symbol and its offset: where reading stands */
};

struct dl_kallsyms {
        uint32_t from_names, from_size,
                from_count; /* the old names: file position, bytes, symbols */
        uint32_t from_tokens;
        uint32_t names, size, count; /* the new ones */
        uint32_t markers, tokens, index;
        uint32_t run_count, sent_size, sent_count, token_size, old_token_size;
        struct kallsyms_run *runs;
        uint32_t from_offsets, offsets, from_sorted, sorted; /* file positions, 0: none */
        uint32_t *old_steps; /* offset of every KALLSYMS_STEPth old name */
        uint32_t *new_of;    /* [from_count] the new symbol that an old one became, or NONE */
        uint32_t *order;     /* [count] symbols by name */
        uint32_t *blocks;    /* and of every 256th new one */
        uint32_t *sent_at;   /* [sent_count + 1] */
        uint8_t *sent, *token_text, *old_token_text, *pairs;
        struct kallsyms_tokens *old_tokens, *new_tokens;
        uint8_t *name; /* KALLSYMS_NAME_MAX + 2: one compressed name with its length */
        struct kallsyms_place place;
        const struct dl_row *row; /* the program's piece that the offsets count in */
};

void dl_kallsyms_plan(struct dl *dl, struct dl_arena *arena);
sg_err dl_kallsyms_open(struct dl *dl);

/* Symbols copied again from an old one, times all new ones: more is refused. */
#define KALLSYMS_WORK (1ull << 28)

/*
 * For its own files: the run that holds a new symbol; an old symbol's name, expanded; the list of
 * new symbols sorted by name.
 */
const struct kallsyms_run *dl_kallsyms_run(const struct dl_kallsyms *k, uint32_t symbol);
sg_err dl_kallsyms_old_name(struct dl *dl, uint32_t old, uint8_t *name, uint32_t *size);
sg_err dl_kallsyms_sort(struct dl *dl);

#endif
