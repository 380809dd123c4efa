/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The decoder alone, on patches that were made beforehand: what it makes of good ones, and that it
 * stops at each error of what it reads and writes.
 */
#include "tests/unit/delta_faults.h"
#include "tests/unit/synthetic_kernel.h"
#include "tests/unit/synthetic_library.h"

static struct made {
        struct buffer from, to, patch;
} noise, many, echo, echoes, ended, mixed, fresh, sorted, same, kernel, late_kernel, odd_kernel,
        split_kernel, tailed_kernel, new_layout, library;

static void make(struct made *m, struct buffer from, struct buffer to)
{
        *m = (struct made){from, to, rig_plain(&from, &to)};
}

static void make_kernels(struct made *m, const struct synthetic *from, const struct synthetic *to)
{
        struct synthetic second = *to;

        second.version = 1;
        make(m, synthetic_kernel(from), synthetic_kernel(&second));
}

static struct buffer library_of(unsigned version)
{
        static uint8_t bytes[LIBRARY_SIZE_MAX];
        struct buffer b = {0};

        rig_append(&b, bytes, synthetic_library(version, LIBRARY_SOUND, bytes));
        return b;
}

/* A period again and again. */
static struct buffer repeated(size_t period, size_t size)
{
        struct buffer one = rig_noise(period), b = {0};

        while (b.size < size)
                rig_append(&b, one.data, one.size);
        free(one.data);
        return b;
}

/* Bytes that follow from the one before but for a little. */
static struct buffer slow_noise(size_t size)
{
        struct buffer b = rig_noise(size);

        for (size_t i = 1; i < size; i++)
                b.data[i] = (uint8_t)(b.data[i - 1] + b.data[i] % 5 - 2 + (i % 997 ? 0 : 128));
        return b;
}

static struct buffer copy_of(const struct buffer *b)
{
        struct buffer copy = {0};

        rig_append(&copy, b->data, b->size);
        return copy;
}

static void append_noise(struct buffer *b, size_t size)
{
        struct buffer more = rig_noise(size);

        rig_append(b, more.data, more.size);
        free(more.data);
}

static int set_up(void **state)
{
        const struct synthetic all = {0}, late = {.late_tables = true, .early = true};
        struct synthetic odd = {.odd_slots = true};
        /* Its slots lie in two segments. */
        const struct synthetic split = {.odd_slots = true, .lead = (1u << 20) - 161000};
        struct buffer old;

        (void)state;
        rig_seed(31);
        old = rig_noise((1u << 20) + 50000);
        make(&noise, old, rig_edited(&old, 60));
        old = rig_noise(600000);
        make(&many, old, rig_edited(&old, 1500));
        /* An echo across what was written, between two uses of the same old bytes. */
        struct buffer to = {0}, once = rig_noise(50000);
        old = rig_noise(8000);
        rig_append(&to, old.data, old.size);
        rig_append(&to, once.data, once.size);
        rig_append(&to, once.data, once.size);
        rig_append(&to, old.data, old.size);
        free(once.data);
        make(&mixed, old, to);
        old = rig_noise(5000);
        make(&same, old, copy_of(&old));
        make(&fresh, rig_noise(100), rig_noise(600000));
        make(&echoes, rig_noise(100), repeated(1000, 50000));
        /* Bytes behind the last copy, of which the segment's streams tell no more. */
        to = repeated(1000, 50000);
        append_noise(&to, 3000);
        make(&ended, rig_noise(100), to);
        make(&echo, rig_noise(1000), repeated(4097, (1u << 20) + 12345));
        make(&sorted, rig_noise(100), slow_noise(60000));
        make_kernels(&kernel, &all, &all);
        make_kernels(&late_kernel, &late, &late);
        make_kernels(&odd_kernel, &odd, &odd);
        make_kernels(&split_kernel, &split, &split);
        make_kernels(&new_layout, &all, &late);
        struct buffer from = synthetic_kernel(&odd);
        odd.version = 1;
        to = synthetic_kernel(&odd);
        append_noise(&from, 5000);
        append_noise(&to, 5004);
        make(&tailed_kernel, from, to);
        make(&library, library_of(0), library_of(1));
        return 0;
}

