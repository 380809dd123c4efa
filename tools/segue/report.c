/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/segue/report.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

void fail(sg_err error, const char *where, ...)
{
        va_list list;

        fflush(stdout);
        fprintf(stderr, "%s: error %d: %s: ", program_invocation_short_name, (int)error,
                sg_strerror(error));
        va_start(list, where);
        vfprintf(stderr, where, list);
        va_end(list);
        fputc('\n', stderr);
        exit(error == SG_E_USAGE ? 2 : 1);
}

void fail_errno(const char *where)
{
        fail(SG_E_IO, "%s: %s", where, strerror(errno));
}

void must(sg_err error, const char *where)
{
        if (error != SG_OK) {
                fail(error, "%s", where);
        }
}

void *allocate(size_t count, size_t size)
{
        void *memory = calloc(count > 0 ? count : 1, size);

        if (memory == NULL) {
                fail(SG_E_NO_MEMORY, "%zu bytes", count * size);
        }
        return memory;
}

char *format(const char *text, ...)
{
        char *out;
        va_list list;

        va_start(list, text);
        int n = vasprintf(&out, text, list);

        va_end(list);
        if (n < 0) {
                fail(SG_E_NO_MEMORY, "%s", text);
        }
        return out;
}

double clock_seconds(void)
{
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

#define REDRAW 0.1 /* seconds between two lines of a phase */

void progress_start(struct progress *p, const char *label, uint64_t total)
{
        *p = (struct progress){.label = label,
                               .total = total,
                               .started = clock_seconds(),
                               .visible = isatty(STDERR_FILENO)};
}

static void draw(const struct progress *p, uint64_t done)
{
        enum { WIDTH = 30 };
        char bar[WIDTH + 1];
        double share = p->total > 0 ? (double)done / (double)p->total : 1;
        double elapsed = p->shown - p->started;

        memset(bar, ' ', WIDTH);
        memset(bar, '=', (size_t)(share * WIDTH));
        bar[WIDTH] = '\0';
        fprintf(stderr, "\r%-18s [%s] %3.0f %%", p->label, bar, share * 100);
        /* The first moments tell nothing of the rate; the second line (REDRAW) does. */
        if (done > 0 && elapsed > REDRAW / 2) {
                double rate = (double)done / elapsed;

                fprintf(stderr, " %7.1f MB/s %4.0f s left", rate / 1e6,
                        (double)(p->total - done) / rate);
        }
        fputs("\033[K", stderr);
}

void progress_update(struct progress *p, uint64_t done)
{
        double t;

        if (!p->visible || (t = clock_seconds()) - p->shown < REDRAW) {
                return;
        }
        p->shown = t;
        draw(p, done < p->total ? done : p->total);
}

void progress_end(struct progress *p)
{
        if (p->visible && p->shown > 0) {
                fputs("\r\033[K", stderr);
        }
}
