/* SPDX-License-Identifier: Apache-2.0 */
/* The system image (images/system.dts), read and checked once at boot. Pure. */
#ifndef HV_VM_DESCRIPTION_H
#define HV_VM_DESCRIPTION_H

#include <stdbool.h>
#include <stdint.h>

#include <segue/bootfw.h>
#include <segue/error.h>

#define VMS_MAX     8
#define VM_NAME_MAX 16
#define VM_CPUS_MAX 8

enum vm_role {
        VM_ROLE_UPDATE = 0,
        VM_ROLE_RTOS = 1,
        VM_ROLE_LINUX = 2,
        VM_ROLE_FIRMWARE = 3,
};

struct vm_description {
        char name[VM_NAME_MAX]; /* terminated */
        enum vm_role role;
        unsigned index;
        unsigned cpus;
        uint64_t memory_size; /* a multiple of 2 MiB */
        uint32_t start_order;
        uint32_t restart_limit;
        bool has_console;
        bool has_agent;
        bool has_disk;
        bool resident;
        uint64_t slot_size;
        uint8_t vendor_id[16];
        uint8_t class_id[16];
        uint8_t tries;
        uint8_t interrupted;
        uint32_t trial_deadline_ms;
        uint32_t consent_deadline_ms;
};

struct blob {
        const uint8_t *data;
        uint32_t size;
};

struct system_description {
        const char *product;
        struct blob bootfw;
        struct blob update;
        uint32_t key_count;
        uint8_t key_hash[BOOTFW_MAX_KEYS][32];
        struct blob key[BOOTFW_MAX_KEYS];
        struct blob root_metadata;
        unsigned vm_count;
        struct vm_description vm[VMS_MAX]; /* by start order; update first */
};

/* Where and what, for one line of log: "vms/vm@1: memory-size: not a multiple of 2 MiB". */
struct description_error {
        char text[120];
};

/*
 * Reads the devicetree at `fdt`, of at most `size` bytes; blobs point into it. Checks everything
 * that does not depend on the machine. On failure *err says node and property.
 */
sg_err description_read(const void *fdt, uint64_t size, struct system_description *out,
                        struct description_error *err);

/* Checks it against the machine: cores and RAM. Names the node that asks for too much. */
sg_err description_fits(const struct system_description *d, unsigned cpus, uint64_t ram,
                        struct description_error *err);

#endif
