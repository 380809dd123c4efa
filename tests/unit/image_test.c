// SPDX-License-Identifier: Apache-2.0
/*
 * The image check: images that imgtool signed (tests/vectors/image, made by
 * tests/vectors/make_images.sh), images built here by hand that break one rule each, and every byte
 * of an image flipped.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <mbedtls/ctr_drbg.h>
#include <mbedtls/ecp.h>
#include <mbedtls/entropy.h>
#include <mbedtls/pk.h>
#include <mbedtls/sha256.h>

#include <segue/bytes.h>

#include "bootflow/image.h"

#define VECTORS "tests/vectors/image/"

enum { HEADER = 64, PAYLOAD = 100, ROOM = 1024, COUNTER = 7 };

static const uint8_t vendor[BF_ID_SIZE] = {0x73, 0x65, 0x67, 0x75, 0x65, 0, 0x40, 0,
                                           0x80, 0,    0,    0,    0,    0, 0,    1};
static const uint8_t class[BF_ID_SIZE] = {0x73, 0x65, 0x67, 0x75, 0x65, 0, 0x40, 0,
                                          0x80, 0,    0,    0,    0,    0, 1,    2};

static mbedtls_entropy_context entropy;
static mbedtls_ctr_drbg_context random_source;

/* A key with its SubjectPublicKeyInfo and the hash of it. */
struct key {
        mbedtls_pk_context pk;
        uint8_t der[BF_PUBLIC_KEY_MAX];
        uint32_t der_size;
        uint8_t hash[32];
};
static struct key trusted, stranger;

static void make_key(struct key *k, mbedtls_ecp_group_id curve)
{
        uint8_t room[256];

        mbedtls_pk_init(&k->pk);
        assert_int_equal(mbedtls_pk_setup(&k->pk, mbedtls_pk_info_from_type(MBEDTLS_PK_ECKEY)), 0);
        assert_int_equal(mbedtls_ecp_gen_key(curve, mbedtls_pk_ec(k->pk), mbedtls_ctr_drbg_random,
                                             &random_source),
                         0);
        int size = mbedtls_pk_write_pubkey_der(&k->pk, room, sizeof(room));
        assert_true(size > 0 && size <= BF_PUBLIC_KEY_MAX);
        k->der_size = (uint32_t)size;
        memcpy(k->der, room + sizeof(room) - size, (size_t)size);
        mbedtls_sha256(k->der, k->der_size, k->hash, 0);
}

static int setup(void **state)
{
        (void)state;
        mbedtls_entropy_init(&entropy);
        mbedtls_ctr_drbg_init(&random_source);
        if (mbedtls_ctr_drbg_seed(&random_source, mbedtls_entropy_func, &entropy, NULL, 0))
                return -1;
        make_key(&trusted, MBEDTLS_ECP_DP_SECP256R1);
        make_key(&stranger, MBEDTLS_ECP_DP_SECP256R1);
        return 0;
}

static int teardown(void **state)
{
        (void)state;
        mbedtls_pk_free(&trusted.pk);
        mbedtls_pk_free(&stranger.pk);
        mbedtls_ctr_drbg_free(&random_source);
        mbedtls_entropy_free(&entropy);
        return 0;
}

/* An image under construction. Sizes that the header and infos name can be forged. */
struct draft {
        uint8_t bytes[ROOM];
        size_t size;
        size_t row; /* where the present row of TLVs began */
};

static void append(struct draft *d, const void *bytes, size_t size)
{
        assert_true(d->size + size <= ROOM);
        memcpy(d->bytes + d->size, bytes, size);
        d->size += size;
}

static void append_tlv(struct draft *d, uint16_t type, const void *value, uint16_t size)
{
        uint8_t head[4];

        put_le16(head, type);
        put_le16(head + 2, size);
        append(d, head, sizeof(head));
        append(d, value, size);
}

static void begin_row(struct draft *d, uint16_t magic)
{
        uint8_t info[4] = {0};

        put_le16(info, magic);
        d->row = d->size;
        append(d, info, sizeof(info));
}

static void end_row(struct draft *d)
{
        put_le16(d->bytes + d->row + 2, (uint16_t)(d->size - d->row));
}

