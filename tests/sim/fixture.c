/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/fixture.h"

#include <mbedtls/sha256.h>
#include <segue/bytes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bootflow/image.h"
#include "delta/create/create.h"
#include "tests/unit/package_maker.h"

#define TLVS_SIZE  40u
#define PIECES_MAX 128u
#define WHOLE      (1u << 20)

struct fixture fixture;

static struct maker_key root_key, targets_key, other_key;
static struct maker_role root_role, targets_role, other_role;
static struct maker_text root_text;
static bool keys_made;

static uint8_t patch[FIXTURE_PACKAGE_MAX / 2];
static size_t patch_size;
static uint32_t pieces[PIECES_MAX];

static void must(bool good, const char *what)
{
        if (!good) {
                printf("fixture: %s\n", what);
                exit(2);
        }
}

uint32_t fixture_counter(const uint8_t *image)
{
        return get_le32(image + BF_IMAGE_HEADER_MIN);
}

/* A header, a counter, bytes that look like code, and one TLV. */
static void make_image(uint8_t *image, uint32_t size, uint32_t kind, uint32_t counter,
                       uint32_t changes, uint8_t digest[32])
{
        uint32_t payload = size - BF_IMAGE_HEADER_MIN - TLVS_SIZE;
        uint8_t *tlv = image + BF_IMAGE_HEADER_MIN + payload;
        uint32_t x = kind;

        must(size > BF_IMAGE_HEADER_MIN + TLVS_SIZE, "too small an image");
        memset(image, 0, BF_IMAGE_HEADER_MIN);
        put_le32(image, BF_IMAGE_MAGIC);
        put_le16(image + 8, BF_IMAGE_HEADER_MIN);
        put_le32(image + 12, payload);
        for (uint32_t i = 0; i < payload; i++) {
                x = x * 1664525 + 1013904223;
                image[BF_IMAGE_HEADER_MIN + i] = (uint8_t)(x >> 24);
        }
        for (uint32_t i = 0; i < changes; i++) {
                x = x * 1664525 + 1013904223;
                image[BF_IMAGE_HEADER_MIN + (x >> 4) % payload] ^= (uint8_t)(x >> 24 | 1);
        }
        put_le32(image + BF_IMAGE_HEADER_MIN, counter);
        put_le16(tlv, BF_TLV_INFO_MAGIC);
        put_le16(tlv + 2, TLVS_SIZE);
        put_le16(tlv + 4, BF_TLV_SHA256);
        put_le16(tlv + 6, 32);
        memset(tlv + 8, 0x77, 32);
        mbedtls_sha256(image, size, digest, 0);
}

static sg_err take_patch(void *ctx, const void *bytes, size_t length)
{
        (void)ctx;
        must(patch_size + length <= sizeof(patch), "the patch is too large");
        memcpy(patch + patch_size, bytes, length);
        patch_size += length;
        return SG_OK;
}

static sg_err give_patch(void *ctx, uint64_t offset, void *data, size_t length)
{
        (void)ctx;
        memcpy(data, patch + offset, length);
        return SG_OK;
}

static void set_manifest(struct maker_payload *p, const char *path)
{
        p->manifest = (struct manifest_target){
                .kind = MANIFEST_IMAGE,
                .to_length = fixture.image_size,
                .security_counter = FIXTURE_NEW_COUNTER,
                .minimum_updater = 1,
                .package = "package-1",
                .product = "segue-sim",
                .to_version = "2",
        };
        snprintf(p->manifest.path, sizeof(p->manifest.path), "%s", path);
        snprintf(p->manifest.guest, sizeof(p->manifest.guest), "personal");
        memcpy(p->manifest.to_digest, fixture.new_digest, 32);
}

static struct maker_payload delta_payload(void)
{
        struct dl_image from = {.data = fixture.old_image, .size = fixture.image_size};
        struct dl_image to = {.data = fixture.new_image, .size = fixture.image_size};
        const struct dl_create_options options = {.threads = 1};
        const struct dl_sink sink = {.write = take_patch};
        const struct dl_ops ops = {.patch_read = give_patch};
        static uint32_t chunks[16];
        struct maker_payload p = {.bytes = patch, .chunks = chunks};
        struct dl_header h;
        uint64_t offset;

