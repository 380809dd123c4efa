/* SPDX-License-Identifier: Apache-2.0 */
/* Makes signed packages in memory, right ones and wrong ones, for tests. */
#ifndef TESTS_PACKAGE_MAKER_H
#define TESTS_PACKAGE_MAKER_H

#include "updater/package/package.h"
#include <mbedtls/pk.h>

#define MAKER_KEYS_MAX   9 /* one more than a role may have */
#define MAKER_TEXT_MAX   32768
#define MAKER_IMAGE_SIZE 3000
#define MAKER_LIST_MAX   (CHUNK_LIST_MAX + 512) /* more than any reader takes */

struct maker_key {
        mbedtls_pk_context pk;
        uint8_t spki[KEY_SPKI_SIZE];
};

/* Keys that sign or stand for a role. */
struct maker_role {
        const struct maker_key *key[MAKER_KEYS_MAX];
        uint32_t count;
        uint32_t threshold;
};

struct maker_payload {
        struct manifest_target
                manifest; /* length, digests of payload and chunk list are filled in */
        const uint8_t *bytes;
        const uint32_t *chunks; /* their lengths */
        uint32_t chunk_count;
        const uint8_t *list; /* a chunk list of one's own; NULL: the right one */
        size_t list_size;
};

/* A text file in memory. */
struct maker_text {
        size_t length;
        char text[MAKER_TEXT_MAX];
};

void maker_key_make(struct maker_key *key);
void maker_key_free(struct maker_key *key);

/* root.json, signed by `signers`. */
void maker_root(struct maker_text *out, uint64_t version, const struct maker_role *root,
                const struct maker_role *targets, const struct maker_role *signers);

/* targets.json for the payloads, signed by `signers`; fills in the manifests. */
void maker_targets(struct maker_text *out, uint64_t version, struct maker_payload *payloads,
                   uint32_t count, const struct maker_role *signers);

/* An image that is in order, in chunks of uneven lengths; the bytes stay the caller's. */
struct maker_payload maker_image(const char *guest, const char *path,
                                 const uint8_t bytes[MAKER_IMAGE_SIZE]);

/* The chunk list of a payload; returns its size. */
size_t maker_chunks(const struct maker_payload *p, uint8_t *list);

/* Puts {"signatures":..., "signed": body} together. */
void maker_sign(struct maker_text *out, const char *body, size_t length,
                const struct maker_role *signers);

/* The archive's pieces, each put at *at of out, which moves on. */
void maker_member(uint8_t *out, size_t size, size_t *at, const char *name, const void *bytes,
                  size_t length);
void maker_payloads(uint8_t *out, size_t size, size_t *at, const struct maker_payload *payloads,
                    uint32_t count);

/* A whole package; returns its size. */
size_t maker_package(uint8_t *out, size_t size, const struct maker_text *root,
                     const struct maker_text *targets, const struct maker_payload *payloads,
                     uint32_t count);

#endif
