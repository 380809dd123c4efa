/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the fuzz targets share. A target is a function that takes any bytes; libFuzzer calls it with
 * a copy of its own, so that ASan sees each byte that is read beyond them. What must hold
 * afterwards is said with FUZZ_REQUIRE.
 *
 * Checks that no mutation would ever pass are not switched off: a target's mutator mends digests
 * and CRCs after each mutation, and what only a private key could mend is replaced when the target
 * is linked (tests/fuzz/trusting.c). The code under test is compiled as it ships.
 */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define FUZZ_REQUIRE(condition) ((condition) ? (void)0 : fuzz_fail(__FILE__, __LINE__, #condition))

static inline void fuzz_fail(const char *file, int line, const char *condition)
{
        (void)fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, condition);
        __builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Of libFuzzer: changes data in place, within max bytes; returns the new size. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed);

/* One mutation in this many is left as it is, so that the checks themselves are fuzzed, too. */
#define FUZZ_RAW_ONE_IN 8

#endif
