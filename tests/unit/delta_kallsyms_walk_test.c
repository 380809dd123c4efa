/* SPDX-License-Identifier: Apache-2.0 */
/* kallsyms made by hand, name by name: what is told of it, against what it holds. */
#include <stdio.h>

#include "tests/unit/delta_faults.h"
#include "tests/unit/delta_kallsyms_world.h"

static struct kallsyms_world *const w = &kallsyms_world;

/* ---- A small one ---- */

static const char *long_name(char letter, uint32_t n)
{
        static char text[KALLSYMS_NAME_MAX + 1];

        memset(text, letter, n);
        text[n] = '\0';
        return text;
}

enum { EMPTY = 5, LONG = 7, LONGEST = 9, SMALL = 32 };

static void make_small(bool program)
{
        char text[32];

        clear_world();
        w->row = program;
        for (uint32_t i = 0; i < SMALL; i++) {
                snprintf(text, sizeof(text), "T%sname%u", i % 3 ? "abcd" : "x", i * 77 % 32);
                add_name(&w->old, i == EMPTY     ? ""
                                  : i == LONG    ? long_name('q', 300)
                                  : i == LONGEST ? long_name('r', KALLSYMS_NAME_MAX)
                                                 : text);
        }
        add_name(&w->sent, "Tcdcd");
        add_name(&w->sent, "");
        add_name(&w->sent, long_name('z', KALLSYMS_NAME_MAX - 1));
        run_sent(2);
        run_old(20, 12);
        run_old(0, 17);
        run_sent(1);
        run_old(5, 6);
        tell_all();
}

static void a_small_one(void **state)
{
        (void)state;
        for (int program = 0; program < 2; program++) {
                make_small(program);
                assert_int_equal(outcome(), SG_OK);
        }
}

static void few_symbols(void **state)
{
        (void)state;
        clear_world();
        tell_all();
        *told(DL_K_MARKERS) = 5; /* a table of nothing is nowhere */
        assert_int_equal(outcome(), SG_OK);
        clear_world();
        add_name(&w->old, "Told");
        for (uint32_t i = 0; i < 3; i++)
                add_name(&w->sent, "Tsent");
        run_sent(2);
        run_old(0, 1);
        run_sent(1);
        tell_all();
        assert_int_equal(outcome(), SG_OK);
}

/* ---- What is not so ---- */

static void section_that_is_not_there(void)
{
        w->nothing_sent = true;
}

/* The names are the old image's end. */
static void end_at(uint32_t size)
{
        w->lead = w->trail = 0;
        make_old();
        w->lead = size - (uint32_t)w->from.size;
        tell_all();
}

/* The end of the image is where the next one would be. */
static void a_name_more_at_the_end(void)
{
        end_at(5000);
        w->count[0]++;
}

/* What follows it would be in another line, which is none. */
static void a_name_whose_length_is_cut(void)
{
        end_at(DL_CACHE_LINE - 2);
        add_byte(&w->from, 0x81);
        ++*told(DL_K_FROM_NAMES_SIZE);
        w->count[0] += 2;
}

/* So would the next one. */
static void a_name_beyond_the_end(void)
{
        clear_world();
        add_name(&w->old, "T");
        add_name(&w->old, "T");
        run_old(0, 2);
        end_at(DL_CACHE_LINE - 1);
        w->from.data[*told(DL_K_FROM_NAMES)] = 127;
}

static void a_name_too_long(void)
{
        clear_world();
        add_name(&w->old, long_name('q', KALLSYMS_NAME_MAX));
        for (uint32_t i = 0; i < 64; i++)
                add_name(&w->old, "Tx");
        run_old(0, 1);
        tell_all();
        w->from.data[0] = 0x80 | (15000 & 127);
        w->from.data[1] = 15000 >> 7;
        *told(DL_K_FROM_NAMES_SIZE) = 15002;
        w->count[0] = 1;
        while (w->from.size < 20000)
                add_byte(&w->from, 'q');
        *told(DL_K_FROM_TOKENS) = (uint32_t)w->from.size;
        rig_append(&w->from, w->old_tokens.data, w->old_tokens.size);
}

/* One of its codes stands for two bytes. Where it is nothing instead both its names are. */
static void a_name_too_long_when_expanded(void)
{
        uint8_t *b = w->from.data + *told(DL_K_FROM_NAMES);

        while (b[0] != (0x80 | (KALLSYMS_NAME_MAX & 127)) || b[1] != KALLSYMS_NAME_MAX >> 7)
                b++;
        b[2] = 255;
        *told(DL_K_NAMES_SIZE) -= 2 * (KALLSYMS_NAME_MAX + 1);
}

