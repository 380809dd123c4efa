/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hv's randomness: SipHash-2-4 as a PRF over a counter, keyed by the machine's rng-seed. Good for
 * tokens and guests' seeds as long as the seed is secret and differs at each power-on.
 */
#ifndef HV_CORE_RANDOM_H
#define HV_CORE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

/* Boot core, once. `extra` is mixed in, and is all there is when the machine gave no seed. */
void random_init(const uint8_t *seed, size_t size, uint64_t extra);

/* Any core. */
uint64_t random_u64(void);

/* SipHash-2-4 of a message (Aumasson and Bernstein, 2012). Pure. */
uint64_t siphash24(const uint64_t key[2], const uint8_t *message, size_t size);

#endif
