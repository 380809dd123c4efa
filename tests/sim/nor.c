/* SPDX-License-Identifier: Apache-2.0 */
/* The size is a constant of the model, so the model is compiled once more for the larger one. */
#include "tests/sim/nor.h"

#include "tests/unit/strict_nor.c" // NOLINT(bugprone-suspicious-include)
