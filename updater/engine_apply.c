/* SPDX-License-Identifier: Apache-2.0 */
/*
 * APPLYING: the new image is written into the inactive slot. The order of what becomes durable:
 *
 *   the job in the journal, SLOT_OPEN in the boot state; then for each segment its bytes in the
 * slot (flush), then its number in the journal (flush); when all are there and the slot, read back,
 * has the signed digest, STAGE.
 *
 * So the journal never counts a segment that a power cut could take back, and the slot is never
 * written while hv would boot it.
 */
#include "updater/engine_internal.h"

#include "bootflow/image.h"
#include <string.h>

static const struct storage *slot_storage(const struct engine *e, uint32_t slot)
{
        return &e->apply.guest->slot[slot];
}

void engine_apply_begin(struct engine *e, const struct manifest_target *target,
                        const struct engine_guest *guest, uint32_t slot, bool resumed)
{
        struct event_line l;
        struct apply *a = &e->apply;

        memset(a, 0, sizeof(*a));
        a->target = target;
        a->guest = guest;
        a->slot = slot;
        a->resumed = resumed;
        event_begin(&l, EVENT_TARGET_CHOSEN, guest->name);
        event_text(&l, "target", target->path);
        event_text(&l, "kind", target->kind == MANIFEST_DELTA ? "delta" : "image");
        event_text(&l, "version", target->to_version);
        event_u64(&l, "bytes", target->length);
        event_u64(&l, "image", target->to_length);
        event_u64(&l, "slot", slot);
        engine_event(e, &l);
        if (!engine_go(e, ENGINE_APPLYING)) {
                return;
        }
        progress_begin(&e->progress);
        if (target->kind == MANIFEST_IMAGE) {
                a->phase = APPLY_OPEN;
                return;
        }
        a->phase = APPLY_BASE;
        hashing_begin(&e->hashing, slot_storage(e, slot ^ 1), target->from_length);
}

/* The base on the disk is not what hv verified when it started it: no delta can be applied to it.
 */
static sg_err base_changed(struct engine *e)
{
        struct event_line l;

        event_begin(&l, EVENT_BASE_MISMATCH, e->apply.guest->name);
        event_u64(&l, "slot", e->apply.slot ^ 1);
        engine_event(e, &l);
        e->no_delta = true;
        engine_go(e, ENGINE_DOWNLOADING);
        return SG_OK;
}

static sg_err step_base(struct engine *e)
{
        struct apply *a = &e->apply;
        bool finished;

        if (e->hashing.total > e->hashing.storage->size) {
                return base_changed(e);
        }
        sg_err err = hashing_step(e, &e->hashing, &finished, a->base_digest);
        if (err != SG_OK) {
                return err;
        }
        progress_tell(e, &e->progress, EVENT_BASE_CHECK, a->guest->name, e->hashing.done,
                      e->hashing.total);
        if (!finished) {
                return SG_OK;
        }
        if (memcmp(a->base_digest, a->target->from_digest, 32) != 0) {
                return base_changed(e);
        }
        a->phase = APPLY_OPEN;
        return SG_OK;
}

void engine_job_begin(struct engine *e, const struct manifest_target *target,
                      const struct engine_guest *guest, uint32_t slot)
{
        struct checkpoint_job *job = &e->checkpoint.job;

        memset(job, 0, sizeof(*job));
        job->present = true;
        job->vm = guest->vm;
        job->slot = slot;
        job->kind = target->kind;
        memcpy(job->digest, target->to_digest, sizeof(job->digest));
        memcpy(job->payload, target->sha256, sizeof(job->payload));
        job->security_counter = target->security_counter;
        job->length = target->to_length;
        memcpy(job->version, target->to_version, sizeof(job->version));
}

/* The journal says what is about to be written, before it is. */
static sg_err record_job(struct engine *e)
{
        const struct apply *a = &e->apply;
        struct checkpoint_job *job = &e->checkpoint.job;

        if (a->resumed) {
                if (job->resumes >= RESUMES_MAX) {
                        return SG_E_RESUMES;
                }
                job->resumes++;
                return engine_save(e);
        }
        engine_job_begin(e, a->target, a->guest, a->slot);
        return engine_save(e);
}

/* The decoder's ways to the world. */
static sg_err read_patch(void *ctx, uint64_t offset, void *data, size_t length)
{
        struct engine *e = ctx;

        return chunk_reader_read(&e->apply.reader, offset, data, length);
}

static sg_err read_old(void *ctx, uint64_t offset, void *data, size_t length)
{
        const struct engine *e = ctx;

        return storage_read(slot_storage(e, e->apply.slot ^ 1), offset, data, length);
}