static void begin_image(struct draft *d)
{
        uint8_t bytes[HEADER + PAYLOAD];

        memset(d, 0, sizeof(*d));
        memset(bytes, 0x5a, sizeof(bytes));
        memset(bytes, 0, 32);
        put_le32(bytes, BF_IMAGE_MAGIC);
        put_le16(bytes + 8, HEADER);
        put_le32(bytes + 12, PAYLOAD);
        bytes[20] = 1;
        bytes[21] = 2;
        put_le16(bytes + 22, 3);
        put_le32(bytes + 24, 4);
        append(d, bytes, sizeof(bytes));
}

static void append_ids(struct draft *d)
{
        append_tlv(d, BF_TLV_VENDOR_ID, vendor, BF_ID_SIZE);
        append_tlv(d, BF_TLV_CLASS_ID, class, BF_ID_SIZE);
}

static void append_counter(struct draft *d)
{
        uint8_t counter[4];

        put_le32(counter, COUNTER);
        append_tlv(d, BF_TLV_SECURITY_COUNT, counter, sizeof(counter));
}

static void protect(struct draft *d)
{
        end_row(d);
        put_le16(d->bytes + 10, (uint16_t)(d->size - d->row));
}

/* How the last row is made. */
struct closing {
        struct key *signer;
        const uint8_t *key_hash;
        const struct key *full_key;
        bool no_hash, no_signature, twice, unknown, truncated;
};

static void append_signature(struct draft *d, const struct closing *c, const uint8_t hash[32])
{
        uint8_t signature[MBEDTLS_PK_SIGNATURE_MAX_SIZE];
        size_t size;

        assert_int_equal(mbedtls_pk_sign(&c->signer->pk, MBEDTLS_MD_SHA256, hash, 32, signature,
                                         sizeof(signature), &size, mbedtls_ctr_drbg_random,
                                         &random_source),
                         0);
        append_tlv(d, BF_TLV_ECDSA_SIGNATURE, signature,
                   (uint16_t)(c->truncated ? size - 1 : size));
        if (c->twice)
                append_tlv(d, BF_TLV_ECDSA_SIGNATURE, signature, (uint16_t)size);
}

static void close_image(struct draft *d, const struct closing *c)
{
        uint8_t hash[32];

        mbedtls_sha256(d->bytes, d->size, hash, 0);
        begin_row(d, BF_TLV_INFO_MAGIC);
        if (!c->no_hash)
                append_tlv(d, BF_TLV_SHA256, hash, sizeof(hash));
        if (c->key_hash)
                append_tlv(d, BF_TLV_KEY_HASH, c->key_hash, 32);
        if (c->full_key)
                append_tlv(d, BF_TLV_PUBLIC_KEY, c->full_key->der, (uint16_t)c->full_key->der_size);
        if (!c->no_signature)
                append_signature(d, c, hash);
        if (c->unknown)
                append_tlv(d, 0x33, hash, 8);
        end_row(d);
}

static void make_image(struct draft *d, const struct closing *c)
{
        begin_image(d);
        begin_row(d, BF_TLV_PROT_INFO_MAGIC);
        append_counter(d);
        append_ids(d);
        protect(d);
        close_image(d, c);
}

/* Verified from the heap, at its exact size, so that ASan sees a byte read too many. */
static sg_err verify_with(const struct draft *d, const struct bf_image_policy *policy,
                          struct bf_image_info *info)
{
        static const struct bf_image_info nothing;
        uint8_t *copy = malloc(d->size ? d->size : 1);

        memcpy(copy, d->bytes, d->size);
        memset(info, 0xee, sizeof(*info));
        sg_err e = bf_image_verify(copy, d->size, policy, info);
        free(copy);
        if (e)
                assert_memory_equal(info, &nothing, sizeof(nothing));
        return e;
}

static void keys_of(struct bf_image_key keys[2])
{
        memset(keys, 0, 2 * sizeof(keys[0]));
        memset(keys[0].hash, 0x11, 32);
        memcpy(keys[1].hash, trusted.hash, 32);
        keys[1].der = trusted.der;
        keys[1].der_size = trusted.der_size;
}

