// SPDX-License-Identifier: Apache-2.0
/*
 * The check of a signed image in memory.
 *
 * It is made so that one instruction that is skipped (a fault attack) does not turn a refusal into
 * an acceptance: the whole judgement is made twice, apart from the one pass over the bytes, and
 * what both found is combined by AND. A judgement that refuses leaves zeros, and a digest of zeros
 * is in no boot state.
 */
#include "bootflow/image.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include <mbedtls/ecp.h>
#include <mbedtls/pk.h>
#include <mbedtls/sha256.h>

#include <segue/bytes.h>

#define TLV_HEADER_SIZE 4
#define TLV_INFO_SIZE   4
#define HASH_SIZE       32
#define SIGNATURE_MAX   72
#define COUNTER_SIZE    4

struct span {
        const uint8_t *at; /* NULL: not there */
        uint32_t size;
};

/* The TLVs that matter, as they stand in the image. */
struct tlvs {
        struct span key_hash, public_key, sha256, signature, counter, vendor_id, class_id;
};

/* Which TLV goes where. What is not in the table is passed over if it is protected, so signed, and
 * refused if it is not. */
static const struct {
        uint16_t type;
        bool is_protected;
        uint16_t min, max; /* length */
        size_t field;      /* of struct tlvs */
} tlv_table[] = {
        {BF_TLV_KEY_HASH, false, HASH_SIZE, HASH_SIZE, offsetof(struct tlvs, key_hash)},
        {BF_TLV_PUBLIC_KEY, false, 1, BF_PUBLIC_KEY_MAX, offsetof(struct tlvs, public_key)},
        {BF_TLV_SHA256, false, HASH_SIZE, HASH_SIZE, offsetof(struct tlvs, sha256)},
        {BF_TLV_ECDSA_SIGNATURE, false, 8, SIGNATURE_MAX, offsetof(struct tlvs, signature)},
        {BF_TLV_SECURITY_COUNT, true, COUNTER_SIZE, COUNTER_SIZE, offsetof(struct tlvs, counter)},
        {BF_TLV_VENDOR_ID, true, BF_ID_SIZE, BF_ID_SIZE, offsetof(struct tlvs, vendor_id)},
        {BF_TLV_CLASS_ID, true, BF_ID_SIZE, BF_ID_SIZE, offsetof(struct tlvs, class_id)},
};
#define TLV_KINDS (sizeof(tlv_table) / sizeof(tlv_table[0]))

/* The two digests, made in one pass over the bytes. */
struct hashes {
        uint8_t sha256[HASH_SIZE]; /* header to protected TLVs */
        uint8_t digest[HASH_SIZE]; /* header to last TLV */
};

static sg_err take_tlv(struct tlvs *t, uint16_t type, struct span value, bool is_protected)
{
        for (size_t i = 0; i < TLV_KINDS; i++) {
                if (tlv_table[i].type != type)
                        continue;
                struct span *field = (struct span *)(void *)((char *)t + tlv_table[i].field);
                if (tlv_table[i].is_protected != is_protected)
                        return SG_E_IMAGE_TLV_PLACE;
                if (value.size < tlv_table[i].min || value.size > tlv_table[i].max)
                        return SG_E_IMAGE_TLV_LENGTH;
                if (field->at)
                        return SG_E_IMAGE_TLV_TWICE;
                *field = value;
                return SG_OK;
        }
        return is_protected ? SG_OK : SG_E_IMAGE_TLV_PLACE;
}

/* Walks one row of TLVs; `length` includes the info, which the layout has checked. */
static sg_err walk_tlvs(const uint8_t *row, uint32_t length, bool is_protected, struct tlvs *t)
{
        uint32_t at = TLV_INFO_SIZE;

        while (at < length) {
                if (length - at < TLV_HEADER_SIZE)
                        return SG_E_IMAGE_TLV;
                uint16_t type = get_le16(row + at);
                struct span value = {row + at + TLV_HEADER_SIZE, get_le16(row + at + 2)};
                at += TLV_HEADER_SIZE;
                if (value.size > length - at)
                        return SG_E_IMAGE_TLV;
                at += value.size;
                sg_err e = take_tlv(t, type, value, is_protected);
                if (e)
                        return e;
        }
        return SG_OK;
}

