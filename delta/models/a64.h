/* SPDX-License-Identifier: Apache-2.0 */
/*
 * References in AArch64 code: which words refer to which address, and how a word looks when its
 * place and its target have moved. All positions count from the program's base, which is the start
 * of a page.
 */
#ifndef SEGUE_DELTA_A64_H
#define SEGUE_DELTA_A64_H

#include <stdbool.h>
#include <stdint.h>

enum a64_kind {
        A64_NONE,
        A64_B26, /* B, BL */
        A64_I19, /* B.cond, CBZ, CBNZ, LDR (literal) */
        A64_I14, /* TBZ, TBNZ */
        A64_ADR,
        A64_ADRP, /* the target is that of the first word that uses its register */
        A64_LO12, /* ADD, LDR, STR with the low half of an ADRP's target */
};

struct a64_word {
        uint32_t target;
        uint8_t kind; /* enum a64_kind */
};

/*
 * Find the references among `count` words at `bytes`, the first at `pos`. References that leave
 * [0, limit) are none.
 */
void a64_analyse(const uint8_t *bytes, uint32_t count, uint32_t pos, uint32_t limit,
                 struct a64_word *words);

/* `word` at `pos` when it refers to `target`; unchanged when it cannot. */
uint32_t a64_retarget(uint32_t word, enum a64_kind kind, uint32_t pos, uint32_t target);

/* `word` with `target` itself, as far as it fits, in place of what refers to it. */
uint32_t a64_canonical(uint32_t word, enum a64_kind kind, uint32_t target);

#endif
