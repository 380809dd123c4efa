/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/segue/output.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/segue/file.h"
#include "tools/segue/report.h"

enum { MAX_OUTPUTS = 4 };

static struct output open_outputs[MAX_OUTPUTS];

static void remove_unfinished(void)
{
        for (int i = 0; i < MAX_OUTPUTS; i++) {
                if (open_outputs[i].part != NULL && !open_outputs[i].kept) {
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

/* What stands there, when that is a regular file or a link to one; NULL when nothing does. */
static char *existing_target(const char *path)
{
        struct stat st;

        if (lstat(path, &st) != 0) {
                if (errno != ENOENT) {
                        fail_errno(path);
                }
                return NULL;
        }
        char *target = realpath(path, NULL);

        if (target == NULL) {
                fail(SG_E_IO, "%s: where the link leads: %s", path, strerror(errno));
        }
        if (stat(target, &st) != 0) {
                fail_errno(path);
        }
        if (!S_ISREG(st.st_mode)) {
                fail(SG_E_IO, "%s: not a regular file", path);
        }
        return target;
}

char *output_target(const char *path)
{
        char *target = existing_target(path);

        if (target != NULL) {
                return target;
        }
        const char *slash = strrchr(path, '/');
        const char *name = slash != NULL ? slash + 1 : path;
        char *folder = format("%.*s.", (int)(name - path), path);
        char *real_folder = realpath(folder, NULL);

        if (real_folder == NULL) {
                fail_errno(path);
        }
        if (*name == '\0') {
                fail(SG_E_IO, "%s: no name for a file", path);
        }
        target = format("%s/%s", real_folder, name);
        free(folder);
        free(real_folder);
        return target;
}

static struct output *open_part(const char *path, char *target, char *part, int flags)
{
        static bool registered;
        struct output *out = free_output();
        struct stat st;

        if (!registered) {
                remove_on_the_way_out();
                registered = true;
        }
        *out = (struct output){.path = path, .target = target};
        out->fd = open(part, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | flags, 0666);
        if (out->fd < 0 && errno == ENOENT && !(flags & O_CREAT)) {
                free(part);
                free(target);
                return NULL;
        }
        if (out->fd < 0 || fstat(out->fd, &st) != 0) {
                fail(SG_E_IO, "%s: %s: %s", path, part, strerror(errno));
        }
        if (!S_ISREG(st.st_mode)) {
                fail(SG_E_IO, "%s: %s: not a regular file", path, part);
        }
        out->part = part;
        out->size = (uint64_t)st.st_size;
        return out;
}

struct output *output_open(const char *path)
{
        char *target = output_target(path);

        return open_part(path, target, format("%s.part-%ld", target, (long)getpid()),
                         O_CREAT | O_TRUNC);
}

struct output *output_open_kept(const char *path, bool resumes)
{
        char *target = output_target(path);
        struct output *out =
                open_part(path, target, format("%s.part", target), resumes ? 0 : O_CREAT | O_TRUNC);

        if (out != NULL) {
                out->kept = resumes;
        }
        return out;
}

void output_check(const char *path)
{
        output_drop(output_open(path));
}

void output_write(struct output *out, const void *data, size_t size)
{
        file_put(out->fd, out->path, out->size, data, size);
        out->size += size;
}

void output_resize(struct output *out, uint64_t size)
{
        if (ftruncate(out->fd, (off_t)size) != 0) {
                fail_errno(out->path);
        }
        out->size = size;
}

void output_sync(struct output *out)
{
        if (fsync(out->fd) != 0) {
                fail_errno(out->path);
        }
}

static void forget(struct output *out)
{
        free(out->part);
        free(out->target);
        out->part = NULL;
}

void output_drop(struct output *out)
{
        close(out->fd);
        unlink(out->part);
        forget(out);
}

void output_commit(struct output *out)
{
        if (fsync(out->fd) != 0 || close(out->fd) != 0 || rename(out->part, out->target) != 0) {
                fail_errno(out->path);
        }
        forget(out);
}

void file_write(const char *path, const void *data, size_t size)
{
        struct output *out = output_open(path);

        output_write(out, data, size);
        output_commit(out);
}