static sg_err verify(const struct draft *d)
{
        struct bf_image_key keys[2];
        struct bf_image_info info;
        const struct bf_image_policy policy = {
                .keys = keys, .key_count = 2, .vendor_id = vendor, .class_id = class};

        keys_of(keys);
        return verify_with(d, &policy, &info);
}

static sg_err closed_with(struct closing c)
{
        struct draft d;

        make_image(&d, &c);
        return verify(&d);
}

static void accepts_what_is_right(void **state)
{
        struct closing by_hash = {.signer = &trusted, .key_hash = trusted.hash};
        struct bf_image_key keys[2];
        const struct bf_image_policy policy = {
                .keys = keys, .key_count = 2, .vendor_id = vendor, .class_id = class};
        struct bf_image_info info;
        struct draft d;
        uint8_t digest[32];

        (void)state;
        keys_of(keys);
        make_image(&d, &by_hash);
        mbedtls_sha256(d.bytes, d.size, digest, 0);
        size_t size = d.size;
        append(&d, "behind it", 9); /* what follows in the slot is ignored */
        assert_int_equal(verify_with(&d, &policy, &info), SG_OK);
        assert_memory_equal(info.digest, digest, 32);
        assert_int_equal(info.layout.size, size);
        assert_int_equal(info.counter, COUNTER);
        assert_int_equal(info.key, 1);
        assert_memory_equal(info.vendor_id, vendor, BF_ID_SIZE);
        assert_memory_equal(info.class_id, class, BF_ID_SIZE);
        assert_int_equal(closed_with((struct closing){.signer = &trusted, .full_key = &trusted}),
                         SG_OK);
        assert_int_equal(closed_with((struct closing){.signer = &trusted,
                                                      .full_key = &trusted,
                                                      .key_hash = trusted.hash}),
                         SG_OK);
}

static void refuses_what_is_not_signed_well(void **state)
{
        uint8_t wrong[32] = {1};

        (void)state;
#define CLOSED(error, ...) \
        assert_int_equal(closed_with((struct closing){.signer = &trusted, __VA_ARGS__}), error)
        CLOSED(SG_E_IMAGE_NO_HASH, .key_hash = trusted.hash, .no_hash = true);
        CLOSED(SG_E_IMAGE_NO_KEY, .no_hash = false);
        CLOSED(SG_E_IMAGE_KEY, .key_hash = wrong);
        CLOSED(SG_E_IMAGE_KEY, .key_hash = stranger.hash);
        CLOSED(SG_E_IMAGE_KEY, .full_key = &stranger);
        CLOSED(SG_E_IMAGE_KEY, .full_key = &trusted, .key_hash = stranger.hash);
        CLOSED(SG_E_IMAGE_NO_SIGNATURE, .key_hash = trusted.hash, .no_signature = true);
        CLOSED(SG_E_IMAGE_SIGNATURE, .key_hash = trusted.hash, .truncated = true);
        CLOSED(SG_E_IMAGE_TLV_TWICE, .key_hash = trusted.hash, .twice = true);
        CLOSED(SG_E_IMAGE_TLV_PLACE, .key_hash = trusted.hash, .unknown = true);
        assert_int_equal(
                closed_with((struct closing){.signer = &stranger, .key_hash = trusted.hash}),
                SG_E_IMAGE_SIGNATURE);
}

static void refuses_a_key_of_another_kind(void **state)
{
        static const uint8_t rubbish[40] = {0x30, 38, 1, 2, 3};
        struct closing c = {.signer = &trusted};
        struct bf_image_key keys[1] = {{.der = rubbish, .der_size = sizeof(rubbish)}};
        const struct bf_image_policy policy = {.keys = keys, .key_count = 1};
        struct bf_image_info info;
        struct draft d;

        (void)state;
        mbedtls_sha256(rubbish, sizeof(rubbish), keys[0].hash, 0);
        c.key_hash = keys[0].hash;
        make_image(&d, &c);
        assert_int_equal(verify_with(&d, &policy, &info), SG_E_IMAGE_KEY_FORMAT);
        /* The policy's bytes must be the ones that its hash accepts. */
        keys[0].hash[0] ^= 1;
        make_image(&d, &c);
        assert_int_equal(verify_with(&d, &policy, &info), SG_E_IMAGE_KEY);
        /* Known by its hash alone: the image must bring it. */
        memcpy(keys[0].hash, trusted.hash, 32);
        keys[0].der = NULL;
        c.key_hash = trusted.hash;
        make_image(&d, &c);
        assert_int_equal(verify_with(&d, &policy, &info), SG_E_IMAGE_NO_KEY);
}

