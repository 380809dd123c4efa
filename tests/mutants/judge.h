/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A judge is a test program whose code under test was rewritten (rewrite.c). First it runs each of
 * its cases once, unharmed, and records which values each condition had in it. Then it tries each
 * mutant, in those cases only in which the condition had the other value: quickest first, until
 * one fails. Each run is a process of its own.
 *
 * MUTANTS_LOG, in the environment, names the file by which judges that run one after another know
 * of each other. Of its lines a judge reads "known NAME" and "noticed NAME", mutants that it leaves
 * out, and adds, with tabs between the words:
 *
 *   mutant NAME            it is in this program
 *   tried NAME             some case can tell it
 *   noticed NAME CASE      a case failed
 *
 * MUTANTS_QUICK=n leaves out cases that take longer than n milliseconds, MUTANTS_ONLY=text mutants
 * without that text in their names.
 */
#ifndef TESTS_MUTANTS_JUDGE_H
#define TESTS_MUTANTS_JUDGE_H

#include <stdbool.h>
#include <stddef.h>

struct judge_case {
        const char *name;
        bool (*passes)(const void *what);
        const void *what;
};

/* Is this run one of `make mutants`? */
bool judge_is_asked(void);
/* 0, or 1 if a case fails without any mutation. */
int judge(const char *program, const struct judge_case *cases, size_t count);

#endif
