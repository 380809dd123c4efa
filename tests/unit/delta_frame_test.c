/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The frame of a patch: directory, table, the lengths before the streams, checkpoints. Each row
 * changes one thing and makes the checksums over it right again, but for those it is about.
 */
#include <zlib.h>

#include "delta/stream.h"
#include "tests/unit/delta_rig.h"

static struct made {
        struct buffer from, to, patch;
} resident, streamed; /* the copies stand in a section, in the segments */

static int set_up(void **state)
{
        (void)state;
        rig_seed(11);
        resident.from = rig_noise((1u << 20) + 50000);
        resident.to = rig_edited(&resident.from, 60);
        resident.patch = rig_plain(&resident.from, &resident.to);
        assert_true(rig_header(&resident.patch).flags & DL_F_RESIDENT);
        assert_int_equal(rig_header(&resident.patch).segment_count, 2);
        streamed.from = rig_noise(100);
        struct buffer period = rig_noise(1000);
        for (int i = 0; i < 50; i++) /* echoes */
                rig_append(&streamed.to, period.data, period.size);
        free(period.data);
        streamed.patch = rig_plain(&streamed.from, &streamed.to);
        assert_false(rig_header(&streamed.patch).flags & DL_F_RESIDENT);
        return 0;
}

static void release(struct made *m)
{
        free(m->from.data);
        free(m->to.data);
        free(m->patch.data);
}

static int tear_down(void **state)
{
        (void)state;
        release(&resident);
        release(&streamed);
        return 0;
}

/* ---- What is behind the header ---- */

static uint8_t *header(const struct buffer *b, size_t at)
{
        return b->data + at;
}

static uint8_t *entry(const struct buffer *b, uint32_t i)
{
        return b->data + DL_HEADER_SIZE + (size_t)i * DL_D_SIZE;
}

static uint8_t *table(const struct buffer *b, uint32_t segment)
{
        return entry(b, dl_get32(header(b, DL_H_SECTION_COUNT))) + (size_t)segment * DL_T_SIZE;
}

static void seal_header(const struct buffer *b)
{
        dl_put32(header(b, DL_H_CRC), (uint32_t)crc32(0, b->data, DL_H_CRC));
}

static void seal_body(const struct buffer *b)
{
        size_t size = dl_get32(header(b, DL_H_SECTION_COUNT)) * DL_D_SIZE +
                      dl_get32(header(b, DL_H_TABLE_SIZE));

        dl_put32(header(b, DL_H_BODY_CRC),
                 (uint32_t)crc32(0, b->data + DL_HEADER_SIZE, (uInt)size));
        seal_header(b);
}

/* `bytes` instead of the first `removed` bytes of the first segment's chunk. */
static void splice(struct buffer *b, size_t removed, const void *bytes, size_t n)
{
        uint8_t *chunk = b->data + dl_get32(header(b, DL_H_CHUNK0_SIZE));
        size_t length = dl_get32(table(b, 0) + DL_T_END);

        memmove(chunk + n, chunk + removed, (size_t)(b->data + b->size - chunk) - removed);
        memcpy(chunk, bytes, n);
        b->size += n - removed;
        length += n - removed;
        for (uint32_t i = 0; i < dl_get32(header(b, DL_H_SEGMENT_COUNT)); i++) {
                uint8_t *end = table(b, i) + DL_T_END;
                dl_put32(end, (uint32_t)(dl_get32(end) + n - removed));
        }
        dl_put32(table(b, 0) + DL_T_CRC, (uint32_t)crc32(0, chunk, (uInt)length));
        dl_put64(header(b, DL_H_PATCH_SIZE), b->size);
        seal_body(b);
}

static uint8_t *first_chunk(const struct buffer *b)
{
        return b->data + dl_get32(header(b, DL_H_CHUNK0_SIZE));
}

static void count_behind_the_checksum(struct buffer *b)
{
        entry(b, 0)[DL_D_COUNTS + 12] = 1; /* nobody's count */
        seal_header(b);
}

static void section_longer_than_its_chunk(struct buffer *b)
{
        dl_put32(entry(b, 0) + DL_D_PACKED, dl_get32(entry(b, 0) + DL_D_PACKED) + 1);
        seal_body(b);
}

static void section_shorter_than_its_chunk(struct buffer *b)
{
        dl_put32(entry(b, 0) + DL_D_PACKED, dl_get32(entry(b, 0) + DL_D_PACKED) - 1);
        seal_body(b);
}

