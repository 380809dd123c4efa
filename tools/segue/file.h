/* SPDX-License-Identifier: Apache-2.0 */
/* Files: inputs are mapped whole, outputs appear under their name only when they are complete. */
#ifndef TOOLS_SEGUE_FILE_H
#define TOOLS_SEGUE_FILE_H

#include <stddef.h>
#include <stdint.h>

/* Bytes that live as long as the program does. */
struct mapped {
        const uint8_t *data;
        size_t size;
};

/* Maps a file read-only; data is never NULL. */
struct mapped file_map(const char *path);

/* Gives back the memory of what file_map() has mapped, or its beginning, until it is read again. */
void file_let_go(const struct mapped *file);

/* A file being written as "<path>.part-<pid>". What is not committed is removed at exit. */
struct output {
        int fd;
        const char *path;
        char *part;
};

struct output *output_open(const char *path);
void output_write(struct output *out, const void *data, size_t size);
void output_resize(struct output *out, uint64_t size);
/* Makes it durable and gives it its name. */
void output_commit(struct output *out);

/* The three in one. */
void file_write(const char *path, const void *data, size_t size);

#endif
