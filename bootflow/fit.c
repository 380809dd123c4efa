// SPDX-License-Identifier: Apache-2.0
#include "bootflow/fit.h"

#include <stdbool.h>
#include <string.h>

#include <libfdt.h>

#include <segue/bytes.h>

#define IMAGE_HEADER_SIZE 64
#define IMAGE_MAGIC       0x644d5241 /* "ARM\x64" */
#define IMAGE_BIG_ENDIAN  1
#define TEXT_OFFSET_MAX   0x200000

/* The string that a property holds; NULL when it is not exactly one. */
static const char *string_of(const void *fit, int node, const char *name)
{
        int length;
        const char *s = fdt_getprop(fit, node, name, &length);

        if (!s || length < 1 || memchr(s, 0, (size_t)length) != s + length - 1)
                return NULL;
        return s;
}

static bool says(const void *fit, int node, const char *name, const char *value)
{
        const char *s = string_of(fit, node, name);

        return s && strcmp(s, value) == 0;
}

/* The data of /images/<name>, which must be what we can use without further work. */
static const uint8_t *part(const void *fit, const char *name, const char *type, uint32_t *size)
{
        int images = fdt_path_offset(fit, "/images");
        int node = images < 0 ? images : fdt_subnode_offset(fit, images, name);
        int length;

        if (node < 0 || !says(fit, node, "type", type) || !says(fit, node, "arch", "arm64") ||
            !says(fit, node, "compression", "none"))
                return NULL;
        const uint8_t *data = fdt_getprop(fit, node, "data", &length);
        if (!data || length <= 0)
                return NULL;
        *size = (uint32_t)length;
        return data;
}

static int default_configuration(const void *fit)
{
        int all = fdt_path_offset(fit, "/configurations");
        const char *name = all < 0 ? NULL : string_of(fit, all, "default");

        return name ? fdt_subnode_offset(fit, all, name) : -FDT_ERR_NOTFOUND;
}

/* The arm64 Image header, as in Linux's Documentation/arch/arm64/booting.rst. */
static sg_err read_kernel_header(struct bf_fit *out)
{
        const uint8_t *h = out->kernel;

        if (out->kernel_size < IMAGE_HEADER_SIZE || get_le32(h + 56) != IMAGE_MAGIC)
                return SG_E_FIT_KERNEL_HEADER;
        out->text_offset = get_le64(h + 8);
        out->image_size = get_le64(h + 16);
        if (out->image_size == 0 || out->text_offset >= TEXT_OFFSET_MAX ||
            out->text_offset % 4096 != 0 || (get_le64(h + 24) & IMAGE_BIG_ENDIAN))
                return SG_E_FIT_KERNEL_HEADER;
        if (out->image_size < out->kernel_size)
                out->image_size = out->kernel_size;
        return SG_OK;
}

static sg_err read_ramdisk(const void *fit, int configuration, struct bf_fit *out)
{
        if (!fdt_getprop(fit, configuration, "ramdisk", NULL))
                return SG_OK;
        const char *name = string_of(fit, configuration, "ramdisk");
        if (name)
                out->ramdisk = part(fit, name, "ramdisk", &out->ramdisk_size);
        return out->ramdisk ? SG_OK : SG_E_FIT_RAMDISK;
}

static sg_err read_bootargs(const void *fit, int configuration, struct bf_fit *out)
{
        out->bootargs = "";
        if (fdt_getprop(fit, configuration, "bootargs", NULL))
                out->bootargs = string_of(fit, configuration, "bootargs");
        return out->bootargs ? SG_OK : SG_E_FIT_CONFIG;
}

static sg_err parse(const void *fit, uint64_t size, struct bf_fit *out)
{
        if (fdt_check_full(fit, (size_t)size) != 0)
                return SG_E_FIT;
        int configuration = default_configuration(fit);
        if (configuration < 0)
                return SG_E_FIT_CONFIG;
        const char *kernel = string_of(fit, configuration, "kernel");
        if (kernel)
                out->kernel = part(fit, kernel, "kernel", &out->kernel_size);
        if (!out->kernel)
                return SG_E_FIT_KERNEL;
        sg_err e = read_kernel_header(out);
        if (!e)
                e = read_ramdisk(fit, configuration, out);
        return e ? e : read_bootargs(fit, configuration, out);
}

sg_err bf_fit_parse(const void *fit, uint64_t size, struct bf_fit *out)
{
        *out = (struct bf_fit){.kernel = NULL};
        sg_err e = (uintptr_t)fit % 8 ? SG_E_FIT : parse(fit, size, out);

        if (e)
                *out = (struct bf_fit){.kernel = NULL};
        return e;
}
