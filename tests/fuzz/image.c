// SPDX-License-Identifier: Apache-2.0
/* Signed images, the digest mended and the signature taken for good. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <mbedtls/sha256.h>

#include <segue/bytes.h>

#include "bootflow/image.h"
#include "tests/fuzz/fuzz.h"

#define KEY "tests/vectors/image/key.der"

static uint8_t der[BF_PUBLIC_KEY_MAX];
static struct bf_image_key key = {.der = der};

static void load_key(void)
{
        FILE *f = fopen(KEY, "rb");

        FUZZ_REQUIRE(f);
        key.der_size = (uint32_t)fread(der, 1, sizeof(der), f);
        (void)fclose(f);
        (void)mbedtls_sha256(der, key.der_size, key.hash, 0);
}

static void require_inside(const struct bf_image_layout *l, size_t size)
{
        FUZZ_REQUIRE(l->size <= size && l->payload_size > 0);
        FUZZ_REQUIRE((uint64_t)l->payload + l->payload_size <= l->tlvs_at);
        FUZZ_REQUIRE((uint64_t)l->tlvs_at + l->tlvs_size == l->size);
        FUZZ_REQUIRE((uint64_t)l->protected_at + l->protected_size <= l->tlvs_at);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static const struct bf_image_info nothing;
        static const uint8_t other[BF_ID_SIZE] = "another's";
        struct bf_image_policy policy = {&key, 1, NULL, NULL};
        struct bf_image_info info, seen;

        if (key.der_size == 0)
                load_key();
        sg_err e = bf_image_verify(data, size, &policy, &info);
        if (e)
                FUZZ_REQUIRE(memcmp(&info, &nothing, sizeof(info)) == 0);
        else
                require_inside(&info.layout, size);
        if (bf_image_inspect(data, size, &seen) == SG_OK) {
                require_inside(&seen.layout, size);
                FUZZ_REQUIRE(e || memcmp(seen.digest, info.digest, sizeof(info.digest)) == 0);
        } else {
                FUZZ_REQUIRE(e);
        }
        policy.vendor_id = other;
        bool accepted = bf_image_verify(data, size, &policy, &info) == SG_OK;
        FUZZ_REQUIRE(!accepted || memcmp(info.vendor_id, other, sizeof(other)) == 0);
        return 0;
}

static sg_err read_memory(void *ctx, uint64_t offset, void *to, uint32_t length)
{
        memcpy(to, (const uint8_t *)ctx + offset, length);
        return SG_OK;
}

/* Puts the right digest wherever a TLV for it stands. */
static void mend(uint8_t *data, size_t size)
{
        const struct bf_image_source source = {data, size, read_memory};
        struct bf_image_layout l;

        if (bf_image_read_layout(&source, &l) != SG_OK)
                return;
        for (uint32_t at = l.tlvs_at + 4; l.size - at >= 4;) {
                uint32_t length = get_le16(data + at + 2);
                if (length > l.size - at - 4)
                        return;
                if (get_le16(data + at) == BF_TLV_SHA256 && length == 32)
                        mbedtls_sha256(data, l.tlvs_at, data + at + 4, 0);
                at += 4 + length;
        }
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
        size = LLVMFuzzerMutate(data, size, max);
        if (seed % FUZZ_RAW_ONE_IN)
                mend(data, size);
        return size;
}
