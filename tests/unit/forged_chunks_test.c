/* SPDX-License-Identifier: Apache-2.0 */
/* Forged payloads: chunks, their list, deltas; and a disk that changes behind the updater's back.
 */
#include "tests/unit/forgery.h"

#include <segue/bytes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static uint8_t list[FORGERY_LIST_MAX], bytes[PATCH_MAX];

/* --- chunks --- */

static uint8_t *inbox_entry(uint32_t i)
{
        return forgery_member(".chunks") + CHUNK_HEADER_SIZE + i * CHUNK_ENTRY_SIZE;
}

/* An image's two chunks, the other way round. */
static void chunks_swapped(void)
{
        uint8_t *at = forgery_member("");

        memcpy(at, new_image + payload.chunks[0], payload.chunks[1]);
        memcpy(at + payload.chunks[1], new_image, payload.chunks[0]);
}

static void first_chunk_repeated(void)
{
        memcpy(forgery_member("") + payload.chunks[0], new_image, payload.chunks[1]);
}

static void last_chunk_flipped(void)
{
        forgery_member("")[payload.manifest.length - 1] ^= 0x80;
}

static void first_chunk_flipped(void)
{
        forgery_member("")[0] ^= 1;
}

static void last_chunk_missing(void)
{
        forgery_set_size("", payload.manifest.length - payload.chunks[1]);
}

static void one_byte_missing(void)
{
        forgery_set_size("", payload.manifest.length - 1);
}

static void one_byte_more(void)
{
        forgery_set_size("", payload.manifest.length + 1);
}

static void entries_swapped(void)
{
        uint8_t entry[CHUNK_ENTRY_SIZE];

        memcpy(entry, inbox_entry(0), sizeof(entry));
        memcpy(inbox_entry(0), inbox_entry(1), sizeof(entry));
        memcpy(inbox_entry(1), entry, sizeof(entry));
}

static void entry_missing(void)
{
        forgery_member(".chunks")[4]--;
        forgery_set_size(".chunks",
                         CHUNK_HEADER_SIZE + CHUNK_ENTRY_SIZE * (payload.chunk_count - 1));
}

static void list_one_byte_short(void)
{
        forgery_set_size(".chunks", CHUNK_HEADER_SIZE + CHUNK_ENTRY_SIZE * payload.chunk_count - 1);
}

static void list_one_byte_more(void)
{
        forgery_set_size(".chunks", CHUNK_HEADER_SIZE + CHUNK_ENTRY_SIZE * payload.chunk_count + 1);
}

static void entry_longer(void)
{
        put_le32(inbox_entry(1), payload.chunks[1] + 1);
}

/* A list of one's own, signed. */
static void own_list(void)
{
        payload.list_size = maker_chunks(&payload, list);
        payload.list = list;
        assert_true(payload.list_size <= FORGERY_LIST_MAX);
}

static uint8_t *own_entry(uint32_t i)
{
        return list + CHUNK_HEADER_SIZE + i * CHUNK_ENTRY_SIZE;
}

static void signed_list_adds_up_to_more(void)
{
        own_list();
        put_le32(own_entry(1), payload.chunks[1] + 1);
}

static void signed_list_adds_up_to_less(void)
{
        own_list();
        put_le32(own_entry(0), payload.chunks[0] - 1);
}

static void signed_list_with_a_giant(void)
{
        own_list();
        put_le32(own_entry(0), UINT32_MAX);
}

static void signed_list_without_the_last(void)
{
        own_list();
        list[4]--;
        payload.list_size -= CHUNK_ENTRY_SIZE;
}

static void signed_list_with_one_twice(void)
{
        own_list();
        memcpy(list + payload.list_size, own_entry(payload.chunk_count - 1), CHUNK_ENTRY_SIZE);
        list[4]++;
        payload.list_size += CHUNK_ENTRY_SIZE;
}

static void signed_list_of_none(void)
{
        own_list();
        memset(list + 4, 0, 4);
        payload.list_size = CHUNK_HEADER_SIZE;
}

static void signed_list_of_too_many(void)
{
        own_list();
        put_le32(list + 4, UINT32_MAX);
}

static void signed_list_with_trailing_bytes(void)
{
        own_list();
        list[payload.list_size++] = 0;
}

static void signed_list_of_another_kind(void)
{
        own_list();
        list[0] ^= 1;
}

static void signed_list_in_another_order(void)
{
        uint8_t entry[CHUNK_ENTRY_SIZE];

        own_list();
        memcpy(entry, own_entry(0), sizeof(entry));
        memcpy(own_entry(0), own_entry(1), sizeof(entry));
        memcpy(own_entry(1), entry, sizeof(entry));
}

