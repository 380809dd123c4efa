// SPDX-License-Identifier: Apache-2.0
/* FITs that are read, FITs that are broken, and where kernel and ramdisk go. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <libfdt.h>

#include <segue/bytes.h>

#include "bootflow/fit.h"

enum { ROOM = 16384, KERNEL = 5000, RAMDISK = 777 };

/* What is put in the FIT; a NULL string or a 0 leaves the property out. */
struct recipe {
        const char *default_name, *kernel_name, *ramdisk_name, *bootargs;
        const char *type, *arch, *compression;
        int kernel_size, ramdisk_size;
        uint64_t text_offset, image_size, flags;
        uint32_t magic;
};

static const struct recipe good = {
        .default_name = "conf-1",
        .kernel_name = "kernel-1",
        .ramdisk_name = "ramdisk-1",
        .bootargs = "console=ttyAMA0 quiet",
        .type = "kernel",
        .arch = "arm64",
        .compression = "none",
        .kernel_size = KERNEL,
        .ramdisk_size = RAMDISK,
        .image_size = 3 * KERNEL,
        .flags = 0xa,
        .magic = 0x644d5241,
};

static void text(void *fdt, const char *name, const char *value)
{
        if (value)
                assert_int_equal(fdt_property(fdt, name, value, (int)strlen(value) + 1), 0);
}

static void image_node(void *fdt, const char *name, const struct recipe *r, const char *type,
                       const uint8_t *data, int size)
{
        assert_int_equal(fdt_begin_node(fdt, name), 0);
        text(fdt, "type", type);
        text(fdt, "arch", r->arch);
        text(fdt, "compression", r->compression);
        if (size)
                assert_int_equal(fdt_property(fdt, "data", data, size), 0);
        assert_int_equal(fdt_end_node(fdt), 0);
}

static void kernel_bytes(const struct recipe *r, uint8_t *kernel)
{
        memset(kernel, 0x4b, KERNEL);
        put_le64(kernel + 8, r->text_offset);
        put_le64(kernel + 16, r->image_size);
        put_le64(kernel + 24, r->flags);
        put_le32(kernel + 56, r->magic);
}

/* A FIT on the heap, exactly as large as it says, so that ASan sees every byte read behind it. */
static void *cook(const struct recipe *r, size_t *size)
{
        static uint64_t room[ROOM / 8];
        static uint8_t kernel[KERNEL], ramdisk[RAMDISK];

        kernel_bytes(r, kernel);
        memset(ramdisk, 0x52, sizeof(ramdisk));
        assert_int_equal(fdt_create(room, ROOM), 0);
        assert_int_equal(fdt_finish_reservemap(room), 0);
        fdt_begin_node(room, "");
        fdt_begin_node(room, "images");
        image_node(room, "kernel-1", r, r->type, kernel, r->kernel_size);
        image_node(room, "ramdisk-1", r, "ramdisk", ramdisk, r->ramdisk_size);
        fdt_end_node(room);
        fdt_begin_node(room, "configurations");
        text(room, "default", r->default_name);
        fdt_begin_node(room, "conf-1");
        text(room, "kernel", r->kernel_name);
        text(room, "ramdisk", r->ramdisk_name);
        text(room, "bootargs", r->bootargs);
        fdt_end_node(room);
        fdt_end_node(room);
        fdt_end_node(room);
        assert_int_equal(fdt_finish(room), 0);
        *size = fdt_totalsize(room);
        void *fit = malloc(*size);
        memcpy(fit, room, *size);
        return fit;
}

static sg_err parse_recipe(const struct recipe *r)
{
        struct bf_fit out;
        size_t size;
        void *fit = cook(r, &size);
        sg_err e = bf_fit_parse(fit, size, &out);

        assert_true(!e || !out.kernel);
        free(fit);
        return e;
}

