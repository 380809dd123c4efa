// SPDX-License-Identifier: Apache-2.0
/*
 * bootfw: checks the image that stands in the guest's memory, asks hv whether it may start, and
 * starts it. It runs alone in the VM, after everybody else lost access to its memory.
 *
 * Everything that can fail is done before the report, because hv makes the start durable with it.
 * The digest that is reported is all zero unless the check ended well (bootflow/image.c), so that
 * no single instruction skipped here lets hv accept what was refused.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <mbedtls/memory_buffer_alloc.h>
#include <mbedtls/sha256.h>

#include <segue/bootfw.h>
#include <segue/bytes.h>
#include <segue/hypercall.h>

#include "bootflow/bootfw/mmu.h"
#include "bootflow/chosen.h"
#include "bootflow/fit.h"
#include "bootflow/image.h"

#define ARENA_SIZE 0x10000 /* Mbed TLS: a P-256 verification takes a quarter of it */

/* Everything about this start. */
struct boot {
        const struct bootfw_info *info;
        struct bf_image_info image;
        struct bf_image_key keys[BOOTFW_MAX_KEYS];
        struct bf_fit fit; /* kernel NULL: a raw payload */
        struct bf_place place;
        uint64_t payload;
        uint64_t payload_size;
        uint64_t dtb; /* where the guest gets it */
};

/* What hv says to a report. */
struct answer {
        uint64_t token, rng_seed, kaslr_seed, further_seed;
};

_Noreturn void bootfw_park(void);
_Noreturn void bootfw_enter(uint64_t entry, uint64_t dtb, uint64_t region, uint64_t region_end);
_Noreturn void bootfw_main(const struct bootfw_info *info);

static struct boot boot;
static uint8_t arena[ARENA_SIZE] __attribute__((aligned(16)));

static void *pointer(uint64_t address)
{
        return (void *)(uintptr_t)address;
}

/* SG_HC_BOOT_REPORT. hv parks the VM unless the start is accepted; the answer is set then alone. */
static int64_t report(sg_err error, const struct bf_image_info *image, uint64_t entry,
                      struct answer *answer)
{
        /* Computed first: an expression between the register variables could use their registers.
         */
        const uint64_t digest[4] = {get_le64(image->digest), get_le64(image->digest + 8),
                                    get_le64(image->digest + 16), get_le64(image->digest + 24)};
        const uint64_t counter = image->counter;
        register uint64_t x0 __asm__("x0") = SG_HC_BOOT_REPORT;
        register uint64_t x1 __asm__("x1") = (uint64_t)error;
        register uint64_t x2 __asm__("x2") = counter;
        register uint64_t x3 __asm__("x3") = entry;
        register uint64_t x4 __asm__("x4") = digest[0];
        register uint64_t x5 __asm__("x5") = digest[1];
        register uint64_t x6 __asm__("x6") = digest[2];
        register uint64_t x7 __asm__("x7") = digest[3];

        __asm__ volatile("hvc #0"
                         : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3), "+r"(x4)
                         : "r"(x5), "r"(x6), "r"(x7)
                         : "memory");
        *answer =
                (struct answer){.token = x1, .rng_seed = x2, .kaslr_seed = x3, .further_seed = x4};
        return (int64_t)x0;
}

static _Noreturn void refuse(sg_err error)
{
        static const struct bf_image_info nothing;
        struct answer answer;

        report(error, &nothing, 0, &answer);
        bootfw_park();
}

static bool in_ram(const struct bootfw_info *i, uint64_t at, uint64_t size)
{
        return at >= i->ram_base && size <= i->ram_size && at - i->ram_base <= i->ram_size - size;
}

/* hv wrote the page; a mistake there must not become a wild access here. */
static sg_err check_info(const struct bootfw_info *i)
{
        bool good = i->magic == BOOTFW_INFO_MAGIC && i->key_count >= 1 &&
                    i->key_count <= BOOTFW_MAX_KEYS && i->image % 8 == 0 && i->dtb % 8 == 0 &&
                    in_ram(i, i->image, i->image_size) && in_ram(i, i->dtb, i->dtb_size) &&
                    i->image + i->image_size <= i->dtb;

        for (uint32_t k = 0; good && k < i->key_count; k++)
                good = i->key_size[k] <= sizeof(i->key[k]);
        return good ? SG_OK : SG_E_BOOTFW_INFO;
}

static sg_err verify(struct boot *b)
{
        const struct bootfw_info *i = b->info;

        for (uint32_t k = 0; k < i->key_count; k++) {
                memcpy(b->keys[k].hash, i->key_hash[k], sizeof(b->keys[k].hash));
                b->keys[k].der = i->key[k];
                b->keys[k].der_size = i->key_size[k];
        }
        const struct bf_image_policy policy = {
                .keys = b->keys,
                .key_count = i->key_count,
                .vendor_id = i->vendor_id,
                .class_id = i->class_id,
        };
        sg_err e = bf_image_verify(pointer(i->image), i->image_size, &policy, &b->image);
        b->payload = i->image + b->image.layout.payload;
        b->payload_size = b->image.layout.payload_size;
        return e;
}

