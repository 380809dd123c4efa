/* SPDX-License-Identifier: Apache-2.0 */
/* Where the parts of an image lie: sizes and offsets, its rows of TLVs, every cut and every byte of
 * it flipped. */
#include "tests/unit/image_rig.h"

#include <segue/bytes.h>

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

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(checks_the_protected_tlvs),
                cmocka_unit_test(checks_every_length),
                cmocka_unit_test(refuses_every_cut),
                cmocka_unit_test(refuses_every_flipped_byte),
                cmocka_unit_test(passes_read_errors_on),
                cmocka_unit_test(refuses_a_layout_beyond_32_bits),
                cmocka_unit_test(refuses_two_lengths),
        };

        return cmocka_run_group_tests(tests, setup, teardown);
}
