/* SPDX-License-Identifier: Apache-2.0 */
/* Images made by hand, right and wrong, and the check of them. */
#ifndef TESTS_UNIT_IMAGE_RIG_H
#define TESTS_UNIT_IMAGE_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>
#include <mbedtls/pk.h>

#include "bootflow/image.h"

enum { HEADER = 64, PAYLOAD = 100, ROOM = 1024, COUNTER = 7 };

extern const uint8_t vendor[BF_ID_SIZE], class[BF_ID_SIZE];

/* A key with its SubjectPublicKeyInfo and the hash of it. */
struct key {
        mbedtls_pk_context pk;
        uint8_t der[BF_PUBLIC_KEY_MAX];
        uint32_t der_size;
        uint8_t hash[32];
};
extern struct key trusted, stranger;

/* Once per program: the keys. */
int setup(void **state);
int teardown(void **state);

/* An image under construction. Sizes that the header and infos name can be forged. */
struct draft {
        uint8_t bytes[ROOM];
        size_t size;
        size_t row; /* where the present row of TLVs began */
};

void append(struct draft *d, const void *bytes, size_t size);
void append_tlv(struct draft *d, uint16_t type, const void *value, uint16_t size);
void append_ids(struct draft *d);
void append_counter(struct draft *d);
void begin_row(struct draft *d, uint16_t magic);
void end_row(struct draft *d);

void begin_image(struct draft *d);
/* Ends the row of protected TLVs. */
void protect(struct draft *d);

/* How the last row is made. */
struct closing {
        struct key *signer;
        const uint8_t *key_hash;
        const struct key *full_key;
        bool no_hash, no_signature, twice, unknown, truncated;
};
void close_image(struct draft *d, const struct closing *c);

/* A whole one. */
void make_image(struct draft *d, const struct closing *c);

/* bf_image_verify(); an error must leave no information. */
sg_err verify_with(const struct draft *d, const struct bf_image_policy *policy,
                   struct bf_image_info *info);
/* Another key, and the trusted one. */
void keys_of(struct bf_image_key keys[2]);
/* With these keys, vendor and class. */
sg_err verify(const struct draft *d);

#endif