        memcpy(from.digest, fixture.old_digest, 32);
        memcpy(to.digest, fixture.new_digest, 32);
        patch_size = 0;
        must(dl_create(&from, &to, &options, &sink) == SG_OK, "no patch");
        must(dl_header_parse(patch, &h) == SG_OK && h.chunk_count <= 16, "a bad patch");
        for (uint32_t i = 0; i < h.chunk_count; i++) {
                must(dl_chunk(&ops, &h, i, &offset, &chunks[i]) == SG_OK, "a bad chunk");
        }
        set_manifest(&p, "personal.delta");
        p.chunk_count = h.chunk_count;
        p.manifest.kind = MANIFEST_DELTA;
        p.manifest.from_length = fixture.image_size;
        p.manifest.ram_need = h.arena_size;
        snprintf(p.manifest.from_version, sizeof(p.manifest.from_version), "1");
        memcpy(p.manifest.from_digest, fixture.old_digest, 32);
        return p;
}

static struct maker_payload image_payload(uint32_t piece)
{
        struct maker_payload p = {.bytes = fixture.new_image, .chunks = pieces};

        piece = piece == 0 ? WHOLE : piece;
        for (uint32_t at = 0; at < fixture.image_size; at += piece) {
                must(p.chunk_count < PIECES_MAX, "too many pieces");
                pieces[p.chunk_count++] =
                        fixture.image_size - at < piece ? fixture.image_size - at : piece;
        }
        set_manifest(&p, "personal.img");
        return p;
}

static struct maker_payload rt_payload(void)
{
        static const uint32_t whole[] = {FIXTURE_RT_SIZE};
        struct maker_payload p = {.bytes = fixture.rt_new, .chunks = whole, .chunk_count = 1};

        set_manifest(&p, "rt.img");
        snprintf(p.manifest.guest, sizeof(p.manifest.guest), "rt");
        p.manifest.to_length = FIXTURE_RT_SIZE;
        memcpy(p.manifest.to_digest, fixture.rt_new_digest, 32);
        return p;
}

static void make_keys(void)
{
        if (keys_made) {
                return;
        }
        maker_key_make(&root_key);
        maker_key_make(&targets_key);
        maker_key_make(&other_key);
        root_role = (struct maker_role){{&root_key}, 1, 1};
        targets_role = (struct maker_role){{&targets_key}, 1, 1};
        other_role = (struct maker_role){{&other_key}, 1, 1};
        maker_root(&root_text, 1, &root_role, &targets_role, &root_role);
        keys_made = true;
}

void fixture_make(uint32_t image_size, enum fixture_kind kind, uint32_t piece)
{
        struct maker_payload payloads[2];
        struct maker_text targets;
        uint32_t count = 0;

        make_keys();
        fixture.image_size = image_size;
        fixture.root = root_text.text;
        fixture.root_size = root_text.length;
        make_image(fixture.old_image, image_size, 1, FIXTURE_OLD_COUNTER, 0, fixture.old_digest);
        make_image(fixture.new_image, image_size, 1, FIXTURE_NEW_COUNTER, 300, fixture.new_digest);
        make_image(fixture.rt_image, FIXTURE_RT_SIZE, 7, 1, 0, fixture.rt_digest);
        make_image(fixture.rt_new, FIXTURE_RT_SIZE, 7, FIXTURE_NEW_COUNTER, 20,
                   fixture.rt_new_digest);
        if (kind != FIXTURE_IMAGE) {
                payloads[count++] = delta_payload();
        }
        if (kind == FIXTURE_IMAGE || kind == FIXTURE_BOTH) {
                payloads[count++] = image_payload(piece);
        }
        if (kind == FIXTURE_TWO) {
                payloads[count++] = rt_payload();
        }
        maker_targets(&targets, 1, payloads, count, &targets_role);
        fixture.package_size = maker_package(fixture.package, sizeof(fixture.package), &root_text,
                                             &targets, payloads, count);
        payloads[0] = image_payload(piece);
        maker_targets(&targets, 2, payloads, 1, &targets_role);
        fixture.superseding_size = maker_package(fixture.superseding, sizeof(fixture.superseding),
                                                 &root_text, &targets, payloads, 1);
}

void fixture_forge(void)
{
        struct maker_payload payload = image_payload(16384);
        struct maker_text targets;

        maker_targets(&targets, 1, &payload, 1, &other_role);
        fixture.package_size = maker_package(fixture.package, sizeof(fixture.package), &root_text,
                                             &targets, &payload, 1);
}
