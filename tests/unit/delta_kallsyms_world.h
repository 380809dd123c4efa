/* SPDX-License-Identifier: Apache-2.0 */
/* A patch of kallsyms alone, made by hand: from each symbol to what is told of all. */
#ifndef TESTS_UNIT_DELTA_KALLSYMS_WORLD_H
#define TESTS_UNIT_DELTA_KALLSYMS_WORLD_H

#include "delta/models/kallsyms.h"
#include "tests/unit/delta_hand.h"

#define SYMBOLS 131073u
#define TEXT    (600u << 10)

struct names {
        char text[TEXT];
        uint32_t at[SYMBOLS + 1], count;
};

/* Everything that makes a patch, as it is written; rows change it. */
extern struct kallsyms_world {
        struct names old, sent, new;
        struct words counts, starts; /* of the runs */
        uint32_t next_old, next_sent, run_count;
        uint32_t place[DL_K_SIZE / 4], count[4], new_count[4];
        uint32_t lead, trail; /* of the old image */
        uint32_t row;         /* bytes of it that the program has; 0: there is none */
        uint32_t old_code, new_code;
        bool nothing_sent;
        struct buffer spare, new_spare, from, to;
        struct bytes old_tokens, new_tokens;
        struct hand hand;
} kallsyms_world;

void clear_world(void);

void add_name(struct names *n, const char *text);
const char *name(const struct names *n, uint32_t i);

/* New symbols: old ones from a number on, or the next of those sent. */
void run_old(uint32_t first, uint32_t count);
void run_sent(uint32_t count);

void add_byte(struct buffer *b, uint32_t byte);

/* The old image; both, with what follows from names and runs. */
void make_old(void);
void tell_all(void);
/* One of the section's first words (DL_K_...). */
uint32_t *told(unsigned place);

/* The patch in `hand`, as it is told. */
void make_patch(void);

/* What the decoder says to it; where it is SG_OK the new tables come out. */
sg_err outcome(void);

/* A group's tear-down. */
int free_world(void **state);

#endif
