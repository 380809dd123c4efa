/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/delta_rig.h"

#include <sys/mman.h>
#include <unistd.h>

#include "delta/create/encoder.h"

const uint8_t rig_from_digest[DL_DIGEST_SIZE] = {1, 2, 3};
const uint8_t rig_to_digest[DL_DIGEST_SIZE] = {4, 5, 6};

sg_err rig_append(void *ctx, const void *buf, size_t len)
{
        struct buffer *b = ctx;

        if (len == 0)
                return SG_OK;
        if (b->size + len > b->room) {
                b->room = 2 * b->room + len;
                b->data = realloc(b->data, b->room);
                assert_non_null(b->data);
        }
        memcpy(b->data + b->size, buf, len);
        b->size += len;
        return SG_OK;
}

static uint64_t state;

void rig_seed(uint64_t seed)
{
        state = seed;
}

uint32_t rig_random(void)
{
        state = state * 6364136223846793005ull + 1442695040888963407ull;
        return (uint32_t)(state >> 33);
}

struct buffer rig_noise(size_t size)
{
        struct buffer b = {.data = malloc(size + 1), .size = size, .room = size + 1};

        for (size_t i = 0; i < size; i++)
                b.data[i] = (uint8_t)rig_random();
        return b;
}

struct buffer rig_edited(const struct buffer *from, unsigned edits)
{
        struct buffer b = {0};

        for (unsigned i = 0; i < edits; i++) {
                size_t at = rig_random() % from->size;
                size_t length = rig_random() % (2 * from->size / edits);
                if (length > from->size - at)
                        length = from->size - at;
                rig_append(&b, from->data + at, length);
                if (length > 100)
                        b.data[b.size - 50] ^= 0x55;
                struct buffer extra = rig_noise(rig_random() % 60);
                rig_append(&b, extra.data, extra.size);
                free(extra.data);
        }
        return b;
}

struct buffer rig_linked(const struct buffer *from)
{
        struct buffer b = {0};

        rig_append(&b, from->data, from->size);
        for (size_t i = 64, off; i < b.size; i += 1 + off) {
                off = 1 + rig_random() % 8;
                b.data[i] = (uint8_t)(b.data[i] + off);
        }
        return b;
}

struct dl_image rig_image(const struct buffer *b, const uint8_t digest[DL_DIGEST_SIZE])
{
        struct dl_image image = {.data = b->data, .size = b->size};

        memcpy(image.digest, digest, DL_DIGEST_SIZE);
        return image;
}

sg_err rig_try_create(const struct buffer *from, const struct buffer *to,
                      const struct dl_create_options *options, struct buffer *patch)
{
        const struct dl_image a = rig_image(from, rig_from_digest);
        const struct dl_image b = rig_image(to, rig_to_digest);
        const struct dl_sink sink = {.ctx = patch, .write = rig_append};

        return dl_create(&a, &b, options, &sink);
}

sg_err rig_try_encode(const struct buffer *from, const struct buffer *to, bool without_models,
                      uint32_t chunk0_max, struct buffer *patch)
{
        const struct dl_create_options options = {.threads = 1};
        const struct dl_image a = rig_image(from, rig_from_digest);
        const struct dl_image b = rig_image(to, rig_to_digest);
        struct encoder e = {.from = &a,
                            .to = &b,
                            .options = &options,
                            .chunk0_max = chunk0_max,
                            .plain = without_models};
        sg_err err = encode(&e, NULL);

        encoder_free(&e);
        *patch = (struct buffer){.data = e.patch.data, .size = e.patch.size, .room = e.patch.room};
        return err;
}

struct buffer rig_create(const struct buffer *from, const struct buffer *to,
                         const struct dl_create_options *options)
{
        struct buffer patch = {0};

        assert_int_equal(rig_try_create(from, to, options, &patch), SG_OK);
        return patch;
}

struct buffer rig_plain(const struct buffer *from, const struct buffer *to)
{
        const struct dl_create_options options = {0};

        return rig_create(from, to, &options);
}

static sg_err take(const struct buffer *b, uint64_t off, void *to, size_t n)
{
        if (off > b->size || n > b->size - off)
                return SG_E_IO;
        if (n > 0)
                memcpy(to, b->data + off, n);
        return SG_OK;
}

static sg_err patch_read(void *ctx, uint64_t off, void *buf, size_t len)
{
        return take(&((struct rig *)ctx)->patch, off, buf, len);
}

static sg_err old_read(void *ctx, uint64_t off, void *buf, size_t len)
{
        return take(&((struct rig *)ctx)->from, off, buf, len);
}

