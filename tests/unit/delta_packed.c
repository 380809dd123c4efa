/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/delta_packed.h"

#include "tests/unit/delta_rig.h"

struct bytes packed;
bool packed_broken;

static sg_err read_packed(void *ctx, uint64_t off, void *to, size_t n)
{
        (void)ctx;
        if (packed_broken)
                return SG_E_IO;
        assert_true(off + n <= packed.size);
        memcpy(to, packed.data + off, n);
        return SG_OK;
}

const struct dl_ops packed_ops = {.patch_read = read_packed};
