/* SPDX-License-Identifier: Apache-2.0 */
/* Outputs: they appear under their name only when they are complete. */
#ifndef TOOLS_SEGUE_OUTPUT_H
#define TOOLS_SEGUE_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A file being written as "<target>.part-<pid>". What is not committed is removed at exit and by
 * signals, whose handler reads the volatile members. Where a link stands the file that it leads to
 * is replaced; a device, FIFO or folder is refused.
 */
struct output {
        const char *path; /* as it was given, for messages */
        char *target;
        char *volatile part;
        uint64_t size;
        int fd;
        volatile bool kept; /* when it is not committed, it is not removed */
};

struct output *output_open(const char *path);
/* Refuses what output_open() refuses, and leaves nothing. */
void output_check(const char *path);
/* Where it will stand: an absolute path, with all links followed. */
char *output_target(const char *path);

/*
 * The same as "<target>.part", kept, with what a run before left in it; NULL when there is nothing
 * and it is not to be created. It is locked until it is committed or dropped, or the program ends;
 * where another run has it the program ends.
 */
struct output *output_open_kept(const char *path, bool create);
/* Makes durable what is there so far, under the part's name. */
void output_sync(struct output *out);
void output_drop(struct output *out);

/* At the end of what is there. */
void output_write(struct output *out, const void *data, size_t size);
void output_resize(struct output *out, uint64_t size);
/* Makes it durable and gives it its name. */
void output_commit(struct output *out);

/* The three in one. */
void file_write(const char *path, const void *data, size_t size);

#endif
