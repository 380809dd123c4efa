// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/patch_parts.h"

#include <stdlib.h>

#include <zlib.h>

#include "delta/decoder.h"
#include "tests/fuzz/patch_copies.h"
#include "tests/fuzz/patch_reader.h"
#include "tests/fuzz/patch_sorted.h"

#define VARINT_MAX 5u

/* Unpacks packed[0, size) into the room's next piece. */
static bool unpack(struct patch_parts *p, struct patch_part *part, const uint8_t *packed,
                   size_t size)
{
        z_stream z = {.next_in = (uint8_t *)(uintptr_t)packed, .avail_in = (uInt)size};
        size_t left = PARTS_ROOM - p->used;

        part->bytes = p->room + p->used;
        part->size = 0;
        part->stored = false;
        if (left < PARTS_GROWTH || inflateInit2(&z, -MAX_WBITS) != Z_OK)
                return false;
        z.next_out = part->bytes;
        z.avail_out = (uInt)(left - PARTS_GROWTH);
        int r = size ? inflate(&z, Z_FINISH) : Z_STREAM_END;
        part->size = z.total_out;
        p->used += part->size + PARTS_GROWTH;
        (void)inflateEnd(&z);
        return r == Z_STREAM_END;
}

/* Packs a part to the end of the patch; an empty one to nothing. */
static bool pack(const struct patch_part *part, uint8_t *patch, size_t max, size_t *at)
{
        z_stream z = {.next_in = part->bytes, .avail_in = (uInt)part->size};

        if (part->size == 0)
                return true;
        if (deflateInit2(&z, part->stored ? 0 : 1, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY) !=
            Z_OK)
                return false;
        z.next_out = patch + *at;
        z.avail_out = (uInt)(max - *at);
        int r = deflate(&z, Z_FINISH);
        *at += z.total_out;
        (void)deflateEnd(&z);
        return r == Z_STREAM_END;
}

static bool read_varint(const uint8_t *bytes, size_t size, size_t *at, uint32_t *value)
{
        *value = 0;
        for (unsigned i = 0; i < VARINT_MAX && *at < size; i++) {
                uint8_t b = bytes[(*at)++];
                *value |= (uint32_t)(b & 127u) << (7 * i);
                if (b < 128)
                        return true;
        }
        return false;
}

/* The stream that section 9 says to be sorted in segment i; 0: none. */
static uint8_t sorted_in(const struct patch_parts *p, uint32_t i)
{
        for (uint32_t k = 0; k < p->sections; k++) {
                const struct patch_part *s = &p->section[k];
                if (dl_get32(p->directory + (size_t)k * DL_D_SIZE + DL_D_ID) == DL_S_BLOCKS &&
                    i < s->size && (s->bytes[i] & BLOCK_STREAM) < p->streams)
                        return s->bytes[i] & BLOCK_STREAM;
        }
        return 0;
}

/* Keeps what is told, and frees it. */
static bool keep(struct patch_parts *p, struct patch_part *part, struct bytes *told)
{
        bool fits = !told->failed && told->size + PARTS_GROWTH <= PARTS_ROOM - p->used;

        *part = (struct patch_part){.bytes = p->room + p->used};
        if (fits && told->size > 0)
                memcpy(part->bytes, told->data, told->size);
        part->size = fits ? told->size : 0;
        p->used += part->size + PARTS_GROWTH;
        bytes_free(told);
        return fits;
}

static bool read_sorted(struct patch_parts *p, struct patch_part *part, const uint8_t *packed,
                        size_t size)
{
        struct bytes told = {0};
        bool whole = patch_sorted_read(&told, packed, size);

        return keep(p, part, &told) && whole;
}

static uint32_t from_size(const struct patch_parts *p)
{
        return (uint32_t)dl_get64(p->header + DL_H_FROM_SIZE);
}

/* Of the output from `to` on. */
static bool read_copies(struct patch_parts *p, struct patch_part *part, const uint8_t *packed,
                        size_t size, uint32_t to)
{
        struct bytes told = {0};
        bool whole = size == 0 || patch_copies_read(&told, packed, size, from_size(p), to);

        return keep(p, part, &told) && whole;
}

static bool read_stream(struct patch_parts *p, uint32_t segment, uint32_t k, const uint8_t *packed,
                        size_t size)
{
        struct patch_part *part = &p->stream[segment][k];

        if (k == DL_COPIES)
                return read_copies(p, part, packed, size, segment * DL_SEGMENT_SIZE);
        return (k > 0 && k == p->sorted[segment] ? read_sorted : unpack)(p, part, packed, size);
}

