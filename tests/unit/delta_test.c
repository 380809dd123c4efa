/* SPDX-License-Identifier: Apache-2.0 */
/* Deltas: what is created applies again, on the device's decoder, and damage is refused. */
#include "tests/unit/delta_rig.h"

static void round_trip(const struct buffer *from, const struct buffer *to, uint64_t ram_max)
{
        const struct dl_create_options options = {.ram_max = ram_max};
        struct buffer patch = rig_create(from, to, &options);

        rig_check(&patch, from, to);
        free(patch.data);
}

static void edited_images(void **state)
{
        (void)state;
        rig_seed(1);
        struct buffer from = rig_noise(5u << 18);
        struct buffer to = rig_edited(&from, 400);
        round_trip(&from, &to, 0);
        free(to.data);
        to = rig_edited(&from, 12000);
        round_trip(&from, &to, 400u << 10); /* too many copies for the resident map */
        free(from.data);
        free(to.data);
}

/* Noise at both ends; a middle that takes no time. */
static struct buffer noisy_ends(size_t size)
{
        enum { END = 5000 };
        struct buffer b = rig_noise(size);

        if (size > 2 * END)
                memset(b.data + END, 0, size - 2 * END);
        return b;
}

static void odd_sizes(void **state)
{
        static const size_t sizes[] = {0, 1, 2, 4095, 4097, DL_SEGMENT_SIZE, DL_SEGMENT_SIZE + 1};

        (void)state;
        rig_seed(2);
        for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
                for (size_t k = 0; k < sizeof(sizes) / sizeof(sizes[0]); k++) {
                        struct buffer from = noisy_ends(sizes[i]), to = noisy_ends(sizes[k]);
                        size_t same = sizes[i] < sizes[k] ? sizes[i] : sizes[k];
                        memcpy(to.data, from.data, same / 2);
                        round_trip(&from, &to, 0);
                        free(from.data);
                        free(to.data);
                }
        }
}

static void equal_and_unrelated(void **state)
{
        (void)state;
        rig_seed(3);
        struct buffer from = rig_noise(5u << 18), other = rig_noise(1u << 20);
        struct buffer patch = rig_plain(&from, &from);
        assert_true(patch.size < 1024);
        free(patch.data);
        patch = rig_plain(&from, &other);
        assert_true(patch.size < other.size + other.size / 100);
        rig_check(&patch, &from, &other);
        free(patch.data);
        free(from.data);
        free(other.data);
}

static void chunks_cover_the_patch(void **state)
{
        (void)state;
        rig_seed(4);
        struct buffer from = rig_noise(5u << 18), to = rig_edited(&from, 300);
        struct rig f = {.patch = rig_plain(&from, &to)};
        struct dl_ops ops = rig_ops(&f);
        struct dl_header h;
        struct dl_info info;
        uint64_t next = 0, sum = 0;

        assert_int_equal(dl_header_parse(f.patch.data, &h), SG_OK);
        for (uint32_t i = 0; i < h.chunk_count; i++) {
                uint64_t offset;
                uint32_t length;
                assert_int_equal(dl_chunk(&ops, &h, i, &offset, &length), SG_OK);
                assert_true(offset == next && length <= DL_CHUNK_MAX);
                next = offset + length;
        }
        assert_true(next == f.patch.size && next == h.patch_size);
        assert_int_equal(dl_info(&ops, &h, &info), SG_OK);
        for (uint32_t i = 0; i < info.rows; i++)
                sum += info.row[i].bytes;
        assert_true(sum == f.patch.size);
        free(f.patch.data);
        free(from.data);
        free(to.data);
}

static void wrong_base_writes_nothing(void **state)
{
        (void)state;
        rig_seed(5);
        struct buffer from = rig_noise(100000), to = rig_edited(&from, 10);
        struct rig f = {.patch = rig_plain(&from, &to), .from = from};
        struct dl_ops ops = rig_ops(&f);
        uint8_t digest[DL_DIGEST_SIZE] = {9};
        struct dl_checkpoint checkpoint = {{0}};
        struct dl_header h;
        struct dl *dl;

        assert_int_equal(dl_header_parse(f.patch.data, &h), SG_OK);
        struct guarded a = guarded_take(h.arena_size, false);
        assert_int_equal(dl_open(&dl, &ops, &h, a.memory, from.size, digest, NULL),
                         SG_E_DELTA_WRONG_BASE);
        assert_int_equal(dl_open(&dl, &ops, &h, a.memory, from.size - 1, rig_from_digest, NULL),
                         SG_E_DELTA_WRONG_BASE);
        assert_int_equal(dl_open(&dl, &ops, &h, a.memory, from.size, rig_from_digest, &checkpoint),
                         SG_E_DELTA_CHECKPOINT);
        assert_int_equal(dl_open(&dl, &ops, &h, a.memory, from.size, rig_from_digest, NULL), SG_OK);
        assert_int_equal(dl_finish(dl, rig_to_digest), SG_E_DELTA_UNFINISHED);
        dl_checkpoint_save(dl, &checkpoint);
        checkpoint.bytes[12] ^= 1;
        assert_int_equal(dl_open(&dl, &ops, &h, a.memory, from.size, rig_from_digest, &checkpoint),
                         SG_E_DELTA_CHECKPOINT);
        assert_int_equal(f.writes, 0);
        guarded_free(&a);
        free(f.patch.data);
        free(from.data);
        free(to.data);
}

/* A flipped bit anywhere and a truncation are refused, by a checksum. */
static void damage_is_refused(void **state)
{
        (void)state;
        rig_seed(6);
        struct buffer from = rig_noise(20000), to = rig_edited(&from, 20);
        struct rig f = {.patch = rig_plain(&from, &to), .from = from};

        f.to = (struct buffer){.data = calloc(1, to.size), .size = to.size};
        for (size_t i = 0; i < f.patch.size; i += i < DL_HEADER_SIZE + 40 ? 1 : 13) {
                f.patch.data[i] ^= 0x10;
                assert_int_not_equal(rig_apply(&f), SG_OK);
                f.patch.data[i] ^= 0x10;
        }
        for (size_t whole = f.patch.size; f.patch.size > 0;) {
                f.patch.size -= f.patch.size < 97 ? f.patch.size : 97;
                assert_true(f.patch.size < whole);
                assert_int_not_equal(rig_apply(&f), SG_OK);
        }
        free(f.to.data);
        free(f.patch.data);
        free(from.data);
        free(to.data);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(edited_images),
                cmocka_unit_test(odd_sizes),
                cmocka_unit_test(equal_and_unrelated),
                cmocka_unit_test(chunks_cover_the_patch),
                cmocka_unit_test(wrong_base_writes_nothing),
                cmocka_unit_test(damage_is_refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