static void chunks(void **state)
{
        static const struct forgery rows[] = {
                {"chunks in another order", SG_E_CHUNK_DIGEST, OPENED, .archive = chunks_swapped,
                 .is_image = true},
                {"a chunk repeated", SG_E_CHUNK_DIGEST, OPENED, .archive = first_chunk_repeated,
                 .is_image = true},
                {"a flipped last byte", SG_E_CHUNK_DIGEST, OPENED, .archive = last_chunk_flipped,
                 .is_image = true},
                {"a flipped last byte of a delta", SG_E_CHUNK_DIGEST, OPENED,
                 .archive = last_chunk_flipped},
                {"a flipped first byte of a delta", SG_E_CHUNK_DIGEST, FAILED,
                 .archive = first_chunk_flipped},
                {"a chunk missing", SG_E_TAR_HEADER, REFUSED, .archive = last_chunk_missing,
                 .is_image = true},
                {"a byte missing", SG_E_TARGET_LENGTH, REFUSED, .archive = one_byte_missing},
                {"a byte more", SG_E_TARGET_LENGTH, REFUSED, .archive = one_byte_more},
                {"entries in another order", SG_E_CHUNK_LIST, FAILED, .archive = entries_swapped},
                {"an entry missing", SG_E_CHUNK_LIST, FAILED, .archive = entry_missing},
                {"a list one byte short", SG_E_CHUNK_LIST, FAILED, .archive = list_one_byte_short},
                {"a list with a byte more", SG_E_CHUNK_LIST, FAILED, .archive = list_one_byte_more},
                {"a chunk longer than said", SG_E_CHUNK_LIST, FAILED, .archive = entry_longer},
                {"signed: list adds up to more", SG_E_CHUNK_LIST, FAILED,
                 .signed_part = signed_list_adds_up_to_more},
                {"signed: list adds up to less", SG_E_CHUNK_LIST, FAILED,
                 .signed_part = signed_list_adds_up_to_less},
                {"signed: a chunk of 4 GiB", SG_E_CHUNK_LIST, FAILED,
                 .signed_part = signed_list_with_a_giant},
                {"signed: chunk missing", SG_E_CHUNK_LIST, FAILED,
                 .signed_part = signed_list_without_the_last},
                {"signed: chunk repeated", SG_E_CHUNK_LIST, FAILED,
                 .signed_part = signed_list_with_one_twice},
                {"signed: no chunks", SG_E_CHUNK_LIST, FAILED, .signed_part = signed_list_of_none},
                {"signed: 2^32 - 1 chunks", SG_E_CHUNK_LIST, FAILED,
                 .signed_part = signed_list_of_too_many},
                {"signed: list with trailing bytes", SG_E_CHUNK_LIST, FAILED,
                 .signed_part = signed_list_with_trailing_bytes},
                {"signed: list of another kind", SG_E_CHUNK_LIST, FAILED,
                 .signed_part = signed_list_of_another_kind},
                {"signed: list in another order", SG_E_CHUNK_DIGEST, OPENED,
                 .signed_part = signed_list_in_another_order, .is_image = true},
        };

        (void)state;
        JUDGE(rows);
}

static void every_byte_of_the_chunk_list(void **state)
{
        static const struct forgery good = {.what = "good"};

        (void)state;
        forgery_remember();
        forgery_assemble(&good);
        uint8_t *entries = forgery_member(".chunks");

        for (size_t i = 0; i < CHUNK_HEADER_SIZE + CHUNK_ENTRY_SIZE * patch_chunk_count; i++) {
                forgery_again();
                entries[i] ^= 1;
                start();
                assert_true(forgery_logged("outcome=failed error=419 "));
                entries[i] ^= 1;
        }
        forgery_expect_unchanged(false);
}

/* --- deltas --- */

static size_t changed_at;

/* A delta with one wrong byte, in order as to its digests and signature. */
static void signed_delta_with_a_wrong_byte(void)
{
        memcpy(bytes, patch, patch_size);
        bytes[changed_at] ^= 0xff;
        payload.bytes = bytes;
}

/* Every byte of the delta's header, and one in 251 behind it. */
static void no_damaged_delta_is_staged(void **state)
{
        static const struct forgery row = {.what = "damaged",
                                           .signed_part = signed_delta_with_a_wrong_byte};

        (void)state;
        for (changed_at = 0; changed_at < patch_size; changed_at += changed_at < 160 ? 1 : 251) {
                forgery_renew();
                forgery_assemble(&row);
                start();
                forgery_expect_refusal("delta", changed_at);
        }
}

