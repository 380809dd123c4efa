/* SPDX-License-Identifier: Apache-2.0 */
/* The models together, and what becomes of an Image whose structure is not as they know it. */
#include "tests/unit/synthetic_kernel.h"

/* Bytes of the patch of this pair, which was checked. */
static struct buffer checked_patch(const struct pair *p)
{
        struct buffer patch = rig_plain(&p->from, &p->to);

        rig_check(&patch, &p->from, &p->to);
        return patch;
}

static void expect_models(const struct buffer *patch)
{
        assert_true(rig_part(patch, "program") > 0);
        assert_true(rig_part(patch, "relocations") > 0);
        assert_true(rig_part(patch, "btf") > 0);
        assert_true(rig_part(patch, "kallsyms") > 0);
        assert_int_equal(rig_info(patch).notes, 0);
}

static void both_layouts(void **state)
{
        (void)state;
        for (int late = 0; late < 2; late++) {
                const struct synthetic s = {.late_tables = late};
                const struct dl_create_options plain = {.format = DL_FORMAT_BSDIFF40};
                struct pair p = synthetic_pair(&s);
                struct buffer patch = checked_patch(&p);
                struct buffer other = rig_create(&p.from, &p.to, &plain);
                expect_models(&patch);
                assert_true(patch.size * 4 < other.size);
                free(patch.data);
                free(other.data);
                pair_free(&p);
        }
}

/* Where the Image stands in the file, in either version, tells nothing. */
static void every_offset_shifted(void **state)
{
        static const uint32_t leads[][2] = {{4096, 4096}, {0, 4096}, {744, 0}, {12344, 64}};
        const struct synthetic old = {0}, new = {.version = 1};
        struct pair p = {synthetic_kernel(&old), synthetic_kernel(&new)};
        struct buffer patch = checked_patch(&p);
        size_t size = patch.size;

        (void)state;
        free(patch.data);
        pair_free(&p);
        for (size_t i = 0; i < sizeof(leads) / sizeof(leads[0]); i++) {
                const struct synthetic from = {.lead = leads[i][0]};
                const struct synthetic to = {.version = 1, .lead = leads[i][1]};
                p = (struct pair){synthetic_kernel(&from), synthetic_kernel(&to)};
                patch = checked_patch(&p);
                expect_models(&patch);
                /* What leads the Image is noise: the common part is copied, the rest sent. */
                uint32_t noise = leads[i][1] > leads[i][0] ? leads[i][1] - leads[i][0] : 0;
                assert_true(patch.size <= size + size / 50 + noise + 64);
                free(patch.data);
                pair_free(&p);
        }
}

/* A slot must not lie across two pieces of the output: without relocations, then. */
static void at_an_odd_place(void **state)
{
        static const uint32_t leads[][2] = {{12345, 64}, {740, 741}, {1, 4096}};

        (void)state;
        for (size_t i = 0; i < sizeof(leads) / sizeof(leads[0]); i++) {
                const struct synthetic from = {.lead = leads[i][0]};
                const struct synthetic to = {.version = 1, .lead = leads[i][1]};
                struct pair p = {synthetic_kernel(&from), synthetic_kernel(&to)};
                struct buffer patch = checked_patch(&p);
                assert_true(rig_part(&patch, "btf") > 0 && rig_part(&patch, "kallsyms") > 0);
                assert_int_equal(rig_part(&patch, "relocations"), -1);
                assert_true(rig_notes(&patch, "relocations"));
                free(patch.data);
                pair_free(&p);
        }
}

static void broken_structures_fall_back_one_by_one(void **state)
{
        static const struct {
                unsigned fault;
                const char *part, *note;
        } rows[] = {
                {SYNTHETIC_RELA_ASKEW, "relocations", "relocations"},
                {SYNTHETIC_BTF_KIND, "btf", "BTF"},
                {SYNTHETIC_SYMBOL_LOOSE, "kallsyms", "kallsyms"},
        };

        (void)state;
        for (unsigned i = 0; i < 3; i++) {
                const struct synthetic s = {.faults = rows[i].fault};
                struct pair p = synthetic_pair(&s);
                struct buffer patch = checked_patch(&p);
                for (unsigned k = 0; k < 3; k++)
                        assert_int_equal(rig_part(&patch, rows[k].part) >= 0, k != i);
                assert_int_equal(rig_info(&patch).notes, 1);
                assert_true(rig_notes(&patch, rows[i].note));
                free(patch.data);
                pair_free(&p);
        }
}

