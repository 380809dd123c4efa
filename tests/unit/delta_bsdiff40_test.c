/* SPDX-License-Identifier: Apache-2.0 */
/* bsdiff's own format: written, read, and refused where Debian's bspatch would go astray. */
#include <bzlib.h>

#include "delta/wire.h"
#include "tests/unit/delta_rig.h"

static const struct dl_create_options classic = {.format = DL_FORMAT_BSDIFF40};

static sg_err apply(const struct buffer *from, const struct buffer *patch, struct buffer *out)
{
        return bsdiff40_apply(from->data, from->size, patch->data, patch->size, &out->data,
                              &out->size);
}

static void round_trips(void **state)
{
        static const size_t sizes[] = {0, 1, 2, 100, 70000, 1u << 20};

        (void)state;
        rig_seed(7);
        for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
                for (size_t k = 0; k < sizeof(sizes) / sizeof(sizes[0]); k++) {
                        struct buffer from = rig_noise(sizes[i]), out = {0};
                        struct buffer to = rig_noise(sizes[k]);
                        size_t same = sizes[i] < sizes[k] ? sizes[i] : sizes[k];
                        memcpy(to.data, from.data + (sizes[i] - same) / 2, same);
                        struct buffer patch = rig_create(&from, &to, &classic);
                        assert_true(bsdiff40_is(patch.data, patch.size));
                        assert_int_equal(apply(&from, &patch, &out), SG_OK);
                        assert_int_equal(out.size, to.size);
                        if (to.size > 0)
                                assert_memory_equal(out.data, to.data, to.size);
                        free(out.data);
                        free(patch.data);
                        free(to.data);
                        free(from.data);
                }
        }
}

/* ---- Patches that no bsdiff makes ---- */

static void number(uint8_t *p, int64_t v)
{
        dl_put64(p, v < 0 ? (uint64_t)-v | 1ull << 63 : (uint64_t)v);
}

static uint32_t squeeze(struct buffer *patch, const void *bytes, size_t size)
{
        static char out[4096];
        unsigned int n = sizeof(out);

        assert_int_equal(BZ2_bzBuffToBuffCompress(out, &n, (char *)(uintptr_t)bytes,
                                                  (unsigned int)size, 9, 0, 0),
                         BZ_OK);
        rig_append(patch, out, n);
        return n;
}

struct crafted {
        const char *what;
        int64_t control[6]; /* two triples: add, insert, seek */
        int64_t to_size;
        size_t difference, extra; /* bytes in their streams */
        sg_err expected;
};

static struct buffer craft(const struct crafted *c)
{
        static const uint8_t zeros[256];
        uint8_t header[32] = {0}, control[48];
        struct buffer patch = {0};

        for (size_t i = 0; i < 6; i++)
                number(control + 8 * i, c->control[i]);
        rig_append(&patch, header, sizeof(header));
        uint32_t first = squeeze(&patch, control, sizeof(control));
        uint32_t second = squeeze(&patch, zeros, c->difference);
        squeeze(&patch, zeros, c->extra);
        memcpy(patch.data, "BSDIFF40", 8);
        number(patch.data + 8, first);
        number(patch.data + 16, second);
        number(patch.data + 24, c->to_size);
        return patch;
}