static sg_err new_read(void *ctx, uint64_t off, void *buf, size_t len)
{
        return take(&((struct rig *)ctx)->to, off, buf, len);
}

static sg_err new_write(void *ctx, uint64_t off, const void *buf, size_t len)
{
        struct rig *r = ctx;

        /* A write beyond the output is the worst that a decoder can do. */
        assert_true(off <= r->to.size && len <= r->to.size - off);
        if (len > 0)
                memcpy(r->to.data + off, buf, len);
        r->writes++;
        return SG_OK;
}

struct dl_ops rig_ops(struct rig *r)
{
        return (struct dl_ops){r, patch_read, old_read, new_read, new_write};
}

struct guarded guarded_take(size_t size, bool front)
{
        size_t page = (size_t)sysconf(_SC_PAGESIZE);
        size_t room = (size + page - 1) / page * page;
        struct guarded g = {.mapped = room + 2 * page};

        g.map = mmap(NULL, g.mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        assert_ptr_not_equal(g.map, MAP_FAILED);
        assert_int_equal(mprotect(g.map, page, PROT_NONE), 0);
        assert_int_equal(mprotect(g.map + page + room, page, PROT_NONE), 0);
        g.memory = g.map + page + (front ? 0 : room - size);
        return g;
}

void guarded_free(struct guarded *g)
{
        munmap(g->map, g->mapped);
}

static sg_err run(struct rig *r, const struct dl_header *h, uint8_t *arena)
{
        struct dl_ops ops = rig_ops(r);
        struct dl_checkpoint checkpoint;
        bool done = false;
        struct dl *dl;
        sg_err e = dl_open(&dl, &ops, h, arena, r->from.size, rig_from_digest, NULL);

        while (!e && !done) {
                e = dl_step(dl, &done);
                if (e || !r->cuts || done)
                        continue;
                dl_checkpoint_save(dl, &checkpoint);
                memset(arena, 0xa5, h->arena_size);
                e = dl_open(&dl, &ops, h, arena, r->from.size, rig_from_digest, &checkpoint);
        }
        return e ? e : dl_finish(dl, rig_to_digest);
}

sg_err rig_apply(struct rig *r)
{
        uint8_t head[DL_HEADER_SIZE];
        struct dl_header h;
        sg_err e = patch_read(r, 0, head, sizeof(head));

        if (!e)
                e = dl_header_parse(head, &h);
        if (!e && (h.patch_size != r->patch.size || h.to_size != r->to.size))
                e = SG_E_DELTA_LENGTH;
        if (!e && h.arena_size > (r->ram_max ? r->ram_max : DL_RAM_KERNEL))
                e = SG_E_DELTA_RAM;
        if (e)
                return e;
        struct guarded arena = guarded_take(h.arena_size, r->front);
        memset(arena.memory, 0xa5, h.arena_size);
        e = run(r, &h, arena.memory);
        guarded_free(&arena);
        return e;
}

void rig_check(const struct buffer *patch, const struct buffer *from, const struct buffer *to)
{
        struct rig r = {.patch = *patch, .from = *from};

        for (int cuts = 0; cuts < 2; cuts++) {
                r.cuts = r.front = cuts;
                r.to = (struct buffer){.data = calloc(1, to->size + 1), .size = to->size};
                assert_int_equal(rig_apply(&r), SG_OK);
                if (to->size > 0)
                        assert_memory_equal(r.to.data, to->data, to->size);
                free(r.to.data);
        }
}

struct dl_header rig_header(const struct buffer *patch)
{
        struct dl_header h;

        assert_true(patch->size >= DL_HEADER_SIZE);
        assert_int_equal(dl_header_parse(patch->data, &h), SG_OK);
        return h;
}

struct dl_info rig_info(const struct buffer *patch)
{
        struct dl_header h = rig_header(patch);
        struct rig r = {.patch = *patch};
        struct dl_ops ops = rig_ops(&r);
        struct dl_info info;

        assert_int_equal(dl_info(&ops, &h, &info), SG_OK);
        return info;
}

int64_t rig_part(const struct buffer *patch, const char *name)
{
        struct dl_info info = rig_info(patch);

        for (uint32_t i = 0; i < info.rows; i++) {
                if (strcmp(info.row[i].name, name) == 0)
                        return (int64_t)info.row[i].bytes;
        }
        return -1;
}

bool rig_notes(const struct buffer *patch, const char *text)
{
        struct dl_info info = rig_info(patch);

        for (uint32_t i = 0; i < info.notes; i++) {
                if (strstr(info.note[i], text) != NULL)
                        return true;
        }
        return false;
}
