/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/delta_faults.h"

struct faulty {
        struct rig rig;
        struct dl_ops ops;
        enum port port;
        uint32_t calls, fails_at; /* the first call is 1; 0: none */
};

static sg_err count(struct faulty *f, enum port port)
{
        return port == f->port && ++f->calls == f->fails_at ? SG_E_IO : SG_OK;
}

static sg_err patch_read(void *ctx, uint64_t offset, void *data, size_t length)
{
        struct faulty *f = ctx;

        return count(f, PATCH) ? SG_E_IO : f->ops.patch_read(&f->rig, offset, data, length);
}

static sg_err old_read(void *ctx, uint64_t offset, void *data, size_t length)
{
        struct faulty *f = ctx;

        return count(f, OLD) ? SG_E_IO : f->ops.old_read(&f->rig, offset, data, length);
}

static sg_err new_read(void *ctx, uint64_t offset, void *data, size_t length)
{
        struct faulty *f = ctx;

        return count(f, NEW_READ) ? SG_E_IO : f->ops.new_read(&f->rig, offset, data, length);
}

static sg_err new_write(void *ctx, uint64_t offset, const void *data, size_t length)
{
        struct faulty *f = ctx;

        return count(f, NEW_WRITE) ? SG_E_IO : f->ops.new_write(&f->rig, offset, data, length);
}

/* Opens and steps to the end; a failure must stay one. */
static sg_err decode(struct faulty *f, uint8_t *arena)
{
        const struct dl_ops ops = {f, patch_read, old_read, new_read, new_write};
        struct dl_header h = rig_header(&f->rig.patch);
        bool done = false;
        struct dl *dl;

        f->ops = rig_ops(&f->rig);
        f->calls = 0;
        sg_err e = dl_open(&dl, &ops, &h, arena, f->rig.from.size, rig_from_digest, NULL);
        if (e)
                return e;
        while (!e && !done) {
                assert_int_equal(dl_finish(dl, rig_to_digest), SG_E_DELTA_UNFINISHED);
                e = dl_step(dl, &done);
        }
        if (e) {
                assert_int_equal(dl_step(dl, &done), e);
                assert_false(done);
                return e;
        }
        assert_int_equal(dl_segment(dl), h.segment_count);
        assert_int_equal(dl_step(dl, &done), SG_OK);
        assert_true(done);
        assert_int_equal(dl_finish(dl, rig_from_digest), SG_E_DELTA_WRONG_RESULT);
        return dl_finish(dl, rig_to_digest);
}

void expect_errors_end_it(const struct buffer *patch, const struct buffer *from,
                          const struct buffer *to, enum port port, uint32_t every)
{
        struct faulty f = {.rig = {.patch = *patch, .from = *from}, .port = port};
        struct dl_header h = rig_header(patch);
        struct guarded arena = guarded_take(h.arena_size, false);
        sg_err e = SG_E_IO;

        f.rig.to = (struct buffer){.data = calloc(1, to->size), .size = to->size};
        for (f.fails_at = 1; e; f.fails_at += every) {
                e = decode(&f, arena.memory);
                assert_int_equal(e, f.calls >= f.fails_at ? SG_E_IO : SG_OK);
        }
        assert_memory_equal(f.rig.to.data, to->data, to->size);
        free(f.rig.to.data);
        guarded_free(&arena);
}
