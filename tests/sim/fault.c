/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/fault.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/sim/world.h"

#define CHILD_CPU_S 30 /* more is an endless loop */

struct sim_stats *sim_stats, *sim_total;

static struct {
        bool armed;
        struct sim_plan plan;
        uint32_t depth; /* faults suffered */
        uint64_t operations;
        uint64_t reads;
        uint32_t children;
        struct sim_case now;
        uint64_t planned_at; /* by sim_fail_at() */
        enum sim_fault planned;
        uint64_t planned_seed;
        char story[400];
} state;

uint64_t sim_hash(uint64_t a, uint64_t b)
{
        uint64_t x = a * 0x9e3779b97f4a7c15u + b * 0xbf58476d1ce4e5b9u + 0x94d049bb133111ebu;

        x ^= x >> 30;
        x *= 0xbf58476d1ce4e5b9u;
        x ^= x >> 27;
        x *= 0x94d049bb133111ebu;
        return x ^ x >> 31;
}

static void add_to_total(void)
{
        const struct sim_stats *s = sim_stats;

        sim_total->operations += s->operations;
        sim_total->reads += s->reads;
        sim_total->cut_at += s->cut_at;
        sim_total->cases += s->cases;
        sim_total->pairs += s->pairs;
        sim_total->failures += s->failures;
        sim_total->states |= s->states;
        sim_total->slot_states |= s->slot_states;
}