static sg_err read_new(void *ctx, uint64_t offset, void *data, size_t length)
{
        const struct engine *e = ctx;

        return storage_read(slot_storage(e, e->apply.slot), offset, data, length);
}

static sg_err write_new(void *ctx, uint64_t offset, const void *data, size_t length)
{
        const struct engine *e = ctx;

        return storage_write(slot_storage(e, e->apply.slot), offset, data, length);
}

/* What the delta says of itself must be what was signed. */
static sg_err check_header(const struct engine *e)
{
        const struct dl_header *h = &e->apply.header;
        const struct manifest_target *t = e->apply.target;

        if (h->from_size != t->from_length || h->to_size != t->to_length ||
            h->patch_size != t->length || memcmp(h->from_digest, t->from_digest, 32) != 0 ||
            memcmp(h->to_digest, t->to_digest, 32) != 0) {
                return SG_E_TARGET;
        }
        return h->arena_size > t->ram_need || h->arena_size > e->decoder_size ? SG_E_RAM_NEED
                                                                              : SG_OK;
}

static sg_err open_decoder(struct engine *e)
{
        struct apply *a = &e->apply;
        struct checkpoint_job *job = &e->checkpoint.job;
        uint8_t header[DL_HEADER_SIZE];

        a->ops = (struct dl_ops){e, read_patch, read_old, read_new, write_new};
        sg_err err = chunk_reader_read(&a->reader, 0, header, sizeof(header));
        if (err == SG_OK) {
                err = dl_header_parse(header, &a->header);
        }
        if (err == SG_OK) {
                err = check_header(e);
        }
        if (err != SG_OK) {
                return err;
        }
        a->segments = a->header.segment_count;
        if (job->segments > 0) {
                err = dl_open(&a->decoder, &a->ops, &a->header, e->decoder_memory,
                              a->target->from_length, a->base_digest, &job->decoder);
                if (err != SG_E_DELTA_CHECKPOINT) {
                        return err;
                }
                job->segments = 0; /* from the beginning, then */
        }
        return dl_open(&a->decoder, &a->ops, &a->header, e->decoder_memory, a->target->from_length,
                       a->base_digest, NULL);
}

static sg_err open_payload(struct engine *e)
{
        struct apply *a = &e->apply;
        struct checkpoint_job *job = &e->checkpoint.job;
        sg_err err = package_target_open(&e->package, a->target, e->list, e->chunk, &a->reader);

        if (err != SG_OK || a->target->kind == MANIFEST_DELTA) {
                return err != SG_OK ? err : open_decoder(e);
        }
        a->segments = a->reader.count;
        if (job->segments > a->segments) {
                job->segments = 0;
        }
        return SG_OK;
}

static uint64_t image_done(const struct engine *e)
{
        const struct apply *a = &e->apply;
        uint64_t done = 0;

        if (a->target->kind == MANIFEST_DELTA) {
                done = (uint64_t)e->checkpoint.job.segments * DL_SEGMENT_SIZE;
                return done < a->target->to_length ? done : a->target->to_length;
        }
        for (uint32_t i = 0; i < e->checkpoint.job.segments; i++) {
                done += chunk_length(&a->reader, i);
        }
        return done;
}

static void tell_begin(struct engine *e)
{
        struct event_line l;

        event_begin(&l, EVENT_APPLY_BEGIN, e->apply.guest->name);
        event_u64(&l, "slot", e->apply.slot);
        event_u64(&l, "segment", e->checkpoint.job.segments);
        event_u64(&l, "segments", e->apply.segments);
        event_u64(&l, "resumes", e->checkpoint.job.resumes);
        engine_event(e, &l);
}

static sg_err step_open(struct engine *e)
{
        struct apply *a = &e->apply;
        const struct checkpoint_job *job = &e->checkpoint.job;

        sg_err err = record_job(e);
        if (err != SG_OK) {
                return err;
        }
        err = open_payload(e);
        a->carried = job->segments > 0;
        if (err == SG_OK) {
                err = engine_hv_error(e->ports->hv.slot_open(e->ports->ctx, job->vm, job->slot,
                                                             job->security_counter, job->digest));
        }
        if (err == SG_OK) {
                tell_begin(e);
                progress_begin(&e->progress);
                a->phase = APPLY_WRITE;
        }
        return err;
}

static sg_err write_chunk(struct engine *e, uint32_t i)
{
        const uint8_t *bytes;
        uint64_t at;
        sg_err err = chunk_reader_chunk(&e->apply.reader, i, &bytes, &at);

        if (err != SG_OK) {
                return err;
        }
        return write_new(e, at, bytes, chunk_length(&e->apply.reader, i));
}

