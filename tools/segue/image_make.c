/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include <segue/bytes.h>

#include "tools/segue/digest.h"
#include "tools/segue/image_file.h"
#include "tools/segue/keys.h"
#include "tools/segue/report.h"

enum {
        TLV_INFO = 4,  /* magic, size of all */
        TLV_ENTRY = 4, /* type, size of the value */
        PROTECTED_SIZE = TLV_INFO + (TLV_ENTRY + 4) + 2 * (TLV_ENTRY + BF_ID_SIZE),
        UNPROTECTED_MAX = TLV_INFO + TLV_ENTRY + 32 + TLV_ENTRY + KEY_SPKI_MAX + TLV_ENTRY +
                          KEY_SIGNATURE_MAX,
};

/* The image under construction. */
struct builder {
        uint8_t *data;
        size_t size;
};

static void append(struct builder *b, const void *data, size_t size)
{
        if (size > 0) {
                memcpy(b->data + b->size, data, size);
        }
        b->size += size;
}

static void append_pair(struct builder *b, uint16_t first, uint16_t second)
{
        uint8_t bytes[4];

        put_le16(bytes, first);
        put_le16(bytes + 2, second);
        append(b, bytes, sizeof(bytes));
}

static void append_tlv(struct builder *b, uint16_t type, const void *value, size_t size)
{
        append_pair(b, type, (uint16_t)size);
        append(b, value, size);
}

static void append_header(struct builder *b, const struct image_request *r)
{
        uint8_t h[BF_IMAGE_HEADER_MIN] = {0};

        put_le32(h, BF_IMAGE_MAGIC);
        put_le32(h + 4, (uint32_t)r->load_address);
        put_le16(h + 8, sizeof(h));
        put_le16(h + 10, PROTECTED_SIZE);
        put_le32(h + 12, (uint32_t)r->payload.size);
        put_le32(h + 16, r->has_load_address ? BF_IMAGE_F_RAM_LOAD : 0);
        h[20] = r->version.major;
        h[21] = r->version.minor;
        put_le16(h + 22, r->version.revision);
        put_le32(h + 24, r->version.build);
        append(b, h, sizeof(h));
}

static void append_protected(struct builder *b, const struct image_request *r)
{
        uint8_t counter[4];

        put_le32(counter, r->security_counter);
        append_pair(b, BF_TLV_PROT_INFO_MAGIC, PROTECTED_SIZE);
        append_tlv(b, BF_TLV_SECURITY_COUNT, counter, sizeof(counter));
        append_tlv(b, BF_TLV_VENDOR_ID, r->vendor_id, BF_ID_SIZE);
        append_tlv(b, BF_TLV_CLASS_ID, r->class_id, BF_ID_SIZE);
}

/* The digest covers all that stands there so far. */
static void append_signature(struct builder *b, mbedtls_pk_context *key)
{
        struct public_key public;
        uint8_t digest[32], signature[KEY_SIGNATURE_MAX];
        size_t info = b->size;

        key_public_half(&public, key);
        digest_of(b->data, b->size, digest);

        size_t size = key_sign_digest(key, digest, signature);

        append_pair(b, BF_TLV_INFO_MAGIC, 0);
        append_tlv(b, BF_TLV_SHA256, digest, sizeof(digest));
        append_tlv(b, BF_TLV_PUBLIC_KEY, public.spki, public.spki_size);
        append_tlv(b, BF_TLV_ECDSA_SIGNATURE, signature, size);
        put_le16(b->data + info + 2, (uint16_t)(b->size - info));
}

struct mapped image_make(const struct image_request *r, mbedtls_pk_context *key)
{
        struct builder b = {.data = allocate(BF_IMAGE_HEADER_MIN + r->payload.size +
                                                     PROTECTED_SIZE + UNPROTECTED_MAX,
                                             1)};

        append_header(&b, r);
        append(&b, r->payload.data, r->payload.size);
        append_protected(&b, r);
        append_signature(&b, key);
        return (struct mapped){.data = b.data, .size = b.size};
}
