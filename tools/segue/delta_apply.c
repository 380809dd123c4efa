/* SPDX-License-Identifier: Apache-2.0 */
/* segue delta apply: runs the device's own decoder, and takes patches of Debian's bsdiff. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/segue/delta_file.h"
#include "tools/segue/output.h"
#include "tools/segue/report.h"

/* The files of one `apply`. What cannot be read or written ends the program under its own name. */
struct application {
        struct mapped patch;
        int old;
        uint64_t old_size;
        struct output *out, *checkpoint;
        const char *patch_path, *old_path, *out_path;
        const char *resume_path; /* of the checkpoint; NULL: the run is not to be stopped */
};

static sg_err patch_read(void *ctx, uint64_t offset, void *buf, size_t length)
{
        struct application *a = ctx;

        return mapped_read(&a->patch, offset, buf, length);
}

static sg_err old_read(void *ctx, uint64_t offset, void *buf, size_t length)
{
        struct application *a = ctx;

        file_read(a->old, a->old_path, offset, buf, length);
        return SG_OK;
}

static sg_err new_read(void *ctx, uint64_t offset, void *buf, size_t length)
{
        struct application *a = ctx;

        file_read(a->out->fd, a->out_path, offset, buf, length);
        return SG_OK;
}

static sg_err new_write(void *ctx, uint64_t offset, const void *buf, size_t length)
{
        struct application *a = ctx;

        file_put(a->out->fd, a->out_path, offset, buf, length);
        return SG_OK;
}

/* An earlier, stopped run left it behind. */
static bool has_checkpoint(const char *path)
{
        return path != NULL && (access(path, F_OK) == 0 || errno != ENOENT);
}

static void read_checkpoint(const char *path, struct dl_checkpoint *checkpoint)
{
        struct mapped file = file_map(path);

        if (file.size != sizeof(checkpoint->bytes)) {
                fail(SG_E_DELTA_CHECKPOINT, "%s", path);
        }
        memcpy(checkpoint->bytes, file.data, sizeof(checkpoint->bytes));
}

/* The work that a checkpoint goes on with; NULL when it is not there. */
static struct output *open_stopped(const struct application *a, uint64_t size)
{
        struct output *out = output_open_kept(a->out_path, false);

        if (out != NULL && out->size != size) {
                fail(SG_E_DELTA_CHECKPOINT, "%s: it does not go on with %s: %llu bytes, not %llu",
                     a->resume_path, out->part, (unsigned long long)out->size,
                     (unsigned long long)size);
        }
        return out;
}

/* A run that may be stopped works in <output>.part, of the new image's size from the beginning. */
static struct output *open_new(const struct application *a, uint64_t size)
{
        if (a->resume_path == NULL) {
                return output_open(a->out_path);
        }
        struct output *out = output_open_kept(a->out_path, true);

        out->kept = false;
        output_resize(out, size);
        return out;
}

/* No other run works with the checkpoint until this one ends. */
static void lock_checkpoint(struct application *a)
{
        a->checkpoint = output_open_kept(a->resume_path, true);
        a->checkpoint->kept = false;
        output_resize(a->checkpoint, 0);
}

static void remove_checkpoint(struct application *a)
{
        if (unlink(a->resume_path) != 0 && errno != ENOENT) {
                fail_errno(a->resume_path);
        }
        output_drop(a->checkpoint);
}

/* The new image stands there, whole. */
static bool is_made(const char *path, const struct dl_header *header)
{
        uint8_t digest[32];

        if (access(path, F_OK) != 0) {
                return false;
        }
        struct mapped made = file_map(path);

        if (made.size != header->to_size) {
                return false;
        }
        delta_digest("hash new", mapped_read, &made, made.size, digest);
        return memcmp(digest, header->to_digest, sizeof(digest)) == 0;
}

/* A checkpoint without its part: the run before was cut off between its two last steps. */
static void end_made(struct application *a, const struct dl_header *header)
{
        if (!is_made(a->out_path, header)) {
                fail(SG_E_DELTA_CHECKPOINT, "%s: it goes on with %s.part, which is missing",
                     a->resume_path, output_target(a->out_path));
        }
        remove_checkpoint(a);
}