static void section_of_no_number(struct buffer *b)
{
        dl_put32(entry(b, 0) + DL_D_ID, 0);
        seal_body(b);
}

static void section_beyond_the_last_number(struct buffer *b)
{
        uint32_t last = dl_get32(header(b, DL_H_SECTION_COUNT)) - 1;

        dl_put32(entry(b, last) + DL_D_ID, DL_S_LIMIT);
        seal_body(b);
}

static void section_with_another_checksum(struct buffer *b)
{
        entry(b, 0)[DL_D_CRC] ^= 1;
        seal_body(b);
}

static void segment_with_another_checksum(struct buffer *b)
{
        table(b, 0)[DL_T_CRC] ^= 1;
        seal_body(b);
}

static void table_that_falls(struct buffer *b)
{
        dl_put32(table(b, 0) + DL_T_END, dl_get32(table(b, 1) + DL_T_END) + 8);
        seal_body(b);
}

static void table_that_ends_too_early(struct buffer *b)
{
        dl_put32(table(b, 1) + DL_T_END, dl_get32(table(b, 1) + DL_T_END) - 1);
        seal_body(b);
}

/* Only said: nothing of it is read before the table is refused. */
static void chunk_that_is_too_long(struct buffer *b)
{
        uint64_t chunk0 = dl_get32(header(b, DL_H_CHUNK0_SIZE));

        dl_put32(table(b, 0) + DL_T_END, DL_CHUNK_MAX + 1);
        dl_put32(table(b, 1) + DL_T_END, DL_CHUNK_MAX + 1);
        dl_put64(header(b, DL_H_PATCH_SIZE), chunk0 + DL_CHUNK_MAX + 1);
        seal_body(b);
}

#define STREAMED_ONLY                         \
        ((DL_STREAMS - DL_RESIDENT_STREAMS) * \
         DL_STREAM_MEMORY(DL_COPY_WINDOW_BITS, DL_SMALL_BUFFER))

static void toggle_resident(struct buffer *b, uint32_t more)
{
        uint8_t *arena = header(b, DL_H_ARENA_SIZE);

        header(b, DL_H_FLAGS)[0] ^= DL_F_RESIDENT;
        dl_put32(arena, dl_get32(arena) + more);
        seal_body(b);
}

static void map_that_nothing_tells_of(struct buffer *b)
{
        toggle_resident(b, STREAMED_ONLY);
}

static void map_that_is_not_there(struct buffer *b)
{
        toggle_resident(b, 0u - STREAMED_ONLY);
}

static void lengths_without_an_end(struct buffer *b)
{
        splice(b, dl_get32(table(b, 0) + DL_T_END), "\x80", 1);
}

static void lengths_cut_short(struct buffer *b)
{
        splice(b, dl_get32(table(b, 0) + DL_T_END), "\x00\x00", 2);
}

/* The first length in so many bytes. */
static void stretch_length(struct buffer *b, size_t n)
{
        const uint8_t *chunk = first_chunk(b);
        uint8_t bytes[6] = {chunk[0] | 0x80u, 0x80, 0x80, 0x80, 0x80, 0x80};
        bool two = chunk[0] & 0x80u;

        if (two)
                bytes[1] = chunk[1] | 0x80u;
        bytes[n - 1] = 0;
        splice(b, two ? 2 : 1, bytes, n);
}

static void length_of_five_bytes(struct buffer *b)
{
        stretch_length(b, 5);
}

static void length_of_six_bytes(struct buffer *b)
{
        stretch_length(b, 6);
}

/* In 32 bits their sum is 0. */
static void lengths_that_wrap(struct buffer *b)
{
        splice(b, dl_get32(table(b, 0) + DL_T_END), "\xff\xff\xff\xff\x0f\x01\x00", 7);
}

static void streams_shorter_than_their_chunk(struct buffer *b)
{
        uint8_t first = first_chunk(b)[0];

        assert_true((first & 0x7fu) > 0);
        splice(b, 1, (uint8_t[]){(uint8_t)(first - 1u)}, 1);
}

static void streams_longer_than_their_chunk(struct buffer *b)
{
        uint8_t first = first_chunk(b)[0];

        assert_true((first & 0x7fu) < 0x7fu);
        splice(b, 1, (uint8_t[]){(uint8_t)(first + 1u)}, 1);
}

