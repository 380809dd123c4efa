/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What tests/mutants/rewrite.c puts around each condition. In the environment:
 *
 *   MUTANT=where=0|1  the condition at that place is always false, or true
 *   QUICK=1           without the tests that sweep, survives_*
 *   REACHED=file      a line is added to it for each condition that was reached: its place, and
 *                     which values it had
 */
#ifndef TESTS_MUTANTS_CONDITION_H
#define TESTS_MUTANTS_CONDITION_H

#include <stdbool.h>

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

#endif
