// SPDX-License-Identifier: Apache-2.0
/*
 * Counts the beats of a 100 Hz timer for the guest's agent: the line of the agent protocol stands,
 * once a second, in the file that is named as the only argument.
 */
#include "images/rt/beats.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define PERIOD_US        10000
#define BEATS_PER_REPORT 100

static uint64_t now_us(void)
{
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static int start_timer(uint64_t first_us)
{
        const struct itimerspec when = {
                .it_value = {.tv_sec = (time_t)(first_us / 1000000),
                             .tv_nsec = (long)(first_us % 1000000) * 1000},
                .it_interval = {.tv_nsec = PERIOD_US * 1000L},
        };
        int fd = timerfd_create(CLOCK_MONOTONIC, 0);

        if (fd < 0 || timerfd_settime(fd, TFD_TIMER_ABSTIME, &when, NULL) != 0) {
                perror("beats");
                exit(1);
        }
        return fd;
}

/* Renamed into place, so that a reader never sees half a line. */
static void report(const struct beats *b, const char *path)
{
        char line[BEATS_LINE], part[256];

        snprintf(part, sizeof(part), "%s.part", path);
        FILE *f = fopen(part, "w");
        if (f == NULL) {
                return;
        }
        beats_line(b, line);
        fputs(line, f);
        if (fclose(f) == 0) {
                rename(part, path);
        }
}

int main(int argc, char **argv)
{
        struct beats b = {0};

        if (argc != 2) {
                fputs("usage: beats FILE\n", stderr);
                return 2;
        }
        uint64_t due = now_us() + PERIOD_US;
        int fd = start_timer(due);
        for (;;) {
                uint64_t expired;

                if (read(fd, &expired, sizeof(expired)) != (ssize_t)sizeof(expired)) {
                        perror("beats");
                        return 1;
                }
                for (uint64_t now = now_us(); expired > 0; expired--, due += PERIOD_US) {
                        beats_take(&b, now - due);
                }
                if (b.count % BEATS_PER_REPORT == 0) {
                        report(&b, argv[1]);
                }
        }
}