/* The last one. */
static void section_with_bytes_to_spare(struct buffer *b)
{
        uint8_t *last = entry(b, dl_get32(header(b, DL_H_SECTION_COUNT)) - 1);
        uint32_t packed = dl_get32(last + DL_D_PACKED) + 1;
        uint8_t *end = first_chunk(b);

        memmove(end + 1, end, (size_t)(b->data + b->size - end));
        *end = 0;
        b->size++;
        dl_put32(last + DL_D_PACKED, packed);
        dl_put32(last + DL_D_CRC, (uint32_t)crc32(0, end + 1 - packed, packed));
        dl_put32(header(b, DL_H_CHUNK0_SIZE), dl_get32(header(b, DL_H_CHUNK0_SIZE)) + 1);
        dl_put64(header(b, DL_H_PATCH_SIZE), b->size);
        seal_body(b);
}

/* The last section's packed bytes, changed, and its checksum. */
static void put_packed(struct buffer *b, size_t at, uint8_t value)
{
        uint8_t *last = entry(b, dl_get32(header(b, DL_H_SECTION_COUNT)) - 1);
        uint32_t packed = dl_get32(last + DL_D_PACKED);
        uint8_t *start = first_chunk(b) - packed;

        start[at] = value;
        dl_put32(last + DL_D_CRC, (uint32_t)crc32(0, start, packed));
        seal_body(b);
}

static void section_that_is_not_packed(struct buffer *b)
{
        put_packed(b, 0, 0x07); /* a block of a kind that does not exist */
}

/* Its last block is none. */
static void section_that_goes_on(struct buffer *b)
{
        uint8_t *last = entry(b, dl_get32(header(b, DL_H_SECTION_COUNT)) - 1);
        const uint8_t *start = first_chunk(b) - dl_get32(last + DL_D_PACKED);

        put_packed(b, 0, start[0] & 0xfeu);
}

static void arena_without_a_core(struct buffer *b)
{
        dl_put32(header(b, DL_H_ARENA_SIZE), 16);
        seal_body(b);
}

static void arena_with_more(struct buffer *b)
{
        uint8_t *arena = header(b, DL_H_ARENA_SIZE);

        dl_put32(arena, dl_get32(arena) + DL_ARENA_ALIGN);
        seal_body(b);
}

struct row {
        const char *what;
        void (*edit)(struct buffer *b);
        sg_err expected;
};

enum { CHECKPOINT_PATCH = 8, CHECKPOINT_SEGMENT = 12, CHECKPOINT_CRC = DL_CHECKPOINT_SIZE - 4 };

static struct dl_checkpoint checkpoint_of(const struct dl_header *h, uint32_t segment)
{
        struct dl_checkpoint c = {{0}};

        memcpy(c.bytes, "SGDLCKP1", 8);
        dl_put32(c.bytes + CHECKPOINT_PATCH, h->crc);
        dl_put32(c.bytes + CHECKPOINT_SEGMENT, segment);
        dl_put32(c.bytes + CHECKPOINT_CRC, (uint32_t)crc32(0, c.bytes, CHECKPOINT_CRC));
        return c;
}

/* Without the check of the patch's length that comes before it on a device; begun anew, or resumed
 * at the beginning. */
static sg_err apply(const struct made *m, void (*edit)(struct buffer *b), bool resumes)
{
        struct rig r = {.from = m->from, .to = m->to};
        struct dl_header h;
        bool done = false;
        struct dl *dl;

        r.patch = (struct buffer){.data = malloc(m->patch.size + 64), .size = m->patch.size};
        r.to.data = calloc(1, m->to.size);
        memcpy(r.patch.data, m->patch.data, m->patch.size);
        edit(&r.patch);
        const struct dl_ops ops = rig_ops(&r);
        sg_err e = dl_header_parse(r.patch.data, &h);
        struct guarded arena = guarded_take(h.arena_size, false);
        const struct dl_checkpoint c = checkpoint_of(&h, 0);
        if (!e)
                e = dl_open(&dl, &ops, &h, arena.memory, r.from.size, rig_from_digest,
                            resumes ? &c : NULL);
        while (!e && !done)
                e = dl_step(dl, &done);
        guarded_free(&arena);
        free(r.patch.data);
        free(r.to.data);
        return e;
}

