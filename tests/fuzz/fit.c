// SPDX-License-Identifier: Apache-2.0
/* FITs, and placing what they hold. */
#include <stdbool.h>
#include <string.h>

#include "bootflow/fit.h"
#include "tests/fuzz/fuzz.h"

#define RAM_BASE UINT64_C(0x40000000)
#define RAM_SIZE (UINT64_C(64) << 20)

static bool inside(const uint8_t *data, size_t size, const void *part, size_t length)
{
        const uint8_t *p = part;

        return p >= data && p <= data + size && length <= (size_t)(data + size - p);
}

/* As bootfw does: the image was loaded to the start of RAM, behind a header. */
static void place(const struct bf_fit *fit, const uint8_t *data)
{
        const uint64_t loaded = RAM_BASE + 64;
        const struct bf_place_request request = {
                .ram_base = RAM_BASE,
                .ram_end = RAM_BASE + RAM_SIZE,
                .kernel = loaded + (uint64_t)(fit->kernel - data),
                .kernel_size = fit->kernel_size,
                .ramdisk = fit->ramdisk_size ? loaded + (uint64_t)(fit->ramdisk - data) : 0,
                .ramdisk_size = fit->ramdisk_size,
                .text_offset = fit->text_offset,
                .image_size = fit->image_size,
        };
        struct bf_place out;

        if (bf_place_kernel(&request, &out) == SG_OK)
                FUZZ_REQUIRE(out.kernel >= RAM_BASE && fit->image_size <= RAM_SIZE &&
                             out.kernel - RAM_BASE <= RAM_SIZE - fit->image_size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static const struct bf_fit nothing;
        struct bf_fit fit;

        if (bf_fit_parse(data, size, &fit) != SG_OK) {
                FUZZ_REQUIRE(memcmp(&fit, &nothing, sizeof(fit)) == 0);
                return 0;
        }
        FUZZ_REQUIRE(fit.kernel_size > 0 && inside(data, size, fit.kernel, fit.kernel_size));
        FUZZ_REQUIRE(fit.image_size >= fit.kernel_size);
        if (fit.ramdisk_size)
                FUZZ_REQUIRE(inside(data, size, fit.ramdisk, fit.ramdisk_size));
        FUZZ_REQUIRE(*fit.bootargs == '\0' ||
                     inside(data, size, fit.bootargs, strlen(fit.bootargs) + 1));
        place(&fit, data);
        return 0;
}
