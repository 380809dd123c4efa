/* SPDX-License-Identifier: Apache-2.0 */
/* kallsyms made by hand: the list of its symbols, sorted by name. */
#include "tests/unit/delta_kallsyms_world.h"

static struct kallsyms_world *const w = &kallsyms_world;

/* The old list, or the new one, as a row has it. */
static void put_list(struct buffer *image, unsigned place, const uint32_t *numbers, uint32_t count)
{
        uint8_t *list = image->data + *told(place);

        for (uint32_t i = 0; i < count; i++) {
                list[3 * i] = (uint8_t)(numbers[i] >> 16);
                list[3 * i + 1] = (uint8_t)(numbers[i] >> 8);
                list[3 * i + 2] = (uint8_t)numbers[i];
        }
}

/* Names that differ in their letters alone, sent, kept, gone and copied again. */
static void equal_names_by_number(void **state)
{
        static const char *const old[] = {"Tb", "ta", "tb", "Ta", "", "Wb", "tc", "T"};
        static const char *const sent[] = {"Wb", "Xa", "t", "Vbb", "Xb", "Vz", "", "Wb"};

        (void)state;
        clear_world();
        w->row = 1;
        for (uint32_t i = 0; i < 8; i++)
                add_name(&w->old, old[i]);
        for (uint32_t i = 0; i < 8; i++)
                add_name(&w->sent, sent[i]);
        run_sent(1);
        run_old(4, 3);
        run_sent(2);
        run_old(0, 1);
        run_old(2, 2);
        run_sent(4);
        run_old(2, 4);
        run_sent(1);
        run_old(0, 3);
        tell_all();
        assert_int_equal(outcome(), SG_OK);
}

enum { UNSORTED = 4 };

static void make_unsorted(const uint32_t old_list[UNSORTED])
{
        static const char *const old[UNSORTED] = {"Tc", "Ta", "Tb", "Ta"};

        clear_world();
        w->row = 1;
        for (uint32_t i = 0; i < UNSORTED; i++)
                add_name(&w->old, old[i]);
        add_name(&w->sent, "Tb");
        add_name(&w->sent, "Td");
        run_sent(1);
        run_old(0, UNSORTED);
        run_sent(1);
        run_old(3, 1);
        tell_all();
        put_list(&w->from, DL_K_FROM_SORTED, old_list, UNSORTED);
}

/* The rules hold for it, too; docs/delta.md tells them. */
static void an_old_list_that_is_not_sorted(void **state)
{
        static const uint32_t new[] = {0, 1, 2, 4, 6, 3, 5};

        (void)state;
        make_unsorted((const uint32_t[]){0, 3, 1, 2});
        put_list(&w->to, DL_K_SORTED, new, 7);
        assert_int_equal(outcome(), SG_OK);
        make_unsorted((const uint32_t[]){0, 3, 3, 2});
        assert_int_equal(outcome(), SG_E_DELTA_MODEL);
}

/* Symbols of one name, which the old list has the wrong way round. */
static void many_of_one_name(void **state)
{
        static uint32_t falling[SYMBOLS];

        (void)state;
        clear_world();
        w->row = 1;
        while (w->old.count < SYMBOLS) {
                falling[w->old.count] = SYMBOLS - 1 - w->old.count;
                add_name(&w->old, "T");
        }
        run_old(0, SYMBOLS);
        tell_all();
        put_list(&w->from, DL_K_FROM_SORTED, falling, SYMBOLS);
        assert_int_equal(outcome(), SG_OK);
}

/* However many are sent, they are merged. */
static void all_of_them_sent(void **state)
{
        char text[8] = "T";

        (void)state;
        clear_world();
        w->row = 1;
        add_name(&w->old, "Tm");
        while (w->sent.count < SYMBOLS) {
                uint32_t n = w->sent.count * 0x9e3779b9u;
                text[1] = (char)('a' + n % 26);
                text[2] = (char)('a' + n / 26 % 26);
                add_name(&w->sent, text);
        }
        run_sent(SYMBOLS);
        tell_all();
        assert_int_equal(outcome(), SG_OK);
}

/* Each symbol that is copied again is inserted among all of them. */
static void a_list_that_takes_too_long(void **state)
{
        (void)state;
        for (uint32_t count = 11585; count <= 11586; count++) {
                clear_world();
                w->row = 1;
                while (w->old.count < count)
                        add_name(&w->old, "T");
                run_old(0, count);
                run_old(0, count);
                tell_all();
                bool fits = (uint64_t)count * (2 * count) <= KALLSYMS_WORK;
                assert_int_equal(fits, count == 11585);
                assert_int_equal(outcome(), fits ? SG_OK : SG_E_DELTA_MODEL);
        }
        clear_world();
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(equal_names_by_number),
                cmocka_unit_test(an_old_list_that_is_not_sorted),
                cmocka_unit_test(many_of_one_name),
                cmocka_unit_test(all_of_them_sent),
                cmocka_unit_test(a_list_that_takes_too_long),
        };

        return cmocka_run_group_tests(tests, NULL, free_world);
}