static void signed_delta_that_is_cut(void)
{
        payload.manifest.length--;
        memcpy(bytes, payload.chunks, sizeof(*payload.chunks) * payload.chunk_count);
        ((uint32_t *)(void *)bytes)[payload.chunk_count - 1]--;
        payload.chunks = (const uint32_t *)(const void *)bytes;
}

/* One byte of zeros behind it. */
static void signed_delta_with_trailing_bytes(void)
{
        static uint32_t lengths[PATCH_CHUNKS];

        memcpy(lengths, payload.chunks, sizeof(lengths[0]) * payload.chunk_count);
        lengths[payload.chunk_count - 1]++;
        payload.chunks = lengths;
}

static void signed_delta_of_another_version(void)
{
        memcpy(bytes, patch, patch_size);
        memmove(bytes + 1, bytes, patch_size - 1);
        payload.bytes = bytes;
}

static void deltas(void **state)
{
        static const struct forgery rows[] = {
                {"signed: a cut delta", SG_E_TARGET, FAILED,
                 .signed_part = signed_delta_that_is_cut},
                {"signed: a delta with a trailing byte", SG_E_TARGET, FAILED,
                 .signed_part = signed_delta_with_trailing_bytes},
                {"signed: a delta that is shifted", SG_E_DELTA_MAGIC, FAILED,
                 .signed_part = signed_delta_of_another_version},
        };

        (void)state;
        JUDGE(rows);
}

/* --- the disk changes behind the updater's back --- */

static void base_changed_before(void **state)
{
        (void)state;
        world.slot[PERSONAL][0].bytes[IMAGE_SIZE - 1] ^= 1;
        forgery_remember();
        put_delta();
        start();
        assert_true(forgery_logged("outcome=failed error=818 "));
        forgery_expect_unchanged(false);
}

static void run_until(const char *text)
{
        for (uint32_t i = 0; i < STEPS && !world_logged(&world, text); i++) {
                world_run(&world, 1);
        }
        expect_logged(text);
}

/* After it was checked, before its last segment was read. */
static void base_changed_while_it_is_used(void **state)
{
        (void)state;
        put_delta();
        world_start_engine(&world);
        run_until("event 24 apply-begin guest=personal");
        for (size_t i = IMAGE_SIZE - (100u << 10); i < IMAGE_SIZE; i++) {
                world.slot[PERSONAL][0].bytes[i] ^= 0x10;
        }
        forgery_remember();
        world_run(&world, STEPS);
        assert_true(forgery_logged("outcome=failed error=810 "));
        forgery_expect_unchanged(true);
}

/* The slot is written by somebody else before it was read back. */
static void slot_changed_before_it_is_staged(void **state)
{
        (void)state;
        forgery_remember();
        put_delta();
        world_start_engine(&world);
        run_until("event 26 apply-end guest=personal");
        world.slot[PERSONAL][1].bytes[5000] ^= 1;
        world_run(&world, STEPS);
        assert_true(forgery_logged("outcome=failed error=810 "));
        forgery_expect_unchanged(true);
}

/* An image whose bytes are what was signed, but that is no image. */
static void no_image(void **state)
{
        static uint8_t garbage[RT_SIZE];
        struct maker_payload p = make_manifest("rt.img", "rt", garbage, RT_SIZE, 1);

        (void)state;
        p.chunks = rt_chunks;
        p.chunk_count = 1;
        put_package(&p, 1, 1);
        start();
        expect_logged("outcome=failed error=811");
        assert_int_equal(bf_staged(&world.boot[RT]), SG_SLOT_NONE);
}

static void too_small_a_device(void **state)
{
        (void)state;
        world.guests[PERSONAL].slot[1].size = IMAGE_SIZE - 1;
        put_delta();
        start();
        expect_logged("outcome=failed error=807");
        forgery_renew();
        world.config.ram_limit = patch_ram - 1;
        put_delta();
        start();
        expect_logged("outcome=failed error=808");
}

int main(void)
{
#define ROW(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
        const struct CMUnitTest tests[] = {
                ROW(chunks),
                ROW(every_byte_of_the_chunk_list),
                ROW(deltas),
                ROW(no_damaged_delta_is_staged),
                ROW(base_changed_before),
                ROW(base_changed_while_it_is_used),
                ROW(slot_changed_before_it_is_staged),
                ROW(no_image),
                ROW(too_small_a_device),
        };

        return cmocka_run_group_tests(tests, make_all, free_all);
}
