// SPDX-License-Identifier: Apache-2.0
/* Where kernel, ramdisk or raw payload go. Addresses only: nothing is touched here. */
#include <stdbool.h>

#include "bootflow/fit.h"

#define KERNEL_ALIGNMENT 0x200000
#define PAGE             0x1000
#define RAW_OFFSET       0x80000
#define INSTRUCTION      4

static bool overlap(uint64_t a, uint64_t a_size, uint64_t b, uint64_t b_size)
{
        return a < b + b_size && b < a + a_size;
}

/* Is [at, at + size) within [base, end)? Safe against wrapping. */
static bool within(uint64_t at, uint64_t size, uint64_t base, uint64_t end)
{
        return at >= base && at <= end && size <= end - at;
}

/* The highest place below the end, clear of what the kernel gets and of where it now is. */
static sg_err move_ramdisk(const struct bf_place_request *r, struct bf_place *out)
{
        uint64_t at = (r->ram_end - r->ramdisk_size) & ~(uint64_t)(PAGE - 1);

        if (!within(at, r->ramdisk_size, r->ram_base, r->ram_end) ||
            overlap(at, r->ramdisk_size, out->kernel, r->image_size) ||
            overlap(at, r->ramdisk_size, r->kernel, r->kernel_size))
                return SG_E_PLACE_NO_ROOM;
        out->ramdisk = at;
        return SG_OK;
}

static sg_err place(const struct bf_place_request *r, struct bf_place *out)
{
        uint64_t base = (r->ram_base + KERNEL_ALIGNMENT - 1) & ~(uint64_t)(KERNEL_ALIGNMENT - 1);

        if (r->image_size < r->kernel_size ||
            !within(r->kernel, r->kernel_size, r->ram_base, r->ram_end) ||
            !within(r->ramdisk_size ? r->ramdisk : r->ram_base, r->ramdisk_size, r->ram_base,
                    r->ram_end) ||
            base < r->ram_base || !within(base, r->text_offset, base, r->ram_end) ||
            !within(base + r->text_offset, r->image_size, base, r->ram_end))
                return SG_E_PLACE_NO_ROOM;
        out->kernel = base + r->text_offset;
        if (r->ramdisk_size == 0)
                return SG_OK;
        out->ramdisk = r->ramdisk;
        if (!overlap(r->ramdisk, r->ramdisk_size, out->kernel, r->image_size))
                return SG_OK;
        return move_ramdisk(r, out);
}

sg_err bf_place_kernel(const struct bf_place_request *request, struct bf_place *out)
{
        *out = (struct bf_place){.kernel = 0};
        sg_err e = place(request, out);

        if (e)
                *out = (struct bf_place){.kernel = 0};
        return e;
}

sg_err bf_place_raw(uint64_t ram_base, uint64_t ram_end, int ram_load, uint64_t load_addr,
                    uint64_t size, uint64_t *to)
{
        uint64_t at = ram_load ? load_addr : ram_base + RAW_OFFSET;

        *to = 0;
        if (!within(at, 0, ram_base, ram_end) || at % INSTRUCTION != 0)
                return SG_E_PLACE_LOAD_ADDRESS;
        if (!within(at, size, ram_base, ram_end))
                return SG_E_PLACE_NO_ROOM;
        *to = at;
        return SG_OK;
}
