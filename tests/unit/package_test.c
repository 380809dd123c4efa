/* SPDX-License-Identifier: Apache-2.0 */
/* Whole packages: their members, chunks and chain of roots, and every error of the storage below.
 */
#include "tests/unit/memory_storage.h"
#include "tests/unit/package_maker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <mbedtls/sha256.h>

static uint8_t payload_bytes[MAKER_IMAGE_SIZE];

/* a and b for root, c for targets. */
static struct maker_key a, b, c;

static int make_keys(void **state)
{
        (void)state;
        for (size_t i = 0; i < sizeof(payload_bytes); i++) {
                payload_bytes[i] = (uint8_t)(i * 7 + 1);
        }
        maker_key_make(&a);
        maker_key_make(&b);
        maker_key_make(&c);
        return 0;
}

static int free_keys(void **state)
{
        (void)state;
        maker_key_free(&a);
        maker_key_free(&b);
        maker_key_free(&c);
        return 0;
}

static uint8_t archive[2u << 20];
static struct memory_storage storage;
static struct package package;
static struct package_memory memory;
static uint8_t list[CHUNK_LIST_MAX], buffer[CHUNK_LENGTH_MAX];
static struct maker_text pinned;
static struct maker_role package_roots, package_role;

/* A package of two targets signed by c, trusted through a. Returns its size. */
static size_t make_package(uint64_t version)
{
        struct maker_payload p[] = {maker_image("rt", "z.img", payload_bytes),
                                    maker_image("work", "a.img", payload_bytes)};
        struct maker_text t;

        package_roots = (struct maker_role){{&a}, 1, 1};
        package_role = (struct maker_role){{&c}, 1, 1};
        maker_root(&pinned, 1, &package_roots, &package_role, &package_roots);
        maker_targets(&t, version, p, 2, &package_role);
        size_t size = maker_package(archive, sizeof(archive), &pinned, &t, p, 2);
        memory_storage_init(&storage, archive, size);
        return size;
}

static sg_err open_package(uint64_t root_floor, uint64_t targets_floor)
{
        const struct package_floor floor = {root_floor, targets_floor};

        return package_open(&package, &storage.storage, pinned.text, pinned.length, &floor, NULL,
                            &memory);
}

static void opens_a_package(void **state)
{
        struct chunk_reader r;
        uint8_t out[3000];

        (void)state;
        size_t size = make_package(5);
        assert_int_equal(open_package(1, 5), SG_OK);
        assert_int_equal(package.bytes, size - 2 * USTAR_BLOCK);
        assert_string_equal(package.targets.target[0].path, "a.img");
        const struct manifest_target *m = &package.targets.target[1];
        assert_int_equal(package_target_verify(&package, m, list, buffer), SG_OK);
        assert_int_equal(package_target_open(&package, m, list, buffer, &r), SG_OK);
        assert_int_equal(chunk_reader_read(&r, 0, out, 3000), SG_OK);
        assert_memory_equal(out, payload_bytes, 3000);
        assert_int_equal(chunk_reader_read(&r, 999, out, 2), SG_OK);
        assert_memory_equal(out, payload_bytes + 999, 2);
        assert_int_equal(chunk_reader_read(&r, 2999, out, 2), SG_E_TRUNCATED);
        assert_int_equal(chunk_reader_read(&r, UINT64_MAX, out, 2), SG_E_TRUNCATED);
        assert_int_equal(open_package(2, 5), SG_E_METADATA_OLD);
        assert_int_equal(open_package(1, 6), SG_E_METADATA_OLD);
}

static void refuses_every_truncated_package(void **state)
{
        (void)state;
        size_t size = make_package(5);
        for (size_t cut = 0; cut < size - USTAR_BLOCK; cut += cut % 512 == 0 ? 1 : 511) {
                storage.storage.size = cut;
                assert_int_not_equal(open_package(0, 0), SG_OK);
        }
        storage.storage.size = size - USTAR_BLOCK;
        assert_int_equal(open_package(0, 0), SG_OK);
}

