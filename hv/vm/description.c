// SPDX-License-Identifier: Apache-2.0
#include "hv/vm/description.h"

#include <string.h>

#include <libfdt.h>

#include "hv/mm/addr.h"

#define HASH_SIZE 32
#define KEY_SIZE  91 /* SubjectPublicKeyInfo of an uncompressed P-256 point */
#define ID_SIZE   16
static_assert(KEY_SIZE <= sizeof(((struct bootfw_info *)0)->key[0]), "bootfw is told whole keys");

/* A node being read, and where to say what is wrong with it. */
struct reader {
        const void *fdt;
        int node;
        struct description_error *error;
};

static sg_err fail(const struct reader *r, const char *property, sg_err code)
{
        struct description_error *e = r->error;

        e->code = code;
        if (fdt_get_path(r->fdt, r->node, e->path, sizeof(e->path)) != 0)
                memcpy(e->path, "?", 2);
        e->property[0] = '\0';
        strncat(e->property, property, sizeof(e->property) - 1);
        return code;
}

static sg_err read_bytes(const struct reader *r, const char *name, struct blob *out)
{
        int len;
        const void *data = fdt_getprop(r->fdt, r->node, name, &len);

        *out = (struct blob){.data = data, .size = data ? (size_t)len : 0};
        return data ? SG_OK : fail(r, name, SG_E_PROPERTY_MISSING);
}

static sg_err read_sized(const struct reader *r, const char *name, size_t size, struct blob *out)
{
        sg_err err = read_bytes(r, name, out);

        if (err == SG_OK && out->size != size)
                err = fail(r, name, SG_E_PROPERTY_SIZE);
        return err;
}

static sg_err read_filled(const struct reader *r, const char *name, struct blob *out)
{
        sg_err err = read_bytes(r, name, out);

        if (err == SG_OK && out->size == 0)
                err = fail(r, name, SG_E_PROPERTY_SIZE);
        return err;
}

static sg_err read_string(const struct reader *r, const char *name, const char **out)
{
        struct blob b;
        sg_err err = read_filled(r, name, &b);

        *out = "";
        if (err != SG_OK)
                return err;
        if (memchr(b.data, '\0', b.size) != b.data + b.size - 1)
                return fail(r, name, SG_E_PROPERTY_VALUE);
        *out = (const char *)b.data;
        return SG_OK;
}

static uint64_t big_endian(const struct blob *b)
{
        uint64_t v = 0;

        for (size_t i = 0; i < b->size; i++)
                v = v << 8 | b->data[i];
        return v;
}

enum whose { ALL_VMS, UPDATE_ALONE, WITH_SLOTS };

/* The numbers of a VM's node: where each goes and what it may be. */
struct number {
        const char *name;
        uint64_t min;
        uint64_t max;
        uint64_t multiple;
        enum whose whose;
        uint16_t offset;
        uint8_t cells;
        uint8_t field_size;
};

#define NUMBER(prop, cells_, field, whose_, min_, max_, multiple_)                   \
        {                                                                            \
                .name = (prop), .cells = (cells_), .whose = (whose_), .min = (min_), \
                .max = (max_), .multiple = (multiple_),                              \
                .field_size = sizeof(((struct vm_description *)0)->field),           \
                .offset = offsetof(struct vm_description, field),                    \
        }

/* clang-format off */
static const struct number numbers[] = {
        /*     property               cells  field         whose         min     max     multiple of */
        NUMBER("reg",                 1, index,               ALL_VMS,      0,       VM_MAX - 1,  1),
        NUMBER("cpus",                1, cpus,                ALL_VMS,      1,       VM_CPUS_MAX, 1),
        NUMBER("memory-size",         2, memory_size,         ALL_VMS,      SIZE_2M, UINT64_C(1) << 40, SIZE_2M),
        NUMBER("start-order",         1, start_order,         ALL_VMS,      0,       1000,        1),
        NUMBER("restart-limit",       1, restart_limit,       ALL_VMS,      0,       1000,        1),
        NUMBER("beat-limit-ms",       1, beat_limit_ms,       UPDATE_ALONE, 100,     3600 * 1000, 1),
        NUMBER("slot-size",           2, slot_size,           WITH_SLOTS,   SIZE_4K, SIZE_1G,     SIZE_4K),
        NUMBER("tries",               1, tries,               WITH_SLOTS,   1,       15,          1),
        NUMBER("interrupted",         1, interrupted,         WITH_SLOTS,   1,       100,         1),
        NUMBER("start-limit-ms",      1, start_limit_ms,      WITH_SLOTS,   1,       3600 * 1000, 1),
        NUMBER("trial-deadline-ms",   1, trial_deadline_ms,   WITH_SLOTS,   1,       24 * 3600 * 1000, 1),
        NUMBER("consent-deadline-ms", 1, consent_deadline_ms, WITH_SLOTS,   0,       7 * 24 * 3600 * 1000, 1),
};
/* clang-format on */

