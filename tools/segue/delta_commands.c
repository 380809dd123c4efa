/* SPDX-License-Identifier: Apache-2.0 */
/* segue delta create|apply|info. `apply` runs the device's own decoder. */
#include <errno.h>
#include <fcntl.h>
#include <mbedtls/sha256.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "delta/create/create.h"
#include "tools/segue/command.h"
#include "tools/segue/delta_file.h"
#include "tools/segue/file.h"
#include "tools/segue/report.h"
#include "tools/segue/text.h"

static sg_err write_to_output(void *ctx, const void *buf, size_t length)
{
        output_write(ctx, buf, length);
        return SG_OK;
}

static enum dl_codec codec_option(const struct args *args)
{
        const char *name = arg(args, "codec");

        if (name != NULL && strcmp(name, "zlib") != 0) {
                fail(SG_E_USAGE, "--codec: '%s' is not zlib", name);
        }
        return DL_CODEC_ZLIB;
}

static enum dl_format format_option(const struct args *args)
{
        const char *name = arg(args, "format");

        if (name == NULL || strcmp(name, "segue") == 0) {
                return DL_FORMAT_SEGUE;
        }
        if (strcmp(name, "bsdiff40") == 0) {
                return DL_FORMAT_BSDIFF40;
        }
        fail(SG_E_USAGE, "--format: '%s' is not segue or bsdiff40", name);
}

static int delta_create(const struct args *args)
{
        struct dl_create_options options = {
                .threads = (uint32_t)arg_number(args, "threads", 0, 1024),
                .ram_max = arg_number(args, "ram-max", 0, UINT32_MAX),
                .codec = codec_option(args),
                .format = format_option(args),
        };
        struct mapped from = file_map(arg(args, "from"));
        struct mapped to = file_map(arg(args, "to"));
        struct output *out = output_open(arg(args, "o"));

        delta_make(&from, &to, &options, write_to_output, out, arg(args, "to"));
        output_commit(out);
        return 0;
}

/* The files of one `apply`. */
struct application {
        struct mapped old, patch;
        int output;
        const char *output_path;
};

static sg_err patch_read(void *ctx, uint64_t offset, void *buf, size_t length)
{
        struct application *a = ctx;

        return mapped_read(&a->patch, offset, buf, length);
}

static sg_err old_read(void *ctx, uint64_t offset, void *buf, size_t length)
{
        struct application *a = ctx;

        return mapped_read(&a->old, offset, buf, length);
}

static sg_err new_read(void *ctx, uint64_t offset, void *buf, size_t length)
{
        struct application *a = ctx;

        return pread(a->output, buf, length, (off_t)offset) == (ssize_t)length ? SG_OK : SG_E_IO;
}

static sg_err new_write(void *ctx, uint64_t offset, const void *buf, size_t length)
{
        struct application *a = ctx;

        return pwrite(a->output, buf, length, (off_t)offset) == (ssize_t)length ? SG_OK : SG_E_IO;
}

static void digest_of_output(struct application *a, uint64_t size, uint8_t digest[32])
{
        static uint8_t buffer[1 << 16];
        mbedtls_sha256_context sha;

        mbedtls_sha256_init(&sha);
        mbedtls_sha256_starts(&sha, 0);
        for (uint64_t at = 0; at < size;) {
                size_t n = size - at < sizeof(buffer) ? (size_t)(size - at) : sizeof(buffer);

                must(new_read(a, at, buffer, n), a->output_path);
                mbedtls_sha256_update(&sha, buffer, n);
                at += n;
        }
        mbedtls_sha256_finish(&sha, digest);
        mbedtls_sha256_free(&sha);
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
        void *arena = aligned_alloc(DL_ARENA_ALIGN, (header->arena_size + DL_ARENA_ALIGN - 1) &
                                                            ~(size_t)(DL_ARENA_ALIGN - 1));

        if (arena == NULL) {
                fail(SG_E_NO_MEMORY, "%u bytes", header->arena_size);
        }
        mbedtls_sha256(a->old.data, a->old.size, digest, 0);
        must(dl_open(&dl, ops, header, arena, a->old.size, digest, resumed ? &checkpoint : NULL),
             resumed ? arg(args, "resume-file") : args->operands[0]);
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
        digest_of_output(a, header.to_size, digest);
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

        must(bsdiff40_apply(a->old.data, a->old.size, a->patch.data, a->patch.size, &data, &size),
             args->operands[0]);
        file_write(arg(args, "o"), data, size);
        free(data);
        return 0;
}

static int delta_apply(const struct args *args)
{
        struct application a = {
                .old = file_map(arg(args, "from")),
                .patch = file_map(args->operands[0]),
                .output_path = arg(args, "o"),
        };

        if (arg(args, "stop-after") != NULL && arg(args, "resume-file") == NULL) {
                fail(SG_E_USAGE, "--stop-after needs --resume-file");
        }
        if (bsdiff40_is(a.patch.data, a.patch.size)) {
                return apply_bsdiff(&a, args);
        }
        if (arg(args, "resume-file") != NULL) {
                return apply_resumable(&a, args);
        }
        struct output *out = output_open(a.output_path);

        a.output = out->fd;
        apply(&a, args);
        output_commit(out);
        return 0;
}