static bool read_segment(struct patch_parts *p, uint32_t i, const uint8_t *chunk, size_t size)
{
        uint32_t sizes[DL_STREAMS] = {0};
        size_t at = 0;

        for (uint32_t k = 0; k < p->streams && size > 0; k++)
                if (!read_varint(chunk, size, &at, &sizes[k]))
                        return false;
        p->sorted[i] = sorted_in(p, i);
        for (uint32_t k = 0; k < p->streams; k++) {
                if (sizes[k] > size - at || !read_stream(p, i, k, chunk + at, sizes[k]))
                        return false;
                at += sizes[k];
        }
        return true;
}

static bool is_map(const uint8_t *entry)
{
        return dl_get32(entry + DL_D_ID) == DL_S_MAP;
}

static bool read_sections(struct patch_parts *p, const uint8_t *patch, size_t size,
                          const struct dl_header *h)
{
        size_t at = DL_HEADER_SIZE + (size_t)h->section_count * DL_D_SIZE;

        if (at + h->table_size > size)
                return false;
        memcpy(p->directory, patch + DL_HEADER_SIZE, (size_t)h->section_count * DL_D_SIZE);
        at += h->table_size;
        for (uint32_t i = 0; i < h->section_count; i++) {
                const uint8_t *entry = p->directory + (size_t)i * DL_D_SIZE;
                uint32_t packed = dl_get32(entry + DL_D_PACKED);
                if (packed > size - at)
                        return false;
                if (!(is_map(entry) ? read_copies(p, &p->section[i], patch + at, packed, 0)
                                    : unpack(p, &p->section[i], patch + at, packed)))
                        return false;
                at += packed;
        }
        return true;
}

bool patch_parts_read(struct patch_parts *p, const uint8_t *patch, size_t size)
{
        struct patch_reader reader = {patch, size};
        const struct dl_ops ops = {.ctx = &reader, .patch_read = patch_reader_read};
        struct dl_header h;
        uint64_t offset;
        uint32_t length;

        if (size < DL_HEADER_SIZE || dl_header_parse(patch, &h) != SG_OK ||
            h.segment_count > PARTS_SEGMENTS_MAX || h.patch_size != size)
                return false;
        p->used = 0;
        p->sections = h.section_count;
        p->segments = h.segment_count;
        p->streams = h.flags & DL_F_RESIDENT ? DL_DEFLATED : DL_STREAMS;
        memcpy(p->header, patch, DL_HEADER_SIZE);
        if (!read_sections(p, patch, size, &h))
                return false;
        for (uint32_t i = 0; i < h.segment_count; i++)
                if (dl_chunk(&ops, &h, i + 1, &offset, &length) != SG_OK ||
                    offset + length > size || !read_segment(p, i, patch + offset, length))
                        return false;
        return true;
}

/* Appends what was packed, and frees it. */
static bool put(struct bytes *packed, uint8_t *patch, size_t max, size_t *at)
{
        bool fits = !packed->failed && packed->size <= max - *at;

        if (fits) {
                memcpy(patch + *at, packed->data, packed->size);
                *at += packed->size;
        }
        bytes_free(packed);
        return fits;
}

/* Of the output from `to` on. */
static bool write_copies(const struct patch_parts *p, const struct patch_part *part, uint32_t to,
                         uint8_t *patch, size_t max, size_t *at)
{
        struct bytes packed = {0};

        patch_copies_write(&packed, part->bytes, part->size, from_size(p), to);
        return put(&packed, patch, max, at);
}

static bool write_sections(const struct patch_parts *p, uint8_t *patch, size_t max, size_t *at)
{
        for (uint32_t i = 0; i < p->sections; i++) {
                uint8_t *entry = patch + DL_HEADER_SIZE + (size_t)i * DL_D_SIZE;
                size_t start = *at;
                if (!(is_map(entry) ? write_copies(p, &p->section[i], 0, patch, max, at)
                                    : pack(&p->section[i], patch, max, at)))
                        return false;
                dl_put32(entry + DL_D_PACKED, (uint32_t)(*at - start));
                dl_put32(entry + DL_D_CRC, (uint32_t)crc32(0, patch + start, (uInt)(*at - start)));
        }
        return true;
}

static void put_varint(uint8_t *head, size_t *at, size_t value)
{
        for (; value >= 128; value >>= 7)
                head[(*at)++] = (uint8_t)(value | 128u);
        head[(*at)++] = (uint8_t)value;
}

