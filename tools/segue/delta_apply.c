/* SPDX-License-Identifier: Apache-2.0 */
/* segue delta apply: runs the device's own decoder, and takes patches of Debian's bsdiff. */
#include <errno.h>
#include <fcntl.h>
#include <nettle/sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/segue/delta_file.h"
#include "tools/segue/report.h"

/* The files of one `apply`. */
struct application {
        struct mapped patch;
        int old, output;
        uint64_t old_size;
        const char *old_path, *output_path;
};

static sg_err read_exactly(int fd, uint64_t offset, void *buf, size_t length)
{
        return pread(fd, buf, length, (off_t)offset) == (ssize_t)length ? SG_OK : SG_E_IO;
}

static sg_err patch_read(void *ctx, uint64_t offset, void *buf, size_t length)
{
        struct application *a = ctx;

        return mapped_read(&a->patch, offset, buf, length);
}

static sg_err old_read(void *ctx, uint64_t offset, void *buf, size_t length)
{
        struct application *a = ctx;

        return read_exactly(a->old, offset, buf, length);
}

static sg_err new_read(void *ctx, uint64_t offset, void *buf, size_t length)
{
        struct application *a = ctx;

        return read_exactly(a->output, offset, buf, length);
}

static sg_err new_write(void *ctx, uint64_t offset, const void *buf, size_t length)
{
        struct application *a = ctx;

        return pwrite(a->output, buf, length, (off_t)offset) == (ssize_t)length ? SG_OK : SG_E_IO;
}

static void digest_of_file(int fd, uint64_t size, const char *path, uint8_t digest[32])
{
        static uint8_t buffer[1 << 16];
        struct sha256_ctx sha;

        sha256_init(&sha);
        for (uint64_t at = 0; at < size;) {
                size_t n = size - at < sizeof(buffer) ? (size_t)(size - at) : sizeof(buffer);

                must(read_exactly(fd, at, buffer, n), path);
                sha256_update(&sha, n, buffer);
                at += n;
        }
        sha256_digest(&sha, SHA256_DIGEST_SIZE, digest);
}

/* What an earlier, stopped run left behind; false when there is none. */
static bool read_checkpoint(const char *path, struct dl_checkpoint *checkpoint)
{
        if (path == NULL || access(path, F_OK) != 0) {
                return false;
        }
        struct mapped file = file_map(path);

        if (file.size != sizeof(checkpoint->bytes)) {
                fail(SG_E_DELTA_CHECKPOINT, "%s", path);
        }
        memcpy(checkpoint->bytes, file.data, sizeof(checkpoint->bytes));
        return true;
}

/* Decodes until the end or until stop_after bytes of output are there; true at the end. */
static bool decode(struct dl *dl, const struct dl_header *header, uint64_t stop_after,
                   const char *patch)
{
        struct progress progress;
        bool done = dl_segment(dl) == header->segment_count;

        progress_start(&progress, "applying", header->to_size);
        while (!done && (uint64_t)dl_segment(dl) * DL_SEGMENT_SIZE < stop_after) {
                must(dl_step(dl, &done), patch);
                progress_update(&progress, (uint64_t)dl_segment(dl) * DL_SEGMENT_SIZE);
        }
        progress_end(&progress);
        return done;
}

static struct dl *open_decoder(const struct dl_ops *ops, const struct dl_header *header,
                               const struct args *args, const struct application *a)
{
        struct dl_checkpoint checkpoint;
        bool resumed = read_checkpoint(arg(args, "resume-file"), &checkpoint);
        uint64_t limit = arg_number(args, "ram-max", UINT32_MAX, UINT32_MAX);
        uint8_t digest[32];
        struct dl *dl;

        if (header->arena_size > limit) {
                fail(SG_E_DELTA_RAM, "%s: it needs %u bytes", args->operands[0],
                     header->arena_size);
        }
        void *arena = aligned_alloc(DL_ARENA_ALIGN, header->arena_size);

        if (arena == NULL) {
                fail(SG_E_NO_MEMORY, "%u bytes", header->arena_size);
        }
        digest_of_file(a->old, a->old_size, a->old_path, digest);
        sg_err err =
                dl_open(&dl, ops, header, arena, a->old_size, digest, resumed ? &checkpoint : NULL);

        must(err, err == SG_E_DELTA_CHECKPOINT   ? arg(args, "resume-file")
                  : err == SG_E_DELTA_WRONG_BASE ? a->old_path
                                                 : args->operands[0]);
        return dl;
}

