/* SPDX-License-Identifier: Apache-2.0 */
/* The strict NOR flash of the unit tests, large enough for two blocks of 256 KiB. */
#ifndef TESTS_SIM_NOR_H
#define TESTS_SIM_NOR_H

#define NOR_BYTES_MAX (1 << 19)
#include "tests/unit/strict_nor.h"

#endif
