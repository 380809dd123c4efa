/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bsdiff 4's own format: "BSDIFF40", three 64-bit sign-and-magnitude lengths (control, difference,
 * new file), then three bzip2 streams: control triples, differences, extra bytes.
 */
#ifndef SEGUE_DELTA_BSDIFF40_H
#define SEGUE_DELTA_BSDIFF40_H

#include "delta/create/create.h"

sg_err bsdiff40_create(const struct dl_image *from, const struct dl_image *to,
                       const struct dl_sink *sink);

#endif