static void old_names_one_shorter(void)
{
        --*told(DL_K_FROM_NAMES_SIZE);
}

static void old_names_one_longer(void)
{
        ++*told(DL_K_FROM_NAMES_SIZE);
}

static void more_sent_than_said(void)
{
        while (w->sent.count < SYMBOLS)
                add_name(&w->sent, "");
        w->new_count[0] = w->sent.at[w->sent.count];
}

static void fewer_sent_than_said(void)
{
        PUT(&w->counts, 1);
        PUT(&w->starts, 0);
        w->count[1]++;
        w->count[2]++;
        w->count[3]++;
}

static void sent_without_an_end(void)
{
        bytes_byte(&w->new_tokens, 0);
        memmove(w->new_tokens.data + 1, w->new_tokens.data, w->new_tokens.size - 1);
        w->new_tokens.data[0] = 'x';
        w->new_count[0]++;
}

static void a_sent_name_too_long(void)
{
        clear_world();
        add_name(&w->old, "Tx");
        add_name(&w->sent, long_name('z', KALLSYMS_NAME_MAX));
        run_sent(1);
        run_old(0, 1);
        tell_all();
}

static void a_run_of_nothing(void)
{
        PUT(&w->counts, 0);
        PUT(&w->starts, 1);
        w->count[2]++;
}

/* So long that their sum is right again. */
static void runs_that_wrap(void)
{
        clear_world();
        while (w->old.count < 65536)
                add_name(&w->old, "");
        run_old(0, 65536);
        w->trail = 1u << 18;
        tell_all();
        for (uint32_t i = 0; i < 65536; i++) {
                PUT(&w->counts, 65536);
                PUT(&w->starts, 1 + dl_zigzag(-65536));
        }
        w->count[2] += 65536;
}

static void a_run_behind_the_last(void)
{
        PUT(&w->counts, 1);
        PUT(&w->starts, 1 + dl_zigzag(SMALL - 11));
        w->count[2]++;
        w->count[1]++;
}

static void a_run_far_behind_the_last(void)
{
        w->starts.v[1] = 1 + dl_zigzag(1 << 28);
}

static void a_symbol_more_than_runs(void)
{
        w->count[1]++;
}

static void a_name_more_than_sent(void)
{
        add_name(&w->sent, "T");
        w->new_count[0] += 2;
        w->count[3]++;
}

static void bytes_to_spare(void)
{
        add_byte(&w->spare, 0);
}

static void bytes_to_spare_of_what_is_sent(void)
{
        add_byte(&w->new_spare, 0);
}

static void new_names_one_shorter(void)
{
        --*told(DL_K_NAMES_SIZE);
}

static void new_names_one_longer(void)
{
        ++*told(DL_K_NAMES_SIZE);
        ++*told(DL_K_MARKERS);
}

static void old_tokens_one_fewer(void)
{
        clear_world();
        add_name(&w->old, "Tx");
        run_old(0, 1);
        tell_all();
        w->from.data[*told(DL_K_FROM_TOKENS)] = 'x';
}

static void new_tokens_one_fewer(void)
{
        w->new_tokens.data[0] = 'x';
}

static uint32_t to_size(void)
{
        return (uint32_t)w->to.size;
}

static void names_outside(void)
{
        *told(DL_K_NAMES) = to_size();
}

static void markers_outside(void)
{
        *told(DL_K_MARKERS) = to_size();
}

static void tokens_outside(void)
{
        *told(DL_K_TOKENS) = to_size();
}

static void index_outside(void)
{
        *told(DL_K_INDEX) = to_size();
}

static void offsets_outside(void)
{
        *told(DL_K_OFFSETS) = to_size();
}

static void sorted_outside(void)
{
        *told(DL_K_SORTED) = to_size();
}

static void old_names_outside(void)
{
        *told(DL_K_FROM_NAMES) = UINT32_MAX - 8;
}

static void old_tokens_outside(void)
{
        *told(DL_K_FROM_TOKENS) = (uint32_t)w->from.size - 8;
}

/* Where they would begin is the row's. */
static void old_offsets_outside(void)
{
        w->from.size = w->row;
        *told(DL_K_FROM_OFFSETS) += 4;
}

static void old_offsets_in_no_row(void)
{
        *told(DL_K_FROM_OFFSETS) = w->row + 4;
}

static void old_order_outside(void)
{
        *told(DL_K_FROM_SORTED) = (uint32_t)w->from.size - 3;
}

static void offsets_without_a_program(void)
{
        w->row = 0;
}

