/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/mutants/judge.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/mutants/condition.h"

#define WORKERS   2
#define NAME_SIZE 1024

/* A mutant may loop: its case may take so much longer than without it. */
#define SLOWER   5u
#define AT_LEAST 2u /* seconds of the processor */
/* Of a case without a mutant; in a quick round a longer one is left to a later round. */
#define UNHARMED_MAX 600u
#define WAIT_MAX     90000 /* milliseconds; one that waits for ever uses no processor */

/* Mutant 2 * place + value. */
struct work {
        size_t mutants;
        size_t count;
        const struct judge_case *cases;
        uint8_t *seen;        /* [case][place] */
        uint32_t *cost;       /* [case], milliseconds of the processor */
        uint32_t cost_max;    /* of those that are run in this round */
        size_t *order;        /* cases, the quickest first */
        uint8_t *left_out;    /* [mutant] */
        uint16_t *noticed_by; /* [mutant], in its order, from 1 on; 0: none */
        atomic_size_t *next;  /* mutant to try */
};

static void die(const char *why)
{
        fprintf(stderr, "judge: %s: %s\n", why, strerror(errno));
        exit(1);
}

static void *shared(size_t size)
{
        void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

        if (p == MAP_FAILED) {
                die("memory");
        }
        return p;
}

/* ---- One case in a process of its own ---- */

static pid_t start(const struct judge_case *c, uint32_t seconds)
{
        pid_t pid = fork();

        if (pid != 0) {
                return pid;
        }
        struct rlimit cpu = {seconds, seconds + 1}, none = {0, 0};
        int null = open("/dev/null", O_WRONLY);

        setpgid(0, 0);
        setrlimit(RLIMIT_CPU, &cpu);
        setrlimit(RLIMIT_CORE, &none);
        dup2(null, STDOUT_FILENO);
        dup2(null, STDERR_FILENO);
        _exit(c->passes(c->what) ? 0 : 1);
}

