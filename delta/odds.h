/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a bit will be, learned from the bits before it: several contexts each tell their odds, and a
 * mixer adds them up as logarithms, by weights that follow from how right each was (logistic
 * mixing). All in integers, so that every build learns the same.
 */
#ifndef SEGUE_DELTA_ODDS_H
#define SEGUE_DELTA_ODDS_H

#include <stdbool.h>
#include <stdint.h>

#define ODDS_CONTEXTS  4u
#define ODDS_SEEN      127u /* bits after which a context forgets as fast as it learns */
#define ODDS_LOGARITHM 4096u
#define ODDS_EVEN      32768u

/* A context: how likely its next bit is 1, in 1/65536 (128 to 65407: less of an error is no step),
 * and how many bits it has seen. */
struct odds {
        uint16_t one, seen;
};

struct odds_mixer {
        int32_t weight[ODDS_CONTEXTS]; /* 1/65536 */
};

/* ln(p / (1 - p)) in 1/256 by p in 1/4096; how much of an error a context takes, by bits seen. */
struct odds_tables {
        int16_t logarithm[ODDS_LOGARITHM];
        uint16_t share[ODDS_SEEN + 1];
};

/* A bit that is told next, by contexts[0 .. ODDS_CONTEXTS). */
struct odds_bit {
        const struct odds_tables *tables;
        struct odds_mixer *mixer;
        struct odds *contexts[ODDS_CONTEXTS];
        int32_t logarithms[ODDS_CONTEXTS];
        uint32_t one; /* how likely it is 1, in 1/65536 */
};

void odds_tables(struct odds_tables *tables);
void odds_clear(struct odds *contexts, uint32_t count);
void odds_mixer_clear(struct odds_mixer *mixer);

/* Its `one`, from tables, mixer and contexts: 1 to 65535. */
void odds_mix(struct odds_bit *b);

/* It was `bit`. */
void odds_learn(const struct odds_bit *b, bool bit);

/* The same for a context alone, whose odds are its own. */
void odds_learn_alone(const struct odds_tables *tables, struct odds *context, bool bit);

#endif