static struct made *const all_made[] = {&noise,        &many,          &echo,        &echoes,
                                        &ended,        &mixed,         &fresh,       &sorted,
                                        &same,         &kernel,        &late_kernel, &odd_kernel,
                                        &split_kernel, &tailed_kernel, &new_layout,  &library};
#define MADE (sizeof(all_made) / sizeof(all_made[0]))

static int tear_down(void **state)
{
        (void)state;
        for (size_t i = 0; i < MADE; i++) {
                free(all_made[i]->from.data);
                free(all_made[i]->to.data);
                free(all_made[i]->patch.data);
        }
        return 0;
}

static void leads_to_the_new_image(void **state)
{
        const struct made *m = *state; /* the test's own */

        rig_check(&m->patch, &m->from, &m->to);
}

/* Every byte of a patch is counted once. */
static void parts_add_up(void **state)
{
        (void)state;
        for (size_t i = 0; i < MADE; i++) {
                struct dl_info info = rig_info(&all_made[i]->patch);
                uint64_t sum = 0;
                for (uint32_t k = 0; k < info.rows; k++)
                        sum += info.row[k].bytes;
                assert_int_equal(sum, all_made[i]->patch.size);
        }
}

static void chunks_follow_each_other(void **state)
{
        (void)state;
        for (size_t i = 0; i < MADE; i++) {
                struct rig r = {.patch = all_made[i]->patch};
                struct dl_header h = rig_header(&r.patch);
                struct dl_ops ops = rig_ops(&r);
                uint64_t at = 0, offset;
                uint32_t length;
                for (uint32_t c = 0; c < h.chunk_count; c++) {
                        assert_int_equal(dl_chunk(&ops, &h, c, &offset, &length), SG_OK);
                        assert_int_equal(offset, at);
                        at += length;
                }
                assert_int_equal(at, r.patch.size);
                assert_int_equal(dl_chunk(&ops, &h, h.chunk_count, &offset, &length),
                                 SG_E_BAD_ARGUMENT);
        }
}

static void every_error_ends(const struct made *m, enum port port, uint32_t every)
{
        expect_errors_end_it(&m->patch, &m->from, &m->to, port, every);
}

static void errors_of_a_plain_patch(void **state)
{
        (void)state;
        for (enum port port = PATCH; port < PORTS; port++) {
                every_error_ends(&many, port, 1);
                every_error_ends(&echoes, port, 1);
                every_error_ends(&sorted, port, 1);
        }
}

static void errors_of_an_echo(void **state)
{
        (void)state;
        every_error_ends(&echo, NEW_READ, 11);
        every_error_ends(&fresh, PATCH, 5);
}

static void errors_of_a_kernel(void **state)
{
        (void)state;
        every_error_ends(&odd_kernel, PATCH, 1);
        every_error_ends(&late_kernel, OLD, 3);
        every_error_ends(&odd_kernel, NEW_WRITE, 1);
}

int main(void)
{
#define DECODES(m)                                                              \
        {                                                                       \
                "decodes_" #m, leads_to_the_new_image, NULL, NULL, (void *)&(m) \
        }
        const struct CMUnitTest tests[] = {
                DECODES(noise),
                DECODES(many),
                DECODES(echo),
                DECODES(echoes),
                DECODES(ended),
                DECODES(mixed),
                DECODES(fresh),
                DECODES(sorted),
                DECODES(same),
                DECODES(kernel),
                DECODES(late_kernel),
                DECODES(odd_kernel),
                DECODES(split_kernel),
                DECODES(tailed_kernel),
                DECODES(new_layout),
                DECODES(library),
                cmocka_unit_test(parts_add_up),
                cmocka_unit_test(chunks_follow_each_other),
                cmocka_unit_test(errors_of_a_plain_patch),
                cmocka_unit_test(errors_of_an_echo),
                cmocka_unit_test(errors_of_a_kernel),
        };

        return cmocka_run_group_tests(tests, set_up, tear_down);
}
