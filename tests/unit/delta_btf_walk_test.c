/* SPDX-License-Identifier: Apache-2.0 */
/* BTF made by hand, word by word: what is told of it, against what it holds. */
#include <stdio.h>

#include "tests/unit/delta_btf_world.h"
#include "tests/unit/delta_faults.h"

static struct btf_world *const w = &btf_world;

/* Where some words of the small one stand. */
enum { NODE_INFO = 5, CONST_NAME = 22 };

/* Six old types, of which a number is none; three are sent, one is gone. All strings but the first
 * have the same length. */
static void make_small_of(const char *first)
{
        enum { NO_TYPE = 0x7fffffff };

        clear_world();
        put_string(&w->old.strings, first);
        uint32_t an_int = put_string(&w->old.strings, "uint");
        uint32_t node = put_string(&w->old.strings, "node");
        uint32_t next = put_string(&w->old.strings, "next");
        uint32_t prev = put_string(&w->old.strings, "prev");
        uint32_t data = put_string(&w->old.strings, "data");
        uint32_t gone = put_string(&w->old.strings, "gone");
        OLD_TYPE(an_int, INFO(INT, 0), 4, 32);
        OLD_TYPE(node, INFO(STRUCT, 3), 8, next, 3, 0, prev, 3, 64, data, 1, 128);
        OLD_TYPE(0, INFO(PTR, 0), 2);
        OLD_TYPE(gone, INFO(TYPEDEF, 0), 1);
        OLD_TYPE(0, INFO(CONST, 0), 4);
        OLD_TYPE(0, INFO(VOLATILE, 0), NO_TYPE);

        put_string(&w->new.strings, first);
        an_int = put_string(&w->new.strings, "uint");
        uint32_t late = put_string(&w->new.strings, "late");
        node = put_string(&w->new.strings, "node");
        next = put_string(&w->new.strings, "next");
        prev = put_string(&w->new.strings, "prev");
        data = put_string(&w->new.strings, "data");
        uint32_t more = put_string(&w->new.strings, "more");
        uint32_t last = put_string(&w->new.strings, "last");
        NEW_TYPE(0, INFO(PTR, 0), 3);
        NEW_TYPE(late, INFO(TYPEDEF, 0), 99);
        NEW_TYPE(node, INFO(STRUCT, 3), 8, next, 1, 0, prev, 1, 64, data, 4, 128);
        NEW_TYPE(an_int, INFO(INT, 0), 4, 32);
        NEW_TYPE(0, INFO(CONST, 0), 0);
        NEW_TYPE(0, INFO(VOLATILE, 0), 0);
        NEW_TYPE(more, INFO(TYPEDEF, 0), 5);
        NEW_TYPE(last, INFO(TYPEDEF, 0), 0);

        put_string(&w->texts, "late");
        put_string(&w->texts, "more");
        put_string(&w->texts, "last");
        PUT(&w->sent, 7, INFO(TYPEDEF, 0), 99);
        PUT(&w->sent, 8, INFO(TYPEDEF, 0), 5);
        PUT(&w->sent, 9, INFO(TYPEDEF, 0), 0);
        RUN(1, 0, 3);
        RUN_SENT(1);
        RUN(1, 3, 2);
        RUN(1, 2, 1);
        RUN(2, 1, 5);
        RUN_SENT(2);
        /* In the order of use: late, node, next, prev, data, uint, more, last. */
        PUT(&w->gaps, 0);
        PUT(&w->distances, 5);
        tell_sizes();
}

static void make_small(void)
{
        make_small_of("");
}

static void a_small_one(void **state)
{
        (void)state;
        make_small();
        assert_int_equal(outcome(), SG_OK);
        make_small();
        w->lead = 100;
        w->trail = 3;
        tell_sizes();
        assert_int_equal(outcome(), SG_OK);
}

/* ---- What is not so ---- */

