/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/segue/file.h"

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/segue/report.h"

enum { MAX_OUTPUTS = 4 };

static struct output open_outputs[MAX_OUTPUTS];

struct mapped file_map(const char *path)
{
        struct stat st;
        int fd = open(path, O_RDONLY | O_CLOEXEC);

        if (fd < 0 || fstat(fd, &st) != 0) {
                fail_errno(path);
        }
        if (!S_ISREG(st.st_mode)) {
                fail(SG_E_IO, "%s: not a regular file", path);
        }
        size_t size = (size_t)st.st_size;
        const void *data = size > 0 ? mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0) : "";

        if (data == MAP_FAILED) {
                fail_errno(path);
        }
        close(fd);
        return (struct mapped){.data = data, .size = size};
}

void file_let_go(const struct mapped *file)
{
        if (file->size > 0) {
                madvise((void *)(uintptr_t)file->data, file->size, MADV_DONTNEED);
        }
}

static void remove_unfinished(void)
{
        for (int i = 0; i < MAX_OUTPUTS; i++) {
                if (open_outputs[i].part != NULL) {
                        unlink(open_outputs[i].part);
                }
        }
}

static void interrupted(int number)
{
        remove_unfinished();
        signal(number, SIG_DFL);
        raise(number);
}

static void remove_on_the_way_out(void)
{
        atexit(remove_unfinished);
        signal(SIGINT, interrupted);
        signal(SIGTERM, interrupted);
        signal(SIGHUP, interrupted);
}

static struct output *free_output(void)
{
        for (int i = 0; i < MAX_OUTPUTS; i++) {
                if (open_outputs[i].part == NULL) {
                        return &open_outputs[i];
                }
        }
        fail(SG_E_NO_MEMORY, "more than %d outputs at once", MAX_OUTPUTS);
}

struct output *output_open(const char *path)
{
        static bool registered;
        struct output *out = free_output();
        size_t length = strlen(path) + 32;

        if (!registered) {
                remove_on_the_way_out();
                registered = true;
        }
        char *part = allocate(length, 1);

        snprintf(part, length, "%s.part-%ld", path, (long)getpid());
        out->fd = open(part, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
        if (out->fd < 0) {
                fail_errno(path);
        }
        out->path = path;
        out->part = part;
        return out;
}

void output_write(struct output *out, const void *data, size_t size)
{
        const uint8_t *p = data;

        while (size > 0) {
                ssize_t n = write(out->fd, p, size);

                if (n <= 0) {
                        fail_errno(out->path);
                }
                p += n;
                size -= (size_t)n;
        }
}

void output_resize(struct output *out, uint64_t size)
{
        if (ftruncate(out->fd, (off_t)size) != 0) {
                fail_errno(out->path);
        }
}

void output_commit(struct output *out)
{
        if (fsync(out->fd) != 0 || close(out->fd) != 0 || rename(out->part, out->path) != 0) {
                fail_errno(out->path);
        }
        free(out->part);
        out->part = NULL;
}

void file_write(const char *path, const void *data, size_t size)
{
        struct output *out = output_open(path);

        output_write(out, data, size);
        output_commit(out);
}
