/* SPDX-License-Identifier: Apache-2.0 */
/* A decoder's files in memory, for the targets `delta` and `delta_kernel`. */
#ifndef TESTS_FUZZ_DELTA_FILES_H
#define TESTS_FUZZ_DELTA_FILES_H

#include "delta/delta.h"

struct files {
        const uint8_t *patch, *old;
        uint8_t *new;
        size_t patch_size, old_size, new_size;
};

/* Reads beyond a file fail; a write beyond the output fails the target. */
struct dl_ops files_ops(struct files *f);

#endif
