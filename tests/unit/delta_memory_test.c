/* SPDX-License-Identifier: Apache-2.0 */
/* Want of memory: each allocation of the encoder fails once, and no patch is a wrong one. */
#include "delta/create/encoder.h"
#include "delta/create/models.h"
#include "tests/unit/synthetic_kernel.h"

/* ---- Allocations that fail ---- */

static uint32_t calls, fails_at; /* the first call is 1; 0: none fails */

static bool fails(void)
{
        return fails_at != 0 && ++calls == fails_at;
}

/* The linker's names. NOLINTBEGIN(bugprone-reserved-identifier) */
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__real_aligned_alloc(size_t align, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
void *__wrap_aligned_alloc(size_t align, size_t size);

void *__wrap_malloc(size_t size)
{
        return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
        return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
        return fails() ? NULL : __real_realloc(memory, size);
}

void *__wrap_aligned_alloc(size_t align, size_t size)
{
        return fails() ? NULL : __real_aligned_alloc(align, size);
}
/* NOLINTEND(bugprone-reserved-identifier) */

/* ---- Patches ---- */

/* One way alone, so that no other patch comes in place of it. */
static void each_allocation_fails(struct buffer from, struct buffer to)
{
        uint32_t all = 0, refused = 0;

        while (calls >= all) {
                struct buffer patch;
                fails_at = ++all;
                calls = 0;
                sg_err e = rig_try_encode(&from, &to, true, DL_CHUNK_MAX, &patch);
                fails_at = 0;
                if (e)
                        assert_int_equal(e, SG_E_NO_MEMORY);
                else
                        rig_check(&patch, &from, &to);
                refused += e != SG_OK;
                free(patch.data);
        }
        print_message("%u allocations: %u errors\n", all - 1, refused);
        assert_true(refused > 0);
        free(from.data);
        free(to.data);
}

/* What deflate codes worse than what is sorted. */
static void new_text(void **state)
{
        struct buffer from = rig_noise(100), to = {0};

        (void)state;
        while (to.size < 12000)
                rig_append(&to, &"etaoin shrdlu"[rig_random() % 12], 1 + rig_random() % 2);
        struct buffer patch = rig_plain(&from, &to);
        assert_true(rig_part(&patch, "blocks") > 0);
        free(patch.data);
        each_allocation_fails(from, to);
}

static void linked_changes(void **state)
{
        struct buffer from = rig_noise(12000), to = rig_linked(&from);

        (void)state;
        struct buffer patch = rig_plain(&from, &to);
        assert_true(rig_part(&patch, "blocks") > 0);
        free(patch.data);
        each_allocation_fails(from, to);
}

static struct {
        uint8_t bytes[8192];
        size_t size;
} written;

static sg_err keep(void *ctx, const void *buf, size_t len)
{
        (void)ctx;
        assert_true(len <= sizeof(written.bytes));
        memcpy(written.bytes, buf, len);
        written.size = len;
        return SG_OK;
}

/* Both ways are tried; which one is taken does not depend on how much memory there is. */
static void the_smaller_way_is_the_same(void **state)
{
        const struct dl_create_options options = {.threads = 1};
        struct buffer from = rig_noise(6000), to = rig_linked(&from);
        struct buffer all = rig_create(&from, &to, &options);
        const struct dl_image a = rig_image(&from, rig_from_digest);
        const struct dl_image b = rig_image(&to, rig_to_digest);
        const struct dl_sink sink = {.write = keep};

        (void)state;
        for (fails_at = 1;; fails_at++) {
                calls = 0;
                sg_err e = dl_create(&a, &b, &options, &sink);
                bool failed = calls >= fails_at;
                assert_true(e == SG_OK || (e == SG_E_NO_MEMORY && failed));
                if (e == SG_OK) {
                        assert_int_equal(written.size, all.size);
                        assert_memory_equal(written.bytes, all.data, all.size);
                }
                if (!failed)
                        break;
        }
        assert_true(fails_at > 100);
        fails_at = 0;
        free(all.data);
        free(from.data);
        free(to.data);
}

/* ---- Models ---- */

/* They are given up where an image has not what they know, not for want of memory. */
static void no_model_is_lost(void **state)
{
        const struct synthetic all = {0};
        const struct dl_create_options options = {.threads = 1};
        struct pair p = synthetic_pair(&all);
        const struct dl_image from = rig_image(&p.from, rig_from_digest);
        const struct dl_image to = rig_image(&p.to, rig_to_digest);
        uint32_t at = 0;

        (void)state;
        for (calls = 0; calls >= at;) {
                struct encoder e = {.from = &from, .to = &to, .options = &options};
                fails_at = ++at;
                calls = 0;
                sg_err err = encode_models(&e);
                fails_at = 0;
                assert_int_equal(e.without, 0);
                if (err)
                        assert_int_equal(err, SG_E_NO_MEMORY);
                else /* relocations; BTF and symbols, each in two */
                        assert_int_equal(e.section_count, 5);
                encoder_free(&e);
        }
        print_message("%u allocations\n", at - 1);
        pair_free(&p);
}

static int set_up(void **state)
{
        (void)state;
        rig_seed(5);
        return 0;
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(new_text),
                cmocka_unit_test(linked_changes),
                cmocka_unit_test(the_smaller_way_is_the_same),
                cmocka_unit_test(no_model_is_lost),
        };

        return cmocka_run_group_tests(tests, set_up, NULL);
}