static void expect(const struct made *m, const struct row *rows, size_t count)
{
        for (size_t i = 0; i < 2 * count; i++) {
                const struct row *row = &rows[i / 2];
                sg_err e = apply(m, row->edit, i % 2);
                if (e != row->expected)
                        fail_msg("%s: %d, not %d", row->what, (int)e, (int)row->expected);
        }
}

static void frames(void **state)
{
        static const struct row rows[] = {
                {"a count behind the checksum", count_behind_the_checksum, SG_E_DELTA_HEADER},
                {"a long section", section_longer_than_its_chunk, SG_E_DELTA_HEADER},
                {"a short section", section_shorter_than_its_chunk, SG_E_DELTA_HEADER},
                {"section 0", section_of_no_number, SG_E_DELTA_HEADER},
                {"a section beyond the last", section_beyond_the_last_number, SG_E_DELTA_HEADER},
                {"a section's checksum", section_with_another_checksum, SG_E_DELTA_MAP},
                {"a segment's checksum", segment_with_another_checksum, SG_E_DELTA_SEGMENT},
                {"a table that falls", table_that_falls, SG_E_DELTA_TABLE},
                {"a table that ends too early", table_that_ends_too_early, SG_E_DELTA_TABLE},
                {"a chunk that is too long", chunk_that_is_too_long, SG_E_DELTA_TABLE},
                {"a map that nothing tells of", map_that_nothing_tells_of, SG_E_DELTA_HEADER},
                {"lengths without an end", lengths_without_an_end, SG_E_DELTA_SEGMENT},
                {"lengths cut short", lengths_cut_short, SG_E_DELTA_SEGMENT},
                {"a length of five bytes", length_of_five_bytes, SG_OK},
                {"a length of six bytes", length_of_six_bytes, SG_E_DELTA_SEGMENT},
                {"lengths that wrap", lengths_that_wrap, SG_E_DELTA_SEGMENT},
                {"short streams", streams_shorter_than_their_chunk, SG_E_DELTA_SEGMENT},
                {"long streams", streams_longer_than_their_chunk, SG_E_DELTA_SEGMENT},
                {"a section with bytes to spare", section_with_bytes_to_spare, SG_E_DELTA_STREAM},
                {"a section that is not packed", section_that_is_not_packed, SG_E_DELTA_STREAM},
                {"a section that goes on", section_that_goes_on, SG_E_DELTA_STREAM},
                {"an arena without a core", arena_without_a_core, SG_E_DELTA_ARENA},
        };

        (void)state;
        expect(&resident, rows, sizeof(rows) / sizeof(rows[0]));
}

static void frames_of_streamed_copies(void **state)
{
        static const struct row rows[] = {
                {"a map that is not there", map_that_is_not_there, SG_E_DELTA_HEADER},
                {"long streams", streams_longer_than_their_chunk, SG_E_DELTA_SEGMENT},
        };

        (void)state;
        expect(&streamed, rows, sizeof(rows) / sizeof(rows[0]));
}

/* ---- The chunks as the table tells them, which no checksum was asked about ---- */

static sg_err chunk_of(uint32_t first_end, uint32_t second_end, uint32_t chunk)
{
        struct rig r = {.patch = resident.patch};
        struct dl_ops ops = rig_ops(&r);
        struct dl_header h = rig_header(&resident.patch);
        uint64_t offset;
        uint32_t length;

        r.patch.data = malloc(r.patch.size);
        memcpy(r.patch.data, resident.patch.data, r.patch.size);
        dl_put32(table(&r.patch, 0) + DL_T_END, first_end);
        dl_put32(table(&r.patch, 1) + DL_T_END, second_end);
        h.patch_size = h.chunk0_size + 2ull * DL_CHUNK_MAX;
        sg_err e = dl_chunk(&ops, &h, chunk, &offset, &length);
        free(r.patch.data);
        return e;
}

static void chunks(void **state)
{
        (void)state;
        assert_int_equal(chunk_of(10, 30, 2), SG_OK);
        assert_int_equal(chunk_of(30, 10, 2), SG_E_DELTA_TABLE);
        assert_int_equal(chunk_of(10, 10 + DL_CHUNK_MAX, 2), SG_OK);
        assert_int_equal(chunk_of(10, 11 + DL_CHUNK_MAX, 2), SG_E_DELTA_TABLE);
        assert_int_equal(chunk_of(2 * DL_CHUNK_MAX - 1, 2 * DL_CHUNK_MAX, 2), SG_OK);
        assert_int_equal(chunk_of(2 * DL_CHUNK_MAX, 2 * DL_CHUNK_MAX + 1, 2), SG_E_DELTA_TABLE);
}