/* A number that is another one: so much is added, modulo 2^32. */
static const struct number {
        const char *what;
        uint32_t *number, more;
} numbers[] = {
        {"no new types", &btf_world.count[0], 0u - 9},
        {"a type more than in runs", &btf_world.count[0], 1},
        {"no new strings", &btf_world.count[2], 0u - 9},
        {"a string less than used", &btf_world.count[2], 0u - 1},
        {"a string more than used", &btf_world.count[2], 1},
        {"a string more than sent", &btf_world.new_count[2], 1},
        {"the old section behind the image", &btf_world.from, UINT32_MAX - 8},
        {"the old section near its end", &btf_world.from, 150},
        {"another magic", &btf_world.header[0], 1},
        {"another length of the header", &btf_world.header[1], 4},
        {"another place of the types", &btf_world.header[2], 1},
        {"another place of the strings", &btf_world.header[4], 1},
        {"another size of types", &btf_world.type_size, 0u - 4},
        {"more runs than strings", &btf_world.runs, 1u << 20},
        {"a type far behind the last", &btf_world.starts.v[0], 1u << 29},
        {"an early string far behind", &btf_world.gaps.v[0], 1u << 30},
        {"an early string from behind", &btf_world.distances.v[0], 3},
        {"an early string from far behind", &btf_world.distances.v[0], 1u << 30},
        {"a record longer than its part", &btf_world.old.types.v[NODE_INFO], 0xfff0},
        {"a name inside of a string", &btf_world.old.types.v[CONST_NAME], 2},
        {"a name behind the strings", &btf_world.old.types.v[CONST_NAME], 31},
        {"the name of a string that is gone", &btf_world.old.types.v[CONST_NAME], 26},
        {"a sent name of no string", &btf_world.sent.v[0], 1u << 30},
        {"a sent record of no kind", &btf_world.sent.v[1], 0u - INFO(TYPEDEF, 0)},
};

static void other_numbers_are_refused(void **state)
{
        size_t wrong = 0;

        (void)state;
        for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
                make_small();
                *numbers[i].number += numbers[i].more;
                sg_err e = outcome();
                if (e != SG_E_DELTA_MODEL) {
                        print_error("%s: %d\n", numbers[i].what, (int)e);
                        wrong++;
                }
        }
        assert_int_equal(wrong, 0);
}

static void no_type_0_of_old(void)
{
        clear_world();
        put_string(&w->old.strings, "");
        put_string(&w->new.strings, "");
        NEW_TYPE(0, INFO(PTR, 0), 0);
        PUT(&w->sent, 0, INFO(PTR, 0), 0);
        RUN_SENT(1);
        tell_sizes();
        w->count[1] = 0;
}

static void no_old_strings(void)
{
        w->count[3] = w->header[5] = w->old.strings.size = 0;
}

static void section_that_is_not_there(void)
{
        w->nothing_sent = true;
}

static void section_that_is_cut(void)
{
        w->old.strings.size--;
}

/* Nothing stands where its info would be, but the end of the image. */
static void a_type_too_many(void)
{
        clear_world();
        put_string(&w->old.strings, "");
        put_string(&w->old.strings, "ab");
        put_string(&w->new.strings, "");
        tell_sizes();
        w->count[1]++;
}

static void a_type_too_few(void)
{
        OLD_TYPE(0, INFO(PTR, 0), 0);
        tell_sizes();
        w->count[1]--;
}

static void strings_more_than_said(void)
{
        w->old.strings.size = sizeof(w->old.strings.text);
        tell_sizes();
}

static void strings_fewer_than_said(void)
{
        w->count[3]++;
        for (uint32_t name = 0; name < w->sent.count; name += 3)
                w->sent.v[name]++;
}

static void strings_without_an_end(void)
{
        put_string(&w->old.strings, "x");
        tell_sizes();
        w->old.strings.text[w->old.strings.size - 1] = 'x';
        w->count[3]--;
}

static void a_first_string(void)
{
        make_small_of("x");
}

static void sent_strings_more_than_said(void)
{
        memset(w->texts.text + w->texts.size, 0, sizeof(w->texts.text) - w->texts.size);
        w->new_count[0] = w->texts.size = sizeof(w->texts.text);
}

static void sent_strings_without_an_end(void)
{
        w->texts.text[w->texts.size++] = 'x';
        w->new_count[0]++;
}

static void a_run_of_nothing(void)
{
        PUT(&w->lengths, 0);
        PUT(&w->starts, 1);
        w->runs++;
}

static void a_run_too_long(void)
{
        PUT(&w->lengths, 1u << 30);
        PUT(&w->starts, 1 + dl_zigzag(-6));
        w->runs++;
}

static void a_sent_record_longer_than_all(void)
{
        w->sent.v[1] = INFO(STRUCT, 0xffff);
        w->lengths.v[1] = 2;
}

/* What stands behind the words is of no kind. */
static void a_sent_record_that_is_not_there(void)
{
        clear_world();
        put_string(&w->old.strings, "");
        put_string(&w->new.strings, "");
        put_string(&w->texts, "x");
        for (uint32_t i = 0; i < 4; i++) {
                PUT(&w->sent, 0, INFO(PTR, 0), 0);
                NEW_TYPE(0, INFO(PTR, 0), 0);
        }
        RUN_SENT(5);
        tell_sizes();
        w->count[0]++;
}

