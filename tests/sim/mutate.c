/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is the simulation any good? Each flush, journal write and boot-state write of the path is taken
 * away in turn; every one of these devices must break a promise somewhere.
 */
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/sim/disk.h"
#include "tests/sim/rows.h"
#include "tests/sim/watch.h"
#include "tests/sim/world_internal.h"

#define MUTANT_S 120 /* of an endless loop */

enum mutation { DROP_FLUSH, DROP_LOAD_FLUSH, DROP_SAVE, DROP_BOOT_WRITE };

static void mutate(enum mutation m, uint64_t n)
{
        switch (m) {
        case DROP_FLUSH:
                disk_drop_flush(world.disk, n);
                break;
        case DROP_LOAD_FLUSH:
                watch_drop_load_flush(n > 0);
                break;
        case DROP_SAVE:
                watch_drop_save(n);
                break;
        case DROP_BOOT_WRITE:
                watch_drop_boot_write(n);
                break;
        }
}

static uint64_t counted(enum mutation m)
{
        switch (m) {
        case DROP_FLUSH:
                return disk_flushes(world.disk);
        case DROP_LOAD_FLUSH:
                return 1; /* of all starts of the engine: it matters where one was killed before */
        case DROP_SAVE:
                return watch_saves();
        case DROP_BOOT_WRITE:
                return watch_boot_writes();
        }
        return 0;
}

/* Runs it in a process of its own; true when a promise was broken, or it died of it. */
static bool is_noticed(void (*run)(const void *arg), const void *arg)
{
        int status = 0;
        struct sim_stats before = *sim_stats;

        fflush(stdout);
        pid_t pid = fork();
        if (pid == 0) {
                sim_options.quiet = true;
                if (freopen("/dev/null", "w", stderr) == NULL ||
                    freopen("/dev/null", "w", stdout) == NULL) {
                        _exit(2);
                }
                alarm(MUTANT_S);
                sim_stats->failures = 0;
                run(arg);
                _exit(sim_stats->failures > 0);
        }
        waitpid(pid, &status, 0);
        *sim_stats = before;
        return !WIFEXITED(status) || WEXITSTATUS(status) != 0;
}

static uint64_t unnoticed;

static void count_mutant(const struct sim_row *row, uint32_t n, bool noticed, const char *what)
{
        sim_stats->cases++;
        if (!noticed) {
                unnoticed++;
                printf("  NOT NOTICED: %s: %s %u\n", row->name, what, n);
        }
}

/* ---- What is written ---- */

struct dropped {
        enum mutation mutation;
        uint64_t n;
};

static bool disk_is_lying(void)
{
        return disk_lies(world.disk);
}

static void run_dropped(const void *arg)
{
        static const struct sim_plan plans[] = {
                [DROP_FLUSH] = {.faults = SIM_POWER,
                                .variants = 40,
                                .every = 1,
                                .when = disk_is_lying},
                [DROP_LOAD_FLUSH] = {.faults = SIM_KILL | SIM_POWER,
                                     .variants = 1,
                                     .every = 2,
                                     .second = 1},
                [DROP_SAVE] = {.faults = SIM_POWER, .variants = 40, .every = 1, .when = watch_lies},
                [DROP_BOOT_WRITE] = {.faults = SIM_POWER,
                                     .variants = 40,
                                     .every = 1,
                                     .when = watch_lies},
        };
        const struct dropped *d = arg;

        world_reset();
        mutate(d->mutation, d->n);
        sim_sweep(&plans[d->mutation]);
        world_power_cycle(); /* was the last one missed? */
        world_check_end();
}

static void mutate_all(const struct sim_row *row, enum mutation m, const char *what)
{
        world_make(row->setup);
        sim_arm(NULL);
        world_run();
        uint64_t count = counted(m);
        world_remember();
        const struct dropped none = {m, 0};
        if (is_noticed(run_dropped, &none)) {
                sim_broken("%s: without any mutation a promise is broken", row->name);
        }
        for (uint32_t n = 1; n <= count; n++) {
                const struct dropped d = {m, n};

                count_mutant(row, n, is_noticed(run_dropped, &d), what);
        }
        printf("%s: %u taken away, %u not noticed\n", row->name, (unsigned)sim_stats->cases,
               (unsigned)unnoticed);
        if (sim_stats->cases - unnoticed < row->least || (row->least == 0 && unnoticed > 0)) {
                sim_broken("%s: too few were noticed", row->name);
        }
}

void mutate_flushes(const struct sim_row *row)
{
        mutate_all(row, DROP_FLUSH, "flush");
        mutate_all(row, DROP_LOAD_FLUSH, "flush at a start");
}

void mutate_saves(const struct sim_row *row)
{
        mutate_all(row, DROP_SAVE, "write of the engine's journal");
}

void mutate_boot_writes(const struct sim_row *row)
{
        mutate_all(row, DROP_BOOT_WRITE, "write of the boot state");
}
