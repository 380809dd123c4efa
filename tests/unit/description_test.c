// SPDX-License-Identifier: Apache-2.0
/* images/system.dts as it is, and with one thing wrong at a time: the error names where. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <libfdt.h>

#include "hv/vm/description.h"

#define SYSTEM_DTB "build/unit/data/system.dtb"
#define ROOM       0x10000

static _Alignas(8) uint8_t fdt[ROOM];
static struct system_description sys;
static struct description_error error;

static int load(void **state)
{
        FILE *f = fopen(SYSTEM_DTB, "rb");

        (void)state;
        assert_non_null(f);
        assert_true(fread(fdt, 1, sizeof(fdt), f) > 0);
        fclose(f);
        assert_int_equal(fdt_open_into(fdt, fdt, ROOM), 0);
        return 0;
}

static sg_err parse(void)
{
        return description_parse(fdt, ROOM, &sys, &error);
}

static const struct vm_description *vm_named(const char *name)
{
        for (unsigned i = 0; i < sys.vm_count; i++)
                if (strcmp(sys.vm[i].name, name) == 0)
                        return &sys.vm[i];
        fail_msg("no VM %s", name);
        return NULL;
}

static void the_shipped_description(void **state)
{
        const struct vm_description *vm;

        (void)state;
        assert_int_equal(parse(), SG_OK);
        assert_string_equal(sys.product, "segue-virt");
        assert_int_equal(sys.vm_count, 4);
        assert_int_equal(sys.key_count, 2);
        assert_int_equal(sys.key[1].key.size, 91);
        assert_ptr_equal(sys.key[1].hash, sys.key[0].hash + 32);
        assert_int_equal(sys.bootfw.size, 16);
        assert_false(sys.dma_trusted);

        vm = vm_named("update");
        assert_int_equal(vm->role, VM_ROLE_UPDATE);
        assert_true(vm->disk && vm->console && !vm->agent);
        assert_int_equal(vm->slot_size, 0);
        assert_int_equal(vm->beat_limit_ms, 30000);
        assert_int_equal(vm->start_limit_ms, 0);
        assert_null(vm->vendor_id);

        vm = vm_named("personal");
        assert_int_equal(vm->role, VM_ROLE_LINUX);
        assert_int_equal(vm->index, 2);
        assert_int_equal(vm->cpus, 2);
        assert_int_equal(vm->memory_size, 0x10000000);
        assert_int_equal(vm->slot_size, 0x3000000);
        assert_int_equal(vm->tries, 3);
        assert_int_equal(vm->interrupted, 10);
        assert_int_equal(vm->start_limit_ms, 60000);
        assert_int_equal(vm->beat_limit_ms, 0);
        assert_int_equal(vm->trial_deadline_ms, 60000);
        assert_int_equal(vm->consent_deadline_ms, 30000);
        assert_int_equal(vm->class_id[15], 2);
        assert_true(vm->agent && vm->console && !vm->disk && !vm->resident);
        assert_true(vm_named("rt")->resident);
        assert_int_equal(description_load_size(vm_named("rt")), 0x400000);
        assert_string_equal(description_role_name(vm->role), "linux");
}

static void devices_are_trusted_on_request(void **state)
{
        (void)state;
        assert_int_equal(fdt_setprop_empty(fdt, 0, "dma-trusted"), 0);
        assert_int_equal(parse(), SG_OK);
        assert_true(sys.dma_trusted);
}

static void not_a_system_image(void **state)
{
        (void)state;
        assert_int_equal(fdt_setprop_string(fdt, 0, "compatible", "linux,dummy-virt"), 0);
        assert_int_equal(parse(), SG_E_NOT_SYSTEM_IMAGE);
        fdt[0] ^= 1;
        assert_int_equal(parse(), SG_E_BAD_SYSTEM_IMAGE);
        fdt[0] ^= 1;
        assert_int_equal(description_parse(fdt, 16, &sys, &error), SG_E_BAD_SYSTEM_IMAGE);
        assert_int_equal(description_parse(fdt, fdt_totalsize(fdt) - 1, &sys, &error),
                         SG_E_BAD_SYSTEM_IMAGE);
}

#define RT       "/vms/vm@1"
#define PERSONAL "/vms/vm@2"

/* One property set, or deleted when size is DELETE, and what must be said. */
#define DELETE (-1)
static const struct mistake {
        const char *path;
        const char *property;
        int size;
        uint8_t value[16];
        sg_err code;
} mistakes[] = {
        {"/", "product", DELETE, {0}, SG_E_PROPERTY_MISSING},
        {"/", "product", 3, "abc", SG_E_PROPERTY_VALUE},
        {"/", "dma-trusted", .size = 4, .value = {0}, SG_E_PROPERTY_SIZE},
        {"/", "bootfw", DELETE, {0}, SG_E_PROPERTY_MISSING},
        {"/", "bootfw", 0, {0}, SG_E_PROPERTY_SIZE},
        {"/", "update", DELETE, {0}, SG_E_PROPERTY_MISSING},
        {"/", "root-metadata", DELETE, {0}, SG_E_PROPERTY_MISSING},
        {"/", "accepted-key-hashes", DELETE, {0}, SG_E_PROPERTY_MISSING},
        {"/", "accepted-key-hashes", 16, {0}, SG_E_PROPERTY_SIZE},
        {"/", "accepted-keys", DELETE, {0}, SG_E_PROPERTY_MISSING},
        {"/", "accepted-keys", 16, {0}, SG_E_PROPERTY_SIZE},
        {RT, "reg", DELETE, {0}, SG_E_PROPERTY_MISSING},
        {RT, "reg", .size = 4, .value = {0, 0, 0, 8}, SG_E_PROPERTY_VALUE},
        {RT, "reg", .size = 4, .value = {0, 0, 0, 2}, SG_E_DUPLICATE},
        {RT, "reg", .size = 8, .value = {0}, SG_E_PROPERTY_SIZE},
        {RT, "vm-name", DELETE, {0}, SG_E_PROPERTY_MISSING},
        {RT, "vm-name", .size = 1, .value = "", SG_E_PROPERTY_VALUE},
        {RT, "vm-name", .size = 3, .value = "Rt", SG_E_PROPERTY_VALUE},
        {RT, "vm-name", .size = 4, .value = "r_t", SG_E_PROPERTY_VALUE},
        {RT, "vm-name", .size = 16, .value = "abcdefghijklmnop", SG_E_PROPERTY_VALUE},
        {RT, "vm-name", .size = 5, .value = "work", SG_E_DUPLICATE},
        {RT, "role", DELETE, {0}, SG_E_PROPERTY_MISSING},
        {RT, "role", .size = 5, .value = "boss", SG_E_PROPERTY_VALUE},
        {RT, "cpus", DELETE, {0}, SG_E_PROPERTY_MISSING},
        {RT, "cpus", .size = 4, .value = {0}, SG_E_PROPERTY_VALUE},
        {RT, "cpus", .size = 4, .value = {0, 0, 0, 9}, SG_E_PROPERTY_VALUE},
        {RT, "memory-size", DELETE, {0}, SG_E_PROPERTY_MISSING},
        {RT, "memory-size", .size = 4, .value = {0, 32}, SG_E_PROPERTY_SIZE},
        {RT, "memory-size", .size = 8, .value = {0, 0, 0, 0, 0, 0x30}, SG_E_PROPERTY_VALUE},
        {RT, "memory-size", .size = 8, .value = {0, 0, 2}, SG_E_PROPERTY_VALUE},
        {RT, "memory-size", .size = 8, .value = {0, 0, 0, 0, 0, 0x80}, SG_E_MEMORY_TOO_SMALL},
        {RT, "start-order", DELETE, {0}, SG_E_PROPERTY_MISSING},
        {RT, "restart-limit", DELETE, {0}, SG_E_PROPERTY_MISSING},
        {RT, "devices", DELETE, {0}, SG_E_PROPERTY_MISSING},
        {RT, "devices", .size = 5, .value = "disk", SG_E_PROPERTY_VALUE},
        {RT, "devices", .size = 6, .value = "audio", SG_E_PROPERTY_VALUE},
        {RT, "devices", .size = 3, .value = "abc", SG_E_PROPERTY_VALUE},
        {RT, "resident", .size = 4, .value = {0}, SG_E_PROPERTY_SIZE},
        {RT, "slot-size", DELETE, {0}, SG_E_PROPERTY_MISSING},
        {RT, "slot-size", .size = 8, .value = {0}, SG_E_PROPERTY_VALUE},
        {RT, "slot-size", .size = 8, .value = {0, 0, 0, 0, 0, 0x40, 0x08}, SG_E_PROPERTY_VALUE},
        {RT, "vendor-id", DELETE, {0}, SG_E_PROPERTY_MISSING},
        {RT, "vendor-id", .size = 15, .value = {0}, SG_E_PROPERTY_SIZE},
        {RT, "class-id", DELETE, {0}, SG_E_PROPERTY_MISSING},
        {RT, "class-id", .size = 16, .value = "segue\0\100\0\200\0\0\0\0\0\1\2", SG_E_DUPLICATE},
        {RT, "tries", .size = 4, .value = {0}, SG_E_PROPERTY_VALUE},
        {RT, "tries", .size = 4, .value = {0, 0, 0, 16}, SG_E_PROPERTY_VALUE},
        {RT, "interrupted", DELETE, {0}, SG_E_PROPERTY_MISSING},
        {RT, "start-limit-ms", DELETE, {0}, SG_E_PROPERTY_MISSING},
        {RT, "start-limit-ms", .size = 4, .value = {0}, SG_E_PROPERTY_VALUE},
        {RT, "beat-limit-ms", .size = 4, .value = {0, 0, 0x75, 0x30}, SG_E_PROPERTY_UNKNOWN},
        {"/vms/vm@0", "beat-limit-ms", DELETE, {0}, SG_E_PROPERTY_MISSING},
        {"/vms/vm@0", "beat-limit-ms", .size = 4, .value = {0, 0, 0, 99}, SG_E_PROPERTY_VALUE},
        {"/vms/vm@0", "start-limit-ms", .size = 4, .value = {0, 0, 1}, SG_E_PROPERTY_UNKNOWN},
        {RT, "trial-deadline-ms", .size = 4, .value = {0}, SG_E_PROPERTY_VALUE},
        {RT, "consent-deadline-ms", .size = 4, .value = {0xff}, SG_E_PROPERTY_VALUE},
        {RT, "memory", .size = 4, .value = {0}, SG_E_PROPERTY_UNKNOWN},
        {"/vms/vm@0", "slot-size", .size = 8, .value = {0}, SG_E_PROPERTY_UNKNOWN},
        {"/vms/vm@0", "devices", .size = 6, .value = "agent", SG_E_PROPERTY_VALUE},
        {"/vms/vm@0", "cpus", .size = 4, .value = {0, 0, 0, 2}, SG_E_PROPERTY_VALUE},
};

