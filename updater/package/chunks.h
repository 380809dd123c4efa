/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The chunk list of a target: what allows a payload to be authenticated piece by piece. Member
 * targets/<path>.chunks:
 *
 *   0   4  magic "SGC1"
 *   4   4  count of chunks, little-endian
 *   8  36  each: length, little-endian 32-bit, may be 0; SHA-256 of the chunk
 *
 * Its own SHA-256 stands in the signed `custom`. The lengths sum up to the target's length.
 */
#ifndef PACKAGE_CHUNKS_H
#define PACKAGE_CHUNKS_H

#include "updater/storage.h"

#define CHUNK_MAGIC       "SGC1"
#define CHUNK_HEADER_SIZE 8
#define CHUNK_ENTRY_SIZE  36
#define CHUNK_LENGTH_MAX  ((1u << 20) + (64u << 10)) /* a delta's DL_CHUNK_MAX */
#define CHUNK_COUNT_MAX   4096
#define CHUNK_LIST_MAX    (CHUNK_HEADER_SIZE + CHUNK_COUNT_MAX * CHUNK_ENTRY_SIZE)

/* A payload that is only ever seen through its chunk list. */
struct chunk_reader {
        const struct storage *storage;
        uint64_t offset; /* of the payload in storage */
        uint64_t length;
        const uint8_t *list; /* the whole member, its digest checked */
        uint32_t count;
        uint8_t *buffer;    /* CHUNK_LENGTH_MAX bytes */
        uint32_t loaded;    /* index of the chunk in buffer; count: none */
        uint64_t loaded_at; /* its offset in the payload */
};

/* list_size is known and the list's digest was checked by the caller. SG_E_CHUNK_LIST when the list
 * is not well-formed or its lengths do not sum up to length. */
sg_err chunk_reader_open(struct chunk_reader *r, const struct storage *storage, uint64_t offset,
                         uint64_t length, const uint8_t *list, size_t list_size, uint8_t *buffer);

/* Chunk i as a whole, i < count, its digest checked: valid until the next call. *at is its offset
 * in the payload. Errors as below. */
sg_err chunk_reader_chunk(struct chunk_reader *r, uint32_t i, const uint8_t **bytes, uint64_t *at);

/* Bytes of chunk i. */
uint32_t chunk_length(const struct chunk_reader *r, uint32_t i);

/* Reads from the payload; every chunk that is touched is read into RAM and its digest
 * checked before a byte of it is handed out. SG_E_CHUNK_DIGEST, SG_E_TRUNCATED, SG_E_IO. */
sg_err chunk_reader_read(struct chunk_reader *r, uint64_t offset, void *data, size_t length);

#endif
