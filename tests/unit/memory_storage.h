/* SPDX-License-Identifier: Apache-2.0 */
/* Storage in memory, for tests. */
#ifndef TESTS_MEMORY_STORAGE_H
#define TESTS_MEMORY_STORAGE_H

#include "updater/storage.h"

struct memory_storage {
        struct storage storage; /* .ctx is this struct */
        uint8_t *bytes;
        uint64_t writes, flushes;
        sg_err read_error; /* what the next reads return, when not SG_OK */
};

void memory_storage_init(struct memory_storage *m, uint8_t *bytes, uint64_t size);

#endif