static sg_err unreadable(void *ctx, uint64_t offset, void *data, size_t length)
{
        (void)ctx;
        (void)offset;
        (void)data;
        (void)length;
        return SG_E_IO;
}

static void chunks_without_a_table(void **state)
{
        const struct dl_ops ops = {.patch_read = unreadable};
        struct dl_header h = rig_header(&resident.patch);
        uint64_t offset;
        uint32_t length;

        (void)state;
        assert_int_equal(dl_chunk(&ops, &h, 1, &offset, &length), SG_E_IO);
        assert_int_equal(dl_chunk(&ops, &h, 2, &offset, &length), SG_E_IO);
        h.table_size = 0;
        assert_int_equal(dl_chunk(&ops, &h, 1, &offset, &length), SG_OK);
        assert_int_equal(offset, h.chunk0_size);
        assert_int_equal(length, 0);
}

/* ---- What is told of a patch ---- */

static sg_err info_of(void (*edit)(struct buffer *b), struct dl_info *info)
{
        struct rig r = {
                .patch = {.data = malloc(resident.patch.size + 64), .size = resident.patch.size}};
        const struct dl_ops ops = rig_ops(&r);

        memcpy(r.patch.data, resident.patch.data, resident.patch.size);
        edit(&r.patch);
        const struct dl_header h = rig_header(&r.patch);
        sg_err e = dl_info(&ops, &h, info);
        free(r.patch.data);
        return e;
}

static void note(struct buffer *b)
{
        header(b, DL_H_FLAGS)[0] |= DL_F_NO_BTF;
        seal_header(b);
}

static void information(void **state)
{
        struct dl_info info;

        (void)state;
        assert_int_equal(info_of(note, &info), SG_OK);
        assert_int_equal(info.notes, 1);
        assert_non_null(strstr(info.note[0], "BTF"));
}

/* What a decoder refuses before it unpacks anything. */
static void information_of_damaged_patches(void **state)
{
        static const struct row rows[] = {
                {"a count behind the checksum", count_behind_the_checksum, SG_E_DELTA_HEADER},
                {"section 0", section_of_no_number, SG_E_DELTA_HEADER},
                {"a section beyond the last", section_beyond_the_last_number, SG_E_DELTA_HEADER},
                {"a section's checksum", section_with_another_checksum, SG_E_DELTA_MAP},
                {"a segment's checksum", segment_with_another_checksum, SG_E_DELTA_SEGMENT},
                {"a map that nothing tells of", map_that_nothing_tells_of, SG_E_DELTA_HEADER},
                {"a table that falls", table_that_falls, SG_E_DELTA_TABLE},
                {"a table that ends too early", table_that_ends_too_early, SG_E_DELTA_TABLE},
                {"lengths without an end", lengths_without_an_end, SG_E_DELTA_SEGMENT},
                {"lengths cut short", lengths_cut_short, SG_E_DELTA_SEGMENT},
                {"a length of six bytes", length_of_six_bytes, SG_E_DELTA_SEGMENT},
                {"lengths that wrap", lengths_that_wrap, SG_E_DELTA_SEGMENT},
                {"short streams", streams_shorter_than_their_chunk, SG_E_DELTA_SEGMENT},
                {"long streams", streams_longer_than_their_chunk, SG_E_DELTA_SEGMENT},
                {"an arena without a core", arena_without_a_core, SG_E_DELTA_ARENA},
                {"an arena of another size", arena_with_more, SG_E_DELTA_ARENA},
        };

        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct dl_info info;
                sg_err e = info_of(rows[i].edit, &info);
                if (e != rows[i].expected)
                        fail_msg("%s: %d, not %d", rows[i].what, (int)e, (int)rows[i].expected);
        }
}

/* The patch, until a read of it fails. */
struct failing {
        const struct buffer *patch;
        unsigned reads; /* before the one that fails */
};

static sg_err failing_read(void *ctx, uint64_t offset, void *data, size_t length)
{
        struct failing *f = ctx;

        if (f->reads-- == 0)
                return SG_E_IO;
        assert_true(offset + length <= f->patch->size);
        memcpy(data, f->patch->data + offset, length);
        return SG_OK;
}