/* Where the mistake is found: a duplicate is one of the later VM. */
static const char *found_at(const struct mistake *m)
{
        if (m->code != SG_E_DUPLICATE)
                return m->path;
        return strcmp(m->property, "vm-name") == 0 ? "/vms/vm@3" : PERSONAL;
}

static void one_mistake_at_a_time(void **state)
{
        for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
                const struct mistake *m = &mistakes[i];
                int node;

                load(state);
                node = fdt_path_offset(fdt, m->path);
                assert_true(node >= 0);
                if (m->size == DELETE)
                        assert_int_equal(fdt_delprop(fdt, node, m->property), 0);
                else
                        assert_int_equal(fdt_setprop(fdt, node, m->property, m->value, m->size), 0);
                if (parse() != m->code || strcmp(error.property, m->property) != 0 ||
                    strcmp(error.path, found_at(m)) != 0)
                        fail_msg("row %zu (%s, %s): got %d at %s, %s", i, m->path, m->property,
                                 error.code, error.path, error.property);
                assert_int_equal(error.code, m->code);
        }
}

static void add_vm(const char *name)
{
        int vms = fdt_path_offset(fdt, "/vms");

        assert_true(fdt_add_subnode(fdt, vms, name) >= 0);
}

static void wrong_sets_of_vms(void **state)
{
        (void)state;
        assert_int_equal(fdt_del_node(fdt, fdt_path_offset(fdt, "/vms/vm@0")), 0);
        assert_int_equal(parse(), SG_E_UPDATE_ROLE);
        assert_string_equal(error.path, "/vms");

        load(state);
        add_vm("disk@0");
        assert_int_equal(parse(), SG_E_NODE_UNKNOWN);
        assert_string_equal(error.path, "/vms/disk@0");

        load(state);
        assert_int_equal(fdt_del_node(fdt, fdt_path_offset(fdt, "/vms")), 0);
        assert_int_equal(parse(), SG_E_NODE_MISSING);
        assert_string_equal(error.path, "/");
        assert_string_equal(error.property, "vms");
}

