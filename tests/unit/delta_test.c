/* SPDX-License-Identifier: Apache-2.0 */
/* Deltas: what is created applies again, on the device's decoder, and damage is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "delta/create/create.h"
#include "delta/wire.h"

struct buffer {
        uint8_t *data;
        size_t size, room;
};

struct files {
        struct buffer patch, from, to;
        size_t writes;
};

static sg_err take(const struct buffer *b, uint64_t off, void *to, size_t n)
{
        if (off > b->size || n > b->size - off)
                return SG_E_IO;
        memcpy(to, b->data + off, n);
        return SG_OK;
}

static sg_err patch_read(void *ctx, uint64_t off, void *buf, size_t len)
{
        return take(&((struct files *)ctx)->patch, off, buf, len);
}

static sg_err old_read(void *ctx, uint64_t off, void *buf, size_t len)
{
        return take(&((struct files *)ctx)->from, off, buf, len);
}

static sg_err new_read(void *ctx, uint64_t off, void *buf, size_t len)
{
        return take(&((struct files *)ctx)->to, off, buf, len);
}

static sg_err new_write(void *ctx, uint64_t off, const void *buf, size_t len)
{
        struct files *f = ctx;

        /* A write beyond the output is the worst that a decoder can do. */
        assert_true(off <= f->to.size && len <= f->to.size - off);
        memcpy(f->to.data + off, buf, len);
        f->writes++;
        return SG_OK;
}

static sg_err append(void *ctx, const void *buf, size_t len)
{
        struct buffer *b = ctx;

        if (len == 0)
                return SG_OK;
        if (b->size + len > b->room) {
                b->room = 2 * b->room + len;
                b->data = realloc(b->data, b->room);
        }
        memcpy(b->data + b->size, buf, len);
        b->size += len;
        return SG_OK;
}

/* Memory that ends at a page which faults. */
struct guarded {
        uint8_t *map;
        size_t mapped;
        uint8_t *memory;
};

static struct guarded guarded(size_t size)
{
        size_t page = (size_t)sysconf(_SC_PAGESIZE);
        size_t room = (size + page - 1) / page * page;
        struct guarded g = {.mapped = room + page};

        g.map = mmap(NULL, g.mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        assert_ptr_not_equal(g.map, MAP_FAILED);
        assert_int_equal(mprotect(g.map + room, page, PROT_NONE), 0);
        g.memory = g.map + room - size;
        return g;
}

static const uint8_t digest_of_from[DL_DIGEST_SIZE] = {1, 2, 3};
static const uint8_t digest_of_to[DL_DIGEST_SIZE] = {4, 5, 6};

static struct buffer create(const struct buffer *from, const struct buffer *to, uint64_t ram_max,
                            enum dl_format format)
{
        struct buffer patch = {0};
        struct dl_image a = {.data = from->data, .size = from->size};
        struct dl_image b = {.data = to->data, .size = to->size};
        struct dl_create_options options = {.ram_max = ram_max, .format = format};
        struct dl_sink sink = {.ctx = &patch, .write = append};

        memcpy(a.digest, digest_of_from, DL_DIGEST_SIZE);
        memcpy(b.digest, digest_of_to, DL_DIGEST_SIZE);
        assert_int_equal(dl_create(&a, &b, &options, &sink), SG_OK);
        return patch;
}

/* Apply, with a power cut before each segment when `cuts`. */
static sg_err apply(struct files *f, bool cuts)
{
        struct dl_ops ops = {f, patch_read, old_read, new_read, new_write};
        struct dl_checkpoint checkpoint;
        struct dl_header h;
        uint8_t head[DL_HEADER_SIZE];
        bool done = false;
        struct dl *dl;

        sg_err e = patch_read(f, 0, head, sizeof(head));
        if (!e)
                e = dl_header_parse(head, &h);
        if (!e && (h.patch_size != f->patch.size || h.to_size != f->to.size))
                e = SG_E_DELTA_LENGTH;
        if (!e && h.arena_size > DL_RAM_KERNEL)
                e = SG_E_DELTA_RAM;
        if (e)
                return e;
        struct guarded arena = guarded(h.arena_size);
        e = dl_open(&dl, &ops, &h, arena.memory, f->from.size, digest_of_from, NULL);
        while (!e && !done) {
                e = dl_step(dl, &done);
                if (e || !cuts || done)
                        continue;
                dl_checkpoint_save(dl, &checkpoint);
                memset(arena.memory, 0xa5, h.arena_size);
                e = dl_open(&dl, &ops, &h, arena.memory, f->from.size, digest_of_from, &checkpoint);
        }
        if (!e)
                e = dl_finish(dl, digest_of_to);
        munmap(arena.map, arena.mapped);
        return e;
}

static uint64_t seed;

static uint32_t random32(void)
{
        seed = seed * 6364136223846793005ull + 1442695040888963407ull;
        return (uint32_t)(seed >> 33);
}

static struct buffer noise(size_t size)
{
        struct buffer b = {.data = malloc(size + 1), .size = size};