static void refuses_other_vendors_and_guests(void **state)
{
        struct closing c = {.signer = &trusted, .key_hash = trusted.hash};
        struct bf_image_key keys[2];
        struct bf_image_policy policy = {.keys = keys, .key_count = 2};
        struct bf_image_info info;
        struct draft d;

        (void)state;
        keys_of(keys);
        make_image(&d, &c);
        policy.vendor_id = class;
        policy.class_id = class;
        assert_int_equal(verify_with(&d, &policy, &info), SG_E_IMAGE_VENDOR);
        policy.vendor_id = vendor;
        policy.class_id = vendor;
        assert_int_equal(verify_with(&d, &policy, &info), SG_E_IMAGE_CLASS);
        policy.vendor_id = policy.class_id = NULL;
        assert_int_equal(verify_with(&d, &policy, &info), SG_OK);
}

static sg_err protected_with(void (*fill)(struct draft *d))
{
        struct closing c = {.signer = &trusted, .key_hash = trusted.hash};
        struct draft d;

        begin_image(&d);
        begin_row(&d, BF_TLV_PROT_INFO_MAGIC);
        fill(&d);
        protect(&d);
        close_image(&d, &c);
        return verify(&d);
}

static void counter_twice(struct draft *d)
{
        append_counter(d);
        append_counter(d);
        append_ids(d);
}

static void short_counter(struct draft *d)
{
        append_tlv(d, BF_TLV_SECURITY_COUNT, "abc", 3);
        append_ids(d);
}

static void long_vendor(struct draft *d)
{
        append_counter(d);
        append_tlv(d, BF_TLV_VENDOR_ID, "0123456789abcdefg", 17);
}

static void counter_alone(struct draft *d)
{
        append_counter(d);
}

static void without_class(struct draft *d)
{
        append_counter(d);
        append_tlv(d, BF_TLV_VENDOR_ID, vendor, BF_ID_SIZE);
}

static void hash_inside(struct draft *d)
{
        append_counter(d);
        append_ids(d);
        append_tlv(d, BF_TLV_SHA256, "0123456789abcdef0123456789abcdef", 32);
}

static void half_a_tlv(struct draft *d)
{
        append_counter(d);
        append_ids(d);
        append(d, "\x50\x00\x04", 3);
}

static void runs_over(struct draft *d)
{
        append_counter(d);
        append_ids(d);
        append(d, "\xa5\x00\x01\x00", 4);
}

static void with_more(struct draft *d)
{
        append_tlv(d, BF_TLV_DEPENDENCY, "dependency 1", 12);
        append_tlv(d, BF_TLV_DEPENDENCY, "dependency 2", 12);
        append_counter(d);
        append_tlv(d, 0xa5, "", 0);
        append_ids(d);
}

static void checks_the_protected_tlvs(void **state)
{
        struct closing c = {.signer = &trusted, .key_hash = trusted.hash};
        struct draft d;

        (void)state;
        assert_int_equal(protected_with(with_more), SG_OK);
        assert_int_equal(protected_with(append_ids), SG_E_IMAGE_NO_COUNTER);
        assert_int_equal(protected_with(counter_twice), SG_E_IMAGE_TLV_TWICE);
        assert_int_equal(protected_with(short_counter), SG_E_IMAGE_TLV_LENGTH);
        assert_int_equal(protected_with(long_vendor), SG_E_IMAGE_TLV_LENGTH);
        assert_int_equal(protected_with(counter_alone), SG_E_IMAGE_VENDOR);
        assert_int_equal(protected_with(without_class), SG_E_IMAGE_CLASS);
        assert_int_equal(protected_with(hash_inside), SG_E_IMAGE_TLV_PLACE);
        assert_int_equal(protected_with(half_a_tlv), SG_E_IMAGE_TLV);
        assert_int_equal(protected_with(runs_over), SG_E_IMAGE_TLV);
        begin_image(&d);
        close_image(&d, &c);
        assert_int_equal(verify(&d), SG_E_IMAGE_NO_COUNTER);
        /* A counter that nobody signed. */
        begin_image(&d);
        close_image(&d, &c);
        append_counter(&d);
        end_row(&d);
        assert_int_equal(verify(&d), SG_E_IMAGE_TLV_PLACE);
}

