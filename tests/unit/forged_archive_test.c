/* SPDX-License-Identifier: Apache-2.0 */
/* Forged archives: headers, members, their order, and every place where one can end. */
#include "tests/unit/forgery.h"

#include <segue/bytes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* --- the archive --- */

/* The header of the n-th member. */
static uint8_t *header(unsigned n)
{
        struct ustar_member m;
        uint64_t offset = 0, at = 0;

        for (unsigned i = 0; i <= n; i++) {
                at = offset;
                assert_int_equal(ustar_next(&world.inbox.storage, &offset, &m), SG_OK);
        }
        return world.inbox.bytes + at;
}

/* Its sum mended after a change. */
static void mend(uint8_t *h)
{
        uint32_t sum = 8u * ' ';

        for (unsigned i = 0; i < USTAR_BLOCK; i++) {
                sum += i >= 148 && i < 156 ? 0u : h[i];
        }
        snprintf((char *)h + 148, 8, "%06o", sum);
}

enum { ROOT, TARGETS, LIST, PAYLOAD, MEMBERS };
#define SIZE_FIELD 124
#define TYPE_FIELD 156

static void set_size_field(unsigned n, const char *octal)
{
        uint8_t *h = header(n);

        memcpy(h + SIZE_FIELD, octal, 12);
        mend(h);
}

CHANGE(sum_broken, header(TARGETS)[0] ^= 0x20)
CHANGE(size_zero, set_size_field(TARGETS, "00000000000"))
CHANGE(size_max, set_size_field(PAYLOAD, "77777777777"))
CHANGE(size_of_metadata_max, set_size_field(TARGETS, "77777777777"))
CHANGE(size_binary, set_size_field(PAYLOAD, "\x80\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"))
CHANGE(size_no_number, set_size_field(PAYLOAD, "hello world"))
CHANGE(size_into_the_next, set_size_field(ROOT, "00000000001"))

static void type_of(unsigned n, uint8_t type)
{
        uint8_t *h = header(n);

        h[TYPE_FIELD] = type;
        mend(h);
}
CHANGE(hard_link, type_of(PAYLOAD, '1'))
CHANGE(symbolic_link, type_of(PAYLOAD, '2'))
CHANGE(directory, type_of(PAYLOAD, '5'))
CHANGE(extended_header, type_of(TARGETS, 'x'))

static void rename_member(unsigned n, const char *name)
{
        uint8_t *h = header(n);

        memset(h, 0, 100);
        memcpy(h, name, strlen(name));
        mend(h);
}
CHANGE(payload_missing, rename_member(PAYLOAD, "targets/other.delta"))
CHANGE(list_missing, rename_member(LIST, "targets/other.chunks"))
CHANGE(targets_missing, rename_member(TARGETS, "target.json"))
CHANGE(name_twice, rename_member(LIST, "targets/personal.delta"))
CHANGE(climbs_out, rename_member(PAYLOAD, "targets/../targets/personal.delta"))

static void put_members(const unsigned *order, unsigned count)
{
        char name[2][FORGERY_NAME_MAX];
        uint8_t own[FORGERY_LIST_MAX];
        size_t at = 0;

        snprintf(name[0], sizeof(name[0]), "targets/%s.chunks", payload.manifest.path);
        snprintf(name[1], sizeof(name[1]), "targets/%s", payload.manifest.path);
        const size_t size = maker_chunks(&payload, own);
        const struct {
                const char *name;
                const void *bytes;
                size_t size;
        } members[MEMBERS] = {
                {"root.json", root.text, root.length},
                {"targets.json", targets.text, targets.length},
                {name[0], own, size},
                {name[1], payload.bytes, payload.manifest.length},
        };
        memset(package, 0, sizeof(package));
        for (unsigned i = 0; i < count; i++) {
                maker_member(package, sizeof(package), &at, members[order[i]].name,
                             members[order[i]].bytes, members[order[i]].size);
        }
        world_put_inbox(&world, package, at + 2 * USTAR_BLOCK);
}

#define ORDER(name, ...)                                              \
        static void name(void)                                        \
        {                                                             \
                static const unsigned order[] = {__VA_ARGS__};        \
                put_members(order, sizeof(order) / sizeof(order[0])); \
        }
ORDER(payload_first, ROOT, LIST, PAYLOAD, TARGETS)
ORDER(payload_between, ROOT, LIST, TARGETS, PAYLOAD)
ORDER(payload_before_its_list, ROOT, TARGETS, PAYLOAD, LIST)
ORDER(metadata_alone, ROOT, TARGETS)
ORDER(payload_twice, ROOT, TARGETS, LIST, PAYLOAD, PAYLOAD)
ORDER(targets_twice, ROOT, TARGETS, TARGETS, LIST, PAYLOAD)

