/* SPDX-License-Identifier: Apache-2.0 */
/* The verdict on an image: its signature, keys, vendor and class. imgtool signed some
 * (tests/vectors/image, made by tests/vectors/make_images.sh). */
#include "tests/unit/image_rig.h"

#include <stdio.h>

#include <mbedtls/sha256.h>

#define VECTORS "tests/vectors/image/"

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
                cmocka_unit_test(a_key_without_bytes_is_no_key),
                cmocka_unit_test(inspects_without_a_verdict),
        };

        return cmocka_run_group_tests(tests, setup, teardown);
}
