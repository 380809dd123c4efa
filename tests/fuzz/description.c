// SPDX-License-Identifier: Apache-2.0
/* The system image's devicetree, and the guests' trees that are made from it. */
#include <stdbool.h>
#include <string.h>

#include <libfdt.h>

#include "hv/vm/guest_fdt.h"
#include "tests/fuzz/fuzz.h"

#define RAM_BASE UINT64_C(0x40000000)
#define ROOM     0x4000

static bool inside(const uint8_t *data, size_t size, const void *part, size_t length)
{
        const uint8_t *p = part;

        return p >= data && p <= data + size && length <= (size_t)(data + size - p);
}

static void require_vm(const struct vm_description *vm, const uint8_t *data, size_t size)
{
        FUZZ_REQUIRE(vm->index < VM_MAX && vm->cpus >= 1 && vm->cpus <= VM_CPUS_MAX);
        FUZZ_REQUIRE(vm->memory_size > 0 && vm->memory_size % (2u << 20) == 0);
        FUZZ_REQUIRE(inside(data, size, vm->name, 1) && strlen(vm->name) <= VM_NAME_MAX);
        if (vm->role == VM_ROLE_UPDATE)
                return;
        FUZZ_REQUIRE(inside(data, size, vm->vendor_id, 16) && inside(data, size, vm->class_id, 16));
        FUZZ_REQUIRE(vm->slot_size > 0 && vm->tries > 0 && vm->interrupted > 0);
        FUZZ_REQUIRE(description_load_size(vm) >= vm->slot_size);
}

static void require_guest_tree(const struct system_description *s, const struct vm_description *vm)
{
        static const struct guest_pcie pcie = {.ecam = 0x4010000000,
                                               .ecam_size = 0x10000000,
                                               .mmio = 0x10000000,
                                               .mmio_size = 0x2eff0000,
                                               .spi = 3,
                                               .bus_last = 255};
        static _Alignas(8) uint8_t fdt[ROOM];
        uint32_t size;

        if (guest_fdt_make(s, vm, RAM_BASE, vm->disk ? &pcie : NULL, fdt, ROOM, &size) == SG_OK)
                FUZZ_REQUIRE(size <= ROOM && fdt_check_full(fdt, size) == 0);
}

static void require_system(const struct system_description *s, const uint8_t *data, size_t size)
{
        unsigned updates = 0;

        FUZZ_REQUIRE(s->vm_count <= VM_MAX && s->key_count >= 2 && s->key_count <= BOOTFW_MAX_KEYS);
        FUZZ_REQUIRE(inside(data, size, s->bootfw.data, s->bootfw.size));
        FUZZ_REQUIRE(inside(data, size, s->update.data, s->update.size));
        FUZZ_REQUIRE(inside(data, size, s->root_metadata.data, s->root_metadata.size));
        for (unsigned i = 0; i < s->key_count; i++)
                FUZZ_REQUIRE(inside(data, size, s->key[i].hash, 32));
        for (unsigned i = 0; i < s->vm_count; i++) {
                require_vm(&s->vm[i], data, size);
                updates += s->vm[i].role == VM_ROLE_UPDATE;
                for (unsigned k = 0; k < i; k++)
                        FUZZ_REQUIRE(s->vm[i].index != s->vm[k].index);
        }
        FUZZ_REQUIRE(updates == 1);
        for (unsigned i = 0; i < s->vm_count; i++)
                require_guest_tree(s, &s->vm[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static struct system_description system;
        struct description_error error;

        memset(&error, 0x55, sizeof(error));
        sg_err e = description_parse(data, size, &system, &error);
        if (e == SG_OK) {
                require_system(&system, data, size);
                return 0;
        }
        FUZZ_REQUIRE(error.code == e);
        FUZZ_REQUIRE(memchr(error.path, '\0', sizeof(error.path)) &&
                     memchr(error.property, '\0', sizeof(error.property)));
        return 0;
}