static void reads_all_parts(void **state)
{
        struct bf_fit out;
        size_t size;
        void *fit = cook(&good, &size);

        (void)state;
        assert_int_equal(bf_fit_parse(fit, size, &out), SG_OK);
        assert_int_equal(out.kernel_size, KERNEL);
        assert_int_equal(out.kernel[100], 0x4b);
        assert_int_equal(out.ramdisk_size, RAMDISK);
        assert_int_equal(out.ramdisk[RAMDISK - 1], 0x52);
        assert_string_equal(out.bootargs, good.bootargs);
        assert_int_equal(out.image_size, 3 * KERNEL);
        assert_int_equal(out.text_offset, 0);
        free(fit);
}

static void reads_the_least(void **state)
{
        struct recipe r = good;
        struct bf_fit out;
        size_t size;

        (void)state;
        r.ramdisk_name = r.bootargs = NULL;
        r.image_size = 1;
        void *fit = cook(&r, &size);
        assert_int_equal(bf_fit_parse(fit, size, &out), SG_OK);
        assert_null(out.ramdisk);
        assert_int_equal(out.ramdisk_size, 0);
        assert_string_equal(out.bootargs, "");
        assert_int_equal(out.image_size, KERNEL);
        free(fit);
}

#define BROKEN(error, ...)                                 \
        do {                                               \
                struct recipe r = good;                    \
                __VA_ARGS__;                               \
                assert_int_equal(parse_recipe(&r), error); \
        } while (0)

static void refuses_what_is_missing_or_wrong(void **state)
{
        (void)state;
        BROKEN(SG_E_FIT_CONFIG, r.default_name = NULL);
        BROKEN(SG_E_FIT_CONFIG, r.default_name = "conf-2");
        BROKEN(SG_E_FIT_CONFIG, r.default_name = "");
        BROKEN(SG_E_FIT_KERNEL, r.kernel_name = NULL);
        BROKEN(SG_E_FIT_KERNEL, r.kernel_name = "kernel-2");
        BROKEN(SG_E_FIT_KERNEL, r.type = "standalone");
        BROKEN(SG_E_FIT_KERNEL, r.type = NULL);
        BROKEN(SG_E_FIT_KERNEL, r.arch = "arm");
        BROKEN(SG_E_FIT_KERNEL, r.compression = "gzip");
        BROKEN(SG_E_FIT_KERNEL, r.compression = NULL);
        BROKEN(SG_E_FIT_KERNEL, r.kernel_size = 0);
        BROKEN(SG_E_FIT_KERNEL_HEADER, r.kernel_size = 63);
        BROKEN(SG_E_FIT_KERNEL_HEADER, r.magic = 0);
        BROKEN(SG_E_FIT_KERNEL_HEADER, r.image_size = 0);
        BROKEN(SG_E_FIT_KERNEL_HEADER, r.text_offset = 0x200000);
        BROKEN(SG_E_FIT_KERNEL_HEADER, r.text_offset = 8);
        BROKEN(SG_E_FIT_KERNEL_HEADER, r.flags = 1);
        BROKEN(SG_E_FIT_RAMDISK, r.ramdisk_name = "initrd");
        BROKEN(SG_E_FIT_RAMDISK, r.ramdisk_size = 0);
        BROKEN(SG_E_FIT_RAMDISK, r.ramdisk_name = "kernel-1");
}

static void refuses_a_part_without_bytes(void **state)
{
        struct bf_fit out;
        size_t size;
        void *fit = cook(&good, &size);
        size_t room = size + 64;
        void *wide = malloc(room);

        (void)state;
        assert_int_equal(fdt_open_into(fit, wide, (int)room), 0);
        int ramdisk = fdt_path_offset(wide, "/images/ramdisk-1");
        assert_int_equal(fdt_setprop(wide, ramdisk, "data", "", 0), 0);
        assert_int_equal(bf_fit_parse(wide, fdt_totalsize(wide), &out), SG_E_FIT_RAMDISK);
        free(wide);
        free(fit);
}

