/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/segue/output.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
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

/* A regular file; -1 when there is none and it is not to be created. */
static int open_part(const char *path, const char *part, int flags, struct stat *st)
{
        int fd = open(part, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | flags, 0666);

        if (fd < 0 && errno == ENOENT && !(flags & O_CREAT)) {
                return -1;
        }
        if (fd < 0 || fstat(fd, st) != 0) {
                fail(SG_E_IO, "%s: %s: %s", path, part, strerror(errno));
        }
        if (!S_ISREG(st->st_mode)) {
                fail(SG_E_IO, "%s: %s: not a regular file", path, part);
        }
        return fd;
}

/* The same, locked before anything of it is changed. */
static int open_locked(const char *path, const char *part, int flags, struct stat *st)
{
        struct stat named;
        int fd;

        while ((fd = open_part(path, part, flags, st)) >= 0) {
                if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
                        fail(SG_E_IO, "%s: %s: %s", path, part,
                             errno == EWOULDBLOCK ? "another run works in it" : strerror(errno));
                }
                /* Who had it until now may have written to it, or given it the output's name. */
                if (fstat(fd, st) == 0 && lstat(part, &named) == 0 && st->st_ino == named.st_ino &&
                    st->st_dev == named.st_dev) {
                        break;
                }
                close(fd);
        }
        return fd;
}

/* The part comes last: with it the output is the handler's. */
static struct output *begin(const struct output *begun, char *part)
{
        static bool registered;
        struct output *out = free_output();

        if (!registered) {
                remove_on_the_way_out();
                registered = true;
        }
        *out = *begun;
        out->part = part;
        return out;
}

struct output *output_open(const char *path)
{
        char *target = output_target(path);
        char *part = format("%s.part-%ld", target, (long)getpid());
        struct stat st;
        int fd = open_part(path, part, O_CREAT | O_TRUNC, &st);

        return begin(&(struct output){.path = path, .target = target, .fd = fd}, part);
}

struct output *output_open_kept(const char *path, bool create)
{
        char *target = output_target(path);
        char *part = format("%s.part", target);
        struct stat st;
        int fd = open_locked(path, part, create ? O_CREAT : 0, &st);

        if (fd < 0) {
                free(part);
                free(target);
                return NULL;
        }
        return begin(&(struct output){.path = path,
                                      .target = target,
                                      .size = (uint64_t)st.st_size,
                                      .fd = fd,
                                      .kept = true},
                     part);
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

/* The names in the target's folder. One that may not be read, or that its file system cannot make
 * durable, is left to the system. */
static void sync_names(const struct output *out)
{
        char *folder = format("%.*s/", (int)(strrchr(out->target, '/') - out->target), out->target);
        int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        if (fd >= 0 && fsync(fd) != 0 && errno != EINVAL) {
                fail_errno(out->path);
        }
        if (fd >= 0) {
                close(fd);
        }
        free(folder);
}

void output_sync(struct output *out)
{
        if (fsync(out->fd) != 0) {
                fail_errno(out->path);
        }
        sync_names(out);
}

/* The part is nobody's any more, whatever it is called now. The lock goes last. */
static void end(struct output *out, char *part)
{
        close(out->fd);
        free(part);
        free(out->target);
}

void output_drop(struct output *out)
{
        char *part = out->part;

        unlink(part);
        out->part = NULL;
        end(out, part);
}

void output_commit(struct output *out)
{
        char *part = out->part;

        if (fsync(out->fd) != 0 || rename(part, out->target) != 0) {
                fail_errno(out->path);
        }
        out->part = NULL;
        sync_names(out);
        end(out, part);
}

void file_write(const char *path, const void *data, size_t size)
{
        struct output *out = output_open(path);

        output_write(out, data, size);
        output_commit(out);
}