#define NUMBERS (sizeof(numbers) / sizeof(numbers[0]))

static void store(struct vm_description *vm, const struct number *n, uint64_t value)
{
        uint8_t *field = (uint8_t *)vm + n->offset;
        uint32_t word = (uint32_t)value;
        uint8_t byte = (uint8_t)value;

        if (n->field_size == sizeof(value))
                memcpy(field, &value, sizeof(value));
        else if (n->field_size == sizeof(word))
                memcpy(field, &word, sizeof(word));
        else
                memcpy(field, &byte, sizeof(byte));
}

static sg_err read_number(const struct reader *r, const struct number *n, struct vm_description *vm)
{
        struct blob b;
        sg_err err = read_sized(r, n->name, n->cells * sizeof(uint32_t), &b);
        uint64_t v;

        if (err != SG_OK)
                return err;
        v = big_endian(&b);
        if (v < n->min || v > n->max || v % n->multiple != 0)
                return fail(r, n->name, SG_E_PROPERTY_VALUE);
        store(vm, n, v);
        return SG_OK;
}

static bool concerns(const struct number *n, enum vm_role role)
{
        return n->whose == ALL_VMS || (n->whose == UPDATE_ALONE) == (role == VM_ROLE_UPDATE);
}

static sg_err read_numbers(const struct reader *r, struct vm_description *vm)
{
        for (size_t i = 0; i < NUMBERS; i++) {
                const struct number *n = &numbers[i];

                if (!concerns(n, vm->role))
                        continue;
                sg_err err = read_number(r, n, vm);
                if (err != SG_OK)
                        return err;
        }
        return SG_OK;
}

static const char *const role_names[] = {
        [VM_ROLE_UPDATE] = "update",
        [VM_ROLE_RTOS] = "rtos",
        [VM_ROLE_LINUX] = "linux",
        [VM_ROLE_FIRMWARE] = "firmware",
};
#define ROLES (sizeof(role_names) / sizeof(role_names[0]))

const char *description_role_name(enum vm_role role)
{
        return role < ROLES ? role_names[role] : "?";
}

static sg_err read_role(const struct reader *r, struct vm_description *vm)
{
        const char *text;
        sg_err err = read_string(r, "role", &text);

        if (err != SG_OK)
                return err;
        for (size_t i = 0; i < ROLES; i++) {
                if (strcmp(text, role_names[i]) == 0) {
                        vm->role = (enum vm_role)i;
                        return SG_OK;
                }
        }
        return fail(r, "role", SG_E_PROPERTY_VALUE);
}

/* A name becomes a part of partition names, log lines and file names. */
static bool good_name(const char *s)
{
        size_t n = 0;

        for (; s[n]; n++)
                if (!(s[n] >= 'a' && s[n] <= 'z') && !(s[n] >= '0' && s[n] <= '9' && n > 0))
                        return false;
        return n >= 1 && n <= VM_NAME_MAX;
}

static sg_err read_name(const struct reader *r, struct vm_description *vm)
{
        sg_err err = read_string(r, "vm-name", &vm->name);

        if (err == SG_OK && !good_name(vm->name))
                err = fail(r, "vm-name", SG_E_PROPERTY_VALUE);
        return err;
}

/* The guest's agent channel carries updates to guests; the disk belongs to update. */
static bool add_device(struct vm_description *vm, const char *device)
{
        if (strcmp(device, "console") == 0)
                vm->console = true;
        else if (strcmp(device, "agent") == 0 && vm->role != VM_ROLE_UPDATE)
                vm->agent = true;
        else if (strcmp(device, "disk") == 0 && vm->role == VM_ROLE_UPDATE)
                vm->disk = true;
        else
                return false;
        return true;
}

static sg_err read_devices(const struct reader *r, struct vm_description *vm)
{
        int count = fdt_stringlist_count(r->fdt, r->node, "devices");

        if (count == -FDT_ERR_NOTFOUND)
                return fail(r, "devices", SG_E_PROPERTY_MISSING);
        if (count < 0)
                return fail(r, "devices", SG_E_PROPERTY_VALUE);
        for (int i = 0; i < count; i++)
                if (!add_device(vm, fdt_stringlist_get(r->fdt, r->node, "devices", i, NULL)))
                        return fail(r, "devices", SG_E_PROPERTY_VALUE);
        return SG_OK;
}