static void type_0_in_a_run(void)
{
        PUT(&w->lengths, 1);
        PUT(&w->starts, 1 + dl_zigzag(-7));
        w->runs++;
        w->count[0]++;
}

static void a_type_twice(void)
{
        NEW_TYPE(0, INFO(CONST, 0), 0);
        tell_sizes();
        PUT(&w->lengths, 1);
        PUT(&w->starts, 1 + dl_zigzag(-2));
        w->runs++;
}

static void a_word_more_than_records(void)
{
        PUT(&w->sent, 0);
        w->new_count[1]++;
}

/* The next one, counted from there, is not beyond. */
static void an_early_string_behind_the_last(void)
{
        w->gaps.v[0] = 8;
        PUT(&w->gaps, 0);
        w->new_count[3] = 2;
}

static void an_early_string_twice(void)
{
        PUT(&w->gaps, 0);
        PUT(&w->distances, 5);
        w->new_count[3] = 2;
}

static void strings_one_shorter(void)
{
        w->string_size--;
        w->cut = 1;
}

static void bytes_to_spare(void)
{
        bytes_byte(&w->spare, 0);
}

static void bytes_to_spare_of_what_is_sent(void)
{
        bytes_byte(&w->new_spare, 0);
}

/* And no early place would be left for the one that does not come. */
static void gaps_without_an_end(void)
{
        PUT(&w->gaps, 0, 0, 0, 0, 0, 0, 0);
        w->distances.count = 0;
        w->new_count[3] = 9;
}

static void a_distance_without_an_end(void)
{
        w->distances.count = 0;
        bytes_byte(&w->spare, 0xff);
}

static const struct row {
        const char *what;
        void (*edit)(void);
        sg_err expected;
} rows[] = {
#define ROW(edit)                             \
        {                                     \
#edit, edit, SG_E_DELTA_MODEL \
        }
        ROW(no_type_0_of_old),
        ROW(no_old_strings),
        ROW(section_that_is_not_there),
        ROW(section_that_is_cut),
        ROW(a_type_too_many),
        ROW(a_type_too_few),
        ROW(strings_more_than_said),
        ROW(strings_fewer_than_said),
        ROW(strings_without_an_end),
        ROW(a_first_string),
        ROW(sent_strings_more_than_said),
        ROW(sent_strings_without_an_end),
        ROW(a_run_of_nothing),
        ROW(a_run_too_long),
        ROW(a_sent_record_longer_than_all),
        ROW(a_sent_record_that_is_not_there),
        ROW(type_0_in_a_run),
        ROW(a_type_twice),
        ROW(a_word_more_than_records),
        ROW(an_early_string_behind_the_last),
        ROW(an_early_string_twice),
        ROW(strings_one_shorter),
        {"bytes to spare", bytes_to_spare, SG_E_DELTA_STREAM},
        {"bytes to spare of what is sent", bytes_to_spare_of_what_is_sent, SG_E_DELTA_STREAM},
        {"gaps without an end", gaps_without_an_end, SG_E_DELTA_STREAM},
        {"a distance without an end", a_distance_without_an_end, SG_E_DELTA_STREAM},
};

static void what_is_not_so_is_refused(void **state)
{
        size_t wrong = 0;

        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                make_small();
                rows[i].edit();
                sg_err e = outcome();
                if (e != rows[i].expected) {
                        print_error("%s: %d\n", rows[i].what, (int)e);
                        wrong++;
                }
        }
        assert_int_equal(wrong, 0);
}

static void words_by_kind(void **state)
{
        (void)state;
        assert_int_equal(btf_words(0), 0);
        assert_int_equal(btf_words(INFO(19, 2)), 9);
        assert_int_equal(btf_words(INFO(20, 2)), 0);
        assert_int_equal(btf_words(INFO(31, 0)), 0);
        assert_int_equal(btf_role(INFO(STRUCT, 2), 0), BTF_NAME);
        assert_int_equal(btf_role(INFO(STRUCT, 2), 1), BTF_PLAIN);
        assert_int_equal(btf_role(INFO(STRUCT, 2), 2), BTF_PLAIN);
        assert_int_equal(btf_role(INFO(STRUCT, 2), 6), BTF_NAME);
        assert_int_equal(btf_role(INFO(STRUCT, 2), 7), BTF_TYPE);
        assert_int_equal(btf_role(INFO(PTR, 0), 2), BTF_TYPE);
        assert_int_equal(btf_role(INFO(ARRAY, 0), 4), BTF_TYPE);
}

