/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/engine_fixture.h"

#include "bootflow/image.h"
#include "delta/create/create.h"

#include <mbedtls/sha256.h>
#include <segue/bytes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct world world;
struct maker_key root_key, targets_key, other_key;
struct maker_role root_role, targets_role;
struct maker_text root_text;

uint8_t old_image[IMAGE_SIZE], new_image[IMAGE_SIZE], newer_image[IMAGE_SIZE];
uint8_t rt_old[RT_SIZE], rt_new[RT_SIZE];
uint8_t patch[PATCH_MAX]; /* old_image -> new_image */
size_t patch_size;
uint32_t patch_chunks[PATCH_CHUNKS];
uint32_t patch_chunk_count, patch_ram;
static const uint32_t image_chunks[] = {1u << 20, IMAGE_SIZE - (1u << 20)};
const uint32_t rt_chunks[] = {RT_SIZE};

uint8_t package[4u << 20];
size_t package_size;

/* --- images, patch, packages --- */

/* A header, bytes that look like code, and one TLV. */
static void make_image(uint8_t *image, size_t size, uint32_t seed, uint32_t changes)
{
        uint32_t payload = (uint32_t)size - BF_IMAGE_HEADER_MIN - 40;
        uint32_t x = 12345;

        memset(image, 0, BF_IMAGE_HEADER_MIN);
        put_le32(image, BF_IMAGE_MAGIC);
        put_le16(image + 8, BF_IMAGE_HEADER_MIN);
        put_le32(image + 12, payload);
        for (uint32_t i = 0; i < payload; i++) {
                x = x * 1664525 + 1013904223;
                image[BF_IMAGE_HEADER_MIN + i] = (uint8_t)(x >> 24);
        }
        for (uint32_t i = 0; i < changes; i++) {
                seed = seed * 1664525 + 1013904223;
                image[BF_IMAGE_HEADER_MIN + seed % payload] ^= (uint8_t)(seed >> 24 | 1);
        }
        uint8_t *tlv = image + BF_IMAGE_HEADER_MIN + payload;
        put_le16(tlv, BF_TLV_INFO_MAGIC);
        put_le16(tlv + 2, 40);
        put_le16(tlv + 4, BF_TLV_SHA256);
        put_le16(tlv + 6, 32);
        memset(tlv + 8, 0x77, 32);
}

