/* SPDX-License-Identifier: Apache-2.0 */
/* Boot-state records as bytes, for the targets `record` and `journal`. */
#ifndef TESTS_FUZZ_ENTRY_H
#define TESTS_FUZZ_ENTRY_H

#include <stdint.h>

#include "bootflow/record.h"

/* Puts the right CRC into the body and, as far as they are there, the seals. */
void entry_mend(uint8_t entry[BF_ENTRY_SIZE]);

#endif