static void refuses_a_string_with_a_hole(void **state)
{
        struct bf_fit out;
        size_t size;
        uint8_t *fit = cook(&good, &size);
        uint8_t *at = memmem(fit, size, "console=", 8);

        (void)state;
        at[3] = 0;
        assert_int_equal(bf_fit_parse(fit, size, &out), SG_E_FIT_CONFIG);
        free(fit);
}

static void refuses_what_is_cut(void **state)
{
        struct bf_fit out;
        size_t size;
        uint8_t *fit = cook(&good, &size);

        (void)state;
        for (size_t cut = 0; cut < size; cut += cut < 200 ? 1 : 97) {
                uint8_t *part = malloc(cut + 1);
                memcpy(part, fit, cut);
                assert_int_equal(bf_fit_parse(part, cut, &out), SG_E_FIT);
                assert_null(out.kernel);
                free(part);
        }
        free(fit);
}

/* No byte of the tree, whatever it is changed to, makes the reader leave the FIT. */
static void survives_damage(void **state)
{
        static const uint8_t flips[] = {0x01, 0x80, 0xff};
        struct bf_fit out;
        size_t size;
        uint8_t *fit = cook(&good, &size);

        (void)state;
        for (size_t i = 0; i < size; i++)
                for (size_t f = 0; f < sizeof(flips); f++) {
                        fit[i] ^= flips[f];
                        if (!bf_fit_parse(fit, size, &out)) {
                                assert_true(out.kernel >= fit &&
                                            out.kernel + out.kernel_size <= fit + size);
                                assert_true(!out.ramdisk ||
                                            out.ramdisk + out.ramdisk_size <= fit + size);
                                assert_true(strlen(out.bootargs) < size);
                        }
                        fit[i] ^= flips[f];
                }
        free(fit);
}

static void refuses_a_crooked_fit(void **state)
{
        struct bf_fit out;
        size_t size;
        uint8_t *fit = cook(&good, &size);
        uint8_t *crooked = malloc(size + 4);

        (void)state;
        memcpy(crooked + 4, fit, size);
        assert_int_equal(bf_fit_parse(crooked + 4, size, &out), SG_E_FIT);
        free(crooked);
        free(fit);
}

#define M(n) ((uint64_t)(n) << 20)
static const struct bf_place_request roomy = {
        .ram_base = M(1024),
        .ram_end = M(1024 + 252),
        .kernel = M(1024 + 204) + 4096,
        .kernel_size = M(30),
        .ramdisk = M(1024 + 236),
        .ramdisk_size = M(2) + 5,
        .image_size = M(32),
};

static void places_in_a_roomy_guest(void **state)
{
        struct bf_place p;

        (void)state;
        assert_int_equal(bf_place_kernel(&roomy, &p), SG_OK);
        assert_int_equal(p.kernel, M(1024));
        assert_int_equal(p.ramdisk, roomy.ramdisk);
        struct bf_place_request r = roomy;
        r.ram_base += 4096;
        r.text_offset = 0x80000;
        r.ramdisk_size = 0;
        assert_int_equal(bf_place_kernel(&r, &p), SG_OK);
        assert_int_equal(p.kernel, M(1026) + 0x80000);
        assert_int_equal(p.ramdisk, 0);
        r.ramdisk = 0; /* nowhere, as there is none */
        assert_int_equal(bf_place_kernel(&r, &p), SG_OK);
        r.ramdisk = r.ram_base; /* below the kernel */
        r.ramdisk_size = 4096;
        assert_int_equal(bf_place_kernel(&r, &p), SG_OK);
        assert_int_equal(p.ramdisk, r.ram_base);
}