static void positions_and_lengths(void **state)
{
        static const struct crafted rows[] = {
                {"all well", {16, 0, -16, 16, 4, 0}, 36, 32, 4, SG_OK},
                {"seek -100000000", {16, 0, -100000000, 16, 0, 0}, 32, 32, 0, SG_E_DELTA_BSDIFF},
                {"seek before the start", {16, 0, -32, 16, 0, 0}, 32, 32, 0, SG_E_DELTA_BSDIFF},
                {"seek beyond the end", {16, 0, 100, 16, 0, 0}, 32, 32, 0, SG_E_DELTA_BSDIFF},
                {"last seek outside", {16, 0, 0, 16, 0, -33}, 32, 32, 0, SG_E_DELTA_BSDIFF},
                {"seek that overflows", {16, 0, INT64_MAX, 16, 0, 0}, 32, 32, 0, SG_E_DELTA_BSDIFF},
                {"add beyond the old file", {16, 0, 40, 16, 0, 0}, 32, 32, 0, SG_E_DELTA_BSDIFF},
                {"negative add", {-16, 32, 0, 16, 0, 0}, 32, 16, 32, SG_E_DELTA_BSDIFF},
                {"negative insert", {16, -8, 0, 16, 0, 0}, 32, 32, 0, SG_E_DELTA_BSDIFF},
                {"add beyond the output", {16, 0, 0, 17, 0, 0}, 32, 33, 0, SG_E_DELTA_BSDIFF},
                {"lengths that overflow",
                 {INT64_MAX, INT64_MAX, 0, 16, 0, 0},
                 32,
                 32,
                 0,
                 SG_E_DELTA_BSDIFF},
                {"no progress", {0, 0, 0, 0, 0, 0}, 32, 32, 0, SG_E_DELTA_BSDIFF},
                {"differences left over", {16, 0, 0, 16, 0, 0}, 32, 40, 0, SG_E_DELTA_BSDIFF},
                {"too few differences", {16, 0, 0, 16, 0, 0}, 32, 20, 0, SG_E_DELTA_BSDIFF},
                {"bytes left over", {16, 0, 0, 16, 0, 0}, 32, 32, 5, SG_E_DELTA_BSDIFF},
                {"control left over", {32, 0, 0, 16, 0, 0}, 32, 32, 0, SG_E_DELTA_BSDIFF},
                {"smaller output", {16, 0, 0, 16, 0, 0}, 31, 32, 0, SG_E_DELTA_BSDIFF},
                {"larger output", {16, 0, 0, 16, 0, 0}, 33, 32, 0, SG_E_DELTA_BSDIFF},
                {"negative output", {16, 0, 0, 16, 0, 0}, -32, 32, 0, SG_E_DELTA_BSDIFF},
                {"huge output", {16, 0, 0, 16, 0, 0}, 1ll << 40, 32, 0, SG_E_DELTA_TOO_LARGE},
        };

        (void)state;
        struct buffer from = rig_noise(64);
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct buffer patch = craft(&rows[i]), out = {0};
                sg_err e = apply(&from, &patch, &out);
                if (e != rows[i].expected)
                        fail_msg("%s: %d, not %d", rows[i].what, (int)e, (int)rows[i].expected);
                if (!e)
                        free(out.data);
                free(patch.data);
        }
        free(from.data);
}

static void sizes_in_the_header(void **state)
{
        static const struct crafted good = {"", {16, 0, 0, 16, 4, 0}, 36, 32, 4, SG_OK};
        static const int64_t sizes[] = {-5, INT64_MIN + 1, 1ll << 40, 0, INT64_MAX};

        (void)state;
        struct buffer from = rig_noise(64), patch = craft(&good), out = {0};
        for (size_t at = 8; at <= 16; at += 8) {
                uint8_t was[8];
                memcpy(was, patch.data + at, 8);
                for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
                        number(patch.data + at, sizes[i]);
                        assert_int_equal(apply(&from, &patch, &out), SG_E_DELTA_BSDIFF);
                }
                memcpy(patch.data + at, was, 8);
        }
        assert_int_equal(apply(&from, &patch, &out), SG_OK);
        free(out.data);
        free(patch.data);
        free(from.data);
}

static void cut_short_and_lengthened(void **state)
{
        (void)state;
        rig_seed(9);
        struct buffer from = rig_noise(30000), to = rig_edited(&from, 9), out = {0};
        struct buffer patch = rig_create(&from, &to, &classic);
        size_t whole = patch.size;
        for (patch.size = 0; patch.size < whole; patch.size += 1 + patch.size / 50)
                assert_int_equal(apply(&from, &patch, &out), SG_E_DELTA_BSDIFF);
        patch.size = whole;
        rig_append(&patch, "x", 1);
        assert_int_equal(apply(&from, &patch, &out), SG_E_DELTA_BSDIFF);
        free(patch.data);
        free(from.data);
        free(to.data);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(round_trips),
                cmocka_unit_test(positions_and_lengths),
                cmocka_unit_test(sizes_in_the_header),
                cmocka_unit_test(cut_short_and_lengthened),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