static void all_structures_broken(void **state)
{
        const struct synthetic s = {.faults = SYNTHETIC_RELA_ASKEW | SYNTHETIC_BTF_KIND |
                                              SYNTHETIC_SYMBOL_LOOSE};
        struct pair p = synthetic_pair(&s);
        struct buffer patch = checked_patch(&p);

        (void)state;
        assert_int_equal(rig_info(&patch).notes, 3);
        assert_true(rig_part(&patch, "program") > 0);
        free(patch.data);
        pair_free(&p);
}

/* A kernel on one side only is no pair of kernels. */
static void one_kernel_alone(void **state)
{
        const struct synthetic s = {0};
        struct pair p = synthetic_pair(&s);
        struct buffer noise = rig_noise(50000);
        struct pair ends[] = {{p.from, noise}, {noise, p.to}};

        (void)state;
        for (int i = 0; i < 2; i++) {
                struct buffer patch = checked_patch(&ends[i]);
                assert_int_equal(rig_part(&patch, "btf"), -1);
                free(patch.data);
        }
        free(noise.data);
        pair_free(&p);
}

/* The limit is kept by giving up models, then copies; never by failing above the minimum. */
static void memory_is_kept(void **state)
{
        const struct synthetic s = {0};
        struct pair p = synthetic_pair(&s);
        unsigned failed = 0;

        (void)state;
        for (uint64_t limit = 2u << 20; limit >= 100u << 10; limit -= limit / 8) {
                const struct dl_create_options options = {.ram_max = limit};
                struct buffer patch = {0};
                sg_err e = rig_try_create(&p.from, &p.to, &options, &patch);
                if (limit < DL_RAM_MIN) {
                        assert_int_equal(e, SG_E_DELTA_RAM);
                        failed++;
                } else {
                        assert_int_equal(e, SG_OK);
                        assert_true(rig_header(&patch).arena_size <= limit);
                        rig_check(&patch, &p.from, &p.to);
                }
                free(patch.data);
        }
        assert_true(failed > 0);
        pair_free(&p);
}

static void the_device_has_its_own_limit(void **state)
{
        const struct synthetic s = {0};
        struct pair p = synthetic_pair(&s);
        struct rig r = {.patch = rig_plain(&p.from, &p.to), .from = p.from};

        (void)state;
        r.to = (struct buffer){.data = calloc(1, p.to.size), .size = p.to.size};
        r.ram_max = rig_header(&r.patch).arena_size - 1;
        assert_int_equal(rig_apply(&r), SG_E_DELTA_RAM);
        assert_int_equal(r.writes, 0);
        r.ram_max++;
        assert_int_equal(rig_apply(&r), SG_OK);
        free(r.to.data);
        free(r.patch.data);
        pair_free(&p);
}

static void threads_change_nothing(void **state)
{
        const struct synthetic s = {0};
        struct pair p = synthetic_pair(&s);
        struct buffer first = rig_plain(&p.from, &p.to);
        static const uint32_t threads[] = {1, 1, 2, 7};

        (void)state;
        for (unsigned i = 0; i < sizeof(threads) / sizeof(threads[0]); i++) {
                const struct dl_create_options options = {.threads = threads[i]};
                struct buffer patch = rig_create(&p.from, &p.to, &options);
                assert_int_equal(patch.size, first.size);
                assert_memory_equal(patch.data, first.data, first.size);
                free(patch.data);
        }
        free(first.data);
        pair_free(&p);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(both_layouts),
                cmocka_unit_test(every_offset_shifted),
                cmocka_unit_test(at_an_odd_place),
                cmocka_unit_test(broken_structures_fall_back_one_by_one),
                cmocka_unit_test(all_structures_broken),
                cmocka_unit_test(one_kernel_alone),
                cmocka_unit_test(memory_is_kept),
                cmocka_unit_test(the_device_has_its_own_limit),
                cmocka_unit_test(threads_change_nothing),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