static sg_err read_flag(const struct reader *r, const char *name, bool *out)
{
        int len;

        *out = fdt_getprop(r->fdt, r->node, name, &len) != NULL;
        return *out && len != 0 ? fail(r, name, SG_E_PROPERTY_SIZE) : SG_OK;
}

uint64_t description_load_size(const struct vm_description *vm)
{
        return align_up(vm->slot_size, SIZE_2M);
}

static sg_err read_slot_identity(const struct reader *r, struct vm_description *vm)
{
        const uint64_t least = SIZE_2M + BOOTFW_DTB_SIZE + BOOTFW_REGION_SIZE;
        struct blob vendor = {0};
        struct blob class = {0};
        sg_err err = read_sized(r, "vendor-id", ID_SIZE, &vendor);

        if (err == SG_OK)
                err = read_sized(r, "class-id", ID_SIZE, &class);
        if (err == SG_OK)
                err = read_flag(r, "resident", &vm->resident);
        if (err != SG_OK)
                return err;
        vm->vendor_id = vendor.data;
        vm->class_id = class.data;
        if (vm->memory_size < description_load_size(vm) + least)
                return fail(r, "memory-size", SG_E_MEMORY_TOO_SMALL);
        return SG_OK;
}

static bool is_number(const char *name, enum vm_role role)
{
        for (size_t i = 0; i < NUMBERS; i++)
                if (strcmp(name, numbers[i].name) == 0)
                        return concerns(&numbers[i], role);
        return false;
}

static bool in_list(const char *name, const char *const *list)
{
        for (; *list; list++)
                if (strcmp(name, *list) == 0)
                        return true;
        return false;
}

/* A property that nobody reads is a mistake that would go unnoticed. */
static sg_err refuse_unknown(const struct reader *r, const struct vm_description *vm)
{
        static const char *const common[] = {"vm-name", "role", "devices", "phandle", NULL};
        static const char *const slotted[] = {"vendor-id", "class-id", "resident", NULL};
        const bool slots = vm->role != VM_ROLE_UPDATE;
        int property;

        fdt_for_each_property_offset(property, r->fdt, r->node)
        {
                const char *name = NULL;

                fdt_getprop_by_offset(r->fdt, property, &name, NULL);
                if (!name)
                        return fail(r, "", SG_E_BAD_SYSTEM_IMAGE);
                if (!is_number(name, vm->role) && !in_list(name, common) &&
                    !(slots && in_list(name, slotted)))
                        return fail(r, name, SG_E_PROPERTY_UNKNOWN);
        }
        return SG_OK;
}

static sg_err read_vm(const struct reader *r, struct vm_description *vm)
{
        sg_err err = read_role(r, vm);

        if (err == SG_OK)
                err = read_name(r, vm);
        if (err == SG_OK)
                err = refuse_unknown(r, vm);
        if (err == SG_OK)
                err = read_numbers(r, vm);
        if (err == SG_OK)
                err = read_devices(r, vm);
        /* Its hypercalls are one after the other because it has one core. */
        if (err == SG_OK && vm->role == VM_ROLE_UPDATE && vm->cpus != 1)
                err = fail(r, "cpus", SG_E_PROPERTY_VALUE);
        if (err == SG_OK && vm->role != VM_ROLE_UPDATE)
                err = read_slot_identity(r, vm);
        return err;
}

static sg_err check_unique(const struct reader *r, const struct system_description *sys,
                           const struct vm_description *vm)
{
        for (unsigned i = 0; i < sys->vm_count; i++) {
                const struct vm_description *other = &sys->vm[i];

                if (other->index == vm->index)
                        return fail(r, "reg", SG_E_DUPLICATE);
                if (strcmp(other->name, vm->name) == 0)
                        return fail(r, "vm-name", SG_E_DUPLICATE);
                if (other->role == VM_ROLE_UPDATE && vm->role == VM_ROLE_UPDATE)
                        return fail(r, "role", SG_E_UPDATE_ROLE);
                if (vm->class_id && other->class_id &&
                    memcmp(vm->class_id, other->class_id, ID_SIZE) == 0)
                        return fail(r, "class-id", SG_E_DUPLICATE);
        }
        return SG_OK;
}

