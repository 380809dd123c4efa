/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/image_rig.h"

#include <stdlib.h>

#include <mbedtls/ctr_drbg.h>
#include <mbedtls/ecp.h>
#include <mbedtls/entropy.h>
#include <mbedtls/sha256.h>

#include <segue/bytes.h>

const uint8_t vendor[BF_ID_SIZE] = {0x73, 0x65, 0x67, 0x75, 0x65, 0, 0x40, 0,
                                    0x80, 0,    0,    0,    0,    0, 0,    1};
const uint8_t class[BF_ID_SIZE] = {0x73, 0x65, 0x67, 0x75, 0x65, 0, 0x40, 0,
                                   0x80, 0,    0,    0,    0,    0, 1,    2};

struct key trusted, stranger;
static mbedtls_entropy_context entropy;
static mbedtls_ctr_drbg_context random_source;

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

int setup(void **state)
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

int teardown(void **state)
{
        (void)state;
        mbedtls_pk_free(&trusted.pk);
        mbedtls_pk_free(&stranger.pk);
        mbedtls_ctr_drbg_free(&random_source);
        mbedtls_entropy_free(&entropy);
        return 0;
}

void append(struct draft *d, const void *bytes, size_t size)
{
        assert_true(d->size + size <= ROOM);
        memcpy(d->bytes + d->size, bytes, size);
        d->size += size;
}

void append_tlv(struct draft *d, uint16_t type, const void *value, uint16_t size)
{
        uint8_t head[4];

        put_le16(head, type);
        put_le16(head + 2, size);
        append(d, head, sizeof(head));
        append(d, value, size);
}

void begin_row(struct draft *d, uint16_t magic)
{
        uint8_t info[4] = {0};

        put_le16(info, magic);
        d->row = d->size;
        append(d, info, sizeof(info));
}

void end_row(struct draft *d)
{
        put_le16(d->bytes + d->row + 2, (uint16_t)(d->size - d->row));
}

void begin_image(struct draft *d)
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

void append_ids(struct draft *d)
{
        append_tlv(d, BF_TLV_VENDOR_ID, vendor, BF_ID_SIZE);
        append_tlv(d, BF_TLV_CLASS_ID, class, BF_ID_SIZE);
}

void append_counter(struct draft *d)
{
        uint8_t counter[4];

        put_le32(counter, COUNTER);
        append_tlv(d, BF_TLV_SECURITY_COUNT, counter, sizeof(counter));
}

void protect(struct draft *d)
{
        end_row(d);
        put_le16(d->bytes + 10, (uint16_t)(d->size - d->row));
}

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

void close_image(struct draft *d, const struct closing *c)
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

void make_image(struct draft *d, const struct closing *c)
{
        begin_image(d);
        begin_row(d, BF_TLV_PROT_INFO_MAGIC);
        append_counter(d);
        append_ids(d);
        protect(d);
        close_image(d, c);
}

/* From the heap, at its exact size, so that ASan sees a byte read too many. */
sg_err verify_with(const struct draft *d, const struct bf_image_policy *policy,
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

void keys_of(struct bf_image_key keys[2])
{
        memset(keys, 0, 2 * sizeof(keys[0]));
        memset(keys[0].hash, 0x11, 32);
        memcpy(keys[1].hash, trusted.hash, 32);
        keys[1].der = trusted.der;
        keys[1].der_size = trusted.der_size;
}

sg_err verify(const struct draft *d)
{
        struct bf_image_key keys[2];
        struct bf_image_info info;
        const struct bf_image_policy policy = {
                .keys = keys, .key_count = 2, .vendor_id = vendor, .class_id = class};

        keys_of(keys);
        return verify_with(d, &policy, &info);
}