static void a_changed_chunk_is_not_handed_out(void **state)
{
        struct chunk_reader r;
        uint8_t out[16] = {0};

        (void)state;
        make_package(5);
        assert_int_equal(open_package(0, 0), SG_OK);
        const struct manifest_target *m = &package.targets.target[0];
        uint64_t at = ustar_find(&package.index, "targets/a.img")->offset;
        archive[at + 1500] ^= 1;
        assert_int_equal(package_target_open(&package, m, list, buffer, &r), SG_OK);
        assert_int_equal(chunk_reader_read(&r, 0, out, 16), SG_OK);
        assert_int_equal(out[0], 1);
        memset(out, 0x55, sizeof(out));
        assert_int_equal(chunk_reader_read(&r, 2000, out, 16), SG_E_CHUNK_DIGEST);
        assert_int_equal(out[0], 0x55);
        assert_int_equal(package_target_verify(&package, m, list, buffer), SG_E_CHUNK_DIGEST);
        archive[ustar_find(&package.index, "targets/a.img.chunks")->offset + 9] ^= 1;
        assert_int_equal(package_target_open(&package, m, list, buffer, &r), SG_E_CHUNK_LIST);
}

static void refuses_bad_chunk_lists(void **state)
{
        static const uint8_t bytes[100];
        uint8_t l[CHUNK_HEADER_SIZE + 2 * CHUNK_ENTRY_SIZE] = {'S', 'G', 'C', '1', 2};
        struct chunk_reader r;
        struct memory_storage s;

        (void)state;
        memory_storage_init(&s, (uint8_t *)bytes, sizeof(bytes));
        l[8] = 60;
        l[8 + 36] = 40;
        assert_int_equal(chunk_reader_open(&r, &s.storage, 0, 100, l, sizeof(l), buffer), SG_OK);
        assert_int_equal(chunk_reader_open(&r, &s.storage, 0, 99, l, sizeof(l), buffer),
                         SG_E_CHUNK_LIST);
        assert_int_equal(chunk_reader_open(&r, &s.storage, 0, 100, l, sizeof(l) - 1, buffer),
                         SG_E_CHUNK_LIST);
        assert_int_equal(chunk_reader_open(&r, &s.storage, 0, 100, l, 7, buffer), SG_E_CHUNK_LIST);
        l[0] ^= 1;
        assert_int_equal(chunk_reader_open(&r, &s.storage, 0, 100, l, sizeof(l), buffer),
                         SG_E_CHUNK_LIST);
        l[0] ^= 1;
        l[8 + 3] = 1; /* longer than a chunk may be */
        assert_int_equal(
                chunk_reader_open(&r, &s.storage, 0, 100 + (1 << 24), l, sizeof(l), buffer),
                SG_E_CHUNK_LIST);
        l[4] = 0;
        assert_int_equal(chunk_reader_open(&r, &s.storage, 0, 0, l, 8, buffer), SG_E_CHUNK_LIST);
}

static void follows_the_chain_in_a_package(void **state)
{
        const struct maker_role first = {{&a}, 1, 1}, second = {{&b}, 1, 1};
        const struct maker_role both = {{&a, &b}, 2, 1}, role = {{&c}, 1, 1};
        struct maker_payload p = maker_image("rt", "rt.img", payload_bytes);
        struct maker_text r2, r3, t;
        size_t at = 0;

        (void)state;
        maker_root(&pinned, 1, &first, &role, &first);
        maker_root(&r2, 2, &second, &role, &both);
        maker_root(&r3, 3, &second, &role, &second);
        maker_targets(&t, 1, &p, 1, &role);
        maker_member(archive, sizeof(archive), &at, "root.json", r3.text, r3.length);
        size_t chain = at;
        maker_member(archive, sizeof(archive), &at, "2.root.json", r2.text, r2.length);
        maker_member(archive, sizeof(archive), &at, "targets.json", t.text, t.length);
        maker_payloads(archive, sizeof(archive), &at, &p, 1);
        memory_storage_init(&storage, archive, at + 1024);
        assert_int_equal(open_package(3, 0), SG_OK);
        assert_int_equal(package.root.version, 3);
        /* Without the link between them the newest root is not trusted. */
        at = chain;
        maker_member(archive, sizeof(archive), &at, "targets.json", t.text, t.length);
        maker_payloads(archive, sizeof(archive), &at, &p, 1);
        assert_int_equal(open_package(0, 0), SG_E_SIGNATURES);
}

