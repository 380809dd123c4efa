// SPDX-License-Identifier: Apache-2.0
#include "bootflow/chosen.h"

#include <string.h>

#include <libfdt.h>

#define TOKEN_DIGITS 16

static void hexadecimal(uint64_t value, char digits[TOKEN_DIGITS + 1])
{
        for (unsigned i = 0; i < TOKEN_DIGITS; i++)
                digits[i] = "0123456789abcdef"[(value >> (60 - 4 * i)) & 15];
        digits[TOKEN_DIGITS] = '\0';
}

static int find_or_add_chosen(void *dtb)
{
        int node = fdt_path_offset(dtb, "/chosen");

        return node == -FDT_ERR_NOTFOUND ? fdt_add_subnode(dtb, 0, "chosen") : node;
}

static int set_initrd(void *dtb, int node, const struct bf_chosen *c)
{
        int bad = fdt_setprop_u64(dtb, node, "linux,initrd-start", c->initrd);

        if (!bad)
                bad = fdt_setprop_u64(dtb, node, "linux,initrd-end", c->initrd + c->initrd_size);
        return bad;
}

static int make_places(void *dtb, int node)
{
        static const uint8_t zeros[BF_RNG_SEED_SIZE];
        char token[TOKEN_DIGITS + 1];

        hexadecimal(0, token);
        int bad = fdt_setprop(dtb, node, "rng-seed", zeros, BF_RNG_SEED_SIZE);
        if (!bad)
                bad = fdt_setprop_u64(dtb, node, "kaslr-seed", 0);
        return bad ? bad : fdt_setprop(dtb, node, "segue,token", token, sizeof(token));
}

sg_err bf_chosen_prepare(void *dtb, uint64_t room, const struct bf_chosen *chosen)
{
        if (room > INT32_MAX || fdt_check_full(dtb, (size_t)room) != 0 ||
            fdt_open_into(dtb, dtb, (int)room) != 0)
                return SG_E_GUEST_DTB;
        int node = find_or_add_chosen(dtb);
        int bad = node < 0;
        if (!bad && chosen->bootargs)
                bad = fdt_setprop(dtb, node, "bootargs", chosen->bootargs,
                                  (int)strlen(chosen->bootargs) + 1);
        if (!bad && chosen->initrd_size != 0)
                bad = set_initrd(dtb, node, chosen);
        if (!bad)
                bad = make_places(dtb, node);
        return bad || fdt_pack(dtb) != 0 ? SG_E_GUEST_DTB : SG_OK;
}

sg_err bf_chosen_fill(void *dtb, const uint8_t rng_seed[BF_RNG_SEED_SIZE], uint64_t kaslr_seed,
                      uint64_t token)
{
        char digits[TOKEN_DIGITS + 1];
        int node = fdt_path_offset(dtb, "/chosen");

        hexadecimal(token, digits);
        if (node < 0 || fdt_setprop_inplace(dtb, node, "rng-seed", rng_seed, BF_RNG_SEED_SIZE) ||
            fdt_setprop_inplace_u64(dtb, node, "kaslr-seed", kaslr_seed) ||
            fdt_setprop_inplace(dtb, node, "segue,token", digits, sizeof(digits)))
                return SG_E_GUEST_DTB;
        return SG_OK;
}