static sg_err take_patch(void *ctx, const void *bytes, size_t length)
{
        (void)ctx;
        assert_true(patch_size + length <= PATCH_MAX);
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

static void make_patch(void)
{
        struct dl_image from = {.data = old_image, .size = IMAGE_SIZE};
        struct dl_image to = {.data = new_image, .size = IMAGE_SIZE};
        const struct dl_create_options options = {.threads = 1};
        const struct dl_sink sink = {.write = take_patch};
        const struct dl_ops ops = {.patch_read = give_patch};
        struct dl_header h;
        uint64_t offset;

        mbedtls_sha256(from.data, from.size, from.digest, 0);
        mbedtls_sha256(to.data, to.size, to.digest, 0);
        assert_int_equal(dl_create(&from, &to, &options, &sink), SG_OK);
        assert_int_equal(dl_header_parse(patch, &h), SG_OK);
        assert_true(h.chunk_count <= PATCH_CHUNKS);
        for (uint32_t i = 0; i < h.chunk_count; i++) {
                assert_int_equal(dl_chunk(&ops, &h, i, &offset, &patch_chunks[i]), SG_OK);
        }
        patch_chunk_count = h.chunk_count;
        patch_ram = h.arena_size;
}

struct maker_payload make_manifest(const char *path, const char *guest, const uint8_t *image,
                                   size_t size, uint32_t counter)
{
        struct maker_payload p = {.bytes = image};

        p.manifest = (struct manifest_target){
                .kind = MANIFEST_IMAGE,
                .to_length = size,
                .security_counter = counter,
                .minimum_updater = 1,
                .package = "package-1",
                .product = "segue-virt",
                .to_version = "6.1.0-55",
        };
        snprintf(p.manifest.path, sizeof(p.manifest.path), "%s", path);
        snprintf(p.manifest.guest, sizeof(p.manifest.guest), "%s", guest);
        mbedtls_sha256(image, size, p.manifest.to_digest, 0);
        return p;
}

struct maker_payload delta_payload(void)
{
        struct maker_payload p =
                make_manifest("personal.delta", "personal", new_image, IMAGE_SIZE, 2);

        p.bytes = patch;
        p.chunks = patch_chunks;
        p.chunk_count = patch_chunk_count;
        p.manifest.kind = MANIFEST_DELTA;
        p.manifest.from_length = IMAGE_SIZE;
        p.manifest.ram_need = patch_ram;
        snprintf(p.manifest.from_version, sizeof(p.manifest.from_version), "6.1.0-53");
        mbedtls_sha256(old_image, IMAGE_SIZE, p.manifest.from_digest, 0);
        return p;
}

struct maker_payload image_payload(const uint8_t *image, uint32_t counter)
{
        struct maker_payload p =
                make_manifest("personal.img", "personal", image, IMAGE_SIZE, counter);

        p.chunks = image_chunks;
        p.chunk_count = 2;
        return p;
}

struct maker_payload rt_payload(void)
{
        struct maker_payload p = make_manifest("rt.img", "rt", rt_new, RT_SIZE, 1);

        p.chunks = rt_chunks;
        p.chunk_count = 1;
        return p;
}

void put_package(struct maker_payload *payloads, uint32_t count, uint64_t version)
{
        struct maker_text t;

        maker_targets(&t, version, payloads, count, &targets_role);
        package_size = maker_package(package, sizeof(package), &root_text, &t, payloads, count);
        world_put_inbox(&world, package, package_size);
}

void deliver_package(struct maker_payload *payloads, uint32_t count, uint64_t version)
{
        put_package(payloads, count, version);
        engine_inbox_changed(world.engine);
        world_run(&world, STEPS);
}

int make_all(void **state)
{
        (void)state;
        maker_key_make(&root_key);
        maker_key_make(&targets_key);
        maker_key_make(&other_key);
        root_role = (struct maker_role){{&root_key}, 1, 1};
        targets_role = (struct maker_role){{&targets_key}, 1, 1};
        maker_root(&root_text, 1, &root_role, &targets_role, &root_role);
        make_image(old_image, IMAGE_SIZE, 1, 0);
        make_image(new_image, IMAGE_SIZE, 2, 2000);
        make_image(newer_image, IMAGE_SIZE, 3, 4000);
        make_image(rt_old, RT_SIZE, 4, 0);
        make_image(rt_new, RT_SIZE, 5, 100);
        make_patch();
        return 0;
}

int free_all(void **state)
{
        (void)state;
        maker_key_free(&root_key);
        maker_key_free(&targets_key);
        maker_key_free(&other_key);
        return 0;
}

int setup(void **state)
{
        (void)state;
        world_init(&world, root_text.text, root_text.length);
        world_provision(&world, PERSONAL, old_image, IMAGE_SIZE, 1);
        world_provision(&world, RT, rt_old, RT_SIZE, 1);
        return 0;
}

int teardown(void **state)
{
        (void)state;
        world_free(&world);
        return 0;
}

void put_delta(void)
{
        struct maker_payload p = delta_payload();

        put_package(&p, 1, 1);
}

void start(void)
{
        world_start_engine(&world);
        world_run(&world, STEPS);
}

void expect_state(enum engine_state want)
{
        enum engine_state have = engine_state(world.engine);

        if (have != want) {
                fail_msg("%s, not %s:\n%s", engine_state_name(have), engine_state_name(want),
                         world.log);
        }
}

void expect_logged(const char *text)
{
        if (!world_logged(&world, text)) {
                fail_msg("no \"%s\" in:\n%s", text, world.log);
        }
}

static void consent(void)
{
        expect_state(ENGINE_STAGED);
        world_say(&world, PERSONAL, "ready");
        world_run(&world, STEPS);
        expect_state(ENGINE_TRIAL);
}

void carry_through(void)
{
        consent();
        world_confirm(&world, PERSONAL);
        world_run(&world, STEPS);
}

void expect_updated(const uint8_t *image)
{
        uint8_t slot = bf_active(&world.boot[PERSONAL], 0);

        expect_state(ENGINE_IDLE);
        assert_in_range(slot, 0, 1);
        assert_memory_equal(world.slot[PERSONAL][slot].bytes, image, IMAGE_SIZE);
        assert_int_equal(world.boot[PERSONAL].slot[slot].state, BF_GOOD);
        assert_int_equal(world.vm[PERSONAL].state, SG_VM_RUNNING);
        assert_int_equal(world.vm[PERSONAL].slot, slot);
}

void run_to_log(const char *text)
{
        for (uint32_t i = 0; i < STEPS && !world_logged(&world, text); i++) {
                engine_step(world.engine);
        }
        expect_logged(text);
}

void staged(void)
{
        put_delta();
        start();
        expect_state(ENGINE_STAGED);
}

void on_trial(void)
{
        staged();
        consent();
}

void expect_not_logged(const char *text)
{
        if (world_logged(&world, text)) {
                fail_msg("\"%s\" in:\n%s", text, world.log);
        }
}

void expect_error(const char *what, sg_err error)
{
        char text[80];

        snprintf(text, sizeof(text), "%s error=%d ", what, (int)error);
        expect_logged(text);
}

unsigned times_logged(const char *text)
{
        unsigned n = 0;

        for (const char *at = world.log; (at = strstr(at, text)) != NULL; at += strlen(text)) {
                n++;
        }
        return n;
}

sg_err unreadable(void *ctx, uint64_t offset, void *data, size_t length)
{
        (void)ctx;
        (void)offset;
        (void)data;
        (void)length;
        return SG_E_IO;
}
