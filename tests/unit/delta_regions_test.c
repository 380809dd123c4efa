/* SPDX-License-Identifier: Apache-2.0 */
/* References of two kinds in turn: a list of regions so long that models go short of memory. */
#include "delta/decoder.h"
#include "tests/unit/synthetic_kernel.h"

#define FEW      100u   /* regions of one half */
#define MANY     17000u /* with those of the other: more than what copies are reserved */
#define RESERVED 16384u /* copies (create.c) */
#define INSERTED 4096u

static void pad(struct buffer *b)
{
        while (b->size % DL_REGION_UNIT != 0)
                rig_append(b, "", 1);
}

/* Calls, or words that count from their own place: of the other half, so that each one changes. */
static void put_half(struct buffer *b, uint32_t half, bool words, size_t target)
{
        for (uint32_t i = 0; i < half; i++, words = !words) {
                for (uint32_t k = 0; k < DL_REGION_UNIT / 4; k++) {
                        uint8_t bytes[4];
                        size_t to = target + rig_random() % (half * DL_REGION_UNIT / 4) * 4;
                        uint32_t distance = (uint32_t)(to - b->size);
                        dl_put32(bytes,
                                 words ? distance : 0x94000000u | (distance >> 2 & 0x3ffffffu));
                        rig_append(b, bytes, sizeof(bytes));
                }
        }
}

static struct buffer image(unsigned version, uint32_t regions)
{
        const struct synthetic s = {.version = version,
                                    .faults = SYNTHETIC_NO_IMAGE,
                                    .parts = SYNTHETIC_BTF | SYNTHETIC_KALLSYMS};
        struct buffer b = synthetic_kernel(&s);

        pad(&b);
        rig_seed(3);
        struct buffer noise = rig_noise(INSERTED);
        size_t half = (size_t)regions * DL_REGION_UNIT, gap = version > 0 ? noise.size : 0;
        put_half(&b, regions, false, b.size + half + gap);
        rig_append(&b, noise.data, gap);
        put_half(&b, regions, true, b.size - gap - half);
        free(noise.data);
        return b;
}

static struct pair image_pair(uint32_t regions)
{
        return (struct pair){image(0, regions), image(1, regions)};
}

/* What the decoder needs for the models, a program and so many copies, with no region. */
static uint64_t arena_with(uint32_t copies)
{
        struct pair few = image_pair(FEW);
        struct rig r = {.patch = rig_plain(&few.from, &few.to)};
        const struct dl_ops ops = rig_ops(&r);
        const struct dl_header h = rig_header(&r.patch);
        struct dl_section sections[DL_SECTIONS_MAX];
        uint64_t need = h.arena_size + copies * (uint64_t)(DL_COPY_MEMORY + sizeof(uint32_t));

        assert_true(rig_part(&r.patch, "btf") > 0);
        assert_int_equal(dl_directory_read(&ops, &h, sections), SG_OK);
        for (uint32_t i = 0; i < h.section_count; i++) {
                if (sections[i].id == DL_S_MAP)
                        need -= sections[i].counts[0] * (DL_COPY_MEMORY + sizeof(uint32_t));
                if (sections[i].id == DL_S_REGIONS)
                        need -= sections[i].counts[0] * sizeof(struct dl_region);
        }
        pair_free(&few);
        free(r.patch.data);
        return need;
}

/* They fit with the copies that are reserved for, not with the regions: one goes, the next stays.
 */
static void one_model_goes(void **state)
{
        struct dl_create_options options = {.ram_max = arena_with(RESERVED) + 1024};
        struct pair many = image_pair(MANY);
        struct rig r = {.patch = rig_create(&many.from, &many.to, &options), .from = many.from};

        (void)state;
        print_message("%zu bytes\n", r.patch.size);
        assert_true(rig_notes(&r.patch, "BTF found, but not followed: memory short"));
        assert_int_equal(rig_info(&r.patch).notes, 1);
        assert_int_equal(rig_part(&r.patch, "btf"), -1);
        assert_true(rig_part(&r.patch, "kallsyms") > 0);
        r.to = (struct buffer){.data = calloc(1, many.to.size), .size = many.to.size};
        r.ram_max = options.ram_max;
        assert_int_equal(rig_apply(&r), SG_OK);
        assert_memory_equal(r.to.data, many.to.data, many.to.size);
        free(r.to.data);
        free(r.patch.data);
        pair_free(&many);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(one_model_goes),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