/* As wait() tells it; 0: it passed. What it left running is ended with it. */
static int finish(pid_t pid, uint32_t *cost)
{
        struct rusage used = {0};
        struct pollfd ended = {.fd = pidfd_open(pid, 0), .events = POLLIN};
        int status = -1;

        if (pid < 0 || ended.fd < 0) {
                die("process");
        }
        poll(&ended, 1, WAIT_MAX);
        close(ended.fd);
        kill(-pid, SIGKILL);
        kill(pid, SIGKILL);
        wait4(pid, &status, 0, &used);
        if (cost != NULL) {
                *cost = (uint32_t)((used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000 +
                                   (used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1000);
        }
        return status;
}

/* ---- Unharmed ---- */

static int by_cost(const void *a, const void *b, void *costs)
{
        const uint32_t *cost = costs;
        uint32_t x = cost[*(const size_t *)a], y = cost[*(const size_t *)b];

        return (x > y) - (x < y);
}

static bool record(struct work *w)
{
        const char *quick = getenv("MUTANTS_QUICK");
        uint32_t seconds = UNHARMED_MAX;

        w->cost_max = UINT32_MAX;
        if (quick != NULL) {
                w->cost_max = (uint32_t)strtoul(quick, NULL, 10);
                seconds = w->cost_max / 1000 + 1;
        }
        for (size_t i = 0; i < w->count; i++) {
                condition_record(w->seen + i * condition_count());
                pid_t pid = start(&w->cases[i], seconds);
                condition_record(NULL);
                w->order[i] = i;
                int status = finish(pid, &w->cost[i]);
                if (status != 0 && !(WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU)) {
                        fprintf(stderr, "judge: %s fails without any mutation\n", w->cases[i].name);
                        return false;
                }
        }
        qsort_r(w->order, w->count, sizeof(w->order[0]), by_cost, w->cost);
        return true;
}

static bool can_tell(const struct work *w, size_t i, size_t mutant)
{
        uint8_t other = (uint8_t)(1u << !(mutant & 1));

        return w->cost[i] <= w->cost_max &&
               (w->seen[i * condition_count() + mutant / 2] & other) != 0;
}

static bool is_to_try(const struct work *w, size_t mutant)
{
        for (size_t i = 0; i < w->count && !w->left_out[mutant]; i++) {
                if (can_tell(w, i, mutant)) {
                        return true;
                }
        }
        return false;
}

/* ---- Mutants ---- */

static uint16_t try(const struct work *w, size_t mutant)
{
        condition_force(mutant / 2, mutant & 1);
        for (size_t k = 0; k < w->count; k++) {
                size_t i = w->order[k];

                if (can_tell(w, i, mutant) &&
                    finish(start(&w->cases[i], AT_LEAST + SLOWER * w->cost[i] / 1000), NULL) != 0) {
                        return (uint16_t)(i + 1);
                }
        }
        return 0;
}

/* Until none is left. A mutant is forced in a process of its own. */
static void work(const struct work *w)
{
        size_t mutant;

        while ((mutant = atomic_fetch_add(w->next, 1)) < w->mutants) {
                if (!is_to_try(w, mutant)) {
                        continue;
                }
                pid_t pid = fork();
                if (pid == 0) {
                        w->noticed_by[mutant] = try(w, mutant);
                        _exit(0);
                }
                waitpid(pid, NULL, 0);
        }
}

static void try_all(const struct work *w)
{
        pid_t worker[WORKERS];

        for (int i = 0; i < WORKERS; i++) {
                worker[i] = fork();
                if (worker[i] == 0) {
                        work(w);
                        _exit(0);
                }
        }
        for (int i = 0; i < WORKERS; i++) {
                waitpid(worker[i], NULL, 0);
        }
}

/* ---- The log ---- */

static const char *name_of(size_t mutant, char name[static NAME_SIZE])
{
        snprintf(name, NAME_SIZE, "%s=%u", condition_name(mutant / 2), (unsigned)(mutant & 1));
        return name;
}

/* By its name, which ends with "=0" or "=1". */
static void leave_out(struct work *w, const char *settled)
{
        size_t length = strlen(settled) - 2;

        for (size_t place = 0; place < condition_count(); place++) {
                const char *where = condition_name(place);
                if (strncmp(where, settled, length) == 0 && where[length] == '\0') {
                        w->left_out[2 * place + (settled[length + 1] == '1')] = 1;
                }
        }
}

/* Is any mutant left? */
static bool read_log(struct work *w)
{
        const char *only = getenv("MUTANTS_ONLY");
        FILE *f = fopen(getenv("MUTANTS_LOG"), "r");
        char line[2 * NAME_SIZE], name[NAME_SIZE];

        for (size_t m = 0; m < w->mutants; m++) {
                w->left_out[m] = only != NULL && strstr(name_of(m, name), only) == NULL;
        }
        while (f != NULL && fgets(line, sizeof(line), f) != NULL) {
                const char *what = strtok(line, "\t\n"), *settled = strtok(NULL, "\t\n");
                if (settled != NULL &&
                    (strcmp(what, "known") == 0 || strcmp(what, "noticed") == 0)) {
                        leave_out(w, settled);
                }
        }
        if (f != NULL) {
                fclose(f);
        }
        return memchr(w->left_out, 0, w->mutants) != NULL;
}

static void write_log(const struct work *w, const char *program)
{
        FILE *f = fopen(getenv("MUTANTS_LOG"), "a");
        char name[NAME_SIZE];

        if (f == NULL) {
                die("MUTANTS_LOG");
        }
        for (size_t m = 0; m < w->mutants; m++) {
                fprintf(f, "mutant\t%s\n", name_of(m, name));
                if (is_to_try(w, m)) {
                        fprintf(f, "tried\t%s\n", name);
                }
                if (w->noticed_by[m] != 0) {
                        fprintf(f, "noticed\t%s\t%s: %s\n", name, program,
                                w->cases[w->noticed_by[m] - 1].name);
                }
        }
        fclose(f);
}

bool judge_is_asked(void)
{
        return getenv("MUTANTS_LOG") != NULL;
}

int judge(const char *program, const struct judge_case *cases, size_t count)
{
        size_t mutants = 2 * condition_count();
        struct work w = {
                .mutants = mutants,
                .count = count,
                .cases = cases,
                .seen = shared(count * condition_count()),
                .cost = calloc(count, sizeof(w.cost[0])),
                .order = calloc(count, sizeof(w.order[0])),
                .left_out = calloc(mutants, 1),
                .noticed_by = shared(mutants * sizeof(w.noticed_by[0])),
                .next = shared(sizeof(*w.next)),
        };
        bool good = w.cost != NULL && w.order != NULL && w.left_out != NULL;

        if (good && read_log(&w)) {
                good = record(&w);
                if (good) {
                        try_all(&w);
                }
        }
        if (good) {
                write_log(&w, program);
        }
        free(w.cost);
        free(w.order);
        free(w.left_out);
        return good ? 0 : 1;
}
