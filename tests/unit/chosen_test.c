// SPDX-License-Identifier: Apache-2.0
/* What bootfw writes into a guest's devicetree. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <libfdt.h>

#include "bootflow/chosen.h"

enum { ROOM = 2048 };

/* A small tree on the heap, with ROOM bytes. */
static void *make_tree(int with_chosen)
{
        uint64_t *tree = calloc(1, ROOM);

        assert_int_equal(fdt_create(tree, ROOM), 0);
        fdt_finish_reservemap(tree);
        fdt_begin_node(tree, "");
        fdt_property_string(tree, "model", "test");
        if (with_chosen) {
                fdt_begin_node(tree, "chosen");
                fdt_property_string(tree, "stdout-path", "serial0");
                fdt_property_string(tree, "bootargs", "old");
                fdt_end_node(tree);
        }
        fdt_end_node(tree);
        assert_int_equal(fdt_finish(tree), 0);
        return tree;
}

static const void *property(const void *tree, const char *name, int *length)
{
        int node = fdt_path_offset(tree, "/chosen");

        assert_true(node > 0);
        return fdt_getprop(tree, node, name, length);
}

static uint64_t number(const void *tree, const char *name)
{
        int length;
        const void *p = property(tree, name, &length);

        assert_non_null(p);
        assert_int_equal(length, 8);
        return fdt64_ld(p);
}

static void writes_everything(void **state)
{
        const struct bf_chosen chosen = {
                .bootargs = "quiet", .initrd = 0x48000000, .initrd_size = 0x1234};
        uint8_t seed[BF_RNG_SEED_SIZE];
        int length;

        (void)state;
        memset(seed, 0xa7, sizeof(seed));
        for (int with_chosen = 0; with_chosen < 2; with_chosen++) {
                void *tree = make_tree(with_chosen);
                assert_int_equal(bf_chosen_prepare(tree, ROOM, &chosen), SG_OK);
                uint32_t size = fdt_totalsize(tree);
                assert_int_equal(bf_chosen_fill(tree, seed, 0x1122334455667788, 0x00fedcba98765432),
                                 SG_OK);
                assert_int_equal(fdt_totalsize(tree), size);
                assert_int_equal(fdt_check_full(tree, size), 0);
                assert_string_equal(property(tree, "bootargs", &length), "quiet");
                assert_true(number(tree, "linux,initrd-start") == 0x48000000);
                assert_true(number(tree, "linux,initrd-end") == 0x48001234);
                assert_true(number(tree, "kaslr-seed") == 0x1122334455667788);
                assert_memory_equal(property(tree, "rng-seed", &length), seed, sizeof(seed));
                assert_int_equal(length, BF_RNG_SEED_SIZE);
                assert_string_equal(property(tree, "segue,token", &length), "00fedcba98765432");
                assert_int_equal(length, 17);
                assert_int_equal(!!property(tree, "stdout-path", &length), with_chosen);
                free(tree);
        }
}

static void leaves_what_it_is_not_given(void **state)
{
        const struct bf_chosen nothing = {.bootargs = NULL};
        void *tree = make_tree(1);
        int length;

        (void)state;
        assert_int_equal(bf_chosen_prepare(tree, ROOM, &nothing), SG_OK);
        assert_string_equal(property(tree, "bootargs", &length), "old");
        assert_null(property(tree, "linux,initrd-start", &length));
        assert_string_equal(property(tree, "segue,token", &length), "0000000000000000");
        free(tree);
}

static void says_when_there_is_no_room(void **state)
{
        const struct bf_chosen chosen = {.bootargs = "quiet", .initrd_size = 1};
        void *tree = make_tree(1);
        uint32_t size = fdt_totalsize(tree);

        (void)state;
        for (uint32_t room = 0; room < size + 200; room += 7) {
                void *copy = malloc(room + 64);
                memcpy(copy, tree, room < size ? room : size);
                sg_err e = bf_chosen_prepare(copy, room, &chosen);
                assert_true(e == SG_E_GUEST_DTB || room > size + 100);
                free(copy);
        }
        free(tree);
}

static void fills_only_what_was_prepared(void **state)
{
        uint8_t seed[BF_RNG_SEED_SIZE] = {0};
        void *tree = make_tree(1);

        (void)state;
        assert_int_equal(bf_chosen_fill(tree, seed, 1, 2), SG_E_GUEST_DTB);
        free(tree);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(writes_everything),
                cmocka_unit_test(leaves_what_it_is_not_given),
                cmocka_unit_test(says_when_there_is_no_room),
                cmocka_unit_test(fills_only_what_was_prepared),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
