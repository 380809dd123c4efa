/* SPDX-License-Identifier: Apache-2.0 */
/* Mends in TUF metadata and in packages what a mutation broke, for `tuf` and `package`. */
#ifndef TESTS_FUZZ_METADATA_H
#define TESTS_FUZZ_METADATA_H

#include <stddef.h>
#include <stdint.h>

/* Gives each key of the root at `at` (its first length bytes) its right id again, wherever that
 * stands in the whole text. */
void metadata_mend_keys(char *text, size_t size, const char *at, size_t length);

/* Checksums of the archive's headers, digests of chunks, of chunk lists and payloads, key ids. */
void package_mend(uint8_t *archive, size_t size);

#endif