static sg_err read_vms(const struct reader *root, struct system_description *sys)
{
        struct reader vms = *root;
        bool update = false;
        int node;

        vms.node = fdt_subnode_offset(root->fdt, root->node, "vms");
        if (vms.node < 0)
                return fail(root, "vms", SG_E_NODE_MISSING);
        fdt_for_each_subnode(node, root->fdt, vms.node)
        {
                const struct reader r = {.fdt = root->fdt, .node = node, .error = root->error};
                const char *name = fdt_get_name(r.fdt, node, NULL);
                struct vm_description vm = {0};
                sg_err err;

                if (!name || strncmp(name, "vm@", 3) != 0)
                        return fail(&r, "", SG_E_NODE_UNKNOWN);
                if (sys->vm_count == VM_MAX)
                        return fail(&r, "", SG_E_TOO_MANY_VMS);
                err = read_vm(&r, &vm);
                if (err == SG_OK)
                        err = check_unique(&r, sys, &vm);
                if (err != SG_OK)
                        return err;
                update |= vm.role == VM_ROLE_UPDATE;
                sys->vm[sys->vm_count++] = vm;
        }
        return update ? SG_OK : fail(&vms, "", SG_E_UPDATE_ROLE);
}

/* Both properties list the keys in one order; of the keys themselves there may be fewer. */
static sg_err read_keys(const struct reader *r, struct system_description *sys)
{
        struct blob hashes = {0};
        struct blob keys = {0};
        sg_err err = read_bytes(r, "accepted-key-hashes", &hashes);

        if (err == SG_OK)
                err = read_bytes(r, "accepted-keys", &keys);
        if (err != SG_OK)
                return err;
        if (hashes.size % HASH_SIZE != 0 || hashes.size < 2 * HASH_SIZE ||
            hashes.size > BOOTFW_MAX_KEYS * HASH_SIZE)
                return fail(r, "accepted-key-hashes", SG_E_PROPERTY_SIZE);
        sys->key_count = (unsigned)(hashes.size / HASH_SIZE);
        if (keys.size % KEY_SIZE != 0 || keys.size / KEY_SIZE > sys->key_count)
                return fail(r, "accepted-keys", SG_E_PROPERTY_SIZE);
        for (unsigned i = 0; i < sys->key_count; i++) {
                bool known = (i + 1) * KEY_SIZE <= keys.size;

                sys->key[i].hash = hashes.data + i * HASH_SIZE;
                sys->key[i].key = (struct blob){.data = known ? keys.data + i * KEY_SIZE : NULL,
                                                .size = known ? KEY_SIZE : 0};
        }
        return SG_OK;
}

/* A value would be taken for yes or no by its reader alone. */
static sg_err read_trust(const struct reader *r, struct system_description *sys)
{
        int len;

        sys->dma_trusted = fdt_getprop(r->fdt, r->node, "dma-trusted", &len) != NULL;
        return sys->dma_trusted && len != 0 ? fail(r, "dma-trusted", SG_E_PROPERTY_SIZE) : SG_OK;
}

static sg_err read_root(const struct reader *r, struct system_description *sys)
{
        sg_err err;

        if (fdt_node_check_compatible(r->fdt, r->node, "segue,system") != 0)
                return fail(r, "compatible", SG_E_NOT_SYSTEM_IMAGE);
        err = read_string(r, "product", &sys->product);
        if (err == SG_OK)
                err = read_trust(r, sys);
        if (err == SG_OK)
                err = read_filled(r, "bootfw", &sys->bootfw);
        if (err == SG_OK && sys->bootfw.size > BOOTFW_INFO_OFFSET)
                err = fail(r, "bootfw", SG_E_PROPERTY_SIZE);
        if (err == SG_OK)
                err = read_filled(r, "update", &sys->update);
        if (err == SG_OK)
                err = read_filled(r, "root-metadata", &sys->root_metadata);
        if (err == SG_OK)
                err = read_keys(r, sys);
        return err;
}

sg_err description_parse(const void *fdt, size_t size, struct system_description *out,
                         struct description_error *error)
{
        const struct reader root = {.fdt = fdt, .node = 0, .error = error};
        sg_err err;

        memset(out, 0, sizeof(*out));
        memset(error, 0, sizeof(*error));
        if (fdt_check_full(fdt, size) != 0) {
                *error = (struct description_error){.code = SG_E_BAD_SYSTEM_IMAGE, .path = "/"};
                return error->code;
        }
        err = read_root(&root, out);
        return err == SG_OK ? read_vms(&root, out) : err;
}