/* Sizes and offsets at 0, one off, and at their maximum. */
static void checks_every_length(void **state)
{
        static const struct {
                uint32_t at, size, value;
                sg_err error;
        } forgeries[] = {
                {0, 4, 0x96f3b83c, SG_E_IMAGE_MAGIC},
                {8, 2, 0, SG_E_IMAGE_HEADER_SIZE},
                {8, 2, 24, SG_E_IMAGE_HEADER_SIZE},
                {8, 2, 63, SG_E_IMAGE_HEADER_SIZE},
                {8, 2, 72, SG_E_IMAGE_TLV_INFO},
                {8, 2, 0xfff8, SG_E_IMAGE_SIZE},
                {10, 2, 0, SG_E_IMAGE_TLV_INFO},
                {10, 2, 3, SG_E_IMAGE_TLV_INFO},
                {10, 2, 0xffff, SG_E_IMAGE_SIZE},
                {12, 4, 0, SG_E_IMAGE_HEADER_SIZE},
                {12, 4, PAYLOAD - 1, SG_E_IMAGE_TLV_INFO},
                {12, 4, PAYLOAD + 1, SG_E_IMAGE_TLV_INFO},
                {12, 4, 0x7fffffff, SG_E_IMAGE_SIZE},
                {12, 4, 0xffffffff, SG_E_IMAGE_SIZE},
                {12, 4, 0xffffffc0, SG_E_IMAGE_SIZE},
                {16, 4, BF_IMAGE_F_ENCRYPTED_128, SG_E_IMAGE_FLAGS},
                {16, 4, BF_IMAGE_F_ENCRYPTED_256, SG_E_IMAGE_FLAGS},
                {16, 4, BF_IMAGE_F_NON_BOOTABLE, SG_E_IMAGE_FLAGS},
                {16, 4, BF_IMAGE_F_ROM_FIXED, SG_E_IMAGE_FLAGS},
                {16, 4, 0x400, SG_E_IMAGE_FLAGS},
                {16, 4, 0x80000000, SG_E_IMAGE_FLAGS},
                {16, 4, BF_IMAGE_F_RAM_LOAD, SG_E_IMAGE_HASH},
                {HEADER + PAYLOAD + 2, 2, 0, SG_E_IMAGE_TLV_INFO},
                {HEADER + PAYLOAD + 2, 2, 0xffff, SG_E_IMAGE_SIZE},
                {HEADER + PAYLOAD + 52, 2, 0x6908, SG_E_IMAGE_TLV_INFO},
                {HEADER + PAYLOAD + 54, 2, 3, SG_E_IMAGE_TLV_INFO},
                {HEADER + PAYLOAD + 54, 2, 4, SG_E_IMAGE_NO_HASH},
                {HEADER + PAYLOAD + 54, 2, 0xffff, SG_E_IMAGE_SIZE},
                {HEADER + PAYLOAD + 58, 2, 31, SG_E_IMAGE_TLV_LENGTH},
                {HEADER + PAYLOAD + 58, 2, 0xffff, SG_E_IMAGE_TLV},
        };
        struct closing c = {.signer = &trusted, .key_hash = trusted.hash};
        struct draft d;

        (void)state;
        for (size_t i = 0; i < sizeof(forgeries) / sizeof(forgeries[0]); i++) {
                make_image(&d, &c);
                for (uint32_t b = 0; b < forgeries[i].size; b++)
                        d.bytes[forgeries[i].at + b] = (uint8_t)(forgeries[i].value >> (8 * b));
                assert_int_equal(verify(&d), forgeries[i].error);
        }
}