static sg_err write_segment(struct engine *e)
{
        struct apply *a = &e->apply;
        struct checkpoint_job *job = &e->checkpoint.job;
        bool done;
        sg_err err;

        if (a->target->kind == MANIFEST_DELTA) {
                err = dl_step(a->decoder, &done);
        } else {
                err = write_chunk(e, job->segments);
        }
        if (err == SG_OK) {
                err = storage_flush(slot_storage(e, a->slot));
        }
        if (err != SG_OK) {
                return err;
        }
        if (a->target->kind == MANIFEST_DELTA) {
                dl_checkpoint_save(a->decoder, &job->decoder);
        }
        job->segments++;
        job->resumes = 0;
        return engine_save(e);
}

static void tell_end(struct engine *e)
{
        struct event_line l;

        event_begin(&l, EVENT_APPLY_END, e->apply.guest->name);
        event_u64(&l, "bytes", e->apply.target->to_length);
        engine_event(e, &l);
}

static sg_err step_write(struct engine *e)
{
        struct apply *a = &e->apply;

        if (e->checkpoint.job.segments < a->segments) {
                sg_err err = write_segment(e);
                if (err == SG_OK) {
                        progress_tell(e, &e->progress, EVENT_APPLY_PROGRESS, a->guest->name,
                                      image_done(e), a->target->to_length);
                }
                return err;
        }
        tell_end(e);
        hashing_begin(&e->hashing, slot_storage(e, a->slot), a->target->to_length);
        progress_begin(&e->progress);
        a->phase = APPLY_READ_BACK;
        return SG_OK;
}

/* bootfw judges the image; this tells early that it could not even be read. */
static sg_err check_image(const struct engine *e)
{
        const struct storage *s = slot_storage(e, e->apply.slot);
        const struct bf_image_source source = {(void *)s, s->size, engine_read_image};
        struct bf_image_layout layout;
        sg_err err = bf_image_read_layout(&source, &layout);

        if (err == SG_E_IO) {
                return err;
        }
        return err == SG_OK && layout.size == e->apply.target->to_length ? SG_OK
                                                                         : SG_E_IMAGE_HEADER;
}

/* A torn write may have reached beyond its own sectors, into a segment that was done: nothing that
 * was there before the interruption is trusted any more. Once: then nothing is carried over. */
static void start_over(struct engine *e)
{
        e->checkpoint.job.segments = 0;
        e->apply.resumed = true;
        e->apply.phase = APPLY_OPEN;
}

static sg_err step_read_back(struct engine *e)
{
        struct apply *a = &e->apply;
        uint8_t digest[32];
        bool finished;

        sg_err err = hashing_step(e, &e->hashing, &finished, digest);
        if (err != SG_OK) {
                return err;
        }
        progress_tell(e, &e->progress, EVENT_VERIFY_PROGRESS, a->guest->name, e->hashing.done,
                      e->hashing.total);
        if (!finished) {
                return SG_OK;
        }
        if (memcmp(digest, a->target->to_digest, sizeof(digest)) != 0) {
                if (!a->carried) {
                        return SG_E_IMAGE_DIGEST;
                }
                start_over(e);
                return SG_OK;
        }
        a->phase = APPLY_STAGE;
        return check_image(e);
}

static sg_err step_stage(struct engine *e)
{
        const struct checkpoint_job *job = &e->checkpoint.job;
        sg_err err = engine_hv_error(e->ports->hv.stage(e->ports->ctx, job->vm, job->slot,
                                                        job->security_counter, job->digest));

        if (err == SG_OK) {
                engine_staged(e);
        }
        return err;
}

/* Another package in the inbox explains why this one does not hold what it promised. */
static bool was_replaced(const struct engine *e)
{
        uint8_t digest[32];

        return package_peek(e->cfg->inbox, digest) != SG_OK ||
               memcmp(digest, e->peek, sizeof(digest)) != 0;
}

static sg_err check_inbox(struct engine *e)
{
        if (!e->look) {
                return SG_OK;
        }
        e->look = false;
        return was_replaced(e) ? SG_E_SUPERSEDED : SG_OK;
}

enum engine_result engine_apply_step(struct engine *e)
{
        static sg_err (*const phases[APPLY_PHASES])(struct engine *) = {
                [APPLY_BASE] = step_base,   [APPLY_OPEN] = step_open,
                [APPLY_WRITE] = step_write, [APPLY_READ_BACK] = step_read_back,
                [APPLY_STAGE] = step_stage,
        };

        sg_err err = check_inbox(e);
        if (err == SG_OK) {
                err = phases[e->apply.phase](e);
        }
        if ((err == SG_E_CHUNK_DIGEST || err == SG_E_CHUNK_LIST) && was_replaced(e)) {
                err = SG_E_SUPERSEDED;
        }
        if (err != SG_OK) {
                engine_fail(e, err);
        }
        return ENGINE_BUSY;
}