void sim_stats_reset(void)
{
        if (sim_stats == NULL) {
                sim_stats = mmap(NULL, 2 * sizeof(*sim_stats), PROT_READ | PROT_WRITE,
                                 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
                if (sim_stats == MAP_FAILED) {
                        perror("mmap");
                        exit(2);
                }
                sim_total = sim_stats + 1;
        }
        add_to_total();
        memset(sim_stats, 0, sizeof(*sim_stats));
}

/* By all processes of a sweep. */
#define COUNT(what) __atomic_fetch_add(&sim_stats->what, 1, __ATOMIC_RELAXED)

void sim_arm(const struct sim_plan *plan)
{
        memset(&state, 0, sizeof(state));
        state.armed = plan != NULL;
        if (plan != NULL) {
                state.plan = *plan;
        }
}

void sim_disarm(void)
{
        state.armed = false;
}

bool sim_is_child(void)
{
        return state.depth > 0;
}

const char *sim_story(void)
{
        return state.story;
}

uint64_t sim_operations(void)
{
        return state.operations;
}

void sim_fail_at(uint64_t n, enum sim_fault fault, uint64_t seed)
{
        state.planned_at = n == 0 ? 0 : state.operations + n;
        state.planned = fault;
        state.planned_seed = seed;
}

static void reap(void)
{
        int status;

        if (wait(&status) < 0) {
                return;
        }
        state.children--;
        if (WIFEXITED(status) && (WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 1)) {
                return; /* 1 was counted and told by the child itself */
        }
        COUNT(failures);
        if (!state.plan.quiet) {
                printf("  a run after a fault near operation %llu of \"%s\" ended with %s %d\n",
                       (unsigned long long)state.operations, state.story,
                       WIFEXITED(status) ? "status" : "signal",
                       WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
        }
}

void sim_join(void)
{
        while (state.children > 0) {
                reap();
        }
}

void sim_child_ends(void)
{
        if (state.depth > 0) {
                sim_join();
                fflush(stdout);
                _exit(0);
        }
}

void sim_broken(const char *format, ...)
{
        va_list args;

        COUNT(failures);
        if (!state.plan.quiet) {
                printf("  BROKEN: ");
                va_start(args, format);
                vprintf(format, args);
                va_end(args);
                printf("\n    after: %s\n", state.story[0] != '\0' ? state.story : "no fault");
                world_print_log();
        }
        fflush(stdout);
        if (state.depth > 0) {
                sim_join();
                _exit(1);
        }
}

static const char *fault_name(enum sim_fault fault)
{
        switch (fault) {
        case SIM_POWER:
                return "power cut";
        case SIM_KILL:
                return "update killed";
        case SIM_IO:
                return "I/O error";
        case SIM_READ:
                return "read error";
        }
        return "?";
}

static const char *device_name(enum sim_device device)
{
        static const char *const names[] = {"disk write", "disk flush", "disk read", "NOR"};

        return names[device];
}

static void suffer(const struct sim_case *c)
{
        size_t n = strlen(state.story);

        state.now = *c;
        snprintf(state.story + n, sizeof(state.story) - n, "%s%s at operation %llu (%s), way %u/%u",
                 n > 0 ? "; then " : "", fault_name(c->fault), (unsigned long long)c->operation,
                 device_name(c->device), c->variant, c->variants);
        world_note(state.story);
}

/* How the ways of a power cut are thinned out: the first ones always, the others by the seed. */
#define WAYS_ALWAYS 5u

static uint32_t pick(uint32_t k, uint32_t limit, uint32_t ways, uint64_t seed)
{
        uint32_t always = limit > WAYS_ALWAYS ? WAYS_ALWAYS : 0;

        if (limit >= ways || k < always) {
                return k;
        }
        return always + (uint32_t)(sim_hash(seed, k) % (ways - always));
}

static bool try_case(struct sim_case *c)
{
        struct rlimit cpu = {CHILD_CPU_S, CHILD_CPU_S};

        if (state.plan.stop_at_first && sim_stats->failures > 0) {
                return false;
        }
        while (state.children >= state.plan.jobs) {
                reap();
        }
        if (state.depth == 0) {
                COUNT(cases);
        } else {
                COUNT(pairs);
        }
        fflush(stdout);
        pid_t pid = fork();
        if (pid < 0) {
                perror("fork");
                exit(2);
        }
        if (pid > 0) {
                state.children++;
                return false;
        }
        state.children = 0;
        state.plan.jobs = 1;
        if (state.depth == 0) {
                setrlimit(RLIMIT_CPU, &cpu);
        }
        suffer(c);
        state.armed = state.depth++ == 0 && state.plan.second > 0;
        return true;
}

static bool try_fault(struct sim_case *c, uint32_t ways)
{
        uint32_t most = state.depth > 0 ? state.plan.second : state.plan.variants;
        uint32_t limit = c->fault == SIM_POWER || state.depth > 0 ? most : ways;

        c->variants = ways;
        for (uint32_t k = 0; k < ways && k < limit; k++) {
                c->variant = pick(k, limit, ways, c->seed);
                if (try_case(c)) {
                        return true;
                }
        }
        return false;
}

static const enum sim_fault faults[] = {SIM_POWER, SIM_KILL, SIM_IO, SIM_READ};

static uint32_t ways_of(enum sim_fault fault, enum sim_device device, uint32_t ways)
{
        static const uint8_t kills[] = {
                [SIM_DISK_WRITE] = 5, [SIM_DISK_FLUSH] = 2, [SIM_DISK_READ] = 0, [SIM_NOR] = 1};
        static const uint8_t errors[] = {
                [SIM_DISK_WRITE] = 2, [SIM_DISK_FLUSH] = 2, [SIM_DISK_READ] = 0, [SIM_NOR] = 2};

        switch (fault) {
        case SIM_POWER:
                return ways;
        case SIM_KILL:
                return kills[device];
        case SIM_IO:
                return errors[device];
        case SIM_READ:
                return device == SIM_DISK_READ ? 1 : 0;
        }
        return 0;
}

static void count_possible(enum sim_device device, uint32_t ways)
{
        uint64_t possible = 0;

        for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
                if ((state.plan.faults & faults[i]) != 0) {
                        possible += ways_of(faults[i], device, ways);
                }
        }
        __atomic_fetch_add(&sim_stats->pairs_possible, possible, __ATOMIC_RELAXED);
}

static const struct sim_case *planned_case(struct sim_case *c, uint32_t ways)
{
        if (state.planned_at == 0 || state.operations != state.planned_at) {
                return NULL;
        }
        state.planned_at = 0;
        c->fault = state.planned;
        c->seed = state.planned_seed;
        c->variants = ways_of(c->fault, c->device, ways);
        c->variant = (uint32_t)(c->seed % (c->variants > 0 ? c->variants : 1));
        state.story[0] = '\0';
        suffer(c);
        return &state.now;
}

const struct sim_case *sim_operation(enum sim_device device, uint32_t ways)
{
        bool reading = device == SIM_DISK_READ;
        uint64_t n = reading ? ++state.reads : ++state.operations;
        struct sim_case c = {.device = device, .operation = n};

        if (!state.armed) {
                return reading ? NULL : planned_case(&c, ways);
        }
        if (reading != (state.plan.faults == SIM_READ)) {
                return NULL;
        }
        if (state.depth > 0) {
                COUNT(pair_places);
                count_possible(device, ways);
        } else if (reading) {
                COUNT(reads);
        } else {
                COUNT(operations);
        }
        c.seed = sim_hash(state.plan.seed, n + 1000 * state.depth);
        if ((state.plan.only != 0 && state.depth == 0 && n != state.plan.only) ||
            sim_hash(c.seed, sim_hash(state.now.operation, state.now.variant)) % state.plan.every !=
                    0) {
                return NULL;
        }
        if (state.plan.when != NULL && !state.plan.when()) {
                return NULL;
        }
        if (state.depth == 0) {
                COUNT(cut_at);
        } else {
                COUNT(paired_at);
        }
        for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
                if ((state.plan.faults & faults[i]) == 0) {
                        continue;
                }
                c.fault = faults[i];
                if (try_fault(&c, ways_of(c.fault, device, ways))) {
                        return &state.now;
                }
        }
        return NULL;
}
