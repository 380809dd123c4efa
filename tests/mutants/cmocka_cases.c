/* SPDX-License-Identifier: Apache-2.0 */
/* Stands in front of CMocka's runner: each test of the group is a case of the judge. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/mutants/judge.h"

/* The linker's names. NOLINTBEGIN(bugprone-reserved-identifier) */
int __real__cmocka_run_group_tests(const char *name, const struct CMUnitTest *tests, size_t count,
                                   CMFixtureFunction setup, CMFixtureFunction teardown);
int __wrap__cmocka_run_group_tests(const char *name, const struct CMUnitTest *tests, size_t count,
                                   CMFixtureFunction setup, CMFixtureFunction teardown);

static bool passes(const void *what)
{
        const struct CMUnitTest *test = what;

        return __real__cmocka_run_group_tests(test->name, test, 1, NULL, NULL) == 0;
}

/* What the group sets up is made once, by unharmed code, and every test begins with it. */
int __wrap__cmocka_run_group_tests(const char *name, const struct CMUnitTest *tests, size_t count,
                                   CMFixtureFunction setup, CMFixtureFunction teardown)
{
        void *state = NULL;

        if (!judge_is_asked()) {
                return __real__cmocka_run_group_tests(name, tests, count, setup, teardown);
        }
        struct CMUnitTest *test = calloc(count, sizeof(*test));
        struct judge_case *cases = calloc(count, sizeof(*cases));
        int failed = test == NULL || cases == NULL || (setup != NULL && setup(&state) != 0);

        for (size_t i = 0; i < count && !failed; i++) {
                test[i] = tests[i];
                if (test[i].initial_state == NULL) {
                        test[i].initial_state = state;
                }
                cases[i] = (struct judge_case){test[i].name, passes, &test[i]};
        }
        failed = failed || judge(program_invocation_short_name, cases, count) != 0;
        if (teardown != NULL) {
                teardown(&state);
        }
        free(test);
        free(cases);
        return failed;
}
/* NOLINTEND(bugprone-reserved-identifier) */
