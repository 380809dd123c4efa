// SPDX-License-Identifier: Apache-2.0
/* Where kernel, ramdisk and raw payload go, for any addresses and sizes. */
#include <stdbool.h>
#include <string.h>

#include "bootflow/fit.h"
#include "tests/fuzz/fuzz.h"

static bool within(uint64_t at, uint64_t size, uint64_t base, uint64_t end)
{
        return at >= base && at <= end && size <= end - at;
}

static bool apart(uint64_t a, uint64_t a_size, uint64_t b, uint64_t b_size)
{
        return a >= b ? a - b >= b_size : b - a >= a_size;
}

static void require_placed(const struct bf_place_request *r, const struct bf_place *p)
{
        FUZZ_REQUIRE(within(p->kernel, r->image_size, r->ram_base, r->ram_end));
        FUZZ_REQUIRE(r->image_size >= r->kernel_size);
        if (r->ramdisk_size == 0) {
                FUZZ_REQUIRE(p->ramdisk == 0);
                return;
        }
        FUZZ_REQUIRE(within(p->ramdisk, r->ramdisk_size, r->ram_base, r->ram_end));
        FUZZ_REQUIRE(apart(p->ramdisk, r->ramdisk_size, p->kernel, r->image_size));
        /* It is moved first: that must not hurt the kernel, which still stands at its old place. */
        FUZZ_REQUIRE(p->ramdisk == r->ramdisk ||
                     apart(p->ramdisk, r->ramdisk_size, r->kernel, r->kernel_size));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct bf_place_request r;
        struct bf_place placed;
        uint64_t to;

        if (size != sizeof(r))
                return 0;
        memcpy(&r, data, sizeof(r));
        if (bf_place_kernel(&r, &placed) == SG_OK)
                require_placed(&r, &placed);
        for (int ram_load = 0; ram_load < 2; ram_load++)
                if (bf_place_raw(r.ram_base, r.ram_end, ram_load, r.kernel, r.kernel_size, &to) ==
                    SG_OK)
                        FUZZ_REQUIRE(within(to, r.kernel_size, r.ram_base, r.ram_end));
        return 0;
}
