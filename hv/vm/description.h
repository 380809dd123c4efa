/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The system image as structs: what images/system.dts says, checked. Pointers lead into the
 * devicetree, which has to stay.
 */
#ifndef HV_VM_DESCRIPTION_H
#define HV_VM_DESCRIPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <segue/bootfw.h>
#include <segue/error.h>

#define VM_MAX      8
#define VM_CPUS_MAX 8
#define VM_NAME_MAX 15 /* characters; GPT partitions are called <name>_a, _b, _data */

enum vm_role {
        VM_ROLE_UPDATE, /* exactly one; hv starts it from its own copy */
        VM_ROLE_RTOS,
        VM_ROLE_LINUX,
        VM_ROLE_FIRMWARE, /* wants its devicetree at RAM base */
};

struct vm_description {
        unsigned index; /* the hypercalls' vm, 0..VM_MAX - 1 */
        const char *name;
        enum vm_role role;
        unsigned cpus;          /* 1..VM_CPUS_MAX */
        uint64_t memory_size;   /* bytes, a multiple of 2 MiB */
        uint32_t start_order;   /* lower ones first */
        uint32_t restart_limit; /* crashes in a row, none after ten calm minutes, before it is
                                   FAILED */
        bool console;
        bool agent;
        bool disk;     /* the machine's PCIe host; update only */
        bool resident; /* hv keeps a copy of its running slot */

        uint32_t beat_limit_ms; /* update only: from one SG_HC_BEAT to the next */

        /* Not for update, which has no slots. */
        uint64_t slot_size;       /* bytes, a multiple of 4 KiB */
        const uint8_t *vendor_id; /* 16 bytes each */
        const uint8_t *class_id;
        uint8_t tries;           /* starts that an unconfirmed image gets */
        uint8_t interrupted;     /* starts ended by a power cut that it gets besides */
        uint32_t start_limit_ms; /* to SG_HC_LOAD_BEGIN, for the load, for bootfw */
        uint32_t trial_deadline_ms;
        uint32_t consent_deadline_ms;
};

struct blob {
        const uint8_t *data;
        size_t size;
};

struct image_key {
        const uint8_t *hash; /* SHA-256 of the SubjectPublicKeyInfo, 32 bytes */
        struct blob key;     /* the SubjectPublicKeyInfo itself; size 0: known by its hash alone */
};

struct system_description {
        const char *product;
        struct blob bootfw;
        struct blob update;
        struct blob root_metadata;
        bool dma_trusted; /* start also where nothing confines the disk */
        struct image_key key[BOOTFW_MAX_KEYS];
        unsigned key_count;               /* 2..BOOTFW_MAX_KEYS */
        struct vm_description vm[VM_MAX]; /* in the order of the devicetree */
        unsigned vm_count;
};

/* What is wrong with it, and where: print "<path>: <property>: <sg_strerror(code)>". */
struct description_error {
        sg_err code;
        char path[64];     /* of the node */
        char property[32]; /* "" when it is about the node itself */
};

/* Reads and checks the devicetree at fdt, which lies within size bytes. On an error, returns and
 * fills *error with SG_E_BAD_SYSTEM_IMAGE .. (7xx); *out is then undefined. */
sg_err description_parse(const void *fdt, size_t size, struct system_description *out,
                         struct description_error *error);

/* The load region of a VM with slots: its slot's size rounded up to 2 MiB. */
uint64_t description_load_size(const struct vm_description *vm);

const char *description_role_name(enum vm_role role);

#endif