static void refuses_every_cut(void **state)
{
        struct closing c = {.signer = &trusted, .key_hash = trusted.hash};
        struct draft d;

        (void)state;
        make_image(&d, &c);
        for (size_t size = d.size; size-- > 0;) {
                d.size = size;
                assert_int_equal(verify(&d), SG_E_IMAGE_SIZE);
        }
}

static void refuses_every_flipped_byte(void **state)
{
        static const uint8_t flips[] = {0x01, 0x80, 0xff};
        struct closing by_hash = {.signer = &trusted, .key_hash = trusted.hash};
        struct closing by_key = {.signer = &trusted, .full_key = &trusted};
        struct closing *closings[] = {&by_hash, &by_key};
        struct draft d;

        (void)state;
        for (size_t c = 0; c < 2; c++) {
                make_image(&d, closings[c]);
                for (size_t i = 0; i < d.size; i++)
                        for (size_t f = 0; f < sizeof(flips); f++) {
                                d.bytes[i] ^= flips[f];
                                sg_err e = verify(&d);
                                assert_in_range(e, 201, 219);
                                d.bytes[i] ^= flips[f];
                        }
                assert_int_equal(verify(&d), SG_OK);
        }
}

static void inspects_without_a_verdict(void **state)
{
        struct closing c = {.signer = &stranger, .key_hash = stranger.hash};
        struct bf_image_info info;
        struct draft d;

        (void)state;
        make_image(&d, &c);
        assert_int_equal(bf_image_inspect(d.bytes, d.size, &info), SG_OK);
        assert_int_equal(info.counter, COUNTER);
        assert_int_equal(info.key, UINT32_MAX);
        assert_int_equal(info.layout.version.major, 1);
        assert_int_equal(info.layout.version.minor, 2);
        assert_int_equal(info.layout.version.revision, 3);
        assert_int_equal(info.layout.version.build, 4);
        d.bytes[0] = 0;
        assert_int_equal(bf_image_inspect(d.bytes, d.size, &info), SG_E_IMAGE_MAGIC);
        begin_image(&d);
        close_image(&d, &c);
        assert_int_equal(bf_image_inspect(d.bytes, d.size, &info), SG_OK);
        assert_int_equal(info.counter, 0);
        assert_memory_equal(info.vendor_id, (uint8_t[BF_ID_SIZE]){0}, BF_ID_SIZE);
        assert_memory_equal(info.class_id, (uint8_t[BF_ID_SIZE]){0}, BF_ID_SIZE);
}

/* An image of which what lies behind some offset cannot be read. */
struct half_readable {
        struct draft draft;
        uint64_t end;
};

static sg_err failing_read(void *ctx, uint64_t offset, void *to, uint32_t length)
{
        const struct half_readable *h = ctx;

        memset(to, 0, length);
        if (offset + length > h->end)
                return SG_E_IO;
        memcpy(to, h->draft.bytes + offset, length);
        return SG_OK;
}

static sg_err read_layout(struct half_readable *h, uint64_t size)
{
        static const struct bf_image_layout nothing;
        const struct bf_image_source source = {h, size, failing_read};
        struct bf_image_layout layout;

        memset(&layout, 0xee, sizeof(layout));
        sg_err e = bf_image_read_layout(&source, &layout);
        if (e)
                assert_memory_equal(&layout, &nothing, sizeof(nothing));
        return e;
}

static void passes_read_errors_on(void **state)
{
        struct closing c = {.signer = &trusted, .key_hash = trusted.hash};
        struct half_readable h;

        (void)state;
        make_image(&h.draft, &c);
        for (h.end = 0; h.end < h.draft.row + 4; h.end++)
                assert_int_equal(read_layout(&h, h.draft.size), SG_E_IO);
        assert_int_equal(read_layout(&h, h.draft.size), SG_OK);
}

