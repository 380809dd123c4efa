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

/* Nothing refers to another place: models take part even so, each on its own and together. */
static void nothing_moves(void **state)
{
        static const unsigned parts[] = {0, SYNTHETIC_BTF, SYNTHETIC_BTF | SYNTHETIC_RELA,
                                         SYNTHETIC_BTF | SYNTHETIC_KALLSYMS};

        (void)state;
        for (unsigned i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
                for (unsigned changes = 0; changes <= 40; changes += 40) {
                        const struct synthetic s = {.parts = parts[i], .still = true};
                        struct pair p = synthetic_pair(&s);
                        for (unsigned k = 0; k < changes; k++)
                                p.to.data[64 + 1000 * k] ^= 1;
                        struct buffer patch = checked_patch(&p);
                        unsigned all = parts[i] ? parts[i] : ~0u;
                        print_message("parts %u, %u changes: %zu\n", parts[i], changes, patch.size);
                        assert_true(rig_part(&patch, "btf") > 0);
                        assert_int_equal(rig_part(&patch, "relocations") > 0,
                                         (all & SYNTHETIC_RELA) != 0);
                        assert_int_equal(rig_part(&patch, "kallsyms") > 0,
                                         (all & SYNTHETIC_KALLSYMS) != 0);
                        assert_true(patch.size < 1024);
                        free(patch.data);
                        pair_free(&p);
                }
        }
}

/* Where the Image stands in the file, in either version, tells nothing. */
static void every_offset_shifted(void **state)
{
        static const uint32_t leads[][2] = {{4096, 4096}, {0, 4096}, {744, 0},     {12344, 64},
                                            {740, 0},     {0, 740},  {740, 32764}, {12345, 64},
                                            {741, 741},   {1, 4095}};
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
                print_message("at %u and %u: %zu, %zu at 0\n", leads[i][0], leads[i][1], patch.size,
                              size);
                /* What leads the Image is noise: the common part is copied, the rest sent. */
                uint32_t noise = leads[i][1] > leads[i][0] ? leads[i][1] - leads[i][0] : 0;
                assert_true(patch.size <= size + size / 50 + noise + 64);
                free(patch.data);
                pair_free(&p);
        }
}

/* At each place slots and tables lie across the pieces of the output elsewhere. */
static void slots_across_pieces(void **state)
{
        (void)state;
        for (uint32_t lead = 0; lead < 32768; lead += 4 * 409) {
                const struct synthetic from = {.odd_slots = true};
                const struct synthetic to = {.version = 1, .odd_slots = true, .lead = lead};
                struct pair p = {synthetic_kernel(&from), synthetic_kernel(&to)};
                struct buffer patch = checked_patch(&p);
                expect_models(&patch);
                free(patch.data);
                pair_free(&p);
        }
}

static struct buffer joined(const struct buffer *a, const struct buffer *b)
{
        struct buffer both = {0};

        rig_append(&both, a->data, a->size);
        rig_append(&both, b->data, b->size);
        return both;
}

/* References are predicted in each of them; the models of a kernel are the first one's. */
static void two_in_one_file(void **state)
{
        const struct synthetic s = {.odd_slots = true},
                               another = {.parts = SYNTHETIC_RELA, .other = 1};
        struct pair p = synthetic_pair(&s), q = synthetic_pair(&another);
        struct pair files[] = {
                {joined(&p.from, &q.from), joined(&p.to, &q.to)},
                {joined(&q.from, &p.from), joined(&q.to, &p.to)},
                {joined(&p.from, &p.from), joined(&p.to, &p.to)},
                {joined(&p.from, &q.from), joined(&q.to, &p.to)}, /* the other way round */
                {joined(&p.from, &p.to), joined(&p.to, &p.to)},   /* slots of an A/B disk */
        };

        (void)state;
        for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
                struct buffer patch = checked_patch(&files[i]), plain;
                assert_int_equal(
                        rig_try_encode(&files[i].from, &files[i].to, true, DL_CHUNK_MAX, &plain),
                        SG_OK);
                print_message("files %zu: %zu, plain %zu\n", i, patch.size, plain.size);
                assert_true(patch.size <= plain.size + 256 && (i > 0 || patch.size < 4000));
                free(plain.data);
                free(patch.data);
                /* However large it is: relocations are those of the first ones. */
                assert_int_equal(
                        rig_try_encode(&files[i].from, &files[i].to, false, DL_CHUNK_MAX, &patch),
                        SG_OK);
                assert_true(rig_part(&patch, "relocations") > 0);
                rig_check(&patch, &files[i].from, &files[i].to);
                free(patch.data);
                pair_free(&files[i]);
        }
        pair_free(&p);
        pair_free(&q);
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

