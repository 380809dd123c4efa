/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/segue/system.h"

#include <libfdt.h>
#include <stdio.h>
#include <string.h>

#include "tools/segue/file.h"
#include "tools/segue/paths.h"
#include "tools/segue/report.h"

static uint64_t storage_size(const struct system *s, const void *fdt, const char *property,
                             bool required)
{
        int size = 0;
        int node = fdt_path_offset(fdt, "/storage");
        const fdt64_t *value = node < 0 ? NULL : fdt_getprop(fdt, node, property, &size);

        if (value == NULL && !required) {
                return 0;
        }
        if (value == NULL) {
                fail(SG_E_PROPERTY_MISSING, "%s: /storage: %s", s->path, property);
        }
        if (size != sizeof(*value)) {
                fail(SG_E_PROPERTY_SIZE, "%s: /storage: %s", s->path, property);
        }
        return fdt64_ld(value);
}

static void load_storage(struct system *s, const void *fdt)
{
        s->hypervisor_size = storage_size(s, fdt, "hypervisor-size", true);
        s->inbox_size = storage_size(s, fdt, "inbox-size", true);
        s->journal_size = storage_size(s, fdt, "journal-size", true);
        for (unsigned i = 0; i < s->description.vm_count; i++) {
                char property[VM_NAME_MAX + 16];

                snprintf(property, sizeof(property), "%s-data-size", s->description.vm[i].name);
                s->data_size[i] = storage_size(s, fdt, property, false);
        }
}

void system_load_file(struct system *s, const char *path)
{
        struct description_error error;
        struct mapped file = file_map(path);

        *s = (struct system){.path = path};
        if (description_parse(file.data, file.size, &s->description, &error) != SG_OK) {
                fail(error.code, "%s: %s%s%s", path, error.path,
                     error.property[0] != '\0' ? ": " : "", error.property);
        }
        load_storage(s, file.data);
}

void system_load(struct system *s, const struct args *args)
{
        const char *path = arg(args, "vms");

        system_load_file(s, path != NULL ? path : path_of("system.dtb"));
}

bool system_has_slots(const struct vm_description *vm)
{
        return vm->role != VM_ROLE_UPDATE;
}

const struct vm_description *system_guest(const struct system *s, const char *name)
{
        for (unsigned i = 0; i < s->description.vm_count; i++) {
                const struct vm_description *vm = &s->description.vm[i];

                if (system_has_slots(vm) && strcmp(vm->name, name) == 0) {
                        return vm;
                }
        }
        fail(SG_E_NO_GUEST, "%s: '%s'", s->path, name);
}
