/* SPDX-License-Identifier: Apache-2.0 */
/* The header, where the chunks are, and where the streams are in a segment's chunk. */
#include <zlib.h>

#include "delta/decoder.h"

static bool sizes_fit(const struct dl_header *h)
{
        uint64_t segments = (h->to_size + DL_SEGMENT_SIZE - 1u) / DL_SEGMENT_SIZE;
        uint64_t fixed = DL_HEADER_SIZE + (uint64_t)h->section_count * DL_D_SIZE + h->table_size;

        return h->from_size <= DL_IMAGE_MAX && h->to_size <= DL_IMAGE_MAX &&
               h->arena_size % DL_ARENA_ALIGN == 0 && h->segment_count == segments &&
               h->section_count <= DL_SECTIONS_MAX &&
               (h->table_size == 0 || h->table_size == h->segment_count * DL_T_SIZE) &&
               h->chunk0_size >= fixed && h->chunk0_size <= DL_CHUNK_MAX &&
               h->patch_size >= h->chunk0_size &&
               h->patch_size - h->chunk0_size <= (uint64_t)h->segment_count * DL_CHUNK_MAX &&
               (h->table_size != 0 || h->patch_size == h->chunk0_size);
}

sg_err dl_header_parse(const uint8_t bytes[DL_HEADER_SIZE], struct dl_header *h)
{
        if (memcmp(bytes + DL_H_MAGIC, DL_MAGIC, 8) != 0)
                return SG_E_DELTA_MAGIC;
        if (dl_get32(bytes + DL_H_VERSION) != DL_VERSION)
                return SG_E_DELTA_VERSION;
        if (dl_get32(bytes + DL_H_CRC) != crc32(0, bytes, DL_H_CRC))
                return SG_E_DELTA_HEADER;
        for (unsigned i = DL_H_RESERVED; i < DL_H_BODY_CRC; i++) {
                if (bytes[i] != 0)
                        return SG_E_DELTA_HEADER;
        }
        h->flags = dl_get32(bytes + DL_H_FLAGS);
        h->from_size = dl_get64(bytes + DL_H_FROM_SIZE);
        h->to_size = dl_get64(bytes + DL_H_TO_SIZE);
        memcpy(h->from_digest, bytes + DL_H_FROM_DIGEST, DL_DIGEST_SIZE);
        memcpy(h->to_digest, bytes + DL_H_TO_DIGEST, DL_DIGEST_SIZE);
        h->patch_size = dl_get64(bytes + DL_H_PATCH_SIZE);
        h->arena_size = dl_get32(bytes + DL_H_ARENA_SIZE);
        h->segment_count = dl_get32(bytes + DL_H_SEGMENT_COUNT);
        h->chunk_count = h->segment_count + 1u;
        h->chunk0_size = dl_get32(bytes + DL_H_CHUNK0_SIZE);
        h->table_size = dl_get32(bytes + DL_H_TABLE_SIZE);
        h->section_count = dl_get32(bytes + DL_H_SECTION_COUNT);
        h->codec = dl_get32(bytes + DL_H_CODEC);
        h->body_crc = dl_get32(bytes + DL_H_BODY_CRC);
        h->crc = dl_get32(bytes + DL_H_CRC);
        if (h->flags & ~DL_F_KNOWN)
                return SG_E_DELTA_VERSION;
        if (h->codec != DL_CODEC_ZLIB)
                return SG_E_DELTA_CODEC;
        return sizes_fit(h) ? SG_OK : SG_E_DELTA_HEADER;
}

sg_err dl_chunk(const struct dl_ops *ops, const struct dl_header *h, uint32_t i, uint64_t *offset,
                uint32_t *length)
{
        uint64_t table = DL_HEADER_SIZE + (uint64_t)h->section_count * DL_D_SIZE;
        uint8_t pair[2 * DL_T_SIZE] = {0};
        sg_err e = SG_OK;

        if (i >= h->chunk_count)
                return SG_E_BAD_ARGUMENT;
        if (i == 0 || h->table_size == 0) {
                *offset = i == 0 ? 0 : h->chunk0_size;
                *length = i == 0 ? h->chunk0_size : 0;
                return SG_OK;
        }
        if (i == 1)
                e = ops->patch_read(ops->ctx, table, pair + DL_T_SIZE, DL_T_SIZE);
        else
                e = ops->patch_read(ops->ctx, table + (i - 2ull) * DL_T_SIZE, pair, sizeof(pair));
        if (e)
                return e;
        uint32_t start = dl_get32(pair + DL_T_END);
        uint32_t end = dl_get32(pair + DL_T_SIZE + DL_T_END);
        if (start > end || end - start > DL_CHUNK_MAX || end > h->patch_size - h->chunk0_size)
                return SG_E_DELTA_TABLE;
        *offset = h->chunk0_size + (uint64_t)start;
        *length = end - start;
        return SG_OK;
}

uint32_t dl_stream_count(const struct dl_header *h)
{
        return h->flags & DL_F_RESIDENT ? DL_DEFLATED : DL_STREAMS;
}

sg_err dl_chunk_head(const struct dl_ops *ops, const struct dl_header *h, uint64_t offset,
                     uint32_t length, uint32_t sizes[DL_STREAMS], uint32_t *head_size)
{
        uint8_t head[DL_VARINT_BYTES * DL_STREAMS];
        uint32_t n = length < sizeof(head) ? length : (uint32_t)sizeof(head);
        uint32_t at = 0;
        sg_err e = ops->patch_read(ops->ctx, offset, head, n);

        if (e)
                return e;
        memset(sizes, 0, DL_STREAMS * sizeof(*sizes));
        uint64_t sum = 0;
        for (uint32_t i = 0; i < dl_stream_count(h) && length > 0; i++) {
                uint8_t byte = 128;
                for (unsigned k = 0; byte & 128u; k++) {
                        if (at == n)
                                return SG_E_DELTA_SEGMENT;
                        byte = head[at++];
                        if (!dl_varint_add(&sizes[i], k, byte))
                                return SG_E_DELTA_SEGMENT;
                }
                sum += sizes[i];
        }
        *head_size = at;
        return at + sum == length ? SG_OK : SG_E_DELTA_SEGMENT;
}