static sg_err info_with_reads(unsigned reads, unsigned *left)
{
        const struct dl_header h = rig_header(&resident.patch);
        struct failing f = {&resident.patch, reads};
        const struct dl_ops ops = {.ctx = &f, .patch_read = failing_read};
        struct dl_info info;
        sg_err e = dl_info(&ops, &h, &info);

        *left = f.reads;
        return e;
}

static void information_of_what_cannot_be_read(void **state)
{
        unsigned left;

        (void)state;
        assert_int_equal(info_with_reads(1000, &left), SG_OK);
        for (unsigned i = 0, reads = 1000 - left; i < reads; i++)
                assert_int_equal(info_with_reads(i, &left), SG_E_IO);
}

static void check_sum(const struct buffer *patch)
{
        struct dl_info info = rig_info(patch);
        uint64_t sum = 0;

        for (uint32_t i = 0; i < info.rows; i++)
                sum += info.row[i].bytes;
        assert_int_equal(sum, patch->size);
}

static void information_adds_up(void **state)
{
        struct buffer same = rig_plain(&resident.from, &resident.from);

        (void)state;
        assert_int_equal(rig_header(&same).table_size, 0);
        check_sum(&same);
        check_sum(&resident.patch);
        check_sum(&streamed.patch);
        free(same.data);
}

/* ---- Opening ---- */

static sg_err open_with(const uint8_t digest[DL_DIGEST_SIZE], uint64_t size,
                        const struct dl_checkpoint *c, uint32_t *segment)
{
        struct rig r = {.patch = resident.patch, .from = resident.from};
        struct dl_ops ops = rig_ops(&r);
        struct dl_header h = rig_header(&resident.patch);
        struct guarded arena = guarded_take(h.arena_size, false);
        struct dl *dl;
        sg_err e = dl_open(&dl, &ops, &h, arena.memory, size, digest, c);

        if (e)
                assert_null(dl);
        else
                *segment = dl_segment(dl);
        guarded_free(&arena);
        return e;
}

static void another_base(void **state)
{
        struct rig r = {.patch = resident.patch, .from = resident.from};
        struct dl_ops ops = rig_ops(&r);
        struct dl_header h = rig_header(&resident.patch);
        uint8_t arena[DL_CORE_MEMORY];
        struct dl *dl = (struct dl *)(void *)arena;

        (void)state;
        assert_int_equal(
                dl_open(&dl, &ops, &h, arena, resident.from.size - 1, rig_from_digest, NULL),
                SG_E_DELTA_WRONG_BASE);
        assert_null(dl);
        assert_int_equal(dl_open(&dl, &ops, &h, arena, resident.from.size, rig_to_digest, NULL),
                         SG_E_DELTA_WRONG_BASE);
}

static void checkpoints(void **state)
{
        static const struct {
                size_t at;
                uint8_t flip;
                bool sealed;
        } rows[] = {
                {0, 1, true},
                {CHECKPOINT_PATCH, 1, true},
                {CHECKPOINT_SEGMENT, 2, true}, /* 3 of 2 */
                {CHECKPOINT_SEGMENT, 1, false},
                {CHECKPOINT_CRC, 1, false},
        };
        const struct dl_header h = rig_header(&resident.patch);
        const struct dl_checkpoint good = checkpoint_of(&h, 1);
        struct dl_checkpoint c;
        uint32_t segment = 0;

        (void)state;
        assert_int_equal(open_with(rig_from_digest, resident.from.size, &good, &segment), SG_OK);
        assert_int_equal(segment, 1);
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                c = good;
                c.bytes[rows[i].at] ^= rows[i].flip;
                if (rows[i].sealed)
                        dl_put32(c.bytes + CHECKPOINT_CRC,
                                 (uint32_t)crc32(0, c.bytes, CHECKPOINT_CRC));
                if (open_with(rig_from_digest, resident.from.size, &c, &segment) !=
                    SG_E_DELTA_CHECKPOINT)
                        fail_msg("row %zu", i);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(frames),
                cmocka_unit_test(frames_of_streamed_copies),
                cmocka_unit_test(chunks),
                cmocka_unit_test(chunks_without_a_table),
                cmocka_unit_test(information),
                cmocka_unit_test(information_of_damaged_patches),
                cmocka_unit_test(information_of_what_cannot_be_read),
                cmocka_unit_test(information_adds_up),
                cmocka_unit_test(another_base),
                cmocka_unit_test(checkpoints),
        };

        return cmocka_run_group_tests(tests, set_up, tear_down);
}
