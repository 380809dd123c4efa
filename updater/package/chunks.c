/* SPDX-License-Identifier: Apache-2.0 */
#include "updater/package/chunks.h"

#include <mbedtls/sha256.h>
#include <segue/bytes.h>
#include <string.h>

static const uint8_t *entry(const struct chunk_reader *r, uint32_t i)
{
        return r->list + CHUNK_HEADER_SIZE + (size_t)i * CHUNK_ENTRY_SIZE;
}

uint32_t chunk_length(const struct chunk_reader *r, uint32_t i)
{
        return get_le32(entry(r, i));
}

sg_err chunk_reader_open(struct chunk_reader *r, const struct storage *storage, uint64_t offset,
                         uint64_t length, const uint8_t *list, size_t list_size, uint8_t *buffer)
{
        uint64_t sum = 0;

        *r = (struct chunk_reader){
                .storage = storage,
                .offset = offset,
                .length = length,
                .list = list,
        };
        r->buffer = buffer;
        if (list_size < CHUNK_HEADER_SIZE || memcmp(list, CHUNK_MAGIC, 4) != 0) {
                return SG_E_CHUNK_LIST;
        }
        r->count = get_le32(list + 4);
        if (r->count == 0 || r->count > CHUNK_COUNT_MAX ||
            list_size != CHUNK_HEADER_SIZE + (size_t)r->count * CHUNK_ENTRY_SIZE) {
                return SG_E_CHUNK_LIST;
        }
        for (uint32_t i = 0; i < r->count; i++) {
                if (chunk_length(r, i) > CHUNK_LENGTH_MAX) {
                        return SG_E_CHUNK_LIST;
                }
                sum += chunk_length(r, i);
        }
        r->loaded = r->count;
        return sum == length ? SG_OK : SG_E_CHUNK_LIST;
}

/* Makes buffer hold chunk i, which begins at offset `at` of the payload, once its digest held. */
static sg_err load(struct chunk_reader *r, uint32_t i, uint64_t at)
{
        uint8_t digest[32];
        uint32_t length = chunk_length(r, i);

        r->loaded = r->count;
        sg_err err = storage_read(r->storage, r->offset + at, r->buffer, length);
        if (err != SG_OK) {
                return err;
        }
        mbedtls_sha256(r->buffer, length, digest, 0);
        if (memcmp(digest, entry(r, i) + 4, sizeof(digest)) != 0) {
                return SG_E_CHUNK_DIGEST;
        }
        r->loaded = i;
        r->loaded_at = at;
        return SG_OK;
}

sg_err chunk_reader_chunk(struct chunk_reader *r, uint32_t i, const uint8_t **bytes, uint64_t *at)
{
        *bytes = r->buffer;
        *at = 0;
        for (uint32_t k = 0; k < i; k++) {
                *at += chunk_length(r, k);
        }
        return i == r->loaded ? SG_OK : load(r, i, *at);
}

/* The chunk that holds a byte of the payload, and where it begins. */
static uint32_t chunk_of(const struct chunk_reader *r, uint64_t offset, uint64_t *at)
{
        uint32_t i = 0;

        *at = 0;
        while (offset - *at >= chunk_length(r, i)) {
                *at += chunk_length(r, i);
                i++;
        }
        return i;
}

sg_err chunk_reader_read(struct chunk_reader *r, uint64_t offset, void *data, size_t length)
{
        uint8_t *out = data;

        if (offset > r->length || length > r->length - offset) {
                return SG_E_TRUNCATED;
        }
        while (length > 0) {
                uint64_t at;
                uint32_t i = chunk_of(r, offset, &at);
                if (i != r->loaded) {
                        sg_err err = load(r, i, at);
                        if (err != SG_OK) {
                                return err;
                        }
                }
                size_t skip = (size_t)(offset - at);
                size_t n = chunk_length(r, i) - skip;
                if (n > length) {
                        n = length;
                }
                memcpy(out, r->buffer + skip, n);
                out += n;
                offset += n;
                length -= n;
        }
        return SG_OK;
}
