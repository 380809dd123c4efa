/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/segue/file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/segue/report.h"

int file_open(const char *path, uint64_t *size)
{
        struct stat st;
        /* To open a FIFO would wait for who writes to it. */
        int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

        if (fd < 0 || fstat(fd, &st) != 0) {
                fail_errno(path);
        }
        if (!S_ISREG(st.st_mode)) {
                fail(SG_E_IO, "%s: not a regular file", path);
        }
        *size = (uint64_t)st.st_size;
        return fd;
}

void file_read(int fd, const char *path, uint64_t offset, void *buf, size_t length)
{
        uint8_t *p = buf;

        while (length > 0) {
                ssize_t n = pread(fd, p, length, (off_t)offset);

                if (n < 0) {
                        fail_errno(path);
                }
                if (n == 0) {
                        fail(SG_E_TRUNCATED, "%s", path);
                }
                p += n;
                offset += (uint64_t)n;
                length -= (size_t)n;
        }
}

void file_put(int fd, const char *path, uint64_t offset, const void *data, size_t size)
{
        const uint8_t *p = data;

        while (size > 0) {
                ssize_t n = pwrite(fd, p, size, (off_t)offset);

                if (n < 0) {
                        fail_errno(path);
                }
                p += n;
                offset += (uint64_t)n;
                size -= (size_t)n;
        }
}

struct mapped file_map(const char *path)
{
        uint64_t size;
        int fd = file_open(path, &size);
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
