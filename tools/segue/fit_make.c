/* SPDX-License-Identifier: Apache-2.0 */
/* The FIT of a Linux guest (bootflow/fit.h says what is read of it). */
#include <libfdt.h>
#include <string.h>

#include "tools/segue/image_file.h"
#include "tools/segue/report.h"

enum {
        KERNEL_ALIGNMENT = 4096,
        ARM64_MAGIC_AT = 0x38,
        OVERHEAD = 2 * KERNEL_ALIGNMENT, /* everything in the tree but data and command line */
};

/* The first error sticks: one look at the end is enough. */
struct tree {
        void *fdt;
        int error;
};

static void keep(struct tree *t, int error)
{
        if (t->error == 0) {
                t->error = error;
        }
}

static void text(struct tree *t, const char *name, const char *value)
{
        keep(t, fdt_property(t->fdt, name, value, (int)strlen(value) + 1));
}

static void part(struct tree *t, const char *node, const char *type, const struct mapped *data)
{
        keep(t, fdt_begin_node(t->fdt, node));
        keep(t, fdt_property(t->fdt, "data", data->data, (int)data->size));
        text(t, "type", type);
        text(t, "arch", "arm64");
        text(t, "os", "linux");
        text(t, "compression", "none");
        keep(t, fdt_end_node(t->fdt));
}

static void configuration(struct tree *t, const struct mapped *ramdisk, const char *command_line)
{
        keep(t, fdt_begin_node(t->fdt, "configurations"));
        text(t, "default", "conf-1");
        keep(t, fdt_begin_node(t->fdt, "conf-1"));
        text(t, "kernel", "kernel-1");
        if (ramdisk->size > 0) {
                text(t, "ramdisk", "ramdisk-1");
        }
        if (command_line != NULL) {
                text(t, "bootargs", command_line);
        }
        keep(t, fdt_end_node(t->fdt));
        keep(t, fdt_end_node(t->fdt));
}

/* padding: how many bytes /description is long, of blanks and a NUL. */
static void write_tree(struct tree *t, size_t room, const struct mapped *kernel,
                       const struct mapped *ramdisk, const char *command_line, size_t padding)
{
        char description[KERNEL_ALIGNMENT + 1];

        memset(description, ' ', padding);
        description[padding - 1] = '\0';
        keep(t, fdt_create(t->fdt, (int)room));
        keep(t, fdt_finish_reservemap(t->fdt));
        keep(t, fdt_begin_node(t->fdt, ""));
        keep(t, fdt_property(t->fdt, "description", description, (int)padding));
        keep(t, fdt_begin_node(t->fdt, "images"));
        part(t, "kernel-1", "kernel", kernel);
        if (ramdisk->size > 0) {
                part(t, "ramdisk-1", "ramdisk", ramdisk);
        }
        keep(t, fdt_end_node(t->fdt));
        configuration(t, ramdisk, command_line);
        keep(t, fdt_end_node(t->fdt));
        keep(t, fdt_finish(t->fdt));
        if (t->error != 0) {
                fail(SG_E_TOO_LARGE, "FIT: %s", fdt_strerror(t->error));
        }
}

static size_t kernel_offset(const struct tree *t)
{
        int node = fdt_path_offset(t->fdt, "/images/kernel-1");
        const char *data = fdt_getprop(t->fdt, node, "data", NULL);

        return (size_t)(data - (const char *)t->fdt);
}

struct mapped fit_make(const struct mapped *kernel, const struct mapped *ramdisk,
                       const char *command_line)
{
        size_t room = OVERHEAD + kernel->size + ramdisk->size +
                      (command_line != NULL ? strlen(command_line) : 0);
        struct tree t = {.fdt = allocate(room, 1)};
        size_t padding = 4;

        if (kernel->size < ARM64_MAGIC_AT + 4 ||
            memcmp(kernel->data + ARM64_MAGIC_AT, "ARM\x64", 4) != 0) {
                fail(SG_E_FIT_KERNEL_HEADER, "it is compressed, or for another machine");
        }
        if (room > INT32_MAX) {
                fail(SG_E_TOO_LARGE, "kernel and ramdisk: %zu bytes", room);
        }
        write_tree(&t, room, kernel, ramdisk, command_line, padding);
        padding += (0 - (BF_IMAGE_HEADER_MIN + kernel_offset(&t))) % KERNEL_ALIGNMENT;
        write_tree(&t, room, kernel, ramdisk, command_line, padding);
        return (struct mapped){.data = t.fdt, .size = fdt_totalsize(t.fdt)};
}
