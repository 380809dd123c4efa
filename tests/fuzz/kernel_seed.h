/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_FUZZ_KERNEL_SEED_H
#define TESTS_FUZZ_KERNEL_SEED_H

#include <stddef.h>
#include <stdint.h>

/* A synthetic kernel's first or second version, with all structures; returns its size. */
size_t kernel_seed(unsigned version, uint8_t *to, size_t max);

#endif