static sg_err find_tlvs(const uint8_t *image, const struct bf_image_layout *l, struct tlvs *t)
{
        sg_err e = SG_OK;

        *t = (struct tlvs){.counter = {NULL, 0}};
        if (l->protected_size != 0)
                e = walk_tlvs(image + l->protected_at, l->protected_size, true, t);
        return e ? e : walk_tlvs(image + l->tlvs_at, l->tlvs_size, false, t);
}

static sg_err hash_image(const uint8_t *image, const struct bf_image_layout *l, struct hashes *h)
{
        mbedtls_sha256_context all, signed_part;
        int bad;

        mbedtls_sha256_init(&all);
        mbedtls_sha256_init(&signed_part);
        bad = mbedtls_sha256_starts(&all, 0);
        bad |= mbedtls_sha256_update(&all, image, l->tlvs_at);
        mbedtls_sha256_clone(&signed_part, &all);
        bad |= mbedtls_sha256_finish(&signed_part, h->sha256);
        bad |= mbedtls_sha256_update(&all, image + l->tlvs_at, l->tlvs_size);
        bad |= mbedtls_sha256_finish(&all, h->digest);
        mbedtls_sha256_free(&signed_part);
        mbedtls_sha256_free(&all);
        return bad ? SG_E_IMAGE_HASH : SG_OK;
}

/* The accepted key that the image is signed with, and its bytes, from the image or the policy. The
 * bytes must hash to what the policy accepts wherever they come from. */
static sg_err choose_key(const struct tlvs *t, const struct bf_image_policy *policy,
                         struct span *key, uint32_t *index)
{
        uint8_t hash[HASH_SIZE], of_bytes[HASH_SIZE];

        if (t->public_key.at) {
                if (mbedtls_sha256(t->public_key.at, t->public_key.size, hash, 0))
                        return SG_E_IMAGE_KEY_FORMAT;
        } else if (t->key_hash.at) {
                memcpy(hash, t->key_hash.at, HASH_SIZE);
        } else {
                return SG_E_IMAGE_NO_KEY;
        }
        if (t->public_key.at && t->key_hash.at && memcmp(hash, t->key_hash.at, HASH_SIZE) != 0)
                return SG_E_IMAGE_KEY;
        uint32_t i = 0;
        while (i < policy->key_count && memcmp(policy->keys[i].hash, hash, HASH_SIZE) != 0)
                i++;
        if (i >= policy->key_count)
                return SG_E_IMAGE_KEY;
        *index = i;
        *key = t->public_key.at ? t->public_key
                                : (struct span){policy->keys[i].der, policy->keys[i].der_size};
        if (!key->at || key->size == 0)
                return SG_E_IMAGE_NO_KEY;
        if (mbedtls_sha256(key->at, key->size, of_bytes, 0) ||
            memcmp(policy->keys[i].hash, of_bytes, HASH_SIZE) != 0)
                return SG_E_IMAGE_KEY;
        return SG_OK;
}

static bool is_p256(mbedtls_pk_context *pk)
{
        return mbedtls_pk_get_type(pk) == MBEDTLS_PK_ECKEY &&
               mbedtls_ecp_keypair_get_group_id(mbedtls_pk_ec(*pk)) == MBEDTLS_ECP_DP_SECP256R1;
}

static sg_err check_signature(struct span key, struct span signature, const uint8_t hash[HASH_SIZE])
{
        mbedtls_pk_context pk;
        sg_err e = SG_E_IMAGE_SIGNATURE;

        mbedtls_pk_init(&pk);
        if (mbedtls_pk_parse_public_key(&pk, key.at, key.size) != 0 || !is_p256(&pk))
                e = SG_E_IMAGE_KEY_FORMAT;
        else if (mbedtls_pk_verify(&pk, MBEDTLS_MD_SHA256, hash, HASH_SIZE, signature.at,
                                   signature.size) == 0)
                e = SG_OK;
        mbedtls_pk_free(&pk);
        return e;
}

static sg_err check_id(struct span id, const uint8_t *wanted, sg_err refusal)
{
        if (!wanted)
                return SG_OK;
        return id.at && memcmp(id.at, wanted, BF_ID_SIZE) == 0 ? SG_OK : refusal;
}

