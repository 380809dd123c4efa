/* SPDX-License-Identifier: Apache-2.0 */
/*
 * segue-sim: the update path under faults, on the host. Each row ends with one line as CMocka
 * prints it, so that tests/run counts them.
 *
 *   segue-sim [--soak | --vast] [--seed N] [--jobs N] [--row NAME [--at OPERATION]]
 *   segue-sim --list
 */
#include "tests/sim/rows.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "updater/engine.h"

/* In a process of its own: a row starts as the first one did. */
static bool run_row(const struct sim_row *row)
{
        int status = 0;

        sim_stats_reset();
        printf("[ RUN      ] %s: %s\n", row->name, row->what);
        fflush(stdout);
        pid_t pid = fork();
        if (pid == 0) {
                row->run(row);
                fflush(stdout);
                _exit(sim_stats->failures > 0 ? 1 : 0);
        }
        bool good = pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
                    WEXITSTATUS(status) == 0;
        fflush(stdout);
        printf("%s %s\n", good ? "[       OK ]" : "[  FAILED  ]", row->name);
        return good;
}

static bool is_chosen(const struct sim_row *row)
{
        return !sim_options.vast || row->when == SIM_VAST;
}

static void print_total(uint32_t run, uint32_t failed)
{
        static const char *const slot_states[] = {"empty", "open",  "staged",
                                                  "good",  "stale", "failed"};

        sim_stats_reset();
        printf("%" PRIu64 " operations, %" PRIu64 " cut, %" PRIu64 " single faults, %" PRIu64
               " second ones, %" PRIu64 " failures\nengine:",
               sim_total->operations + sim_total->reads, sim_total->cut_at, sim_total->cases,
               sim_total->pairs, sim_total->failures);
        for (unsigned i = 0; i < ENGINE_STATE_COUNT; i++) {
                if ((sim_total->states >> i & 1) != 0) {
                        printf(" %s", engine_state_name((enum engine_state)i));
                }
        }
        printf("\nslots:");
        for (unsigned i = 0; i < sizeof(slot_states) / sizeof(slot_states[0]); i++) {
                if ((sim_total->slot_states >> i & 1) != 0) {
                        printf(" %s", slot_states[i]);
                }
        }
        printf("\nseed %" PRIu64 "\n%u rows, %u failed\n", sim_options.seed, run, failed);
}

static int usage(void)
{
        fprintf(stderr,
                "usage: segue-sim [--soak | --vast] [--seed N] [--jobs N] [--row NAME [--at "
                "OPERATION]]\n"
                "       segue-sim --list\n");
        return 2;
}

int main(int argc, char **argv)
{
        static const struct option options[] = {
                {"soak", no_argument, NULL, 'k'},       {"vast", no_argument, NULL, 'v'},
                {"seed", required_argument, NULL, 's'}, {"jobs", required_argument, NULL, 'j'},
                {"row", required_argument, NULL, 'r'},  {"at", required_argument, NULL, 'a'},
                {"list", no_argument, NULL, 'l'},       {NULL, 0, NULL, 0},
        };
        const char *only = NULL;
        uint32_t run = 0, failed = 0;
        int o;

        while ((o = getopt_long(argc, argv, "", options, NULL)) != -1) {
                switch (o) {
                case 'k':
                        sim_options.soak = true;
                        break;
                case 'v':
                        sim_options.vast = true;
                        break;
                case 's':
                        sim_options.seed = strtoull(optarg, NULL, 0);
                        break;
                case 'j':
                        sim_options.jobs = (uint32_t)strtoul(optarg, NULL, 0);
                        break;
                case 'r':
                        only = optarg;
                        break;
                case 'a':
                        sim_options.operation = strtoull(optarg, NULL, 0);
                        break;
                case 'l':
                        for (uint32_t i = 0; i < sim_row_count; i++) {
                                printf("%-30s %s\n", sim_rows[i].name, sim_rows[i].what);
                        }
                        return 0;
                default:
                        return usage();
                }
        }
        if (optind != argc || sim_options.jobs == 0) {
                return usage();
        }
        for (uint32_t i = 0; i < sim_row_count; i++) {
                if (only == NULL ? is_chosen(&sim_rows[i]) : strcmp(only, sim_rows[i].name) == 0) {
                        run++;
                        failed += run_row(&sim_rows[i]) ? 0 : 1;
                }
        }
        print_total(run, failed);
        return run == 0 ? usage() : failed > 0;
}