/* The tenth root has a name of two digits. */
static void follows_the_chain_past_nine(void **state)
{
        const struct maker_role first = {{&a}, 1, 1}, second = {{&b}, 1, 1};
        const struct maker_role both = {{&a, &b}, 2, 1}, role = {{&c}, 1, 1};
        struct maker_payload p = maker_image("rt", "rt.img", payload_bytes);
        struct maker_text r10, r11, t;
        size_t at = 0;

        (void)state;
        maker_root(&pinned, 9, &first, &role, &first);
        maker_root(&r10, 10, &second, &role, &both);
        maker_root(&r11, 11, &second, &role, &second);
        maker_targets(&t, 1, &p, 1, &role);
        maker_member(archive, sizeof(archive), &at, "root.json", r11.text, r11.length);
        maker_member(archive, sizeof(archive), &at, "10.root.json", r10.text, r10.length);
        maker_member(archive, sizeof(archive), &at, "targets.json", t.text, t.length);
        maker_payloads(archive, sizeof(archive), &at, &p, 1);
        memory_storage_init(&storage, archive, at + 1024);
        assert_int_equal(open_package(11, 0), SG_OK);
        pinned.text[0] = 'x';
        assert_int_equal(open_package(11, 0), SG_E_JSON);
}

static uint64_t unreadable_from;

static sg_err reads_no_further(void *ctx, uint64_t offset, void *data, size_t length)
{
        const struct memory_storage *m = ctx;

        if (offset == unreadable_from) {
                return SG_E_IO;
        }
        memcpy(data, m->bytes + offset, length);
        return SG_OK;
}

/* A root that cannot be read, or does not hold, ends the way: those before it are not enough. */
static void a_broken_link_is_the_end(void **state)
{
        const struct maker_role first = {{&a}, 1, 1}, role = {{&c}, 1, 1};
        struct maker_payload p = maker_image("rt", "rt.img", payload_bytes);
        struct maker_text r2, t;
        size_t at = 0;

        (void)state;
        maker_root(&pinned, 1, &first, &role, &first);
        maker_root(&r2, 2, &first, &role, &role);
        maker_targets(&t, 1, &p, 1, &role);
        maker_member(archive, sizeof(archive), &at, "root.json", pinned.text, pinned.length);
        unreadable_from = at + USTAR_BLOCK;
        maker_member(archive, sizeof(archive), &at, "2.root.json", r2.text, r2.length);
        maker_member(archive, sizeof(archive), &at, "targets.json", t.text, t.length);
        maker_payloads(archive, sizeof(archive), &at, &p, 1);
        memory_storage_init(&storage, archive, at + 1024);
        assert_int_equal(open_package(0, 0), SG_E_SIGNATURES);
        storage.storage.read = reads_no_further;
        assert_int_equal(open_package(0, 0), SG_E_IO);
}

static void a_payload_of_another_digest_is_told(void **state)
{
        (void)state;
        make_package(5);
        assert_int_equal(open_package(0, 0), SG_OK);
        struct manifest_target m = package.targets.target[0];
        m.sha256[0] ^= 1;
        assert_int_equal(package_target_verify(&package, &m, list, buffer), SG_E_TARGET_DIGEST);
        storage.read_error = SG_E_IO;
        assert_int_equal(package_target_verify(&package, &m, list, buffer), SG_E_IO);
}