static bool write_stream(const struct patch_parts *p, uint32_t segment, uint32_t k, uint8_t *patch,
                         size_t max, size_t *at)
{
        const struct patch_part *part = &p->stream[segment][k];
        struct bytes packed = {0};

        if (k == DL_COPIES)
                return part->size == 0 ||
                       write_copies(p, part, segment * DL_SEGMENT_SIZE, patch, max, at);
        if (k == 0 || k != p->sorted[segment])
                return pack(part, patch, max, at);
        patch_sorted_write(&packed, part->bytes, part->size);
        return put(&packed, patch, max, at);
}

/* The streams are packed first, behind the most that their lengths can take, then moved. */
static bool write_segment(const struct patch_parts *p, uint32_t i, uint8_t *patch, size_t max,
                          size_t *at)
{
        uint8_t head[VARINT_MAX * DL_STREAMS];
        size_t head_size = 0, start = *at + sizeof(head), end = start;

        if (start > max)
                return false;
        for (uint32_t k = 0; k < p->streams; k++) {
                size_t before = end;
                if (!write_stream(p, i, k, patch, max, &end))
                        return false;
                put_varint(head, &head_size, end - before);
        }
        if (end == start)
                return true; /* an empty chunk */
        memcpy(patch + *at, head, head_size);
        memmove(patch + *at + head_size, patch + start, end - start);
        *at += head_size + end - start;
        return true;
}

static bool write_segments(const struct patch_parts *p, uint8_t *patch, size_t max, size_t *at)
{
        uint8_t *entry = patch + DL_HEADER_SIZE + (size_t)p->sections * DL_D_SIZE;
        size_t first = *at;

        for (uint32_t i = 0; i < p->segments; i++, entry += DL_T_SIZE) {
                size_t start = *at;
                if (!write_segment(p, i, patch, max, at))
                        return false;
                dl_put32(entry + DL_T_END, (uint32_t)(*at - first));
                dl_put32(entry + DL_T_CRC, (uint32_t)crc32(0, patch + start, (uInt)(*at - start)));
        }
        return true;
}

static void put_header_crc(uint8_t *patch)
{
        dl_put32(patch + DL_H_CRC, (uint32_t)crc32(0, patch, DL_H_CRC));
}

/* What the counts in the directory make of it. */
static void put_arena_size(uint8_t *patch, size_t size)
{
        struct patch_reader reader = {patch, size};
        const struct dl_ops ops = {.ctx = &reader, .patch_read = patch_reader_read};
        struct dl_arena plan = {NULL, 0};
        struct dl *dl = calloc(1, sizeof(*dl));

        if (dl && dl_header_parse(patch, &dl->header) == SG_OK &&
            dl_directory_read(&ops, &dl->header, dl->sections) == SG_OK) {
                dl_arena_plan(dl, &plan);
                dl_put32(patch + DL_H_ARENA_SIZE, (uint32_t)plan.used);
        }
        free(dl);
}

void patch_parts_put_size(struct patch_parts *p, uint32_t i)
{
        uint8_t *entry = p->directory + (size_t)i * DL_D_SIZE;

        dl_put32(entry + DL_D_RAW, is_map(entry) ? 0 : (uint32_t)p->section[i].size);
}

size_t patch_parts_write(const struct patch_parts *p, uint8_t *patch, size_t max)
{
        bool table = dl_get32(p->header + DL_H_TABLE_SIZE) != 0;
        size_t body = (size_t)p->sections * DL_D_SIZE + (table ? p->segments * DL_T_SIZE : 0);
        size_t at = DL_HEADER_SIZE + body;

        if (at > max)
                return 0;
        memcpy(patch, p->header, DL_HEADER_SIZE);
        memcpy(patch + DL_HEADER_SIZE, p->directory, (size_t)p->sections * DL_D_SIZE);
        if (!write_sections(p, patch, max, &at))
                return 0;
        dl_put32(patch + DL_H_CHUNK0_SIZE, (uint32_t)at);
        if (table && !write_segments(p, patch, max, &at))
                return 0;
        dl_put64(patch + DL_H_PATCH_SIZE, at);
        dl_put32(patch + DL_H_BODY_CRC, (uint32_t)crc32(0, patch + DL_HEADER_SIZE, (uInt)body));
        put_header_crc(patch);
        put_arena_size(patch, at);
        put_header_crc(patch);
        return at;
}