static struct dl *open_decoder(const struct dl_ops *ops, const struct dl_header *header,
                               const struct application *a, const struct dl_checkpoint *checkpoint)
{
        void *arena = aligned_alloc(DL_ARENA_ALIGN, header->arena_size);
        uint8_t digest[32];
        struct dl *dl;

        if (arena == NULL) {
                fail(SG_E_NO_MEMORY, "%u bytes", header->arena_size);
        }
        delta_digest("hash old", old_read, ops->ctx, a->old_size, digest);
        sg_err err = dl_open(&dl, ops, header, arena, a->old_size, digest, checkpoint);

        must(err, err == SG_E_DELTA_CHECKPOINT   ? a->resume_path
                  : err == SG_E_DELTA_WRONG_BASE ? a->old_path
                                                 : a->patch_path);
        return dl;
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

static void stop(struct application *a, const struct dl *dl, const struct dl_header *header)
{
        struct dl_checkpoint checkpoint;

        dl_checkpoint_save(dl, &checkpoint);
        output_sync(a->out);
        output_write(a->checkpoint, checkpoint.bytes, sizeof(checkpoint.bytes));
        a->out->kept = true; /* before there is a checkpoint that needs it */
        output_commit(a->checkpoint);
        printf("stopped after %u of %u segments; run it again without --stop-after\n",
               dl_segment(dl), header->segment_count);
}

/* From a wrong result nothing can go on: the next run begins anew. */
static void finish(struct application *a, const struct dl *dl, const struct dl_header *header)
{
        uint8_t digest[32];

        delta_digest("hash new", new_read, a, header->to_size, digest);
        sg_err err = dl_finish(dl, digest);

        if (err != SG_OK && a->resume_path != NULL) {
                unlink(a->resume_path);
                output_drop(a->out);
        }
        must(err, a->patch_path);
        output_commit(a->out);
        if (a->resume_path != NULL) {
                remove_checkpoint(a);
        }
}

static int apply(struct application *a, uint64_t ram_max, uint64_t stop_after)
{
        const struct dl_ops ops = {a, patch_read, old_read, new_read, new_write};
        struct dl_checkpoint checkpoint;
        struct dl_header header;

        delta_header(&a->patch, &header, a->patch_path);
        if (header.arena_size > ram_max) {
                fail(SG_E_DELTA_RAM, "%s: it needs %u bytes", a->patch_path, header.arena_size);
        }
        bool resumes = has_checkpoint(a->resume_path);

        if (resumes) {
                read_checkpoint(a->resume_path, &checkpoint);
                must(dl_checkpoint_check(&header, &checkpoint), a->resume_path);
                a->out = open_stopped(a, header.to_size);
                if (a->out == NULL) {
                        end_made(a, &header);
                        return 0;
                }
        }
        struct dl *dl = open_decoder(&ops, &header, a, resumes ? &checkpoint : NULL);

        if (!resumes) {
                a->out = open_new(a, header.to_size);
        }
        if (decode(dl, &header, stop_after, a->patch_path)) {
                finish(a, dl, &header);
        } else {
                stop(a, dl, &header);
        }
        return 0;
}

static int apply_bsdiff(const struct application *a)
{
        struct mapped old = file_map(a->old_path);
        uint8_t *data;
        size_t size;

        if (a->patch.size > DL_IMAGE_MAX) {
                fail(SG_E_DELTA_TOO_LARGE, "%s", a->patch_path);
        }
        must(bsdiff40_apply(old.data, old.size, a->patch.data, a->patch.size, &data, &size),
             a->patch_path);
        file_write(a->out_path, data, size);
        free(data);
        return 0;
}

static void refuse_same(const char *path, const char *place)
{
        char *target = output_target(path);

        if (strcmp(target, place) == 0) {
                fail(SG_E_USAGE, "%s: a run with --resume-file works there", path);
        }
        free(target);
}

/* Nothing else stands where output and checkpoint are written. */
static void check_places(const struct application *a)
{
        char *target = output_target(a->out_path), *checkpoint = output_target(a->resume_path);
        char *part = format("%s.part", target), *checkpoint_part = format("%s.part", checkpoint);

        refuse_same(a->resume_path, target);
        refuse_same(a->resume_path, part);
        refuse_same(a->out_path, checkpoint_part);
        for (unsigned i = 0; i < 2; i++) {
                const char *input = i == 0 ? a->old_path : a->patch_path;

                refuse_same(input, part);
                refuse_same(input, checkpoint_part);
        }
        free(checkpoint_part);
        free(part);
        free(checkpoint);
        free(target);
}

int delta_apply(const struct args *args)
{
        struct application a = {
                .patch_path = args->operands[0],
                .patch = file_map(args->operands[0]),
                .old_path = arg(args, "from"),
                .out_path = arg(args, "o"),
                .resume_path = arg(args, "resume-file"),
        };

        if (arg(args, "stop-after") != NULL && a.resume_path == NULL) {
                fail(SG_E_USAGE, "--stop-after needs --resume-file");
        }
        if (bsdiff40_is(a.patch.data, a.patch.size)) {
                args_refuse(args,
                            (const char *const[]){"ram-max", "stop-after", "resume-file", NULL},
                            "not with a patch in bsdiff's format");
                return apply_bsdiff(&a);
        }
        a.old = file_open(a.old_path, &a.old_size);
        if (a.resume_path != NULL) {
                check_places(&a);
                lock_checkpoint(&a);
        }
        return apply(&a, arg_number(args, "ram-max", UINT32_MAX, UINT32_MAX),
                     arg_number(args, "stop-after", UINT64_MAX, UINT64_MAX));
}