        for (size_t i = 0; i < size; i++)
                b.data[i] = (uint8_t)random32();
        return b;
}

/* `from` with pieces moved, changed, dropped and inserted. */
static struct buffer edited(const struct buffer *from, unsigned edits)
{
        struct buffer b = {0};

        for (unsigned i = 0; i < edits; i++) {
                size_t at = random32() % from->size;
                size_t length = random32() % (2 * from->size / edits);
                if (length > from->size - at)
                        length = from->size - at;
                append(&b, from->data + at, length);
                if (length > 100)
                        b.data[b.size - 50] ^= 0x55;
                struct buffer extra = noise(random32() % 60);
                append(&b, extra.data, extra.size);
                free(extra.data);
        }
        return b;
}

static void round_trip(const struct buffer *from, const struct buffer *to, uint64_t ram_max)
{
        struct files f = {.patch = create(from, to, ram_max, DL_FORMAT_SEGUE), .from = *from};

        for (int cuts = 0; cuts < 2; cuts++) {
                f.to = (struct buffer){.data = calloc(1, to->size + 1), .size = to->size};
                assert_int_equal(apply(&f, cuts), SG_OK);
                assert_memory_equal(f.to.data, to->data, to->size);
                free(f.to.data);
        }
        free(f.patch.data);
}

static void edited_images(void **state)
{
        (void)state;
        seed = 1;
        struct buffer from = noise(5u << 18);
        struct buffer to = edited(&from, 400);
        round_trip(&from, &to, 0);
        free(to.data);
        to = edited(&from, 12000);
        round_trip(&from, &to, 400u << 10); /* too many copies for the resident map */
        free(from.data);
        free(to.data);
}

static void odd_sizes(void **state)
{
        static const size_t sizes[] = {0, 1, 2, 4095, 4097, DL_SEGMENT_SIZE, DL_SEGMENT_SIZE + 1};

        (void)state;
        seed = 2;
        for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
                for (size_t k = 0; k < sizeof(sizes) / sizeof(sizes[0]); k++) {
                        struct buffer from = noise(sizes[i]), to = noise(sizes[k]);
                        size_t same = sizes[i] < sizes[k] ? sizes[i] : sizes[k];
                        memcpy(to.data, from.data, same / 2);
                        round_trip(&from, &to, 0);
                        free(from.data);
                        free(to.data);
                }
        }
}

static void equal_and_unrelated(void **state)
{
        (void)state;
        seed = 3;
        struct buffer from = noise(5u << 18), other = noise(1u << 20);
        struct buffer patch = create(&from, &from, 0, DL_FORMAT_SEGUE);
        assert_true(patch.size < 1024);
        free(patch.data);
        patch = create(&from, &other, 0, DL_FORMAT_SEGUE);
        assert_true(patch.size < other.size + other.size / 100);
        free(patch.data);
        round_trip(&from, &other, 0);
        free(from.data);
        free(other.data);
}

static void chunks_cover_the_patch(void **state)
{
        (void)state;
        seed = 4;
        struct buffer from = noise(5u << 18), to = edited(&from, 300);
        struct files f = {.patch = create(&from, &to, 0, DL_FORMAT_SEGUE)};
        struct dl_ops ops = {.ctx = &f, .patch_read = patch_read};
        struct dl_header h;
        struct dl_info info;
        uint64_t next = 0, sum = 0;

        assert_int_equal(dl_header_parse(f.patch.data, &h), SG_OK);
        for (uint32_t i = 0; i < h.chunk_count; i++) {
                uint64_t offset;
                uint32_t length;
                assert_int_equal(dl_chunk(&ops, &h, i, &offset, &length), SG_OK);
                assert_true(offset == next && length <= DL_CHUNK_MAX);
                next = offset + length;
        }
        assert_true(next == f.patch.size && next == h.patch_size);
        assert_int_equal(dl_info(&ops, &h, &info), SG_OK);
        for (uint32_t i = 0; i < info.rows; i++)
                sum += info.row[i].bytes;
        assert_true(sum == f.patch.size);
        free(f.patch.data);
        free(from.data);
        free(to.data);
}

