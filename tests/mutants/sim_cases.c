/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The simulator as a judge: the rows of `make test`, of which sweeps are a sample; without those
 * that take code away themselves, and the random one.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/mutants/judge.h"
#include "tests/sim/rows.h"

static bool is_case(const struct sim_row *row)
{
        return row->when == SIM_ALWAYS && strncmp(row->name, "mutation", 8) != 0 &&
               strncmp(row->name, "random", 6) != 0;
}

static bool passes(const void *what)
{
        const struct sim_row *row = what;

        sim_stats_reset();
        row->run(row);
        return sim_stats->failures == 0;
}

int main(void)
{
        struct judge_case *cases = calloc(sim_row_count, sizeof(*cases));
        size_t count = 0;

        sim_options.quiet = true;
        for (uint32_t i = 0; i < sim_row_count && cases != NULL; i++) {
                if (is_case(&sim_rows[i])) {
                        cases[count++] =
                                (struct judge_case){sim_rows[i].name, passes, &sim_rows[i]};
                }
        }
        int failed = cases == NULL || !judge_is_asked() || judge("sim", cases, count) != 0;
        free(cases);
        return failed;
}