static const struct row {
        const char *what;
        void (*edit)(void);
        sg_err expected;
        bool program;
} rows[] = {
#define ROW(program, edit)                             \
        {                                              \
#edit, edit, SG_E_DELTA_MODEL, program \
        }
        ROW(false, section_that_is_not_there),
        ROW(false, a_name_more_at_the_end),
        ROW(false, a_name_whose_length_is_cut),
        ROW(false, a_name_beyond_the_end),
        ROW(false, a_name_too_long),
        ROW(false, a_name_too_long_when_expanded),
        ROW(false, old_names_one_shorter),
        ROW(false, old_names_one_longer),
        ROW(false, more_sent_than_said),
        ROW(false, fewer_sent_than_said),
        ROW(false, sent_without_an_end),
        ROW(false, a_sent_name_too_long),
        ROW(false, a_run_of_nothing),
        ROW(false, runs_that_wrap),
        ROW(false, a_run_behind_the_last),
        ROW(false, a_run_far_behind_the_last),
        ROW(false, a_symbol_more_than_runs),
        ROW(false, a_name_more_than_sent),
        {"bytes to spare", bytes_to_spare, SG_E_DELTA_STREAM, false},
        {"bytes to spare of what is sent", bytes_to_spare_of_what_is_sent, SG_E_DELTA_STREAM,
         false},
        ROW(true, new_names_one_shorter),
        ROW(true, new_names_one_longer),
        ROW(false, old_tokens_one_fewer),
        ROW(true, new_tokens_one_fewer),
        ROW(true, names_outside),
        ROW(true, markers_outside),
        ROW(true, tokens_outside),
        ROW(true, index_outside),
        ROW(true, offsets_outside),
        ROW(true, sorted_outside),
        ROW(true, old_names_outside),
        ROW(true, old_tokens_outside),
        ROW(true, old_offsets_outside),
        ROW(true, old_offsets_in_no_row),
        ROW(true, old_order_outside),
        ROW(true, offsets_without_a_program),
};

static void what_is_not_so_is_refused(void **state)
{
        size_t wrong = 0;

        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                make_small(rows[i].program);
                rows[i].edit();
                sg_err e = outcome();
                if (e != rows[i].expected) {
                        print_error("%s: %d\n", rows[i].what, (int)e);
                        wrong++;
                }
        }
        assert_int_equal(wrong, 0);
}

/* ---- What takes many reads ---- */

/* Names through which the cache forgets what was before. */
static void make_long(void)
{
        char text[KALLSYMS_NAME_MAX];

        clear_world();
        w->row = 1;
        rig_seed(9);
        for (uint32_t i = 0; i < 100; i++) {
                uint32_t n = 700 + rig_random() % 200;
                for (uint32_t k = 0; k < n; k++)
                        text[k] = (char)('a' + rig_random() % 4);
                text[n] = '\0';
                add_name(&w->old, text);
        }
        for (uint32_t i = 0; i < 4; i++)
                add_name(&w->sent, name(&w->old, i * 7));
        for (uint32_t first = 100; first > 0; first -= 20)
                run_old(first - 20, 18);
        run_sent(4);
        run_old(40, 3);
        tell_all();
}

/* So many runs that each column takes more than a read. */
static void make_many(void)
{
        char text[16];

        clear_world();
        for (uint32_t i = 0; i < 2200; i++) {
                snprintf(text, sizeof(text), "T%u", i);
                add_name(&w->old, text);
        }
        for (uint32_t i = 2200; i > 0; i--)
                run_old(i - 1, 1);
        w->trail = 8000;
        tell_all();
}

static void check_errors(enum port port, uint32_t every)
{
        make_patch();
        struct buffer patch = hand_end(&w->hand);
        expect_errors_end_it(&patch, &w->from, &w->to, port, every);
        free(patch.data);
}

static void errors_of_the_disks(void **state)
{
        (void)state;
        make_long();
        check_errors(PATCH, 1);
        make_many();
        check_errors(PATCH, 1);
}

static void errors_of_the_old_image(void **state)
{
        (void)state;
        make_long();
        check_errors(OLD, 1);
}

static void pieces_of_any_size(void **state)
{
        (void)state;
        make_small(true);
        make_patch();
        hand_expect_pieces(&w->hand, &w->from, &w->to);
        make_many();
        make_patch();
        hand_expect_pieces(&w->hand, &w->from, &w->to);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_small_one),
                cmocka_unit_test(few_symbols),
                cmocka_unit_test(what_is_not_so_is_refused),
                cmocka_unit_test(errors_of_the_disks),
                cmocka_unit_test(errors_of_the_old_image),
                cmocka_unit_test(pieces_of_any_size),
        };

        return cmocka_run_group_tests(tests, NULL, free_world);
}
