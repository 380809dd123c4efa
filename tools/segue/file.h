/* SPDX-License-Identifier: Apache-2.0 */
/* Files that are read: regular ones, most of them mapped whole. */
#ifndef TOOLS_SEGUE_FILE_H
#define TOOLS_SEGUE_FILE_H

#include <stddef.h>
#include <stdint.h>

/* Bytes that live as long as the program does. */
struct mapped {
        const uint8_t *data;
        size_t size;
};

/* Opens a regular file to read; anything else is refused at once. */
int file_open(const char *path, uint64_t *size);

/* All of the bytes, or the program ends with the path and the system's reason. */
void file_read(int fd, const char *path, uint64_t offset, void *buf, size_t length);
void file_put(int fd, const char *path, uint64_t offset, const void *data, size_t size);

/* Maps a regular file read-only; data is never NULL. */
struct mapped file_map(const char *path);

/* Gives back the memory of what file_map() has mapped, or its beginning, until it is read again. */
void file_let_go(const struct mapped *file);

#endif
