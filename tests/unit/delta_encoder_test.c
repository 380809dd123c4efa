/* SPDX-License-Identifier: Apache-2.0 */
/* The encoder's inside: what it gives up where chunk 0 has no room, and how far it reads. */
#include "delta/create/encoder.h"
#include "tests/unit/delta_rig.h"

/* ---- Copies without room ---- */

#define PIECES 1000u
#define PIECE  40u

static struct images {
        struct buffer old, new;
        struct dl_image from, to;
} shuffled;

/* Noise, cut into pieces that are copied from anywhere: each takes some bytes of chunk 0. */
static void make_shuffled(struct images *m)
{
        uint32_t order[PIECES] = {0};

        rig_seed(77);
        m->old = rig_noise(PIECES * PIECE);
        for (uint32_t i = 0; i < PIECES; i++) {
                uint32_t k = rig_random() % (i + 1);
                order[i] = order[k];
                order[k] = i;
        }
        for (uint32_t i = 0; i < PIECES; i++)
                rig_append(&m->new, m->old.data + (size_t)order[i] * PIECE, PIECE);
        m->from = rig_image(&m->old, rig_from_digest);
        m->to = rig_image(&m->new, rig_to_digest);
}

static struct buffer encoded(bool plain, uint32_t chunk0_max)
{
        struct buffer patch;

        assert_int_equal(rig_try_encode(&shuffled.old, &shuffled.new, plain, chunk0_max, &patch),
                         SG_OK);
        return patch;
}

static void expect_given_up(uint32_t chunk0_max, bool given_up)
{
        struct buffer patch = encoded(false, chunk0_max);
        struct dl_header h = rig_header(&patch);

        print_message("chunk 0 of %u: %u, patch %zu\n", chunk0_max, h.chunk0_size, patch.size);
        assert_true(h.chunk0_size <= chunk0_max);
        assert_int_equal(h.flags & ~DL_F_RESIDENT, given_up ? DL_F_FEW_COPIES : 0);
        assert_int_equal(rig_notes(&patch, "for room in chunk 0"), given_up);
        rig_check(&patch, &shuffled.old, &shuffled.new);
        free(patch.data);
}

/* Half of them, half of the rest, and so on. */
static void copies_are_given_up(void **state)
{
        struct buffer all = encoded(false, DL_CHUNK_MAX);
        uint32_t size = rig_header(&all).chunk0_size;

        (void)state;
        expect_given_up(size + 60, false);
        expect_given_up(size, true);
        expect_given_up(size / 3, true);
        expect_given_up(DL_HEADER_SIZE + 3 * DL_D_SIZE + 120, true);
        free(all.data);
}

/* The smaller one, but for what a plain patch must save (create.c). */
static void but_the_patch_is_no_larger_than_a_plain_one(void **state)
{
        const struct dl_create_options options = {.threads = 1};
        struct buffer all = encoded(false, DL_CHUNK_MAX), plain = encoded(true, DL_CHUNK_MAX);
        uint32_t size = rig_header(&all).chunk0_size;

        (void)state;
        for (uint32_t room = size; room > 300; room /= 2) {
                struct buffer patch = {0};
                const struct dl_sink sink = {.ctx = &patch, .write = rig_append};
                assert_int_equal(create_within(&shuffled.from, &shuffled.to, &options, &sink, room),
                                 SG_OK);
                assert_true(rig_header(&patch).chunk0_size <= room);
                assert_true(patch.size <= plain.size + 256);
                rig_check(&patch, &shuffled.old, &shuffled.new);
                free(patch.data);
        }
        free(all.data);
        free(plain.data);
}

/* ---- Strings ---- */

/* A string that does not end, as all of a table may be: behind so many bytes there is a page that
 * faults. */
static void strings_are_read_so_far(void **state)
{
        struct guarded memory = guarded_take(STRING_NAME, false);
        struct view v = {.bytes = memory.memory, .size = 1u << 20};

        (void)state;
        memset(memory.memory, 'a', STRING_NAME);
        uint64_t name = view_string_name(&v, 0);
        v.size = STRING_NAME; /* the file ends there */
        assert_int_equal(view_string_name(&v, 0), name);
        v.size = STRING_NAME - 1;
        assert_int_not_equal(view_string_name(&v, 0), name);
        memory.memory[STRING_NAME - 1] = 0;
        uint64_t shorter = view_string_name(&v, 0);
        v.size = STRING_NAME;
        assert_int_equal(view_string_name(&v, 0), shorter);
        guarded_free(&memory);
}

static int set_up(void **state)
{
        (void)state;
        make_shuffled(&shuffled);
        return 0;
}

static int tear_down(void **state)
{
        (void)state;
        free(shuffled.old.data);
        free(shuffled.new.data);
        return 0;
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(copies_are_given_up),
                cmocka_unit_test(but_the_patch_is_no_larger_than_a_plain_one),
                cmocka_unit_test(strings_are_read_so_far),
        };

        return cmocka_run_group_tests(tests, set_up, tear_down);
}