static void wrong_base_writes_nothing(void **state)
{
        (void)state;
        seed = 5;
        struct buffer from = noise(100000), to = edited(&from, 10);
        struct files f = {.patch = create(&from, &to, 0, DL_FORMAT_SEGUE), .from = from};
        struct dl_ops ops = {&f, patch_read, old_read, new_read, new_write};
        uint8_t digest[DL_DIGEST_SIZE] = {9};
        struct dl_checkpoint checkpoint = {{0}};
        struct dl_header h;
        struct dl *dl;

        assert_int_equal(dl_header_parse(f.patch.data, &h), SG_OK);
        struct guarded a = guarded(h.arena_size);
        assert_int_equal(dl_open(&dl, &ops, &h, a.memory, from.size, digest, NULL),
                         SG_E_DELTA_WRONG_BASE);
        assert_int_equal(dl_open(&dl, &ops, &h, a.memory, from.size - 1, digest_of_from, NULL),
                         SG_E_DELTA_WRONG_BASE);
        assert_int_equal(dl_open(&dl, &ops, &h, a.memory, from.size, digest_of_from, &checkpoint),
                         SG_E_DELTA_CHECKPOINT);
        assert_int_equal(dl_open(&dl, &ops, &h, a.memory, from.size, digest_of_from, NULL), SG_OK);
        assert_int_equal(dl_finish(dl, digest_of_to), SG_E_DELTA_UNFINISHED);
        dl_checkpoint_save(dl, &checkpoint);
        checkpoint.bytes[12] ^= 1;
        assert_int_equal(dl_open(&dl, &ops, &h, a.memory, from.size, digest_of_from, &checkpoint),
                         SG_E_DELTA_CHECKPOINT);
        assert_int_equal(f.writes, 0);
        munmap(a.map, a.mapped);
        free(f.patch.data);
        free(from.data);
        free(to.data);
}

/* A flipped bit anywhere and a truncation are refused, by a checksum. */
static void damage_is_refused(void **state)
{
        (void)state;
        seed = 6;
        struct buffer from = noise(20000), to = edited(&from, 20);
        struct files f = {.patch = create(&from, &to, 0, DL_FORMAT_SEGUE), .from = from};

        f.to = (struct buffer){.data = calloc(1, to.size), .size = to.size};
        for (size_t i = 0; i < f.patch.size; i += i < DL_HEADER_SIZE + 40 ? 1 : 13) {
                f.patch.data[i] ^= 0x10;
                assert_int_not_equal(apply(&f, false), SG_OK);
                f.patch.data[i] ^= 0x10;
        }
        for (size_t whole = f.patch.size; f.patch.size > 0;) {
                f.patch.size -= f.patch.size < 97 ? f.patch.size : 97;
                assert_true(f.patch.size < whole);
                assert_int_not_equal(apply(&f, false), SG_OK);
        }
        free(f.to.data);
        free(f.patch.data);
        free(from.data);
        free(to.data);
}

static void bsdiff40_round_trip(void **state)
{
        (void)state;
        seed = 7;
        struct buffer from = noise(300000), to = edited(&from, 50), result = {0};
        struct buffer patch = create(&from, &to, 0, DL_FORMAT_BSDIFF40);

        assert_true(bsdiff40_is(patch.data, patch.size));
        assert_int_equal(bsdiff40_apply(from.data, from.size, patch.data, patch.size, &result.data,
                                        &result.size),
                         SG_OK);
        assert_int_equal(result.size, to.size);
        assert_memory_equal(result.data, to.data, to.size);
        free(result.data);
        for (size_t cut = 1; cut < patch.size; cut += 101)
                assert_int_equal(bsdiff40_apply(from.data, from.size, patch.data, patch.size - cut,
                                                &result.data, &result.size),
                                 SG_E_DELTA_BSDIFF);
        free(patch.data);
        free(from.data);
        free(to.data);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(edited_images),
                cmocka_unit_test(odd_sizes),
                cmocka_unit_test(equal_and_unrelated),
                cmocka_unit_test(chunks_cover_the_patch),
                cmocka_unit_test(wrong_base_writes_nothing),
                cmocka_unit_test(damage_is_refused),
                cmocka_unit_test(bsdiff40_round_trip),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
