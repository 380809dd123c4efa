/* SPDX-License-Identifier: Apache-2.0 */
#include "updater/el1/ram.h"

#include <libfdt.h>

#include "updater/el1/fault.h"
#include "updater/el1/mmu.h"

extern char __image_start[];
extern char __image_end[];

struct span {
        uint64_t start;
        uint64_t end;
};

static struct span left;

static void keep_larger(uint64_t start, uint64_t end)
{
        if (end > start && end - start > left.end - left.start) {
                left = (struct span){start, end};
        }
}

void ram_init(const struct platform_range *ram, const void *dtb)
{
        const struct span image = {(uintptr_t)__image_start, (uintptr_t)__image_end};
        const struct span tree = {(uintptr_t)dtb, (uintptr_t)dtb + fdt_totalsize(dtb)};
        const struct span low = image.start < tree.start ? image : tree;
        const struct span high = image.start < tree.start ? tree : image;
        const uint64_t end = ram->base + ram->size;

        if (image.start < ram->base || image.end > end) {
                panic("the devicetree's memory does not hold this program");
        }
        /* Around the image, whose guard must stay unmapped. */
        mmu_map(ram->base, image.start - ram->base, MMU_DATA);
        mmu_map(image.end, end - image.end, MMU_DATA);
        keep_larger(ram->base, low.start);
        keep_larger(low.end, high.start);
        keep_larger(high.end, end);
}

void *ram_take(uint64_t size, uint64_t align)
{
        const uint64_t at = (left.start + align - 1) & ~(align - 1);

        if (at > left.end || size > left.end - at) {
                panic("%u KiB of memory wanted, %u KiB left", (unsigned)(size >> 10),
                      (unsigned)((left.end - left.start) >> 10));
        }
        left.start = at + size;
        return (void *)(uintptr_t)at;
}