static sg_err place_fit(struct boot *b)
{
        const struct bf_place_request request = {
                .ram_base = b->info->ram_base,
                .ram_end = b->info->dtb,
                .kernel = (uintptr_t)b->fit.kernel,
                .kernel_size = b->fit.kernel_size,
                .ramdisk = (uintptr_t)b->fit.ramdisk,
                .ramdisk_size = b->fit.ramdisk_size,
                .text_offset = b->fit.text_offset,
                .image_size = b->fit.image_size,
        };

        return bf_place_kernel(&request, &b->place);
}

static bool is_fit(const struct boot *b)
{
        const uint8_t *p = pointer(b->payload);

        return b->payload_size >= 4 && __builtin_bswap32(get_le32(p)) == BF_FIT_MAGIC;
}

static sg_err place_payload(struct boot *b)
{
        if (is_fit(b)) {
                sg_err e = bf_fit_parse(pointer(b->payload), b->payload_size, &b->fit);
                return e ? e : place_fit(b);
        }
        return bf_place_raw(b->info->ram_base, b->info->dtb,
                            (b->image.layout.flags & BF_IMAGE_F_RAM_LOAD) != 0,
                            b->image.layout.load_addr, b->payload_size, &b->place.kernel);
}

/* How much memory the payload's image takes from its entry on. */
static uint64_t placed_size(const struct boot *b)
{
        return b->fit.kernel ? b->fit.image_size : b->payload_size;
}

/* The devicetree of a firmware guest goes to RAM base, before the payload. */
static sg_err place_dtb(struct boot *b)
{
        const uint64_t size = __builtin_bswap32(get_le32((uint8_t *)pointer(b->info->dtb) + 4));

        b->dtb = b->info->dtb;
        if (!b->info->dtb_at_base)
                return SG_OK;
        b->dtb = b->info->ram_base;
        if (b->place.kernel < b->dtb + size && b->dtb < b->place.kernel + placed_size(b))
                return SG_E_PLACE_NO_ROOM;
        return SG_OK;
}

static sg_err prepare(struct boot *b)
{
        sg_err e = check_info(b->info);
        if (!e && !mmu_on(b->info->ram_base, b->info->ram_size))
                e = SG_E_BOOTFW_INFO;
        if (e)
                return e;
        mbedtls_memory_buffer_alloc_init(arena, sizeof(arena));
        e = verify(b);
        if (!e)
                e = place_payload(b);
        if (e)
                return e;
        const struct bf_chosen chosen = {
                .bootargs = b->fit.bootargs,
                .initrd = b->place.ramdisk,
                .initrd_size = b->fit.ramdisk_size,
        };
        e = bf_chosen_prepare(pointer(b->info->dtb), b->info->dtb_size, &chosen);
        return e ? e : place_dtb(b);
}

/* 128 bits from hv, stretched to what Linux takes at once; the digest keeps images apart. */
static void stretch_seed(const struct boot *b, const struct answer *a,
                         uint8_t seed[BF_RNG_SEED_SIZE])
{
        uint8_t input[16 + sizeof(b->image.digest)];

        put_le64(input, a->rng_seed);
        put_le64(input + 8, a->further_seed);
        memcpy(input + 16, b->image.digest, sizeof(b->image.digest));
        mbedtls_sha256(input, sizeof(input), seed, 0);
}

static void move(uint64_t to, uint64_t from, uint64_t size)
{
        memmove(pointer(to), pointer(from), size);
        cache_clean(to, size);
}

/* In this order: each step may overwrite what only the steps before it needed. */
static void move_parts(const struct boot *b)
{
        if (b->fit.ramdisk_size != 0)
                move(b->place.ramdisk, (uintptr_t)b->fit.ramdisk, b->fit.ramdisk_size);
        if (b->fit.kernel)
                move(b->place.kernel, (uintptr_t)b->fit.kernel, b->fit.kernel_size);
        else
                move(b->place.kernel, b->payload, b->payload_size);
        move(b->dtb, b->info->dtb,
             __builtin_bswap32(get_le32((uint8_t *)pointer(b->info->dtb) + 4)));
}

void bootfw_main(const struct bootfw_info *info)
{
        struct answer answer;
        uint8_t seed[BF_RNG_SEED_SIZE];
        const uint64_t region = (uintptr_t)info - BOOTFW_INFO_OFFSET;

        boot.info = info;
        sg_err e = prepare(&boot);
        if (e)
                refuse(e);
        if (report(SG_OK, &boot.image, boot.place.kernel, &answer) != SG_HC_OK)
                bootfw_park();
        stretch_seed(&boot, &answer, seed);
        e = bf_chosen_fill(pointer(info->dtb), seed, answer.kaslr_seed, answer.token);
        if (e)
                bootfw_park();
        move_parts(&boot);
        bootfw_enter(boot.place.kernel, boot.dtb, region, region + BOOTFW_REGION_SIZE);
}
