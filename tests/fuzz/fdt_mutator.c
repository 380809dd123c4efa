// SPDX-License-Identifier: Apache-2.0
/*
 * The mutator of the targets that take a devicetree: changes one property, or drops or doubles a
 * node or a property, through libfdt, so that the tree stays one; sometimes just bytes.
 */
#include <stdlib.h>
#include <string.h>

#include <libfdt.h>

#include "tests/fuzz/fuzz.h"

#define ROOM       (1u << 16)
#define VALUE_MAX  8192u
#define GROWTH_MAX 16u

static _Alignas(8) uint8_t tree[ROOM];

/* Some property of some node; negative: the tree has none there. */
static int choose_property(int *node, unsigned *seed)
{
        int chosen = -1, count = 0, property;

        *node = 0;
        for (int n = 0; n >= 0; n = fdt_next_node(tree, n, NULL)) {
                fdt_for_each_property_offset(property, tree, n)
                {
                        if (rand_r(seed) % ++count == 0) {
                                chosen = property;
                                *node = n;
                        }
                }
        }
        return chosen;
}

static void change_property(int node, int property)
{
        static uint8_t value[VALUE_MAX + GROWTH_MAX];
        const char *name;
        int length;
        const void *old = fdt_getprop_by_offset(tree, property, &name, &length);
        char copy[64];

        if (!old || length < 0 || length > (int)VALUE_MAX || strlen(name) >= sizeof(copy))
                return;
        memcpy(copy, name, strlen(name) + 1);
        memcpy(value, old, (size_t)length);
        size_t size = LLVMFuzzerMutate(value, (size_t)length, (size_t)length + GROWTH_MAX);
        (void)fdt_setprop(tree, node, copy, value, (int)size);
}

/* The value goes to another node: found where it is not looked for, or twice. */
static void move_property(int property, unsigned *seed)
{
        const char *name;
        int length, to, other = choose_property(&to, seed);
        const void *value = fdt_getprop_by_offset(tree, property, &name, &length);
        static uint8_t copy[VALUE_MAX];
        char copied_name[64];

        if (other < 0 || !value || length > (int)sizeof(copy) ||
            strlen(name) >= sizeof(copied_name))
                return;
        memcpy(copied_name, name, strlen(name) + 1);
        memcpy(copy, value, (size_t)length);
        (void)fdt_setprop(tree, to, copied_name, copy, length);
}

static void mutate_tree(unsigned *seed)
{
        int node, property = choose_property(&node, seed);
        char name[] = "n00";

        if (property < 0)
                return;
        switch (rand_r(seed) % 8) {
        case 0:
                (void)fdt_nop_property(tree, node, "reg");
                break;
        case 1:
                (void)fdt_del_node(tree, node);
                break;
        case 2:
                name[1] = (char)('0' + rand_r(seed) % 10);
                (void)fdt_add_subnode(tree, node, name);
                break;
        case 3:
                move_property(property, seed);
                break;
        default:
                change_property(node, property);
        }
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
        if (size > ROOM || seed % FUZZ_RAW_ONE_IN == 0)
                return LLVMFuzzerMutate(data, size, max);
        memcpy(tree, data, size);
        if (fdt_check_full(tree, size) != 0 || fdt_open_into(tree, tree, ROOM) != 0)
                return LLVMFuzzerMutate(data, size, max);
        mutate_tree(&seed);
        if (fdt_pack(tree) != 0 || fdt_totalsize(tree) > max)
                return size;
        memcpy(data, tree, fdt_totalsize(tree));
        return fdt_totalsize(tree);
}
