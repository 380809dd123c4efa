/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/delta_frame_edits.h"

#include <zlib.h>

struct made resident, streamed;

int set_up(void **state)
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

int tear_down(void **state)
{
        (void)state;
        release(&resident);
        release(&streamed);
        return 0;
}

/* ---- What is behind the header ---- */

uint8_t *header(const struct buffer *b, size_t at)
{
        return b->data + at;
}

static uint8_t *entry(const struct buffer *b, uint32_t i)
{
        return b->data + DL_HEADER_SIZE + (size_t)i * DL_D_SIZE;
}

uint8_t *table(const struct buffer *b, uint32_t segment)
{
        return entry(b, dl_get32(header(b, DL_H_SECTION_COUNT))) + (size_t)segment * DL_T_SIZE;
}

void seal_header(const struct buffer *b)
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

void count_behind_the_checksum(struct buffer *b)
{
        entry(b, 0)[DL_D_COUNTS + 12] = 1; /* nobody's count */
        seal_header(b);
}

void section_longer_than_its_chunk(struct buffer *b)
{
        dl_put32(entry(b, 0) + DL_D_PACKED, dl_get32(entry(b, 0) + DL_D_PACKED) + 1);
        seal_body(b);
}

void section_shorter_than_its_chunk(struct buffer *b)
{
        dl_put32(entry(b, 0) + DL_D_PACKED, dl_get32(entry(b, 0) + DL_D_PACKED) - 1);
        seal_body(b);
}

void section_of_no_number(struct buffer *b)
{
        dl_put32(entry(b, 0) + DL_D_ID, 0);
        seal_body(b);
}

void section_beyond_the_last_number(struct buffer *b)
{
        uint32_t last = dl_get32(header(b, DL_H_SECTION_COUNT)) - 1;

        dl_put32(entry(b, last) + DL_D_ID, DL_S_LIMIT);
        seal_body(b);
}

void section_with_another_checksum(struct buffer *b)
{
        entry(b, 0)[DL_D_CRC] ^= 1;
        seal_body(b);
}

void segment_with_another_checksum(struct buffer *b)
{
        table(b, 0)[DL_T_CRC] ^= 1;
        seal_body(b);
}

void table_that_falls(struct buffer *b)
{
        dl_put32(table(b, 0) + DL_T_END, dl_get32(table(b, 1) + DL_T_END) + 8);
        seal_body(b);
}

void table_that_ends_too_early(struct buffer *b)
{
        dl_put32(table(b, 1) + DL_T_END, dl_get32(table(b, 1) + DL_T_END) - 1);
        seal_body(b);
}

/* Only said: nothing of it is read before the table is refused. */
void chunk_that_is_too_long(struct buffer *b)
{
        uint64_t chunk0 = dl_get32(header(b, DL_H_CHUNK0_SIZE));

        dl_put32(table(b, 0) + DL_T_END, DL_CHUNK_MAX + 1);
        dl_put32(table(b, 1) + DL_T_END, DL_CHUNK_MAX + 1);
        dl_put64(header(b, DL_H_PATCH_SIZE), chunk0 + DL_CHUNK_MAX + 1);
        seal_body(b);
}

#define STREAMED_ONLY DL_COPIES_MEMORY

static void toggle_resident(struct buffer *b, uint32_t more)
{
        uint8_t *arena = header(b, DL_H_ARENA_SIZE);

        header(b, DL_H_FLAGS)[0] ^= DL_F_RESIDENT;
        dl_put32(arena, dl_get32(arena) + more);
        seal_body(b);
}

void map_that_nothing_tells_of(struct buffer *b)
{
        toggle_resident(b, STREAMED_ONLY);
}

void map_that_is_not_there(struct buffer *b)
{
        toggle_resident(b, 0u - STREAMED_ONLY);
}

void lengths_without_an_end(struct buffer *b)
{
        splice(b, dl_get32(table(b, 0) + DL_T_END), "\x80", 1);
}

void lengths_cut_short(struct buffer *b)
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

void length_of_five_bytes(struct buffer *b)
{
        stretch_length(b, 5);
}

void length_of_six_bytes(struct buffer *b)
{
        stretch_length(b, 6);
}

/* In 32 bits their sum is 0. */
void lengths_that_wrap(struct buffer *b)
{
        splice(b, dl_get32(table(b, 0) + DL_T_END), "\xff\xff\xff\xff\x0f\x01\x00", 7);
}

void streams_shorter_than_their_chunk(struct buffer *b)
{
        uint8_t first = first_chunk(b)[0];

        assert_true((first & 0x7fu) > 0);
        splice(b, 1, (uint8_t[]){(uint8_t)(first - 1u)}, 1);
}

void streams_longer_than_their_chunk(struct buffer *b)
{
        uint8_t first = first_chunk(b)[0];

        assert_true((first & 0x7fu) < 0x7fu);
        splice(b, 1, (uint8_t[]){(uint8_t)(first + 1u)}, 1);
}

/* The last one. */
void section_with_bytes_to_spare(struct buffer *b)
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

void section_that_is_not_packed(struct buffer *b)
{
        put_packed(b, 0, 0x07); /* a block of a kind that does not exist */
}

/* Its last block is none. */
void section_that_goes_on(struct buffer *b)
{
        uint8_t *last = entry(b, dl_get32(header(b, DL_H_SECTION_COUNT)) - 1);
        const uint8_t *start = first_chunk(b) - dl_get32(last + DL_D_PACKED);

        put_packed(b, 0, start[0] & 0xfeu);
}

void arena_without_a_core(struct buffer *b)
{
        dl_put32(header(b, DL_H_ARENA_SIZE), 16);
        seal_body(b);
}

void arena_with_more(struct buffer *b)
{
        uint8_t *arena = header(b, DL_H_ARENA_SIZE);

        dl_put32(arena, dl_get32(arena) + DL_ARENA_ALIGN);
        seal_body(b);
}