/* ---- What takes many reads ---- */

/* A structure of members with a name, longer than a line of the cache. */
static void put_members(struct words *types, uint32_t name, uint32_t n)
{
        PUT(types, 0, INFO(STRUCT, n), 8);
        for (uint32_t i = 0; i < n; i++)
                PUT(types, name, 0, rig_random());
}

enum { OLD_LONG = 70000, NEW_LONG = 6000 };

/* Structures and a string through which the cache forgets what was before. */
static void make_long(void)
{
        static char old_text[OLD_LONG + 1], new_text[NEW_LONG + 1];
        struct strings *old = &w->old.strings, *new = &w->new.strings;

        clear_world();
        memset(old_text, 'x', OLD_LONG);
        rig_seed(4);
        for (uint32_t i = 0; i < NEW_LONG; i++)
                new_text[i] = (char)('a' + rig_random() % 20);
        put_string(old, "");
        uint32_t b = put_string(old, "b"), c = put_string(old, "c");
        uint32_t d = put_string(old, "d"), text = put_string(old, old_text);
        rig_seed(5);
        put_members(&w->old.types, c, 6000);
        OLD_TYPE(b, INFO(TYPEDEF, 0), 3);
        put_members(&w->old.types, c, 3000);
        OLD_TYPE(text, INFO(TYPEDEF, 0), 1);
        OLD_TYPE(d, INFO(TYPEDEF, 0), 1);
        w->old_types += 2;

        put_string(new, "");
        c = put_string(new, "c");
        text = put_string(new, old_text);
        uint32_t sent = put_string(new, new_text);
        b = put_string(new, "b");
        d = put_string(new, "d");
        static struct words first;
        first.count = 0;
        rig_seed(5);
        put_members(&first, c, 6000);
        put_members(&w->new.types, c, 3000);
        put_words(&w->new.types, first.v, first.count);
        NEW_TYPE(text, INFO(TYPEDEF, 0), 2);
        rig_seed(6);
        put_members(&w->new.types, sent, 800);
        NEW_TYPE(b, INFO(TYPEDEF, 0), 1);
        NEW_TYPE(d, INFO(TYPEDEF, 0), 2);
        w->new_types += 3;

        put_string(&w->texts, new_text);
        rig_seed(6);
        put_members(&w->sent, 5, 800);
        RUN(1, 0, 3);
        RUN(1, 3, 1);
        RUN(1, 1, 4);
        RUN_SENT(1);
        RUN(1, 4, 2);
        RUN(1, 2, 5);
        tell_sizes();
}

/* So many types and strings, the types the other way round. Each column takes more than a read. */
static void make_many(void)
{
        enum { MANY = 2200 };
        char name[8];

        clear_world();
        put_string(&w->old.strings, "");
        for (uint32_t i = 1; i <= MANY; i++) {
                snprintf(name, sizeof(name), "%04u", i);
                OLD_TYPE(put_string(&w->old.strings, name), INFO(TYPEDEF, 0), i);
        }
        w->new.strings = w->old.strings;
        for (uint32_t i = MANY; i > 0; i--) {
                NEW_TYPE(1 + 5 * (i - 1), INFO(TYPEDEF, 0), MANY + 1 - i);
                RUN(1, i == MANY ? 0 : i + 1, i);
                PUT(&w->gaps, 0);
                PUT(&w->distances, i - 1);
        }
        tell_sizes();
}

static void check_errors(enum port port)
{
        make_patch();
        struct buffer patch = hand_end(&w->hand);
        expect_errors_end_it(&patch, &w->image, &w->made, port, 1);
        free(patch.data);
}

static void errors_of_the_disks(void **state)
{
        (void)state;
        make_long();
        check_errors(OLD);
        check_errors(PATCH);
        make_many();
        check_errors(PATCH);
}

static void pieces_of_any_size(void **state)
{
        (void)state;
        make_small();
        make_patch();
        hand_expect_pieces(&w->hand, &w->image, &w->made);
        make_long();
        make_patch();
        hand_expect_pieces(&w->hand, &w->image, &w->made);
}

static int tear_down(void **state)
{
        (void)state;
        clear_world();
        free(w->image.data);
        free(w->made.data);
        return 0;
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_small_one),
                cmocka_unit_test(words_by_kind),
                cmocka_unit_test(other_numbers_are_refused),
                cmocka_unit_test(what_is_not_so_is_refused),
                cmocka_unit_test(errors_of_the_disks),
                cmocka_unit_test(pieces_of_any_size),
        };

        return cmocka_run_group_tests(tests, NULL, tear_down);
}
