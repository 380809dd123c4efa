/* SPDX-License-Identifier: Apache-2.0 */
/* Packed bytes, as a decoder reads them from a patch. */
#ifndef TESTS_UNIT_DELTA_PACKED_H
#define TESTS_UNIT_DELTA_PACKED_H

#include "delta/create/bytes.h"

extern struct bytes packed;
extern bool packed_broken; /* SG_E_IO is all that is read */

/* Its patch_read fails the test where anything else than these is read. */
extern const struct dl_ops packed_ops;

#endif