static void count_letting_go(void *ctx)
{
        ++*(unsigned *)ctx;
}

static sg_err drop(void *ctx, const void *buf, size_t len)
{
        (void)ctx;
        (void)buf;
        (void)len;
        return SG_OK;
}

/* How often memory is let go: twice for each matching, once where slots are filled before. */
static unsigned letting_go(const struct pair *p)
{
        const struct dl_image from = rig_image(&p->from, rig_from_digest);
        const struct dl_image to = rig_image(&p->to, rig_to_digest);
        const struct dl_create_options options = {.threads = 1};
        unsigned count = 0;
        const struct dl_sink sink = {.ctx = &count, .write = drop, .let_go = count_letting_go};

        assert_int_equal(dl_create(&from, &to, &options, &sink), SG_OK);
        return count;
}

/* There are more runs of types than new strings: that is for the decoder to say, before anything is
 * matched. */
static void what_the_decoder_refuses(void **state)
{
        const struct synthetic plain = {0}, s = {.nameless = true};
        struct pair usual = synthetic_pair(&plain), p = synthetic_pair(&s);
        struct buffer patch = checked_patch(&p);

        (void)state;
        assert_int_equal(rig_part(&patch, "btf"), -1);
        assert_true(rig_part(&patch, "kallsyms") > 0 && rig_part(&patch, "relocations") > 0);
        assert_int_equal(rig_info(&patch).notes, 1);
        assert_true(rig_notes(&patch, "BTF found, but not followed: not as the model knows it"));
        assert_int_equal(letting_go(&usual), 7);
        assert_int_equal(letting_go(&p), 8);
        free(patch.data);
        pair_free(&usual);
        pair_free(&p);
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

static void expect_note(const struct pair *p, const char *note)
{
        struct buffer patch = checked_patch(p);

        if (!rig_notes(&patch, note))
                fail_msg("no note: %s", note);
        free(patch.data);
}

/* Whichever way of encoding is the smaller one. */
static void what_is_not_there_is_told(void **state)
{
        const struct synthetic without = {.parts = SYNTHETIC_RELA | SYNTHETIC_KALLSYMS};
        const struct synthetic all = {0};
        struct pair p = synthetic_pair(&without), q = synthetic_pair(&all);
        struct pair lost = {q.from, p.to}, found = {p.from, q.to};
        struct buffer noise = rig_noise(50000), text = rig_noise(50000);
        struct pair gone = {q.from, noise}, none = {noise, text};

        (void)state;
        expect_note(&p, "BTF found in neither image");
        expect_note(&lost, "BTF not found in the new image");
        expect_note(&found, "BTF not found in the old image");
        expect_note(&gone, "kallsyms not found in the new image");
        expect_note(&gone, "relocations not found in the new image");
        struct buffer patch = checked_patch(&none);
        assert_int_equal(rig_info(&patch).notes, 0);
        free(patch.data);
        free(noise.data);
        free(text.data);
        pair_free(&p);
        pair_free(&q);
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
                        assert_int_equal(
                                rig_notes(&patch, "BTF found, but not followed: memory short"),
                                rig_part(&patch, "btf") < 0);
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
                cmocka_unit_test(nothing_moves),
                cmocka_unit_test(every_offset_shifted),
                cmocka_unit_test(slots_across_pieces),
                cmocka_unit_test(two_in_one_file),
                cmocka_unit_test(broken_structures_fall_back_one_by_one),
                cmocka_unit_test(what_the_decoder_refuses),
                cmocka_unit_test(all_structures_broken),
                cmocka_unit_test(what_is_not_there_is_told),
                cmocka_unit_test(one_kernel_alone),
                cmocka_unit_test(memory_is_kept),
                cmocka_unit_test(the_device_has_its_own_limit),
                cmocka_unit_test(threads_change_nothing),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