static void moves_the_ramdisk_out_of_the_way(void **state)
{
        struct bf_place p;
        struct bf_place_request r = roomy;

        (void)state;
        r.ram_end = M(1024 + 60);
        r.kernel = M(1024 + 10);
        r.ramdisk = M(1024 + 40);
        r.image_size = M(41);
        assert_int_equal(bf_place_kernel(&r, &p), SG_OK);
        assert_int_equal(p.ramdisk, M(1024 + 58) - 4096);
        r.image_size = M(58);
        assert_int_equal(bf_place_kernel(&r, &p), SG_E_PLACE_NO_ROOM);
        assert_int_equal(p.kernel, 0);
        /* No room that is not the kernel's present place. */
        r = roomy;
        r.ram_end = M(1024 + 36);
        r.kernel = M(1024 + 5);
        r.ramdisk = M(1024 + 1);
        r.image_size = M(30);
        assert_int_equal(bf_place_kernel(&r, &p), SG_E_PLACE_NO_ROOM);
}

static void refuses_what_does_not_fit(void **state)
{
        struct bf_place p;
        struct bf_place_request r;

        (void)state;
#define NO_ROOM(...)                                                           \
        do {                                                                   \
                r = roomy;                                                     \
                __VA_ARGS__;                                                   \
                assert_int_equal(bf_place_kernel(&r, &p), SG_E_PLACE_NO_ROOM); \
        } while (0)
        NO_ROOM(r.image_size = M(252) + 1);
        NO_ROOM(r.image_size = UINT64_MAX);
        NO_ROOM(r.image_size = r.kernel_size - 1);
        NO_ROOM(r.text_offset = UINT64_MAX - 10);
        NO_ROOM(r.kernel_size = UINT64_MAX);
        NO_ROOM(r.kernel = UINT64_MAX);
        NO_ROOM(r.kernel = r.ram_base - 1);
        NO_ROOM(r.ramdisk = r.ram_end - r.ramdisk_size + 1);
        NO_ROOM(r.ramdisk_size = UINT64_MAX);
        NO_ROOM(r.ram_base = UINT64_MAX - 10);
        /* Its next aligned address is 0. */
        NO_ROOM(r.ram_base = r.kernel = r.ramdisk = UINT64_MAX - M(1); r.ram_end = UINT64_MAX;
                r.kernel_size = r.ramdisk_size = r.image_size = 4096);
}

static void places_a_raw_payload(void **state)
{
        uint64_t to;

        (void)state;
        assert_int_equal(bf_place_raw(M(1024), M(1050), 0, 7, M(1), &to), SG_OK);
        assert_int_equal(to, M(1024) + 0x80000);
        assert_int_equal(bf_place_raw(M(1024), M(1050), 1, M(1030), M(20), &to), SG_OK);
        assert_int_equal(to, M(1030));
        assert_int_equal(bf_place_raw(M(1024), M(1050), 1, M(1030), M(20) + 1, &to),
                         SG_E_PLACE_NO_ROOM);
        assert_int_equal(bf_place_raw(M(1024), M(1050), 1, M(1023), 1, &to),
                         SG_E_PLACE_LOAD_ADDRESS);
        assert_int_equal(bf_place_raw(M(1024), M(1050), 1, M(1051), 1, &to),
                         SG_E_PLACE_LOAD_ADDRESS);
        assert_int_equal(bf_place_raw(M(1024), M(1050), 1, M(1030) + 2, 1, &to),
                         SG_E_PLACE_LOAD_ADDRESS);
        assert_int_equal(bf_place_raw(M(1024), M(1050), 1, M(1030), UINT64_MAX, &to),
                         SG_E_PLACE_NO_ROOM);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(reads_all_parts),
                cmocka_unit_test(reads_the_least),
                cmocka_unit_test(refuses_what_is_missing_or_wrong),
                cmocka_unit_test(refuses_a_part_without_bytes),
                cmocka_unit_test(refuses_a_string_with_a_hole),
                cmocka_unit_test(refuses_what_is_cut),
                cmocka_unit_test(survives_damage),
                cmocka_unit_test(refuses_a_crooked_fit),
                cmocka_unit_test(places_in_a_roomy_guest),
                cmocka_unit_test(moves_the_ramdisk_out_of_the_way),
                cmocka_unit_test(refuses_what_does_not_fit),
                cmocka_unit_test(places_a_raw_payload),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