/* Copies vm@3 as vm@<index> with a name, a number and a class of its own. */
static void clone_vm(uint8_t index)
{
        char path[32];
        char name[8];
        uint8_t class[16] = {index};
        int from, to, property;

        snprintf(path, sizeof(path), "vm@%u", index);
        snprintf(name, sizeof(name), "vm%u", index);
        add_vm(path);
        snprintf(path, sizeof(path), "/vms/vm@%u", index);
        for (int n = 0;; n++) {
                const char *prop_name;
                uint8_t value[64];
                int len, i = 0;

                from = fdt_path_offset(fdt, "/vms/vm@3");
                property = fdt_first_property_offset(fdt, from);
                while (i++ < n && property >= 0)
                        property = fdt_next_property_offset(fdt, property);
                if (property < 0)
                        break;
                const void *data = fdt_getprop_by_offset(fdt, property, &prop_name, &len);
                memcpy(value, data, (size_t)len);
                to = fdt_path_offset(fdt, path);
                assert_int_equal(fdt_setprop(fdt, to, prop_name, value, len), 0);
        }
        to = fdt_path_offset(fdt, path);
        assert_int_equal(fdt_setprop_u32(fdt, to, "reg", index), 0);
        assert_int_equal(fdt_setprop(fdt, to, "vm-name", name, (int)strlen(name) + 1), 0);
        assert_int_equal(fdt_setprop(fdt, to, "class-id", class, 16), 0);
        fdt_delprop(fdt, to, "phandle");
}