static void print_info(const struct dl_header *h, const struct dl_info *info)
{
        char from[65], to[65];

        hex_text(from, h->from_digest, 32);
        hex_text(to, h->to_digest, 32);
        printf("from      %12llu bytes  %s\n", (unsigned long long)h->from_size, from);
        printf("to        %12llu bytes  %s\n", (unsigned long long)h->to_size, to);
        printf("patch     %12llu bytes  %.2f %% of the new image\n",
               (unsigned long long)h->patch_size,
               h->to_size > 0 ? 100.0 * (double)h->patch_size / (double)h->to_size : 0.0);
        printf("memory    %12u bytes\n", h->arena_size);
        printf("segments  %12u of %u bytes: each a chunk and a checkpoint\n\n", h->segment_count,
               DL_SEGMENT_SIZE);
        printf("%-24s %12s %12s\n", "part", "bytes", "unpacked");
        for (uint32_t i = 0; i < info->rows; i++) {
                printf("%-24s %12llu %12llu\n", info->row[i].name,
                       (unsigned long long)info->row[i].bytes,
                       (unsigned long long)info->row[i].raw);
        }
        for (uint32_t i = 0; i < info->notes; i++) {
                printf("note: %s\n", info->note[i]);
        }
}

static void print_info_json(const struct dl_header *h, const struct dl_info *info)
{
        struct json_writer w;

        document_begin(&w);
        json_write_u64(&w, "from_bytes", h->from_size);
        json_write_hex(&w, "from_sha256", h->from_digest, 32);
        json_write_u64(&w, "to_bytes", h->to_size);
        json_write_hex(&w, "to_sha256", h->to_digest, 32);
        json_write_u64(&w, "patch_bytes", h->patch_size);
        json_write_u64(&w, "memory_bytes", h->arena_size);
        json_write_u64(&w, "segments", h->segment_count);
        json_write_u64(&w, "segment_bytes", DL_SEGMENT_SIZE);
        json_write_open(&w, "parts", '[');
        for (uint32_t i = 0; i < info->rows; i++) {
                json_write_open(&w, NULL, '{');
                json_write_string(&w, "name", info->row[i].name);
                json_write_u64(&w, "bytes", info->row[i].bytes);
                json_write_u64(&w, "unpacked", info->row[i].raw);
                json_write_close(&w, '}');
        }
        json_write_close(&w, ']');
        json_write_open(&w, "notes", '[');
        for (uint32_t i = 0; i < info->notes; i++) {
                json_write_string(&w, NULL, info->note[i]);
        }
        json_write_close(&w, ']');
        document_print(&w);
}

static int delta_info(const struct args *args)
{
        struct application a = {.patch = file_map(args->operands[0])};
        const struct dl_ops ops = {.ctx = &a, .patch_read = patch_read};
        struct dl_header header;
        struct dl_info info;

        delta_header(&a.patch, &header, args->operands[0]);
        must(dl_info(&ops, &header, &info), args->operands[0]);
        if (arg_flag(args, "json")) {
                print_info_json(&header, &info);
        } else {
                print_info(&header, &info);
        }
        return 0;
}

static const struct option_spec create_options[] = {
        {"from", "OLD", "the image that the device has", OPTION_REQUIRED},
        {"to", "NEW", "the image that it is to have", OPTION_REQUIRED},
        {"o", "PATCH", "the delta", OPTION_REQUIRED},
        {"threads", "N", "accepted; one is used, and the patch is the same", OPTION_OPTIONAL},
        {"ram-max", "BYTES", "memory of the decoder (default 1M, 8M with kernel models)",
         OPTION_OPTIONAL},
        {"codec", "NAME", "zlib", OPTION_OPTIONAL},
        {"format", "NAME", "segue (default) or bsdiff40", OPTION_OPTIONAL},
        {0},
};

static const struct option_spec apply_options[] = {
        {"from", "OLD", "the image that the delta was made from", OPTION_REQUIRED},
        {"o", "NEW", "the new image", OPTION_REQUIRED},
        {"ram-max", "BYTES", "refuse a delta that needs more memory", OPTION_OPTIONAL},
        {"stop-after", "BYTES", "stop when so much of NEW is written", OPTION_OPTIONAL},
        {"resume-file", "F", "where a stopped run leaves its checkpoint, and finds it again",
         OPTION_OPTIONAL},
        {0},
};

static const struct option_spec info_options[] = {
        {"json", NULL, "as JSON", OPTION_OPTIONAL},
        {0},
};

static const struct command commands[] = {
        {"create", "make a delta between two files", NULL, 0, 0, create_options, delta_create},
        {"apply", "rebuild the new file (takes patches of Debian's bsdiff, too)", "PATCH", 1, 1,
         apply_options, delta_apply},
        {"info", "say what a delta is made of", "PATCH", 1, 1, info_options, delta_info},
        {0},
};

const struct command_group delta_group = {"delta", "Deltas between any two files", commands};