/* The chunk that is loaded is not read again. */
static void hands_out_chunks_one_by_one(void **state)
{
        struct chunk_reader r;
        const uint8_t *bytes;
        uint8_t out[16];
        uint64_t at;

        (void)state;
        make_package(5);
        assert_int_equal(open_package(0, 0), SG_OK);
        const struct manifest_target *m = &package.targets.target[0];
        assert_int_equal(package_target_open(&package, m, list, buffer, &r), SG_OK);
        assert_int_equal(chunk_reader_chunk(&r, 2, &bytes, &at), SG_OK);
        assert_int_equal(at, 1000);
        storage.read_error = SG_E_IO;
        assert_int_equal(chunk_reader_chunk(&r, 2, &bytes, &at), SG_OK);
        assert_memory_equal(bytes, payload_bytes + 1000, 1999);
        assert_int_equal(chunk_reader_read(&r, 1200, out, sizeof(out)), SG_OK);
        assert_int_equal(chunk_reader_chunk(&r, 0, &bytes, &at), SG_E_IO);
}

static void peeks_at_what_is_there(void **state)
{
        uint8_t one[32], two[32];

        (void)state;
        make_package(5);
        assert_int_equal(package_peek(&storage.storage, one), SG_OK);
        assert_int_equal(open_package(0, 0), SG_OK);
        const struct ustar_member *m = ustar_find(&package.index, "targets.json");
        mbedtls_sha256(archive + m->offset, m->size, two, 0);
        assert_memory_equal(one, two, 32);
        make_package(6);
        assert_int_equal(package_peek(&storage.storage, two), SG_OK);
        assert_memory_not_equal(one, two, 32);
        memset(archive, 0, 512);
        assert_int_equal(package_peek(&storage.storage, two), SG_E_NO_PACKAGE);
}

/* The storage of a package that can be read so many times. */
static uint32_t reads_left;

static sg_err read_some(void *ctx, uint64_t offset, void *data, size_t length)
{
        struct memory_storage *m = ctx;

        if (reads_left-- == 0) {
                return SG_E_IO;
        }
        memcpy(data, m->bytes + offset, length);
        return SG_OK;
}

static void passes_read_errors_on(void **state)
{
        uint8_t digest[32];
        uint32_t n = 0;
        sg_err err;

        (void)state;
        make_package(5);
        storage.storage.read = read_some;
        do {
                reads_left = n++;
                err = open_package(1, 5);
                assert_true(err == SG_OK || (err == SG_E_IO && reads_left == UINT32_MAX));
        } while (err != SG_OK);
        assert_true(n > 9); /* headers, root, targets */
        n = 0;
        do {
                reads_left = n++;
                err = package_peek(&storage.storage, digest);
                assert_true(err == SG_OK || (err == SG_E_IO && reads_left == UINT32_MAX));
        } while (err != SG_OK);
        assert_true(n > 3);
}

static void rename_member(const char *name, const char *as)
{
        const struct ustar_member *m = ustar_find(&package.index, name);

        assert_non_null(m);
        assert_int_equal(ustar_header(archive + m->offset - USTAR_BLOCK, as, m->size), SG_OK);
}

static void refuses_metadata_that_is_too_large(void **state)
{
        static const char *const names[] = {"root.json", "targets.json"};
        uint8_t digest[32];

        (void)state;
        for (size_t i = 0; i < 2; i++) {
                make_package(5);
                assert_int_equal(open_package(0, 0), SG_OK);
                size_t at = 0;
                /* Larger than all that its text could run over. */
                static uint8_t large[sizeof(struct package_memory) + 1];
                const struct ustar_member *root = ustar_find(&package.index, names[0]);
                if (i == 1) {
                        at = root->offset - USTAR_BLOCK;
                        maker_member(archive, sizeof(archive), &at, names[0], pinned.text,
                                     pinned.length);
                }
                maker_member(archive, sizeof(archive), &at, names[i], large, sizeof(large));
                if (i == 0) {
                        maker_member(archive, sizeof(archive), &at, names[1], "{}", 2);
                }
                memset(archive + at, 0, 1024);
                memory_storage_init(&storage, archive, at + 1024);
                assert_int_equal(open_package(0, 0), SG_E_TOO_LARGE);
                assert_int_equal(package_peek(&storage.storage, digest),
                                 i == 0 ? SG_OK : SG_E_TOO_LARGE);
        }
}