static void refuses_a_layout_beyond_32_bits(void **state)
{
        struct half_readable h = {.end = ROOM};

        (void)state;
        begin_image(&h.draft);
        put_le32(h.draft.bytes + 12, UINT32_MAX - UINT16_MAX);
        assert_int_equal(read_layout(&h, UINT64_MAX), SG_E_IMAGE_SIZE);
}

/* Header and info may not differ over the length of the protected TLVs. */
static void refuses_two_lengths(void **state)
{
        struct closing c = {.signer = &trusted, .key_hash = trusted.hash};
        struct half_readable h = {.end = ROOM};

        (void)state;
        make_image(&h.draft, &c);
        h.draft.bytes[HEADER + PAYLOAD + 2]--;
        assert_int_equal(read_layout(&h, h.draft.size), SG_E_IMAGE_TLV_INFO);
}

static void a_key_without_bytes_is_no_key(void **state)
{
        struct closing c = {.signer = &trusted, .key_hash = trusted.hash};
        struct bf_image_key keys[2];
        const struct bf_image_policy policy = {.keys = keys, .key_count = 2};
        struct bf_image_info info;
        struct draft d;

        (void)state;
        make_image(&d, &c);
        keys_of(keys);
        keys[1].der_size = 0;
        assert_int_equal(verify_with(&d, &policy, &info), SG_E_IMAGE_NO_KEY);
}

/* imgtool's images. */

static size_t read_vector(const char *name, uint8_t *to, size_t room)
{
        char path[100];

        snprintf(path, sizeof(path), VECTORS "%s", name);
        FILE *f = fopen(path, "rb");
        assert_non_null(f);
        size_t n = fread(to, 1, room, f);
        fclose(f);
        assert_in_range(n, 1, room - 1);
        return n;
}

static sg_err verify_vector(const char *name, bool key_is_known, struct bf_image_info *info)
{
        uint8_t der[BF_PUBLIC_KEY_MAX];
        struct bf_image_key key = {.der = NULL};
        const struct bf_image_policy policy = {
                .keys = &key, .key_count = 1, .vendor_id = vendor, .class_id = class};
        struct draft d;

        uint32_t der_size = (uint32_t)read_vector("key.der", der, sizeof(der));
        mbedtls_sha256(der, der_size, key.hash, 0);
        if (key_is_known) {
                key.der = der;
                key.der_size = der_size;
        }
        d.size = read_vector(name, d.bytes, sizeof(d.bytes));
        return verify_with(&d, &policy, info);
}

static void accepts_what_imgtool_signed(void **state)
{
        struct bf_image_info info;

        (void)state;
        assert_int_equal(verify_vector("hash.img", true, &info), SG_OK);
        assert_int_equal(info.counter, 7);
        assert_int_equal(info.layout.payload, 64);
        assert_int_equal(info.layout.payload_size, 100);
        assert_int_equal(info.layout.version.build, 4);
        assert_int_equal(verify_vector("hash.img", false, &info), SG_E_IMAGE_NO_KEY);
        assert_int_equal(verify_vector("full.img", false, &info), SG_OK);
        assert_int_equal(verify_vector("ramload.img", true, &info), SG_OK);
        assert_int_equal(info.layout.flags, BF_IMAGE_F_RAM_LOAD);
        assert_int_equal(info.layout.load_addr, 0x40080000);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(accepts_what_imgtool_signed),
                cmocka_unit_test(accepts_what_is_right),
                cmocka_unit_test(refuses_what_is_not_signed_well),
                cmocka_unit_test(refuses_a_key_of_another_kind),
                cmocka_unit_test(refuses_other_vendors_and_guests),
                cmocka_unit_test(checks_the_protected_tlvs),
                cmocka_unit_test(checks_every_length),
                cmocka_unit_test(refuses_every_cut),
                cmocka_unit_test(refuses_every_flipped_byte),
                cmocka_unit_test(inspects_without_a_verdict),
                cmocka_unit_test(passes_read_errors_on),
                cmocka_unit_test(refuses_a_layout_beyond_32_bits),
                cmocka_unit_test(refuses_two_lengths),
                cmocka_unit_test(a_key_without_bytes_is_no_key),
        };

        return cmocka_run_group_tests(tests, setup, teardown);
}
