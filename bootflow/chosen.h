/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What bootfw writes into /chosen of the guest's devicetree, with libfdt. In two steps: everything
 * that can fail is done before the guest's start is reported and made durable; what that report
 * brings is then filled into places already made.
 */
#ifndef BOOTFLOW_CHOSEN_H
#define BOOTFLOW_CHOSEN_H

#include <stdint.h>

#include <segue/error.h>

#define BF_RNG_SEED_SIZE 32

struct bf_chosen {
        const char *bootargs; /* NULL: stays as it is */
        uint64_t initrd;      /* guest address; the size 0: there is none */
        uint64_t initrd_size;
};

/* Opens the tree to `room` bytes and makes bootargs, linux,initrd-start and -end, rng-seed,
 * kaslr-seed and segue,token, the last three of zeros. SG_E_GUEST_DTB. */
sg_err bf_chosen_prepare(void *dtb, uint64_t room, const struct bf_chosen *chosen);
/* The seeds and the token (as 16 hexadecimal digits and a NUL). Changes no length. */
sg_err bf_chosen_fill(void *dtb, const uint8_t rng_seed[BF_RNG_SEED_SIZE], uint64_t kaslr_seed,
                      uint64_t token);

#endif