static void peeks_at_packages_only(void **state)
{
        uint8_t digest[32];
        size_t at = 0;

        (void)state;
        make_package(5);
        assert_int_equal(open_package(0, 0), SG_OK);
        rename_member("targets.json", "other.json");
        assert_int_equal(package_peek(&storage.storage, digest), SG_E_TAR_END);
        rename_member("root.json", "first.json");
        assert_int_equal(package_peek(&storage.storage, digest), SG_E_NO_PACKAGE);
        assert_int_equal(open_package(0, 0), SG_E_NO_PACKAGE);
        make_package(5);
        assert_int_equal(open_package(0, 0), SG_OK);
        memset(archive, 0, sizeof(archive)); /* the end alone */
        assert_int_equal(open_package(0, 0), SG_E_NO_PACKAGE);
        maker_member(archive, sizeof(archive), &at, "root.json", pinned.text, pinned.length);
        for (int i = 0; i < USTAR_MEMBERS_MAX + 1; i++) {
                char name[16];
                snprintf(name, sizeof(name), "m%d", i);
                maker_member(archive, sizeof(archive), &at, name, "", 0);
        }
        memory_storage_init(&storage, archive, at + 1024);
        assert_int_equal(package_peek(&storage.storage, digest), SG_E_TAR_MEMBER);
}

/* What the signed target does not say, found in the chunk list's digest only. */
static void the_chunk_list_is_the_signed_one(void **state)
{
        struct chunk_reader r;

        (void)state;
        make_package(5);
        assert_int_equal(open_package(0, 0), SG_OK);
        struct manifest_target m = package.targets.target[0];
        m.chunks_digest[0] ^= 1;
        assert_int_equal(package_target_open(&package, &m, list, buffer, &r), SG_E_CHUNK_LIST);
        assert_int_equal(package_target_verify(&package, &m, list, buffer), SG_E_CHUNK_LIST);
        storage.read_error = SG_E_IO;
        assert_int_equal(package_target_open(&package, &m, list, buffer, &r), SG_E_IO);
}

static void a_chunk_list_has_a_largest_number(void **state)
{
        static uint8_t l[CHUNK_HEADER_SIZE + (CHUNK_COUNT_MAX + 1) * CHUNK_ENTRY_SIZE] = {'S', 'G',
                                                                                          'C', '1'};
        struct chunk_reader r;

        (void)state;
        for (uint32_t count = CHUNK_COUNT_MAX; count <= CHUNK_COUNT_MAX + 1; count++) {
                l[4] = (uint8_t)count;
                l[5] = (uint8_t)(count >> 8);
                assert_int_equal(chunk_reader_open(&r, &storage.storage, 0, 0, l,
                                                   CHUNK_HEADER_SIZE + count * CHUNK_ENTRY_SIZE,
                                                   buffer),
                                 count == CHUNK_COUNT_MAX ? SG_OK : SG_E_CHUNK_LIST);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(opens_a_package),
                cmocka_unit_test(refuses_every_truncated_package),
                cmocka_unit_test(a_changed_chunk_is_not_handed_out),
                cmocka_unit_test(refuses_bad_chunk_lists),
                cmocka_unit_test(follows_the_chain_in_a_package),
                cmocka_unit_test(follows_the_chain_past_nine),
                cmocka_unit_test(a_broken_link_is_the_end),
                cmocka_unit_test(a_payload_of_another_digest_is_told),
                cmocka_unit_test(hands_out_chunks_one_by_one),
                cmocka_unit_test(peeks_at_what_is_there),
                cmocka_unit_test(passes_read_errors_on),
                cmocka_unit_test(refuses_metadata_that_is_too_large),
                cmocka_unit_test(peeks_at_packages_only),
                cmocka_unit_test(the_chunk_list_is_the_signed_one),
                cmocka_unit_test(a_chunk_list_has_a_largest_number),
        };

        return cmocka_run_group_tests(tests, make_keys, free_keys);
}