/* Runs the decoder on a->output; false when it was stopped before the end. */
static bool apply(struct application *a, const struct args *args)
{
        const struct dl_ops ops = {a, patch_read, old_read, new_read, new_write};
        const char *resume = arg(args, "resume-file");
        struct dl_header header;

        delta_header(&a->patch, &header, args->operands[0]);

        struct dl *dl = open_decoder(&ops, &header, args, a);
        struct dl_checkpoint checkpoint;
        uint8_t digest[32];

        if (!decode(dl, &header, arg_number(args, "stop-after", UINT64_MAX, UINT64_MAX),
                    args->operands[0])) {
                dl_checkpoint_save(dl, &checkpoint);
                if (fsync(a->output) != 0) {
                        fail_errno(a->output_path);
                }
                file_write(resume, checkpoint.bytes, sizeof(checkpoint.bytes));
                printf("stopped after %u of %u segments; run it again without --stop-after\n",
                       dl_segment(dl), header.segment_count);
                return false;
        }
        digest_of_file(a->output, header.to_size, a->output_path, digest);
        must(dl_finish(dl, digest), args->operands[0]);
        return true;
}

/* A resumable run works in <output>.part, which stays when it is stopped. */
static int apply_resumable(struct application *a, const struct args *args)
{
        const char *path = arg(args, "o");
        const char *resume = arg(args, "resume-file");
        size_t length = strlen(path) + 8;
        char *part = allocate(length, 1);

        snprintf(part, length, "%s.part", path);
        a->output = open(part, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
        a->output_path = part;
        if (a->output < 0) {
                fail_errno(part);
        }
        if (!apply(a, args)) {
                return 0;
        }
        if (fsync(a->output) != 0 || close(a->output) != 0 || rename(part, path) != 0) {
                fail_errno(path);
        }
        if (unlink(resume) != 0 && errno != ENOENT) {
                fail_errno(resume);
        }
        return 0;
}

static int apply_bsdiff(const struct application *a, const struct args *args)
{
        uint8_t *data;
        size_t size;

        struct mapped old = file_map(a->old_path);

        must(bsdiff40_apply(old.data, old.size, a->patch.data, a->patch.size, &data, &size),
             args->operands[0]);
        file_write(arg(args, "o"), data, size);
        free(data);
        return 0;
}

/* Opens the old image; it is read as the device reads it, a little at a time. */
static void open_old(struct application *a)
{
        struct stat st;

        a->old = open(a->old_path, O_RDONLY | O_CLOEXEC);
        if (a->old < 0 || fstat(a->old, &st) != 0) {
                fail_errno(a->old_path);
        }
        if (!S_ISREG(st.st_mode)) {
                fail(SG_E_IO, "%s: not a regular file", a->old_path);
        }
        a->old_size = (uint64_t)st.st_size;
}

int delta_apply(const struct args *args)
{
        struct application a = {
                .old_path = arg(args, "from"),
                .patch = file_map(args->operands[0]),
                .output_path = arg(args, "o"),
        };

        if (arg(args, "stop-after") != NULL && arg(args, "resume-file") == NULL) {
                fail(SG_E_USAGE, "--stop-after needs --resume-file");
        }
        if (bsdiff40_is(a.patch.data, a.patch.size)) {
                return apply_bsdiff(&a, args);
        }
        open_old(&a);
        if (arg(args, "resume-file") != NULL) {
                return apply_resumable(&a, args);
        }
        struct output *out = output_open(a.output_path);

        a.output = out->fd;
        apply(&a, args);
        output_commit(out);
        return 0;
}
