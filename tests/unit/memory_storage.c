/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/memory_storage.h"

#include <stdbool.h>
#include <string.h>

static bool inside(const struct memory_storage *m, uint64_t offset, size_t length)
{
        return offset <= m->storage.size && length <= m->storage.size - offset;
}

static sg_err memory_read(void *ctx, uint64_t offset, void *data, size_t length)
{
        struct memory_storage *m = ctx;

        if (m->read_error != SG_OK) {
                return m->read_error;
        }
        if (!inside(m, offset, length)) {
                return SG_E_BAD_ARGUMENT;
        }
        memcpy(data, m->bytes + offset, length);
        return SG_OK;
}

static sg_err memory_write(void *ctx, uint64_t offset, const void *data, size_t length)
{
        struct memory_storage *m = ctx;

        if (!inside(m, offset, length)) {
                return SG_E_BAD_ARGUMENT;
        }
        memcpy(m->bytes + offset, data, length);
        m->writes++;
        return SG_OK;
}

static sg_err memory_flush(void *ctx)
{
        struct memory_storage *m = ctx;

        m->flushes++;
        return SG_OK;
}

void memory_storage_init(struct memory_storage *m, uint8_t *bytes, uint64_t size)
{
        *m = (struct memory_storage){
                .storage = {m, size, memory_read, memory_write, memory_flush},
        };
        m->bytes = bytes;
}
