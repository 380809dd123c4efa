/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What tests/mutants/rewrite.c puts around each condition: a hook by which it can be recorded, and
 * forced to a value. MUTANT="where=0" or "where=1" in the environment forces one from the start, to
 * look at a mutant by hand.
 */
#ifndef TESTS_MUTANTS_CONDITION_H
#define TESTS_MUTANTS_CONDITION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct condition_place {
        const char *where; /* file:function: text */
        int forced;        /* to 0 or 1; -1: it is not */
} __attribute__((aligned(16)));

bool condition_value(const struct condition_place *place, bool value);

#define CONDITION(name, ...)                                                       \
        __extension__({                                                            \
                static struct condition_place place_                               \
                        __attribute__((section("conditions"), used)) = {name, -1}; \
                condition_value(&place_, (__VA_ARGS__) ? true : false);            \
        })

size_t condition_count(void);
const char *condition_name(size_t place);
void condition_force(size_t place, bool value);
/* From now on bit v of seen[place] is set where a condition has the value v. */
void condition_record(uint8_t *seen);

#endif