static void as_many_as_there_may_be(void **state)
{
        (void)state;
        for (uint8_t i = 4; i < VM_MAX; i++)
                clone_vm(i);
        assert_int_equal(parse(), SG_OK);
        assert_int_equal(sys.vm_count, VM_MAX);
        add_vm("vm@8");
        /* The new node comes first. */
        assert_int_equal(parse(), SG_E_PROPERTY_MISSING);
        assert_int_equal(fdt_del_node(fdt, fdt_path_offset(fdt, "/vms/vm@8")), 0);
        clone_vm(8);
        assert_int_equal(parse(), SG_E_PROPERTY_VALUE);
        assert_string_equal(error.property, "reg");
}

/* A tree cut or damaged anywhere is refused or read, never read beyond (ASan sees it). */
static void damaged_anywhere(void **state)
{
        uint32_t random = 1;

        for (unsigned round = 0; round < 3000; round++) {
                load(state);
                for (unsigned i = 0; i < 3; i++) {
                        random = random * 1664525 + 1013904223;
                        fdt[(random >> 8) % fdt_totalsize(fdt) % 0x1000] ^=
                                (uint8_t)(1u << (random >> 29));
                }
                (void)parse();
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup(the_shipped_description, load),
                cmocka_unit_test_setup(devices_are_trusted_on_request, load),
                cmocka_unit_test_setup(not_a_system_image, load),
                cmocka_unit_test_setup(one_mistake_at_a_time, load),
                cmocka_unit_test_setup(wrong_sets_of_vms, load),
                cmocka_unit_test_setup(as_many_as_there_may_be, load),
                cmocka_unit_test_setup(damaged_anywhere, load),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