static void take_claims(const struct bf_image_layout *l, const struct tlvs *t,
                        const struct hashes *h, struct bf_image_info *info)
{
        info->layout = *l;
        memcpy(info->digest, h->digest, HASH_SIZE);
        memcpy(info->sha256, h->sha256, HASH_SIZE);
        if (t->counter.at)
                info->counter = get_le32(t->counter.at);
        if (t->vendor_id.at)
                memcpy(info->vendor_id, t->vendor_id.at, BF_ID_SIZE);
        if (t->class_id.at)
                memcpy(info->class_id, t->class_id.at, BF_ID_SIZE);
}

/* Everything but the pass over the bytes. *info stays as it was unless all of it holds. */
static sg_err judge(const uint8_t *image, const struct bf_image_layout *l, const struct hashes *h,
                    const struct bf_image_policy *policy, struct bf_image_info *info)
{
        struct tlvs t;
        struct span key;
        uint32_t index = 0;
        sg_err e = find_tlvs(image, l, &t);

        if (e)
                return e;
        if (!t.sha256.at)
                return SG_E_IMAGE_NO_HASH;
        if (memcmp(t.sha256.at, h->sha256, HASH_SIZE) != 0)
                return SG_E_IMAGE_HASH;
        e = choose_key(&t, policy, &key, &index);
        if (e)
                return e;
        if (!t.signature.at)
                return SG_E_IMAGE_NO_SIGNATURE;
        e = check_signature(key, t.signature, h->sha256);
        if (e)
                return e;
        if (!t.counter.at)
                return SG_E_IMAGE_NO_COUNTER;
        e = check_id(t.vendor_id, policy->vendor_id, SG_E_IMAGE_VENDOR);
        if (!e)
                e = check_id(t.class_id, policy->class_id, SG_E_IMAGE_CLASS);
        if (e)
                return e;
        take_claims(l, &t, h, info);
        info->key = index;
        return SG_OK;
}

/* Only what both judgements found stays. */
static void combine(const struct bf_image_info *a, const struct bf_image_info *b,
                    struct bf_image_info *info)
{
        const uint8_t *from_a = (const uint8_t *)a, *from_b = (const uint8_t *)b;
        uint8_t *to = (uint8_t *)info;

        for (size_t i = 0; i < sizeof(*info); i++)
                to[i] = from_a[i] & from_b[i];
}

static sg_err read_memory(void *ctx, uint64_t offset, void *to, uint32_t length)
{
        memcpy(to, (const uint8_t *)ctx + offset, length);
        return SG_OK;
}

static sg_err read_and_hash(const uint8_t *image, uint64_t size, struct bf_image_layout *l,
                            struct hashes *h)
{
        const struct bf_image_source source = {(void *)(uintptr_t)image, size, read_memory};
        sg_err e = bf_image_read_layout(&source, l);

        return e ? e : hash_image(image, l, h);
}

sg_err bf_image_verify(const uint8_t *image, uint64_t size, const struct bf_image_policy *policy,
                       struct bf_image_info *info)
{
        struct bf_image_layout layout;
        struct hashes hashes = {{0}, {0}};
        struct bf_image_info first, second;

        memset(info, 0, sizeof(*info));
        memset(&first, 0, sizeof(first));
        memset(&second, 0, sizeof(second));
        sg_err e = read_and_hash(image, size, &layout, &hashes);
        if (e)
                return e;
        e = judge(image, &layout, &hashes, policy, &first);
        sg_err again = judge(image, &layout, &hashes, policy, &second);
        combine(&first, &second, info);
        return e ? e : again;
}

sg_err bf_image_inspect(const uint8_t *image, uint64_t size, struct bf_image_info *info)
{
        struct bf_image_layout layout;
        struct hashes hashes = {{0}, {0}};
        struct tlvs t;

        memset(info, 0, sizeof(*info));
        sg_err e = read_and_hash(image, size, &layout, &hashes);
        if (!e)
                e = find_tlvs(image, &layout, &t);
        if (e)
                return e;
        take_claims(&layout, &t, &hashes, info);
        info->key = UINT32_MAX;
        return SG_OK;
}
