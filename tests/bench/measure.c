/* SPDX-License-Identifier: Apache-2.0 */
/*
 * measure FILE PROGRAM [ARGUMENT...]: runs the program and writes into FILE its seconds of CPU time
 * (user and system, all threads) and its peak resident memory in KiB; ends with its status. The
 * peak of a process counts what it was before exec(), so whoever measures must be small.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static double seconds(const struct timeval *t)
{
        return (double)t->tv_sec + (double)t->tv_usec * 1e-6;
}

int main(int argc, char **argv)
{
        struct rusage use;
        int status;

        if (argc < 3) {
                fputs("usage: measure FILE PROGRAM [ARGUMENT...]\n", stderr);
                return 2;
        }
        pid_t child = fork();

        if (child == 0) {
                execvp(argv[2], argv + 2);
                perror(argv[2]);
                _exit(127);
        }
        if (child < 0 || wait4(child, &status, 0, &use) != child) {
                perror("measure");
                return 1;
        }
        FILE *out = fopen(argv[1], "w");

        if (out == NULL ||
            fprintf(out, "%.3f %ld\n", seconds(&use.ru_utime) + seconds(&use.ru_stime),
                    use.ru_maxrss) < 0 ||
            fclose(out) != 0) {
                perror(argv[1]);
                return 1;
        }
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