static void cut_to(size_t size)
{
        memset(world.inbox.bytes + size, 0, WORLD_INBOX_SIZE - size);
}
CHANGE(cut_in_the_payload, cut_to(package_size - 3 * USTAR_BLOCK))

static void no_end(void)
{
        memset(world.inbox.bytes + package_size - 2 * USTAR_BLOCK, 'x',
               WORLD_INBOX_SIZE - package_size + 2 * USTAR_BLOCK);
}

static void more_behind_the_end(void)
{
        memset(world.inbox.bytes + package_size, 'x', WORLD_INBOX_SIZE - package_size);
}

static void archive(void **state)
{
        static const struct forgery rows[] = {
                {"control: payload before its list", SG_OK, STAGED,
                 .archive = payload_before_its_list},
                {"control: bytes behind the archive's end", SG_OK, STAGED,
                 .archive = more_behind_the_end},
                {"a header's sum", SG_E_TAR_HEADER, REFUSED, .archive = sum_broken},
                {"size 0", SG_E_TAR_HEADER, REFUSED, .archive = size_zero},
                {"size 8 GiB - 1", SG_E_TRUNCATED, REFUSED, .archive = size_max},
                {"metadata of 8 GiB - 1", SG_E_TRUNCATED, REFUSED, .archive = size_of_metadata_max},
                {"size in binary, negative", SG_E_TAR_HEADER, REFUSED, .archive = size_binary},
                {"size that is no number", SG_E_TAR_HEADER, REFUSED, .archive = size_no_number},
                {"size that makes members overlap", SG_E_TAR_HEADER, REFUSED,
                 .archive = size_into_the_next},
                {"a hard link", SG_E_TAR_TYPE, REFUSED, .archive = hard_link},
                {"a symbolic link", SG_E_TAR_TYPE, REFUSED, .archive = symbolic_link},
                {"a directory", SG_E_TAR_TYPE, REFUSED, .archive = directory},
                {"an extended header", SG_E_TAR_TYPE, REFUSED, .archive = extended_header},
                {"payload missing", SG_E_TAR_MEMBER, REFUSED, .archive = payload_missing},
                {"chunk list missing", SG_E_TAR_MEMBER, REFUSED, .archive = list_missing},
                {"targets.json missing", SG_E_TAR_END, REFUSED, .archive = targets_missing},
                {"a name twice", SG_E_TAR_HEADER, REFUSED, .archive = name_twice},
                {"a name that climbs", SG_E_TAR_MEMBER, REFUSED, .archive = climbs_out},
                {"payload before metadata", SG_E_TAR_MEMBER, REFUSED, .archive = payload_first},
                {"payload between metadata", SG_E_TAR_MEMBER, REFUSED, .archive = payload_between},
                {"metadata alone", SG_E_TAR_MEMBER, REFUSED, .archive = metadata_alone},
                {"payload twice", SG_E_TAR_HEADER, REFUSED, .archive = payload_twice},
                {"targets.json twice", SG_E_TAR_HEADER, REFUSED, .archive = targets_twice},
                {"cut in the payload", SG_E_CHUNK_DIGEST, OPENED, .archive = cut_in_the_payload},
                {"no end", SG_E_TAR_HEADER, REFUSED, .archive = no_end},
        };

        (void)state;
        JUDGE(rows);
}

/* Names, sizes, types, sums, and what the sums alone protect: owner, mode, time. Of the first one a
 * changed name means that there is no package. */
static void every_byte_of_the_headers(void **state)
{
        static const struct forgery good = {.what = "good"};

        (void)state;
        forgery_remember();
        forgery_assemble(&good);
        for (unsigned n = 0; n < MEMBERS; n++) {
                uint8_t *h = header(n);

                for (size_t i = 0; i < USTAR_BLOCK; i++) {
                        forgery_again();
                        h[i] ^= 1;
                        start();
                        assert_false(world_logged(&world, "event 11 package-accepted"));
                        assert_true(n == ROOT || world_logged(&world, "event 12 package-refused"));
                        h[i] ^= 1;
                }
        }
        forgery_expect_unchanged(false);
}

static void every_truncated_package(void **state)
{
        (void)state;
        put_delta();
        for (size_t cut = 0; cut < package_size - 1024; cut += cut < 8192 ? 512 : 16384) {
                forgery_renew();
                world_put_inbox(&world, package, cut);
                start();
                expect_state(ENGINE_IDLE);
                /* The archive may end at a member's end: then it is the metadata that misses it. */
                if (cut != 0) {
                        forgery_expect_refusal("cut", cut);
                }
                forgery_expect_unchanged(
                        world_logged(&world, "event 24 apply-begin guest=personal"));
        }
}

int main(void)
{
#define ROW(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
        const struct CMUnitTest tests[] = {
                ROW(archive),
                ROW(every_byte_of_the_headers),
                ROW(every_truncated_package),
        };

        return cmocka_run_group_tests(tests, make_all, free_all);
}
